//! What is read of manifests.

use serde::Deserialize;

#[derive(Deserialize)]
struct Manifest {
    config: Blob,
    layers: Vec<Blob>,
}

#[derive(Deserialize)]
struct Blob {
    digest: String,
    #[serde(default)]
    size: u64,
}

/// The digest of the config that a manifest names, and the bytes of its layers as they are stored.
pub(crate) fn read(manifest: &[u8]) -> Result<(String, u64), serde_json::Error> {
    let Manifest { config, layers } = serde_json::from_slice(manifest)?;
    Ok((config.digest, layers.iter().fold(0, |sum: u64, layer| sum.saturating_add(layer.size))))
}
