//! What a process does.

use windlass_v1::services::ServiceName;

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

    /// What these are the names of.
    pub(super) fn of(names: &[String]) -> anyhow::Result<Self> {
        let mut roles = Self { api: false, worker: false, scheduler: false };
        for name in names {
            match name.as_str() {
                "all" => roles = Self::ALL,
                "api" => roles.api = true,
                "worker" => roles.worker = true,
                "scheduler" => roles.scheduler = true,
                other => anyhow::bail!("there is no role {other:?}; there are all, api, worker, scheduler"),
            }
        }
        Ok(roles)
    }
}
