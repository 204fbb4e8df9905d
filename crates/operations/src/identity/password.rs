//! Passwords: argon2id, slow on purpose.
//!
//! Clients of this API send the password with every request, and comparing takes tens of milliseconds and megabytes. So
//! a process remembers, under a key of its own, which password was compared with which hash with success; when either
//! changes, it is compared again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::{Output, ParamsString, SaltString},
};
use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use windlass_v1::accounts::PASSWORD_LENGTHS;

use crate::{Error, Result, cipher::random, threads};

/// Passwords that are hashed at once: each takes 19 MiB and a core.
const AT_ONCE: usize = 2;
/// Log-ins that are remembered.
const REMEMBERED: usize = 10_000;

#[derive(Debug)]
pub(super) struct Passwords {
    places: Arc<Semaphore>,
    secret: [u8; 32],
    /// By user, what was compared last with success.
    known: Mutex<HashMap<String, [u8; 32]>>,
    /// Compared with where there is no user, so that both take the same time.
    nobody: String,
}

/// A user name and a password, and the hash that it should fit; no hash where there is no such user.
#[derive(Clone, Copy)]
pub(super) struct Login<'a> {
    pub(super) username: &'a str,
    pub(super) password: &'a str,
    pub(super) hash: Option<&'a str>,
}

/// Leave to hash one password.
pub(super) struct Place(OwnedSemaphorePermit);

impl Passwords {
    pub(super) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)), secret: random(), known: Mutex::default(), nobody: nobody() }
    }

    /// Whether the same was compared before, with success.
    pub(super) fn knows(&self, login: Login<'_>) -> bool {
        login.hash.is_some() && self.known().get(login.username) == Some(&self.mark(login))
    }

    /// Waits until a password can be hashed.
    pub(super) async fn place(&self) -> Result<Place> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        place.map(Place).map_err(|error| Error::Broken(error.to_string()))
    }

    /// Whether the password is the one that was hashed.
    pub(super) async fn compare(&self, login: Login<'_>, place: Place) -> Result<bool> {
        let (password, hash) = (login.password.to_owned(), login.hash.unwrap_or(&self.nobody).to_owned());
        let matches = at(place, move || {
            let parsed = PasswordHash::new(&hash);
            parsed.is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
        });
        let matches = matches.await? && login.hash.is_some();
        if matches {
            let mark = self.mark(login);
            let mut known = self.known();
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(login.username.to_owned(), mark);
        }
        Ok(matches)
    }

    /// Hashes a password for the store.
    pub(super) async fn hash(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        at(self.place().await?, move || hash_now(&password)).await?
    }

    fn mark(&self, login: Login<'_>) -> [u8; 32] {
        let mut mark = Sha256::new();
        mark.update(self.secret);
        mark.update((login.password.len() as u64).to_le_bytes());
        mark.update(login.password);
        mark.update(login.hash.unwrap_or_default());
        mark.finalize().into()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, [u8; 32]>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does what takes long beside the threads that answer requests. The place goes with it: a request that is given up by
/// its sender does not make room for another before its work is done.
async fn at<T: Send + 'static>(place: Place, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    threads::blocking(move || {
        let _place = place.0;
        work()
    })
    .await
}

/// Refuses passwords that are too short or too long (`spec/api.md` A2.4, F29).
pub(super) fn check(password: &str) -> Result<()> {
    let length = password.chars().count();
    if PASSWORD_LENGTHS.contains(&length) {
        return Ok(());
    }
    let (least, most) = (PASSWORD_LENGTHS.start(), PASSWORD_LENGTHS.end());
    Err(Error::invalid(format!("Password must have {least} to {most} characters; this one has {length}")))
}

/// A hash that no password is known to have; it is made up, since making a true one would delay each start.
fn nobody() -> String {
    let made_up = || -> argon2::password_hash::Result<String> {
        let salt = SaltString::encode_b64(&random::<16>())?;
        let hash = PasswordHash {
            algorithm: Algorithm::default().ident(),
            version: Some(Version::default().into()),
            params: ParamsString::try_from(&Params::default())?,
            salt: Some(salt.as_salt()),
            hash: Some(Output::new(&random::<{ Params::DEFAULT_OUTPUT_LEN }>())?),
        };
        Ok(hash.to_string())
    };
    made_up().expect("its parts are valid")
}

fn hash_now(password: &str) -> Result<String> {
    let broken = |error: argon2::password_hash::Error| Error::Broken(format!("a password cannot be hashed: {error}"));
    let salt = SaltString::encode_b64(&random::<16>()).map_err(broken)?;
    Ok(Argon2::default().hash_password(password.as_bytes(), &salt).map_err(broken)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_remembered_until_it_changes() {
        let passwords = Passwords::new();
        let first = passwords.hash("foobar").await.unwrap();
        assert!(first.starts_with("$argon2id$"), "{first}");
        let login = |password, hash| Login { username: "ada", password, hash };
        let compare = async |login| passwords.compare(login, passwords.place().await.unwrap()).await.unwrap();
        assert!(!compare(login("wrong1", Some(&first))).await);
        assert!(!passwords.knows(login("wrong1", Some(&first))));
        assert!(compare(login("foobar", Some(&first))).await);
        assert!(passwords.knows(login("foobar", Some(&first))));
        assert!(!passwords.knows(login("wrong1", Some(&first))));
        let second = passwords.hash("foobar").await.unwrap();
        assert!(!passwords.knows(login("foobar", Some(&second))), "what is hashed anew is compared anew");
        assert!(!compare(login("foobar", None)).await, "nobody has no password");
        let cost = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(cost(&passwords.nobody), cost(&first), "and is compared for as long as anybody");
        assert!(PasswordHash::new(&passwords.nobody).is_ok());
    }

    #[test]
    fn passwords_have_6_to_128_characters_of_any_alphabet() {
        for good in ["foobar", "pässwö", &"ä".repeat(128)] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", "12345", "äöüäö", &"a".repeat(129)] {
            let error = check(bad).unwrap_err().to_string();
            assert!(error.contains("6 to 128") && (bad.is_empty() || !error.contains(bad)), "{error}");
        }
    }
}
