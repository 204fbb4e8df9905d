//! Users of an account, and their passwords (`spec/api.md` A4.16).

use windlass_store::{
    Error as StoreError, Username,
    accounts::State,
    users::{self, Kind, Model},
};
use windlass_v1::accounts::{Credential, CredentialRequest, PROTECTED_USERS, User, UserRequest, UserType};

use super::{Caller, accounts::account_not_found, password};
use crate::{Error, Result, Tenant, cipher::random_id};

impl Tenant {
    /// The account's users, by name.
    pub async fn users(&self) -> Result<Vec<User>> {
        Ok(self.account.users().await?.into_iter().map(describe).collect())
    }

    /// # Errors
    /// 404 where the account has no such user.
    pub async fn user(&self, username: &str) -> Result<User> {
        self.member(username).await.map(describe)
    }

    /// Adds a user with a password.
    ///
    /// # Errors
    /// 400 where the name is taken, in whatever account, where the password is too short or too long, or where the account
    /// is being deleted.
    pub async fn create_user(&self, request: &UserRequest) -> Result<User> {
        let username = Username::parse(&request.username).map_err(|error| Error::invalid(error.to_string()))?;
        password::check(&request.password)?;
        let service = &self.service;
        if service.store.find_user(username.as_str()).await?.is_some() {
            return Err(already_exists());
        }
        match service.store.find_account(self.name().as_str()).await? {
            None => return Err(account_not_found()),
            Some(account) if account.state == State::Deleting => {
                return Err(Error::invalid(format!("Account {} is being deleted; it takes no new users", self.name())));
            }
            Some(_) => {}
        }
        let hash = service.identity.passwords.hash(&request.password).await?;
        let now = service.clock.moment();
        let tx = self.account.begin().await?;
        let inserted = users::insert(&tx, &username, random_id(), self.name(), Kind::Native, now).await;
        let user = match inserted {
            Err(StoreError::Exists) => return Err(already_exists()),
            inserted => inserted?,
        };
        users::set_password(&tx, username.as_str(), &hash, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(describe(user))
    }

    /// Removes a user with its password, API keys and roles.
    ///
    /// # Errors
    /// 404 where the account has no such user; 400 for the caller itself, and for users that the installation needs.
    pub async fn delete_user(&self, caller: &Caller, username: &str) -> Result<()> {
        self.member(username).await?;
        if PROTECTED_USERS.contains(&username) {
            return Err(Error::invalid("User not allowed to be deleted due to system constraints"));
        }
        if caller.username() == username {
            return Err(Error::invalid("A user cannot delete itself; ask another user of the account"));
        }
        let tx = self.account.begin().await?;
        if !users::delete(&tx, self.name(), username).await? {
            return Err(user_not_found());
        }
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// A user's credentials: one password, or nothing.
    ///
    /// # Errors
    /// 404 where the account has no such user.
    pub async fn credentials(&self, username: &str) -> Result<Vec<Credential>> {
        self.member(username).await?;
        let set_at = self.account.password_set_at(username).await?;
        Ok(set_at.map(|at| Credential::password(jiff::Timestamp::from(at).into())).into_iter().collect())
    }

    /// Sets or replaces a user's password. Tokens that were issued before end with the old one.
    ///
    /// # Errors
    /// 404 where the account has no such user; 400 where its identity is kept elsewhere, and where the password is too
    /// short or too long.
    pub async fn set_credential(&self, username: &str, request: &CredentialRequest) -> Result<Credential> {
        let user = self.member(username).await?;
        if user.kind != Kind::Native {
            return Err(Error::invalid(format!("User {username} has no password: its identity is kept elsewhere")));
        }
        password::check(&request.value)?;
        let hash = self.service.identity.passwords.hash(&request.value).await?;
        let now = self.service.clock.moment();
        let tx = self.account.begin().await?;
        users::set_password(&tx, username, &hash, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(Credential::password(jiff::Timestamp::from(now).into()))
    }

    /// Removes a user's password.
    ///
    /// # Errors
    /// 404 where the account has no such user, or the user no password; 400 for the caller's own.
    pub async fn delete_credential(&self, caller: &Caller, username: &str) -> Result<()> {
        self.member(username).await?;
        if caller.username() == username {
            return Err(Error::invalid("A user cannot delete the own password; set another, or ask another user"));
        }
        let tx = self.account.begin().await?;
        if !users::delete_password(&tx, username).await? {
            return Err(Error::not_found(format!("User {username} has no password")));
        }
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    async fn member(&self, username: &str) -> Result<Model> {
        self.account.find_user(username).await?.ok_or_else(user_not_found)
    }
}

impl Caller {
    /// The user who asks, as it is shown.
    pub fn describe(&self) -> User {
        describe(self.user.clone())
    }
}

pub(super) fn user_not_found() -> Error {
    Error::not_found("User not found")
}

fn already_exists() -> Error {
    Error::invalid("User already exists")
}

fn describe(user: Model) -> User {
    User {
        username: user.username,
        kind: match user.kind {
            Kind::Native => UserType::Native,
            Kind::Internal => UserType::Internal,
            Kind::External => UserType::External,
        },
        source: user.source,
        created_at: jiff::Timestamp::from(user.created_at).into(),
        last_updated: jiff::Timestamp::from(user.last_updated).into(),
    }
}
