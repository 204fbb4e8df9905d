//! Registries and the credentials for them (`spec/api.md` A4.10).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::timestamp::IsoSeconds;

/// The type of a registry that takes user names and passwords.
pub const DOCKER_V2: &str = "docker_v2";
/// The type of Amazon's registry.
pub const AWS_ECR: &str = "awsecr";

/// A registry of an account. Its password is never told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Registry {
    /// A host, with port where it has one; a repository; or the start of one with an asterisk behind.
    #[schema(example = "registry.example:5000")]
    pub registry: String,
    /// What people call it.
    pub registry_name: String,
    pub registry_user: String,
    /// `docker_v2` or `awsecr`
    pub registry_type: String,
    /// Whether the certificate of the registry is checked.
    pub registry_verify: bool,
    /// The account.
    #[serde(rename = "userId")]
    pub user_id: String,
    pub created_at: IsoSeconds,
    pub last_updated: IsoSeconds,
}

/// Adds or changes a registry.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RegistryRequest {
    /// A host, with port where it has one; a repository; or the start of one with an asterisk behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub registry: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub registry_user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Password)]
    pub registry_pass: Option<String>,
    /// `docker_v2` or `awsecr`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub registry_type: Option<String>,
    /// What people call it; without one, it is called by its host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub registry_name: Option<String>,
    /// Whether the certificate of the registry is checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub registry_verify: Option<bool>,
}

impl std::fmt::Debug for RegistryRequest {
    /// Without the password: requests end up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegistryRequest")
            .field("registry", &self.registry)
            .field("registry_user", &self.registry_user)
            .field("registry_type", &self.registry_type)
            .field("registry_name", &self.registry_name)
            .field("registry_verify", &self.registry_verify)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_does_not_tell_its_password() {
        let request = RegistryRequest { registry_pass: Some("s3cret".into()), ..RegistryRequest::default() };
        assert!(!format!("{request:?}").contains("s3cret"));
    }
}
