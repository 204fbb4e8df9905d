//! Roles, and who has which in an account. The original has none: everything here is added to its API.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::timestamp::IsoSeconds;

/// A role that users can be given in an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Role {
    #[schema(example = "read-only")]
    pub name: String,
    /// What it is for.
    pub description: String,
}

/// A role that a user has in an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoleBinding {
    pub username: String,
    #[schema(example = "read-only")]
    pub role: String,
    pub created_at: IsoSeconds,
}

/// Gives a user a role, or names the one to be taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RoleBindingRequest {
    #[param(min_length = 1)]
    #[schema(min_length = 1)]
    pub username: String,
    /// One of the list under `/roles`.
    #[param(min_length = 1, example = "read-only")]
    #[schema(min_length = 1, example = "read-only")]
    pub role: String,
}
