//! An image's documents (`spec/api.md` A4.4).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass_sbom::{ImageSource, Sbom, Source};

use crate::{
    base64_lines,
    content::{Content, ContentType},
    words::words,
};

words! {
    /// The documents of an image.
    MetadataType {
        /// Its manifest.
        Manifest = "manifest",
        /// The steps that made it.
        DockerHistory = "docker_history",
        /// The Dockerfile that was given with it.
        Dockerfile = "dockerfile",
    }
}

/// A document of an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MetadataResponse {
    #[serde(rename = "imageDigest")]
    pub image_digest: String,
    #[schema(example = "manifest")]
    pub metadata_type: String,
    /// The document in base64, a newline after every 76 characters; an empty list where there is none.
    pub metadata: Content,
}

impl MetadataResponse {
    /// Of the documents, or of the content: the route takes the names of both.
    pub fn new(image_digest: impl Into<String>, kind: ContentType, sbom: &Sbom) -> Self {
        Self { image_digest: image_digest.into(), metadata_type: kind.to_string(), metadata: Content::of(sbom, kind) }
    }
}

/// A document as it is told: in base64, a newline after every 76 characters (`spec/api.md` K25).
pub fn encoded(document: &[u8]) -> String {
    base64_lines::encode(document)
}

/// The document in base64; `None` where there is none.
pub(crate) fn document(sbom: &Sbom, kind: MetadataType) -> Option<String> {
    let Source::Image(image) = &sbom.source else { return None };
    let text = match kind {
        MetadataType::Manifest => image.manifest.clone(),
        MetadataType::DockerHistory => serde_json::to_vec(&history(image)).ok()?,
        MetadataType::Dockerfile => sbom.inspection.dockerfile.clone()?.into_bytes(),
    };
    (!text.is_empty()).then(|| encoded(&text))
}

/// A step that made an image, as the Docker daemon tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HistoryEntry {
    /// RFC 3339; empty where the config does not say.
    pub created: String,
    pub created_by: String,
    pub comment: String,
    /// Digest of the layer it made, `<missing>` where it made none.
    pub id: String,
    /// Bytes of the layer as the registry has it.
    pub size: u64,
    /// Always empty.
    pub tags: Vec<String>,
}

#[derive(Deserialize, Default)]
struct Config {
    #[serde(default)]
    history: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    #[serde(default)]
    created: Option<String>,
    #[serde(default)]
    created_by: Option<String>,
    #[serde(default)]
    comment: Option<String>,
    #[serde(default)]
    empty_layer: bool,
}

#[derive(Deserialize, Default)]
struct Manifest {
    #[serde(default)]
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
struct Layer {
    #[serde(default)]
    digest: String,
    #[serde(default)]
    size: u64,
}

/// The steps in the config, lowest first, with the layers of the manifest that they made.
pub fn history(image: &ImageSource) -> Vec<HistoryEntry> {
    let config: Config = serde_json::from_slice(&image.config).unwrap_or_default();
    let manifest: Manifest = serde_json::from_slice(&image.manifest).unwrap_or_default();
    let mut layers = manifest.layers.into_iter();
    let entry = |step: Step| {
        let layer = if step.empty_layer { None } else { layers.next() };
        let (id, size) = layer.map_or_else(|| ("<missing>".into(), 0), |layer| (layer.digest, layer.size));
        HistoryEntry {
            created: step.created.unwrap_or_default(),
            created_by: step.created_by.unwrap_or_default(),
            comment: step.comment.unwrap_or_default(),
            id,
            size,
            tags: Vec::new(),
        }
    };
    config.history.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(config: &str, manifest: &str) -> ImageSource {
        ImageSource { config: config.into(), manifest: manifest.into(), ..ImageSource::default() }
    }

    #[test]
    fn steps_have_the_layers_that_they_made() {
        let config = r#"{"history": [
            {"created": "2024-01-15T10:00:00Z", "created_by": "ADD x", "comment": "c"},
            {"created_by": "CMD y", "empty_layer": true},
            {"created_by": "COPY z"}, {}
        ]}"#;
        let manifest = r#"{"layers": [{"digest": "sha256:aa", "size": 7}, {"digest": "sha256:bb", "size": 9}]}"#;
        let told: Vec<_> = history(&image(config, manifest))
            .into_iter()
            .map(|entry| (entry.created_by, entry.id, entry.size))
            .collect();
        let row = |step: &str, id: &str, size| (step.to_owned(), id.to_owned(), size);
        assert_eq!(
            told,
            [
                row("ADD x", "sha256:aa", 7),
                row("CMD y", "<missing>", 0),
                row("COPY z", "sha256:bb", 9),
                row("", "<missing>", 0),
            ]
        );
    }

    #[test]
    fn documents_that_are_none_tell_nothing() {
        assert_eq!(history(&image("{", "[]")), []);
        let sbom = Sbom::default();
        for kind in MetadataType::ALL {
            assert_eq!(document(&sbom, *kind), None);
        }
    }
}
