//! Names of things by what they hold.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// Half a SHA-256 of a serialised value: equal values have equal keys, and nobody can make two of different content
/// share one. Written as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentKey(pub [u8; 16]);

/// A text that is no content key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a content key has 32 lower-case hexadecimal digits")]
pub struct InvalidContentKey;

impl ContentKey {
    /// The key of a value; `domain` keeps values of different kinds apart.
    pub(crate) fn of(domain: &str, value: &impl Serialize) -> Self {
        let mut hasher = Hasher(Sha256::new());
        hasher.0.update(domain);
        hasher.0.update([0]);
        serde_json::to_writer(&mut hasher, value)
            .expect("maps of these values have texts as keys, and hashing cannot fail");
        let digest = hasher.0.finalize();
        Self(std::array::from_fn(|at| digest[at]))
    }
}

struct Hasher(Sha256);

impl std::io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl fmt::Display for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ContentKey {
    type Err = InvalidContentKey;

    fn from_str(text: &str) -> Result<Self, InvalidContentKey> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(is_digit) {
            return Err(InvalidContentKey);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| InvalidContentKey)?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl Serialize for ContentKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let key = ContentKey::of("test", &"text");
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_ne!(key, ContentKey::of("other", &"text"));
        for text in ["", "0123", &"G".repeat(32), &"A".repeat(32)] {
            assert_eq!(text.parse::<ContentKey>(), Err(InvalidContentKey), "{text}");
        }
    }
}
