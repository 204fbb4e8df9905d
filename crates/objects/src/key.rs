//! The name of an object: the SHA-256 of its content.

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256};

/// SHA-256 of an object's uncompressed content. Written as `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey([u8; 32]);

/// A text that is no object key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not an object key: it must be `sha256:` and 64 hexadecimal digits")]
pub struct InvalidKey {
    given: String,
}

impl ObjectKey {
    /// The key of `content`.
    pub fn of(content: &[u8]) -> Self {
        Self::finished(Sha256::new_with_prefix(content))
    }

    pub(crate) fn finished(hash: Sha256) -> Self {
        Self(hash.finalize().into())
    }

    /// The 32 bytes of the digest.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| HEX[usize::from(digit)] as char).collect()
    }

    /// Where the object lies in its storage. Two levels of folders keep each small: with a million objects, a folder of a
    /// file system has 256 folders or some fifteen files.
    pub(crate) fn path(&self) -> String {
        let hex = self.hex();
        format!("{}/{}/{hex}.zst", &hex[..2], &hex[2..4])
    }

    /// The key whose object lies at `path`; nothing if no object has that path.
    pub(crate) fn at(path: &str) -> Option<Self> {
        let hex = path.strip_suffix(".zst")?.rsplit('/').next()?;
        let key = Self::from_hex(hex)?;
        (key.path() == path).then_some(key)
    }

    fn from_hex(hex: &str) -> Option<Self> {
        let digits: &[u8; 64] = hex.as_bytes().try_into().ok()?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16);
            *byte = (digit(0)? << 4 | digit(1)?) as u8;
        }
        Some(Self(bytes))
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

impl From<[u8; 32]> for ObjectKey {
    fn from(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ObjectKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        Self::from_hex(hex).ok_or_else(|| InvalidKey { given: text.chars().take(80).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_digest_of_the_content_and_says_where_the_object_lies() {
        let key = ObjectKey::of(b"abc");
        assert_eq!(key.to_string(), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(key.path(), "ba/78/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.zst");
        assert_eq!(ObjectKey::at(&key.path()), Some(key));
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_eq!(key.hex().to_uppercase().parse(), Ok(key));
    }

    #[test]
    fn what_is_no_key_or_no_path_of_one_is_refused() {
        let hex = ObjectKey::of(b"abc").hex();
        for text in
            ["", "sha256:", "sha512:00", &hex[1..], &hex.replace('b', "g"), &format!("{hex}0"), "é".repeat(32).as_str()]
        {
            assert!(text.parse::<ObjectKey>().is_err(), "{text}");
        }
        for path in ["", ".zst", &format!("{hex}.zst"), &format!("00/00/{hex}.zst"), &format!("ba/78/{hex}")] {
            assert_eq!(ObjectKey::at(path), None, "{path}");
        }
    }
}
