//! What a document says of itself, without a clock or random numbers.

use std::io;

use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::windlass;
use crate::{Sbom, Source};

/// The circumstances of writing, given by the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// When the document was made. `None`: when the image was, because a document that changes with every run cannot be
    /// compared, cached or signed.
    pub created: Option<Timestamp>,
    /// Version of the program that writes it.
    pub tool_version: String,
}

impl Document {
    /// The time the document shows, to the second; `None` where neither the caller nor the image says one.
    pub(super) fn timestamp(&self, sbom: &Sbom) -> Option<String> {
        let created = self.created.or_else(|| image_created(sbom))?;
        Timestamp::from_second(created.as_second()).ok().map(|second| second.to_string())
    }

    /// A UUID of version 8 (RFC 9562 §5.8) over the whole content: equal documents have equal names.
    pub(super) fn uuid(&self, sbom: &Sbom) -> io::Result<String> {
        let mut hash = Hashing(Sha256::new());
        windlass::write(sbom, self, &mut hash)?;
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.0.finalize()[..16]);
        bytes[6] = 0x80 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        let groups = [&bytes[..4], &bytes[4..6], &bytes[6..8], &bytes[8..10], &bytes[10..]];
        Ok(groups.map(hex::encode).join("-"))
    }
}

fn image_created(sbom: &Sbom) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Config {
        created: Option<String>,
    }
    let Source::Image(image) = &sbom.source else { return None };
    let config: Config = serde_json::from_slice(&image.config).ok()?;
    config.created?.parse().ok()
}

/// Sixteen hexadecimal digits that name whatever the parts identify.
pub(super) fn short_hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(&hash.finalize()[..8])
}

struct Hashing(Sha256);

impl io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
