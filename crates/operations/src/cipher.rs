//! Secrets at rest: registry passwords, tokens, keys that sign.
//!
//! XChaCha20-Poly1305 under one key, which is never in the database: whoever has a dump of it has no secrets. What a
//! secret belongs to is authenticated with it, so that it cannot be moved to another row.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};

use crate::{Error, Result};

const NONCE_LENGTH: usize = 24;
/// The form of what is written; a later form gets another number.
const PREFIX: &str = "v1:";

/// Encrypts and decrypts secrets.
#[derive(Clone)]
pub struct Cipher(XChaCha20Poly1305);

/// A key that is none.
#[derive(Debug, thiserror::Error)]
#[error("the secret key is not 32 bytes in base64; make one with: head -c 32 /dev/urandom | base64")]
pub struct InvalidKey;

impl Cipher {
    /// A new key, as [`Cipher::parse`] reads it.
    pub fn generate_key() -> String {
        STANDARD.encode(random::<32>())
    }

    /// # Errors
    /// When the text is not 32 bytes in base64.
    pub fn parse(key: &str) -> Result<Self, InvalidKey> {
        let bytes: [u8; 32] = STANDARD.decode(key.trim()).ok().and_then(|b| b.try_into().ok()).ok_or(InvalidKey)?;
        Ok(Self(XChaCha20Poly1305::new(&bytes.into())))
    }

    /// `owner` says what the secret belongs to; without the same words it cannot be decrypted.
    pub fn encrypt(&self, owner: &str, secret: &str) -> String {
        let nonce: [u8; NONCE_LENGTH] = random();
        let payload = Payload { msg: secret.as_bytes(), aad: owner.as_bytes() };
        let sealed = self.0.encrypt(XNonce::from_slice(&nonce), payload).expect("secrets are shorter than 256 GiB");
        format!("{PREFIX}{}", STANDARD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// # Errors
    /// When it was encrypted with another key, or for another owner.
    pub fn decrypt(&self, owner: &str, text: &str) -> Result<String> {
        let broken = || {
            Error::Broken(format!(
                "the secret of {owner} cannot be decrypted: it was encrypted with another key than this process has; start it \
                 with the key that was used, or set the secret again"
            ))
        };
        let bytes = text.strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok()).ok_or_else(broken)?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LENGTH).ok_or_else(broken)?;
        let payload = Payload { msg: sealed, aad: owner.as_bytes() };
        let secret = self.0.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| broken())?;
        String::from_utf8(secret).map_err(|_| broken())
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher")
    }
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

/// A new id: 128 random bits, as 32 lower-case hexadecimal digits.
pub fn random_id() -> String {
    format!("{:032x}", u128::from_be_bytes(random()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_with_its_key_and_for_its_owner_only() {
        let cipher = Cipher::parse(&Cipher::generate_key()).unwrap();
        let text = cipher.encrypt("team/registry.example", "hunter2");
        assert!(!text.contains("hunter2"));
        assert_ne!(text, cipher.encrypt("team/registry.example", "hunter2"), "equal secrets do not look equal");
        assert_eq!(cipher.decrypt("team/registry.example", &text).unwrap(), "hunter2");
        assert!(cipher.decrypt("other/registry.example", &text).is_err());
        let other = Cipher::parse(&Cipher::generate_key()).unwrap();
        let error = other.decrypt("team/registry.example", &text).unwrap_err().to_string();
        assert!(error.contains("team/registry.example") && !error.contains("hunter2"), "{error}");
        for damaged in ["", "v1:", "v1:AAAA", "v2:AAAA", &text[..text.len() - 4]] {
            assert!(cipher.decrypt("team/registry.example", damaged).is_err(), "{damaged}");
        }
    }

    #[test]
    fn a_key_is_32_bytes() {
        for bad in ["", "secret", "AAAA", "!!!!"] {
            assert!(Cipher::parse(bad).is_err(), "{bad}");
        }
    }
}
