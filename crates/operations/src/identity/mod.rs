//! Who is asking, and what they may do.
//!
//! A request names a user with a password, a token or an API key ([`Presented`]); [`Service::authenticate`] says who that
//! is ([`Caller`]), [`Service::authorise`] whether they may. Every look-up is made anew, so that a removed user is nobody
//! from then on; only the slow comparison of passwords is remembered, together with what it compared.

mod api_key;
mod attempts;
mod bootstrap;
mod caller;
mod password;
mod permission;
mod role;
mod token;

use std::net::IpAddr;

pub use api_key::{ApiKeyDescription, NewApiKey};
pub use bootstrap::{ADMIN, SYSTEM};
pub use caller::Caller;
pub use permission::{Permission, Target};
pub use role::Role;
pub use token::IssuedToken;

use attempts::Attempts;
use password::Passwords;

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
        let now = self.clock.now();
        let subject = match &presented {
            Presented::Password { username, .. } => (*username).to_owned(),
            Presented::Bearer(_) => String::new(),
        };
        if let Some(seconds) = self.identity.attempts.wait(&subject, from, now) {
            return Ok(Err(Denied::TooMany(seconds)));
        }
        let found = match presented {
            Presented::Password { username, password } => self.by_password(username, password).await?,
            Presented::Bearer(token) if api_key::is_one(token) => self.by_api_key(token).await?,
            Presented::Bearer(token) => self.by_token(token).await?,
        };
        match found {
            Some(caller) => {
                self.identity.attempts.succeeded(&subject, from);
                Ok(Ok(caller))
            }
            None => {
                self.identity.attempts.failed(&subject, from, now);
                tracing::warn!(username = %subject, address = ?from, "a log-in was refused");
                Ok(Err(Denied::Unknown))
            }
        }
    }

    async fn by_password(&self, username: &str, password: &str) -> Result<Option<Caller>> {
        if username == api_key::USERNAME {
            return self.by_api_key(password).await;
        }
        let identity = self.store.identity_by_name(username).await?;
        let hash = identity.as_ref().and_then(|identity| identity.password_hash.as_deref());
        let matches = self.identity.passwords.verify(username, password, hash).await?;
        Ok(identity.filter(|_| matches).map(Caller::new))
    }
}
