use std::sync::Arc;

use windlass_store::{Account, AccountName};

use crate::Service;

/// The service as one account sees it.
#[derive(Clone, Debug)]
pub struct Tenant {
    pub(crate) service: Arc<Service>,
    pub(crate) account: Account,
}

impl Tenant {
    pub(crate) fn new(service: Arc<Service>, account: Account) -> Self {
        Self { service, account }
    }

    pub fn name(&self) -> &AccountName {
        self.account.name()
    }
}
