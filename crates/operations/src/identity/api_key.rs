//! API keys: long random secrets for programs, in place of a user's password.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use windlass_store::api_keys;

use super::{Caller, Role, password::hex};
use crate::{
    Error, Result, Service,
    cipher::{random, random_id},
};

/// The user name that says that the password is a key.
pub(super) const USERNAME: &str = "_api_key";
/// How keys begin, so that scanners for secrets find them.
const PREFIX: &str = "wlk_";

/// A key to be made.
#[derive(Debug)]
pub struct NewApiKey<'a> {
    pub name: &'a str,
    pub role: Option<Role>,
    pub expires_at: Option<Timestamp>,
}

/// What is shown of a key: everything but the secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApiKeyDescription {
    pub name: String,
    pub role: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

impl From<api_keys::Model> for ApiKeyDescription {
    fn from(row: api_keys::Model) -> Self {
        let api_keys::Model { name, role, created_at, expires_at, last_used_at, .. } = row;
        Self {
            name,
            role,
            created_at: created_at.into(),
            expires_at: expires_at.map(Into::into),
            last_used_at: last_used_at.map(Into::into),
        }
    }
}

pub(super) fn is_one(token: &str) -> bool {
    token.starts_with(PREFIX)
}

impl Service {
    /// Makes a key for a user; the secret is shown this once.
    ///
    /// # Errors
    /// 409 where the user has a key of that name.
    pub async fn create_api_key(&self, username: &str, key: NewApiKey<'_>) -> Result<(String, ApiKeyDescription)> {
        let (id, secret) = (random_id(), hex(&random::<24>()));
        let row = api_keys::Model {
            id: id.clone(),
            username: username.to_owned(),
            name: key.name.to_owned(),
            secret_hash: hash(&secret),
            role: key.role.map(|role| role.name().to_owned()),
            created_at: self.clock.moment(),
            expires_at: key.expires_at.map(Into::into),
            last_used_at: None,
        };
        match self.store.insert_api_key(row.clone()).await {
            Ok(()) => Ok((format!("{PREFIX}{id}_{secret}"), row.into())),
            Err(windlass_store::Error::Exists) => {
                Err(Error::conflict(format!("User {username} has an API key named {} already", key.name)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The keys of a user, by name.
    pub async fn api_keys(&self, username: &str) -> Result<Vec<ApiKeyDescription>> {
        Ok(self.store.api_keys(username).await?.into_iter().map(Into::into).collect())
    }

    /// # Errors
    /// 404 where the user has no such key.
    pub async fn delete_api_key(&self, username: &str, name: &str) -> Result<()> {
        if self.store.delete_api_key(username, name).await? {
            return Ok(());
        }
        Err(Error::not_found(format!("User {username} has no API key named {name}")))
    }

    pub(super) async fn by_api_key(&self, token: &str) -> Result<Option<Caller>> {
        let Some((id, secret)) = token.strip_prefix(PREFIX).and_then(|token| token.split_once('_')) else {
            return Ok(None);
        };
        let now = self.clock.moment();
        let Some(key) = self.store.find_api_key(id).await? else { return Ok(None) };
        // What is compared are hashes: how long it takes tells nothing about the secret.
        if key.secret_hash != hash(secret) || key.expires_at.is_some_and(|expiry| expiry <= now) {
            return Ok(None);
        }
        let role = match &key.role {
            None => None,
            Some(name) => match Role::parse(name) {
                None => return Ok(None),
                role => role,
            },
        };
        // Once a minute is enough to tell which keys are still used.
        if key.last_used_at.is_none_or(|used| used.plus_seconds(60) < now) {
            self.store.touch_api_key(id, now).await?;
        }
        let identity = self.store.identity_by_name(&key.username).await?;
        Ok(identity.map(|identity| Caller::restricted(identity, role)))
    }
}

fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}
