//! Reads the layers of an OCI layout in a folder, trusting its documents, and finds the corpus.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value;
use windlass_image::{Digest, Layer, LayerSource};

/// The corpus, or nothing and a loud word about it.
#[allow(dead_code, reason = "the example is given its layout")]
pub(crate) fn corpus() -> Option<PathBuf> {
    let corpus = std::env::var_os("WINDLASS_CORPUS").map(PathBuf::from);
    if corpus.is_none() {
        eprintln!("SKIPPED: set WINDLASS_CORPUS to a built corpus to test real and hostile images");
    }
    corpus
}

/// The layers of the first manifest that can be reached; the error says what is wrong with the documents.
pub(crate) fn layers(layout: &Path) -> Result<Vec<Layer>, String> {
    let mut document = json(&layout.join("index.json"))?;
    for _ in 0..8 {
        let Some(first) = document["manifests"].get(0) else { break };
        document = json(&blob(layout, &first["digest"])?)?;
    }
    let config = json(&blob(layout, &document["config"]["digest"])?)?;
    let diff_ids = config["rootfs"]["diff_ids"].as_array().ok_or("the config has no diff IDs")?;
    let described = document["layers"].as_array().ok_or("the manifest has no layers")?;
    if diff_ids.len() != described.len() {
        return Err("layers and diff IDs differ in number".to_owned());
    }
    described
        .iter()
        .zip(diff_ids)
        .map(|(layer, diff_id)| {
            Ok(Layer {
                digest: Some(digest(&layer["digest"])?),
                diff_id: digest(diff_id)?,
                media_type: layer["mediaType"].as_str().unwrap_or_default().to_owned(),
                size: layer["size"].as_u64().ok_or("a layer's size is not a number")?,
                source: Arc::new(Blob(blob(layout, &layer["digest"])?)),
            })
        })
        .collect()
}

fn digest(text: &Value) -> Result<Digest, String> {
    text.as_str().unwrap_or_default().parse().map_err(|error| format!("{error}"))
}

fn blob(layout: &Path, text: &Value) -> Result<PathBuf, String> {
    Ok(layout.join("blobs/sha256").join(digest(text)?.hex()))
}

fn json(path: &Path) -> Result<Value, String> {
    let length = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > 4 << 20 {
        return Err("a document of more than 4 MiB".to_owned());
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    serde_json::from_slice(&bytes).map_err(|error| error.to_string())
}

struct Blob(PathBuf);

impl LayerSource for Blob {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(File::open(&self.0)?))
    }
}
