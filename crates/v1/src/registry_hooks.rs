//! Registries that tell of pushes by themselves.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::timestamp::IsoSeconds;

/// How a registry proves who it is when it tells of a push. Its secret is told once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistryHook {
    /// What people call it.
    #[schema(example = "harbor")]
    pub name: String,
    /// Part of what is sent: `?hook=ID` for senders that sign.
    pub hook_id: String,
    /// How images call the registry, where what is sent has another name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "registry.example")]
    pub registry: Option<String>,
    pub created_at: IsoSeconds,
    pub last_updated: IsoSeconds,
    /// Left out until it was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_used_at: Option<IsoSeconds>,
}

/// A hook with its secret, which is told now and never again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistryHookSecret {
    #[serde(flatten)]
    pub hook: RegistryHook,
    /// Signs what is sent, or is sent itself.
    pub secret: String,
    /// Id and secret together, for senders that send a token: `Authorization: Bearer TOKEN`.
    pub token: String,
}

impl std::fmt::Debug for RegistryHookSecret {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegistryHookSecret").field("hook", &self.hook).finish_non_exhaustive()
    }
}

/// Asks for a hook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistryHookRequest {
    /// What people call it.
    #[schema(example = "harbor")]
    pub name: String,
    /// How images call the registry, where what is sent has another name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub registry: Option<String>,
}

/// What became of what a registry told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistryPushes {
    /// Pushes of tags that were understood.
    pub pushes: usize,
    /// Tags and repositories of them that are watched, and are looked at now.
    pub visits: usize,
}
