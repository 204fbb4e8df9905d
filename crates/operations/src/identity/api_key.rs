//! API keys: long random secrets for programs, in place of a user's password.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use windlass_store::api_keys;
use windlass_v1::{
    api_keys::{ApiKey, ApiKeyRequest, CreatedApiKey},
    error,
};

use super::{Caller, Role};
use crate::{
    Error, Result, Service,
    cipher::{random, random_id},
};

/// The user name that says that the password is a key.
pub(super) const USERNAME: &str = "_api_key";
/// How keys begin, so that scanners for secrets find them.
const PREFIX: &str = "wlk_";
/// Keys of one user.
const MOST: u64 = 100;

pub(super) fn is_one(token: &str) -> bool {
    token.starts_with(PREFIX)
}

impl Caller {
    /// Refuses those who came with a key that is restricted to a role: who may set passwords and make keys could make one
    /// that is not.
    ///
    /// # Errors
    /// 403.
    pub fn demand_whole(&self) -> Result<()> {
        match self.restricted_to {
            Some(_) => Err(error::forbidden(&self.account().name, "updateUser", Some(self.username())).into()),
            None => Ok(()),
        }
    }
}

impl Service {
    /// Makes a key for the caller; the secret is shown this once.
    ///
    /// # Errors
    /// 409 where the caller has a key of that name, 400 where there is no such role, its end has passed, or the caller has
    /// too many keys; 403 for callers with a restricted key.
    pub async fn create_api_key(&self, caller: &Caller, request: &ApiKeyRequest) -> Result<CreatedApiKey> {
        caller.demand_whole()?;
        let role = request.role.as_deref().map(Role::demand).transpose()?;
        let now = self.clock.moment();
        let expires_at = request.expires_at.map(|at| at.timestamp().into());
        if expires_at.is_some_and(|end| end <= now) {
            return Err(Error::invalid("The key's end, expires_at, has passed already"));
        }
        let username = caller.username();
        if self.store.count_api_keys(username).await? >= MOST {
            return Err(Error::invalid(format!("User {username} has {MOST} API keys already; delete one first")));
        }
        let (id, secret) = (random_id(), hex::encode(random::<24>()));
        let row = api_keys::Model {
            id: id.clone(),
            username: username.to_owned(),
            name: request.name.clone(),
            secret_hash: hash(&secret),
            role: role.map(|role| role.name().to_owned()),
            created_at: now,
            expires_at,
            last_used_at: None,
        };
        match self.store.insert_api_key(row.clone()).await {
            Ok(()) => Ok(CreatedApiKey { key: format!("{PREFIX}{id}_{secret}"), description: describe(row) }),
            Err(windlass_store::Error::Exists) => {
                Err(Error::conflict(format!("User {username} has an API key named {} already", request.name)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The caller's keys, by name.
    pub async fn api_keys(&self, caller: &Caller) -> Result<Vec<ApiKey>> {
        Ok(self.store.api_keys(caller.username()).await?.into_iter().map(describe).collect())
    }

    /// # Errors
    /// 404 where the caller has no such key; 403 for callers with a restricted key.
    pub async fn delete_api_key(&self, caller: &Caller, name: &str) -> Result<()> {
        caller.demand_whole()?;
        if self.store.delete_api_key(caller.username(), name).await? {
            return Ok(());
        }
        Err(Error::not_found(format!("User {} has no API key named {name}", caller.username())))
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
            // A role that a later version knew is no leave to do anything.
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
    hex::encode(Sha256::digest(secret))
}

fn describe(row: api_keys::Model) -> ApiKey {
    let api_keys::Model { name, role, created_at, expires_at, last_used_at, .. } = row;
    let shown = |moment| Timestamp::from(moment).into();
    ApiKey {
        name,
        role,
        created_at: shown(created_at),
        expires_at: expires_at.map(shown),
        last_used_at: last_used_at.map(shown),
    }
}
