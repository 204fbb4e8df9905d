//! Who has which role in an account.

use windlass_store::{accounts::Kind, role_bindings::Model};
use windlass_v1::roles::{RoleBinding, RoleBindingRequest};

use super::{Caller, Role, users::user_not_found};
use crate::{Error, Result, Tenant};

impl Role {
    /// # Errors
    /// 400 where there is no such role.
    pub(super) fn demand(name: &str) -> Result<Self> {
        Self::parse(name).ok_or_else(|| {
            let known: Vec<&str> = Self::all().map(|(_, name, _)| name).collect();
            Error::invalid(format!("There is no role {name}; the roles are {}", known.join(", ")))
        })
    }

    /// Every role, as it is shown.
    pub fn describe_all() -> Vec<windlass_v1::roles::Role> {
        let describe = |(_, name, about): (Self, &str, &str)| windlass_v1::roles::Role {
            name: name.into(),
            description: about.into(),
        };
        Self::all().map(describe).collect()
    }
}

impl Tenant {
    /// Who has which role in this account, by user and role.
    pub async fn role_bindings(&self) -> Result<Vec<RoleBinding>> {
        Ok(self.account.role_bindings().await?.into_iter().map(describe).collect())
    }

    /// Gives a user a role in this account. Only administrators may give one to another account's user.
    ///
    /// # Errors
    /// 404 where there is no such user, 400 where there is no such role, and for administrators: no role restricts them.
    pub async fn bind_role(&self, caller: &Caller, request: &RoleBindingRequest) -> Result<RoleBinding> {
        let role = Role::demand(&request.role)?;
        let identity = self.service.store.identity_by_name(&request.username).await?.ok_or_else(user_not_found)?;
        if identity.account.name != self.name().as_str() && !caller.is_administrator() {
            return Err(user_not_found());
        }
        if identity.account.kind != Kind::User && identity.account.kind != Kind::External {
            let username = &request.username;
            return Err(Error::invalid(format!("User {username} is an administrator, whom no role restricts")));
        }
        self.account.bind_role(&request.username, role.name(), self.service.clock.moment()).await?;
        let bound = self.account.role_bindings().await?.into_iter();
        let bound = bound.map(describe).find(|bound| bound.username == request.username && bound.role == request.role);
        bound.ok_or_else(user_not_found)
    }

    /// Takes a role away. A user of the account from whom the last is taken has full control again.
    ///
    /// # Errors
    /// 404 where the user does not have it.
    pub async fn unbind_role(&self, request: &RoleBindingRequest) -> Result<()> {
        if self.account.unbind_role(&request.username, &request.role).await? {
            return Ok(());
        }
        let RoleBindingRequest { username, role } = request;
        Err(Error::not_found(format!("User {username} does not have the role {role} in account {}", self.name())))
    }
}

fn describe(binding: Model) -> RoleBinding {
    let Model { username, role, created_at, .. } = binding;
    RoleBinding { username, role, created_at: jiff::Timestamp::from(created_at).into() }
}
