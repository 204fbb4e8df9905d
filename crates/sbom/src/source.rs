//! What was analysed.

use sha2::{Digest as _, Sha256};

/// The analysed artifact.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    Image(Box<ImageSource>),
    /// A directory tree; the path as given.
    Directory {
        path: String,
    },
    /// Anything else that a document read by us was made from: its own type word and name.
    Other {
        kind: String,
        name: String,
        version: String,
    },
}

impl Default for Source {
    fn default() -> Self {
        Self::Other { kind: "unknown".into(), name: String::new(), version: String::new() }
    }
}

impl Source {
    /// What a person calls it: the reference or path that was given.
    pub fn name(&self) -> &str {
        match self {
            Self::Image(image) => &image.user_input,
            Self::Directory { path } => path,
            Self::Other { name, .. } => name,
        }
    }
}

/// An image's identity and documents (`spec/analysis.md` §1.7).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageSource {
    pub user_input: String,
    /// Digest of the config document.
    pub image_id: String,
    pub manifest_digest: String,
    pub media_type: String,
    pub tags: Vec<String>,
    pub repo_digests: Vec<String>,
    /// Sum of the uncompressed layer sizes in bytes.
    pub size: u64,
    pub layers: Vec<LayerDescription>,
    /// The documents as they were hashed.
    pub manifest: Vec<u8>,
    pub config: Vec<u8>,
    pub os: String,
    pub architecture: String,
    pub variant: String,
    pub labels: Vec<(String, String)>,
}

impl ImageSource {
    /// Chain IDs of the stack up to and with each layer, lowest first (OCI image specification, "Layer ChainID").
    pub fn chain_ids(&self) -> Vec<String> {
        let mut chain_ids: Vec<String> = Vec::with_capacity(self.layers.len());
        for LayerDescription { digest, .. } in &self.layers {
            chain_ids.push(match chain_ids.last() {
                None => digest.clone(),
                Some(below) => format!("sha256:{:x}", Sha256::digest(format!("{below} {digest}"))),
            });
        }
        chain_ids
    }
}

/// One layer, lowest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerDescription {
    pub media_type: String,
    /// Diff ID.
    pub digest: String,
    /// Uncompressed bytes.
    pub size: u64,
    /// The Dockerfile instruction that made it, from the image's history; empty where unknown.
    pub created_by: String,
}
