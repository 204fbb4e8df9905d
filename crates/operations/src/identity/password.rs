//! Passwords: argon2id, slow on purpose.
//!
//! Clients of this API send the password with every request, and comparing takes tens of milliseconds and megabytes. So
//! a process remembers, under a key of its own, which password was compared with which hash with success; when either
//! changes, it is compared again.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use argon2::{Argon2, PasswordHash, PasswordHasher as _, PasswordVerifier as _, password_hash::SaltString};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::{Error, Result, cipher::random};

/// Comparisons at once: each takes 19 MiB and a core.
const AT_ONCE: usize = 2;
/// Log-ins that are remembered.
const REMEMBERED: usize = 10_000;

#[derive(Debug)]
pub(super) struct Passwords {
    places: Semaphore,
    secret: [u8; 32],
    /// By user, what was compared last with success.
    known: Mutex<HashMap<String, [u8; 32]>>,
    /// Compared with where there is no user, so that both take the same time.
    nobody: String,
}

impl Passwords {
    pub(super) fn new() -> Self {
        let nobody = hash_now(&hex(&random::<16>())).unwrap_or_default();
        Self { places: Semaphore::new(AT_ONCE), secret: random(), known: Mutex::default(), nobody }
    }

    /// Whether the password is the one that was hashed.
    pub(super) async fn verify(&self, username: &str, password: &str, hash: Option<&str>) -> Result<bool> {
        let mark = self.mark(password, hash.unwrap_or_default());
        if hash.is_some() && self.known().get(username) == Some(&mark) {
            return Ok(true);
        }
        let _place = self.places.acquire().await.map_err(|error| Error::Broken(error.to_string()))?;
        let (password, compared) = (password.to_owned(), hash.unwrap_or(&self.nobody).to_owned());
        let matches = tokio::task::spawn_blocking(move || {
            let parsed = PasswordHash::new(&compared);
            parsed.is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
        });
        let matches = matches.await.map_err(|error| Error::Broken(error.to_string()))? && hash.is_some();
        if matches {
            let mut known = self.known();
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(username.to_owned(), mark);
        }
        Ok(matches)
    }

    fn mark(&self, password: &str, hash: &str) -> [u8; 32] {
        let mut mark = Sha256::new();
        mark.update(self.secret);
        mark.update((password.len() as u64).to_le_bytes());
        mark.update(password);
        mark.update(hash);
        mark.finalize().into()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, [u8; 32]>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hashes a password for the store.
pub(super) async fn hash(password: &str) -> Result<String> {
    let password = password.to_owned();
    let hashed = tokio::task::spawn_blocking(move || hash_now(&password));
    hashed.await.map_err(|error| Error::Broken(error.to_string()))?
}

fn hash_now(password: &str) -> Result<String> {
    let broken = |error: argon2::password_hash::Error| Error::Broken(format!("a password cannot be hashed: {error}"));
    let salt = SaltString::encode_b64(&random::<16>()).map_err(broken)?;
    Ok(Argon2::default().hash_password(password.as_bytes(), &salt).map_err(broken)?.to_string())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_remembered_until_it_changes() {
        let passwords = Passwords::new();
        let first = hash("foobar").await.unwrap();
        assert!(first.starts_with("$argon2id$"), "{first}");
        assert!(!passwords.verify("ada", "wrong1", Some(&first)).await.unwrap());
        assert!(passwords.verify("ada", "foobar", Some(&first)).await.unwrap());
        assert!(passwords.verify("ada", "foobar", Some(&first)).await.unwrap());
        assert!(!passwords.verify("ada", "wrong1", Some(&first)).await.unwrap());
        let second = hash("changed").await.unwrap();
        assert!(!passwords.verify("ada", "foobar", Some(&second)).await.unwrap());
        assert!(passwords.verify("ada", "changed", Some(&second)).await.unwrap());
        assert!(!passwords.verify("ada", "changed", None).await.unwrap());
    }
}
