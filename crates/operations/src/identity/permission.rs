//! What a caller may do (`spec/operations.md` §10.2, §10.3).

use windlass_store::{AccountName, accounts::State};
use windlass_v1::error;

use super::{Caller, Role, accounts::account_not_found};
use crate::{Error, Result, Service};

/// Whose things something is done to.
#[derive(Clone, Debug)]
pub enum Target<'a> {
    /// An account's, given as the name in the request.
    Account(&'a str),
    /// The installation's.
    System,
}

/// A thing to be done.
#[derive(Clone, Debug)]
pub struct Permission<'a> {
    pub on: Target<'a>,
    /// `listImages`, `createPolicy`, …
    pub action: &'a str,
    /// The one thing it is done to; everything where it is not named.
    pub object: Option<&'a str>,
    /// Whether something is different afterwards: the names of some actions do not tell.
    pub changes: bool,
}

impl Service {
    /// Whether the caller may do it; the name of the account it is done in, if it is done in one.
    ///
    /// # Errors
    /// 403 where the caller may not, in the words of the original; 404 where an administrator names an account that is not.
    pub async fn authorise(&self, caller: &Caller, permission: &Permission<'_>) -> Result<Option<AccountName>> {
        if !caller.is_enabled() {
            return Err(error::account_not_enabled(&caller.account().name).into());
        }
        let domain = match permission.on {
            Target::Account(name) => name,
            Target::System => "system",
        };
        let refused = || Error::from(error::forbidden(domain, permission.action, permission.object));
        if caller.restricted_to.is_some_and(|role| !role.allows(permission.action, permission.changes)) {
            return Err(refused());
        }
        if !caller.is_administrator() && !self.is_granted(caller, domain, permission).await? {
            return Err(refused());
        }
        let Target::Account(name) = permission.on else { return Ok(None) };
        if name == caller.account().name {
            return Ok(Some(caller.account_name()));
        }
        let Some(account) = self.store.find_account(name).await? else {
            return Err(account_not_found());
        };
        if account.state != State::Enabled && !caller.is_administrator() {
            return Err(error::account_not_enabled(name).into());
        }
        Ok(Some(account.account_name()))
    }

    /// Whether a user who is no administrator may do it in that account: as the roles held there allow, and without a role
    /// there in the own account. Roles in other accounts take nothing away, or whoever gives them could lock users out of
    /// their own account.
    async fn is_granted(&self, caller: &Caller, domain: &str, permission: &Permission<'_>) -> Result<bool> {
        if matches!(permission.on, Target::System) {
            return Ok(false);
        }
        let bindings = self.store.role_bindings(caller.username()).await?;
        let mut held = bindings.iter().filter(|binding| binding.account == domain).peekable();
        if held.peek().is_none() {
            return Ok(domain == caller.account().name);
        }
        let allows = |role: Role| role.allows(permission.action, permission.changes);
        Ok(held.filter_map(|binding| Role::parse(&binding.role)).any(allows))
    }
}
