//! Describes the analysed image from its own documents (`spec/analysis.md` §1.7).

use std::collections::BTreeMap;

use serde::Deserialize;
use windlass_image::{Image, WalkedLayer};
use windlass_sbom::{ImageSource, LayerDescription, Source};

/// The members of an image config that are read; all may be missing.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    history: Vec<History>,
    #[serde(alias = "Config")]
    config: Option<Runtime>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct History {
    created_by: Option<String>,
    empty_layer: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Runtime {
    #[serde(rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
}

/// The source of a bill of materials: the image's identity, with what history says of each layer.
pub(crate) fn describe<F>(image: &Image, walked: &[WalkedLayer<F>]) -> Result<Source, serde_json::Error> {
    let config: Config = serde_json::from_slice(&image.config)?;
    let mut instructions = config
        .history
        .into_iter()
        .filter(|step| step.empty_layer != Some(true))
        .map(|step| step.created_by.unwrap_or_default());
    let layers: Vec<_> = image
        .layers
        .iter()
        .zip(walked)
        .map(|(layer, walked)| LayerDescription {
            media_type: layer.media_type.clone(),
            digest: layer.diff_id.to_string(),
            size: walked.bytes,
            created_by: instructions.next().unwrap_or_default(),
        })
        .collect();
    Ok(Source::Image(Box::new(ImageSource {
        user_input: image.user_input.clone(),
        image_id: image.id.to_string(),
        manifest_digest: image.manifest_digest.to_string(),
        media_type: image.media_type.clone(),
        tags: image.tags.clone(),
        repo_digests: image.repo_digests.clone(),
        size: layers.iter().map(|layer| layer.size).sum(),
        layers,
        manifest: image.manifest.clone(),
        config: image.config.clone(),
        os: image.platform.os.clone(),
        architecture: image.platform.architecture.clone(),
        variant: image.platform.variant.clone(),
        labels: config.config.and_then(|runtime| runtime.labels).unwrap_or_default().into_iter().collect(),
    })))
}
