//! Who is asking, and what they may do.
//!
//! A request names a user with a password, a token or an API key ([`Presented`]); [`Service::authenticate`] says who that
//! is ([`Caller`]), [`Service::authorise`] whether they may. Every look-up is made anew, so that a removed user is nobody
//! from then on; only the slow comparison of passwords is remembered, together with what it compared.

mod accounts;
mod api_key;
mod attempts;
mod audit;
mod bootstrap;
mod caller;
mod password;
mod permission;
mod role;
mod role_bindings;
mod token;
mod token_keys;
mod users;

use std::net::IpAddr;

pub use audit::Deed;
pub use bootstrap::{ADMIN, SYSTEM};
pub use caller::Caller;
pub use permission::{Permission, Target};
pub use role::Role;
pub use token_keys::{InvalidTokenKeys, TokenKeys};

use attempts::Attempts;
use password::{Login, Passwords};

use crate::{Result, Service, Settings};

/// What a request proves itself with.
pub enum Presented<'a> {
    Password {
        username: &'a str,
        password: &'a str,
    },
    /// A token that this service issued, or an API key.
    Bearer(&'a str),
}

/// Why a request is nobody's.
#[derive(Debug)]
pub enum Denied {
    /// No such user, a wrong password, an expired token: which, is not told.
    Unknown,
    /// Too many refusals; the seconds to wait.
    TooMany(u64),
}

/// What a process remembers of log-ins.
#[derive(Debug)]
pub(crate) struct Identity {
    passwords: Passwords,
    attempts: Attempts,
}

impl Identity {
    pub(crate) fn new(_: &Settings) -> Self {
        Self { passwords: Passwords::new(), attempts: Attempts::new() }
    }
}

impl Service {
    /// Finds out who is asking. `from` is where the request came from: refusals are counted by it.
    ///
    /// # Errors
    /// When the store fails; that nobody is found is no error.
    pub async fn authenticate(&self, presented: Presented<'_>, from: Option<IpAddr>) -> Result<Result<Caller, Denied>> {
        // Keys and tokens cannot be guessed: whoever tries is counted by the address alone.
        let subject = match &presented {
            Presented::Password { username, .. } if *username != api_key::USERNAME => (*username).to_owned(),
            _ => String::new(),
        };
        if let Some(seconds) = self.identity.attempts.wait(&subject, from, self.clock.now()) {
            return Ok(Err(Denied::TooMany(seconds)));
        }
        let found = match presented {
            Presented::Password { username: api_key::USERNAME, password } => self.by_api_key(password).await?,
            Presented::Password { username, password } => match self.by_password(username, password, from).await? {
                Err(Denied::Unknown) => None,
                Err(denied) => return Ok(Err(denied)),
                Ok(caller) => Some(caller),
            },
            Presented::Bearer(token) if api_key::is_one(token) => self.by_api_key(token).await?,
            Presented::Bearer(token) => self.by_token(token).await?,
        };
        let Some(caller) = found else {
            self.identity.attempts.failed(&subject, from, self.clock.now());
            tracing::warn!(username = %subject, address = ?from, "a log-in was refused");
            return Ok(Err(Denied::Unknown));
        };
        self.identity.attempts.succeeded(&subject, from);
        Ok(Ok(caller))
    }

    async fn by_password(
        &self,
        username: &str,
        password: &str,
        from: Option<IpAddr>,
    ) -> Result<Result<Caller, Denied>> {
        let identity = self.store.identity_by_name(username).await?;
        let credential = identity.as_ref().and_then(|identity| identity.credential.as_ref());
        let hash = credential.map(|credential| credential.password_hash.as_str());
        let login = Login { username, password, hash };
        let Identity { passwords, attempts } = &self.identity;
        if !passwords.knows(login) {
            let place = passwords.place().await?;
            // Others may have been first while this one waited, with the same password, or with many wrong ones.
            if let Some(seconds) = attempts.wait(username, from, self.clock.now()) {
                return Ok(Err(Denied::TooMany(seconds)));
            }
            if !passwords.knows(login) && !passwords.compare(login, place).await? {
                return Ok(Err(Denied::Unknown));
            }
        }
        Ok(identity.map(Caller::new).ok_or(Denied::Unknown))
    }
}
