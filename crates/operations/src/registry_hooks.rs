//! How registries that tell of pushes prove who they are. Each hook belongs to one account, and lets its sender do one
//! thing: have watched tags and repositories of that account looked at now instead of later.

use std::sync::PoisonError;

use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use windlass_store::{Error as StoreError, Moment, registry_hooks::Model};
use windlass_v1::registry_hooks::{RegistryHook, RegistryHookRequest, RegistryHookSecret, RegistryPushes};

use crate::{
    Error, Result, Service, Tenant,
    cipher::{random, random_id},
    registry_pushes::{self, Kind},
    text,
};

const NAME_LIMIT: usize = 128;
const REGISTRY_LIMIT: usize = 512;
/// Hooks of an account.
const HOOKS: usize = 100;
/// Seconds for which the secret before the last one is taken.
const OVERLAP: i64 = 86_400;
/// Seconds after which it is noted again that a hook is used, or that somebody without its secret was refused.
const NOTED: i64 = 60;

/// What a sender shows.
#[derive(Clone, Debug)]
pub enum Proof<'a> {
    /// Id and secret of a hook.
    Secret { id: &'a str, secret: &'a str },
    /// The id of a hook, and the HMAC-SHA256 of the body by its secret in hexadecimal digits.
    Signature { id: &'a str, digits: &'a str },
}

impl Tenant {
    /// By name.
    pub async fn registry_hooks(&self) -> Result<Vec<RegistryHook>> {
        Ok(self.account.registry_hooks().await?.into_iter().map(described).collect())
    }

    /// # Errors
    /// 404 for an unknown one.
    pub async fn registry_hook(&self, name: &str) -> Result<RegistryHook> {
        self.account.registry_hook(name).await?.map(described).ok_or_else(|| unknown(name))
    }

    /// Makes a hook; its secret is told now and never again.
    ///
    /// # Errors
    /// 400 for a name that is none, 409 for one that is taken.
    pub async fn create_registry_hook(&self, request: RegistryHookRequest) -> Result<RegistryHookSecret> {
        let RegistryHookRequest { name, registry } = request;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            return Err(Error::invalid("'name' is to be of letters, digits and - _ ."));
        }
        text::check("name", &name, NAME_LIMIT)?;
        text::check("registry", registry.as_deref().unwrap_or_default(), REGISTRY_LIMIT)?;
        if self.account.registry_hooks().await?.len() >= HOOKS {
            return Err(Error::invalid(format!("the account has {HOOKS} hooks already: delete one that is not used")));
        }
        let (id, secret, now) = (random_id(), new_secret(), self.service.clock.moment());
        let row = Model {
            account: self.name().to_string(),
            secret: self.service.cipher.encrypt(&owner(&id), &secret),
            registry: registry.filter(|registry| !registry.is_empty()),
            former_secret: None,
            former_until: None,
            created_at: now,
            last_updated: now,
            last_used_at: None,
            id,
            name,
        };
        match self.account.insert_registry_hook(row).await {
            Ok(row) => Ok(with_secret(row, secret)),
            Err(StoreError::Exists) => Err(Error::conflict("the account has a registry hook of that name already")),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives a hook another secret; the one before it is taken for a day.
    ///
    /// # Errors
    /// 404 for an unknown one.
    pub async fn rotate_registry_hook(&self, name: &str) -> Result<RegistryHookSecret> {
        let old = self.account.registry_hook(name).await?.ok_or_else(|| unknown(name))?;
        let (secret, now) = (new_secret(), self.service.clock.moment());
        let row = Model {
            former_secret: Some(old.secret.clone()),
            former_until: Some(now.plus_seconds(OVERLAP)),
            secret: self.service.cipher.encrypt(&owner(&old.id), &secret),
            last_updated: now,
            ..old
        };
        if self.account.rotate_registry_hook(&row).await? { Ok(with_secret(row, secret)) } else { Err(unknown(name)) }
    }

    /// Forgets a hook.
    ///
    /// # Errors
    /// 404 for an unknown one.
    pub async fn delete_registry_hook(&self, name: &str) -> Result<()> {
        if self.account.delete_registry_hook(name).await? { Ok(()) } else { Err(unknown(name)) }
    }
}

impl Service {
    /// Takes what a registry tells, and has what is watched of it visited at once; `None`: nobody knows the sender. What is
    /// not understood, or watched by nobody, is passed over.
    ///
    /// # Errors
    /// 400 for a body that is no JSON; when the store fails.
    pub async fn take_registry_event(
        self: &std::sync::Arc<Self>,
        kind: Kind,
        proof: &Proof<'_>,
        body: &[u8],
    ) -> Result<Option<RegistryPushes>> {
        let (Proof::Secret { id, .. } | Proof::Signature { id, .. }) = *proof;
        if !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let Some(hook) = self.store.registry_hook(id).await? else { return Ok(None) };
        let now = self.clock.moment();
        if !self.is_proven(&hook, proof, body, now)? {
            return Ok(None);
        }
        if hook.last_used_at.is_none_or(|used| used.plus_seconds(NOTED) <= now) {
            self.store.use_registry_hook(&hook.id, now).await?;
        }
        let mut pushes = registry_pushes::read(kind, body)?;
        for push in &mut pushes {
            if let Some(registry) = &hook.registry {
                push.registry.clone_from(registry);
            }
        }
        let visits = self.tenant(&hook.account_name()).visit_pushed(&pushes).await?;
        Ok(Some(RegistryPushes { pushes: pushes.len(), visits }))
    }

