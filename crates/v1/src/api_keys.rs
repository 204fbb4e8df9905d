//! API keys of users. The original has none: everything here is added to its API.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::timestamp::IsoSeconds;

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKey {
    pub name: String,
    /// What it is restricted to; without a role it may do what its user may.
    #[schema(required = true)]
    pub role: Option<String>,
    pub created_at: IsoSeconds,
    /// When it ends.
    #[schema(required = true)]
    pub expires_at: Option<IsoSeconds>,
    /// To the minute.
    #[schema(required = true)]
    pub last_used_at: Option<IsoSeconds>,
}

/// Makes an API key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKeyRequest {
    /// No other key of the user has it.
    #[schema(pattern = "^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$", example = "ci")]
    pub name: String,
    /// One of the list under `/roles`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// When it ends; without, it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<IsoSeconds>,
}

/// A new API key, this once with its secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedApiKey {
    /// The key: a bearer token, or the password of the user `_api_key`.
    pub key: String,
    #[serde(flatten)]
    pub description: ApiKey,
}

impl std::fmt::Debug for CreatedApiKey {
    /// Without the key: responses end up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedApiKey").field("name", &self.description.name).finish_non_exhaustive()
    }
}
