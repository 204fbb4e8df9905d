//! An image before its layers are read: its documents, and where each layer's bytes come from.

use std::{fmt, io, str::FromStr, sync::Arc};

/// A content digest, always `sha256:` and 64 lower-case hexadecimal digits, so it is safe to use in a path.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(Arc<str>);

/// A text that is not a digest this program can verify.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a digest: expected sha256: followed by 64 lower-case hexadecimal digits")]
pub struct InvalidDigest(pub String);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self::from_sha256(&sha2::Sha256::digest(bytes).into())
    }

    /// The digest whose raw value is known.
    pub fn from_sha256(raw: &[u8; 32]) -> Self {
        Self(format!("sha256:{}", hex::encode(raw)).into())
    }

    /// With the algorithm: `sha256:…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 64 digits alone.
    pub fn hex(&self) -> &str {
        &self.0["sha256:".len()..]
    }
}

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        match text.strip_prefix("sha256:") {
            Some(hex) if hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) => {
                Ok(Self(text.into()))
            }
            _ => Err(InvalidDigest(text.chars().take(120).collect())),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Operating system and processor an image is made for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Platform {
    pub os: String,
    pub architecture: String,
    /// Such as `v7` of `arm/v7`; empty where there is none.
    pub variant: String,
}

/// Opens a layer's bytes as they are stored (compressed); may be called once per walk.
pub trait LayerSource: Send + Sync {
    fn open(&self) -> io::Result<Box<dyn io::Read + Send>>;
}

/// One layer: what the documents say of it, and where its bytes are.
#[derive(Clone)]
pub struct Layer {
    /// Digest of the stored bytes; `None` where the format has none (docker archives).
    pub digest: Option<Digest>,
    /// Digest of the uncompressed tar, from the image's config.
    pub diff_id: Digest,
    pub media_type: String,
    /// Bytes as stored; 0 where unknown.
    pub size: u64,
    pub source: Arc<dyn LayerSource>,
}

/// An image found by a source: its verified documents and its unread layers, lowest first.
#[derive(Clone)]
pub struct Image {
    /// What the user asked for.
    pub user_input: String,
    /// Digest of the config document.
    pub id: Digest,
    /// Digest of the manifest document; synthesised for docker archives, which have none.
    pub manifest_digest: Digest,
    pub media_type: String,
    /// The manifest's bytes as they were hashed.
    pub manifest: Vec<u8>,
    /// The config's bytes as they were hashed.
    pub config: Vec<u8>,
    pub platform: Platform,
    /// `registry/repository:tag`
    pub tags: Vec<String>,
    /// `registry/repository@sha256:…`
    pub repo_digests: Vec<String>,
    pub layers: Vec<Layer>,
}