    /// Whether that a sender was refused is worth a record: there is the hook that it says to be, and nothing was told of it
    /// for a minute. Strangers could fill the disk, and so could a registry that was left with an old secret.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_to_be_told_of(&self, id: &str) -> Result<bool> {
        if !id.bytes().all(|byte| byte.is_ascii_hexdigit()) || self.store.registry_hook(id).await?.is_none() {
            return Ok(false);
        }
        let now = self.clock.moment();
        let mut refused = self.refused_hooks.lock().unwrap_or_else(PoisonError::into_inner);
        refused.retain(|_, told| now < told.plus_seconds(NOTED));
        let is_new = !refused.contains_key(id);
        refused.entry(id.to_owned()).or_insert(now);
        Ok(is_new)
    }

    fn is_proven(&self, hook: &Model, proof: &Proof<'_>, body: &[u8], now: Moment) -> Result<bool> {
        let former = hook.former_secret.as_ref().filter(|_| hook.former_until.is_some_and(|until| now < until));
        for encrypted in std::iter::once(&hook.secret).chain(former) {
            let secret = self.cipher.decrypt(&owner(&hook.id), encrypted)?;
            let fits = match *proof {
                // Digests, so that the time it takes says nothing of the secret.
                Proof::Secret { secret: shown, .. } => Sha256::digest(shown) == Sha256::digest(&secret),
                Proof::Signature { digits, .. } => is_signed(&secret, digits, body),
            };
            if fits {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn is_signed(secret: &str, digits: &str, body: &[u8]) -> bool {
    let pair = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let signature: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(pair).collect();
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    mac.update(body);
    signature.is_some_and(|signature| mac.verify_slice(&signature).is_ok())
}

fn new_secret() -> String {
    hex::encode(random::<32>())
}

/// What a secret belongs to.
fn owner(id: &str) -> String {
    format!("registry hook {id}")
}

fn described(row: Model) -> RegistryHook {
    let moment = |moment: Moment| jiff::Timestamp::from(moment).into();
    RegistryHook {
        name: row.name,
        hook_id: row.id,
        registry: row.registry,
        created_at: moment(row.created_at),
        last_updated: moment(row.last_updated),
        last_used_at: row.last_used_at.map(moment),
    }
}

fn with_secret(row: Model, secret: String) -> RegistryHookSecret {
    let token = format!("{}.{secret}", row.id);
    RegistryHookSecret { hook: described(row), secret, token }
}

fn unknown(name: &str) -> Error {
    Error::not_found(format!("there is no registry hook {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_signed_by_whoever_has_the_secret() {
        // Of RFC 4231, case 2.
        let digits = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert!(is_signed("Jefe", digits, b"what do ya want for nothing?"));
        for (secret, digits, body) in [
            ("jefe", digits, &b"what do ya want for nothing?"[..]),
            ("Jefe", digits, b"what do ya want for nothing!"),
            ("Jefe", &digits[2..], b"what do ya want for nothing?"),
            ("Jefe", "", b"what do ya want for nothing?"),
            ("Jefe", "5é", b"what do ya want for nothing?"),
        ] {
            assert!(!is_signed(secret, digits, body), "{secret} {digits}");
        }
    }
}
