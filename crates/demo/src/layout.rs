//! The image layout: blobs, the documents about them, and the index that names the image.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::layer::{self, Layer};

/// What was written.
pub(crate) struct Image {
    /// Digest of the manifest.
    pub(crate) digest: String,
    pub(crate) layers: usize,
}

/// Replaces `output` by a layout of one image: a layer for each of `folders`, and one that removes `removed`, if any.
pub(crate) fn write(output: &Path, folders: &[PathBuf], removed: &[String]) -> anyhow::Result<Image> {
    let mut layers = folders.iter().map(|folder| layer::from_folder(folder)).collect::<anyhow::Result<Vec<Layer>>>()?;
    if !removed.is_empty() {
        layers.push(layer::removing(removed)?);
    }

    if output.exists() {
        // Only what this program wrote before is removed: a mistyped --output must not cost a folder.
        let layout = output.join("oci-layout");
        anyhow::ensure!(layout.exists(), "cannot replace {}: it is not an image layout", output.display());
        fs::remove_dir_all(output).with_context(|| format!("cannot remove {}", output.display()))?;
    }
    let blobs = output.join("blobs").join("sha256");
    fs::create_dir_all(&blobs).with_context(|| format!("cannot create {}", blobs.display()))?;

    let config = add_document(&blobs, "application/vnd.oci.image.config.v1+json", &configuration(&layers))?;
    let descriptors = layers
        .iter()
        .map(|layer| add_blob(&blobs, "application/vnd.oci.image.layer.v1.tar+gzip", &layer.compressed))
        .collect::<anyhow::Result<Vec<Value>>>()?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": descriptors,
    });
    let mut descriptor = add_document(&blobs, "application/vnd.oci.image.manifest.v1+json", &manifest)?;
    let digest = descriptor["digest"].as_str().expect("invariant: a descriptor has a digest").to_owned();
    descriptor["annotations"] = json!({ "org.opencontainers.image.ref.name": "demo" });

    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [descriptor],
    });
    store(&output.join("index.json"), index.to_string().as_bytes())?;
    store(&output.join("oci-layout"), json!({ "imageLayoutVersion": "1.0.0" }).to_string().as_bytes())?;
    Ok(Image { digest, layers: layers.len() })
}

fn configuration(layers: &[Layer]) -> Value {
    const CREATED: &str = "1970-01-01T00:00:00Z";
    let history: Vec<Value> =
        layers.iter().map(|layer| json!({ "created": CREATED, "created_by": layer.created_by })).collect();
    let diff_ids: Vec<&str> = layers.iter().map(|layer| layer.diff_id.as_str()).collect();
    json!({
        "created": CREATED,
        "architecture": architecture(),
        "os": "linux",
        "config": { "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "WorkingDir": "/app" },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "history": history,
    })
}

/// The machine's architecture as images name it, because the packages are those of the machine.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}

fn add_document(blobs: &Path, media_type: &str, document: &Value) -> anyhow::Result<Value> {
    add_blob(blobs, media_type, document.to_string().as_bytes())
}

/// Stores a blob under its digest and returns its descriptor.
fn add_blob(blobs: &Path, media_type: &str, content: &[u8]) -> anyhow::Result<Value> {
    let digest = format!("{:x}", Sha256::digest(content));
    store(&blobs.join(&digest), content)?;
    Ok(json!({ "mediaType": media_type, "digest": format!("sha256:{digest}"), "size": content.len() }))
}

fn store(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}
