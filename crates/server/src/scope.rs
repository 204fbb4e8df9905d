//! What the function of an operation may touch: given to it once the caller was found to be allowed to.

use std::sync::Arc;

use windlass_operations::{Service, identity::Caller};

use crate::metrics::Metrics;

/// One scope for each [`Domain`](crate::operation::Domain).
pub(crate) enum Scope {
    Open(Public),
    Authenticated(Authenticated),
    Account(Tenant),
    Named(Administration),
    System(System),
}

/// For anyone: nothing that belongs to somebody.
pub(crate) struct Public {
    pub(crate) service: Arc<Service>,
    pub(crate) metrics: Metrics,
}

/// For a known caller: what is everybody's, and the caller's own.
pub(crate) struct Authenticated {
    pub(crate) service: Arc<Service>,
    pub(crate) metrics: Metrics,
    pub(crate) caller: Caller,
}

/// For a caller who may act in an account: what belongs to that account.
pub(crate) struct Tenant {
    tenant: windlass_operations::Tenant,
    pub(crate) caller: Caller,
}

impl Tenant {
    pub(crate) fn new(tenant: windlass_operations::Tenant, caller: Caller) -> Self {
        Self { tenant, caller }
    }
}

impl std::ops::Deref for Tenant {
    type Target = windlass_operations::Tenant;

    fn deref(&self) -> &Self::Target {
        &self.tenant
    }
}

/// For a caller who may administer the account that the path names.
pub(crate) struct Administration {
    pub(crate) caller: Caller,
    /// The account.
    pub(crate) tenant: windlass_operations::Tenant,
}

/// For a caller who may act on the installation.
pub(crate) struct System {
    pub(crate) service: Arc<Service>,
}
