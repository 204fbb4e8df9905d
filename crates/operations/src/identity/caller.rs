use windlass_store::{
    AccountName,
    accounts::{self, Kind, State},
    users::{self, Identity},
};

use super::Role;

/// Who is asking.
#[derive(Clone, Debug)]
pub struct Caller {
    pub(super) user: users::Model,
    pub(super) account: accounts::Model,
    /// What an API key is restricted to.
    pub(super) restricted_to: Option<Role>,
}

impl Caller {
    pub(super) fn new(identity: Identity) -> Self {
        Self { user: identity.user, account: identity.account, restricted_to: None }
    }

    pub(super) fn restricted(identity: Identity, role: Option<Role>) -> Self {
        Self { restricted_to: role, ..Self::new(identity) }
    }

    pub fn username(&self) -> &str {
        &self.user.username
    }

    pub fn user(&self) -> &users::Model {
        &self.user
    }

    /// The account that the user belongs to, whatever account the request is about.
    pub fn account(&self) -> &accounts::Model {
        &self.account
    }

    pub fn account_name(&self) -> AccountName {
        self.account.account_name()
    }

    /// Whether the caller may act for every account.
    pub fn is_administrator(&self) -> bool {
        matches!(self.account.kind, Kind::Admin | Kind::Service)
    }

    pub fn is_enabled(&self) -> bool {
        self.account.state == State::Enabled
    }
}
