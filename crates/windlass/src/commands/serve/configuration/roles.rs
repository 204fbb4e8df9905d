//! What a process does.

use serde::Deserialize;
use windlass_v1::services::ServiceName;

/// Comma-separated, or a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Roles {
    Text(String),
    List(Vec<String>),
}

/// The roles that a process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::commands::serve) struct RoleSet {
    pub(in crate::commands::serve) api: bool,
    pub(in crate::commands::serve) worker: bool,
    pub(in crate::commands::serve) scheduler: bool,
}

impl RoleSet {
    pub(super) const ALL: Self = Self { api: true, worker: true, scheduler: true };

    /// The parts of Anchore Engine that do there what these roles do here.
    pub(super) fn parts(self) -> Vec<ServiceName> {
        use ServiceName::{Analyzer, Apiext, Catalog, PolicyEngine, Simplequeue};
        let of_roles = [
            (self.api, &[Apiext, PolicyEngine][..]),
            (self.worker, &[Analyzer]),
            (self.scheduler, &[Catalog, Simplequeue]),
        ];
        of_roles.iter().filter(|(has, _)| *has).flat_map(|(_, parts)| parts.iter().copied()).collect()
    }
}

impl Roles {
    pub(super) fn set(&self) -> anyhow::Result<RoleSet> {
        let names: Vec<&str> = match self {
            Self::Text(text) => text.split(',').map(str::trim).collect(),
            Self::List(names) => names.iter().map(String::as_str).collect(),
        };
        let mut roles = RoleSet { api: false, worker: false, scheduler: false };
        for name in names {
            match name {
                "all" => roles = RoleSet::ALL,
                "api" => roles.api = true,
                "worker" => roles.worker = true,
                "scheduler" => roles.scheduler = true,
                other => anyhow::bail!("there is no role {other:?}; there are all, api, worker, scheduler"),
            }
        }
        Ok(roles)
    }
}
