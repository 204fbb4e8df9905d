//! The JSON documents of an image: index, manifest, config. Unknown fields are ignored, known ones must have their type.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, IgnoredAny},
};
use windlass_image::{Digest, Platform, is_layer_media_type};

use crate::{error::Error, limits};

pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub(crate) const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
pub(crate) const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// Points at another document or at a layer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    #[serde(default)]
    pub media_type: String,
    #[serde(deserialize_with = "digest")]
    pub digest: Digest,
    pub size: u64,
    #[serde(default)]
    pub platform: Option<PlatformDocument>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub annotations: BTreeMap<String, String>,
    #[serde(default)]
    pub artifact_type: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub urls: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct PlatformDocument {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Index {
    #[serde(default)]
    pub media_type: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub manifests: Vec<Descriptor>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    #[serde(default)]
    pub media_type: String,
    pub config: Descriptor,
    #[serde(default, deserialize_with = "null_as_default")]
    pub layers: Vec<Descriptor>,
}

/// What is needed of a config before its image is analysed.
#[derive(Debug)]
pub(crate) struct Config {
    pub platform: Platform,
    pub diff_ids: Vec<Digest>,
}

/// A document by what it holds, not by what it is called.
#[derive(Debug)]
pub(crate) enum Document {
    Index(Index),
    Manifest(Box<Manifest>),
    Schema1,
}

impl Document {
    /// `what` names the document in errors.
    pub(crate) fn parse(bytes: &[u8], what: &str) -> Result<Self, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Shape {
            #[serde(default)]
            manifests: Option<IgnoredAny>,
            #[serde(default)]
            config: Option<IgnoredAny>,
            #[serde(default)]
            layers: Option<IgnoredAny>,
            #[serde(default)]
            fs_layers: Option<IgnoredAny>,
        }
        let shape: Shape = json(bytes, what)?;
        match (shape.manifests, shape.config.is_some() || shape.layers.is_some(), shape.fs_layers) {
            (Some(_), false, None) => Ok(Self::Index(json(bytes, what)?)),
            (None, true, None) => Ok(Self::Manifest(Box::new(json(bytes, what)?))),
            (None, false, Some(_)) => Ok(Self::Schema1),
            (None, false, None) => Err(Error::malformed(what, "it is neither a manifest nor an index")),
            // Two readers could see two different images in one digest.
            _ => Err(Error::malformed(what, "it claims to be a manifest and an index at once")),
        }
    }
}

impl Manifest {
    /// Refuses what is no container image, and layers nobody could read; `container` names the image in errors.
    pub(crate) fn check(&self, container: &str) -> Result<(), Error> {
        let config = self.config.media_type.as_str();
        // Old builders pushed configs as plain bytes.
        if !matches!(config, OCI_CONFIG | DOCKER_CONFIG | "application/octet-stream" | "") {
            return Err(Error::NotAnImage { container: container.into(), media_type: shortened(config) });
        }
        if self.layers.len() > limits::LAYERS {
            return Err(Error::TooMany { what: format!("layers of {container}"), limit: limits::LAYERS });
        }
        let unreadable = |layer: &&Descriptor| !is_layer_media_type(&layer.media_type);
        let layers: Vec<String> = (self.layers.iter().filter(unreadable).take(8))
            .map(|layer| format!("{} ({})", layer.digest, shortened(&layer.media_type)))
            .collect();
        if layers.is_empty() { Ok(()) } else { Err(Error::UnsupportedLayers { container: container.into(), layers }) }
    }

    pub(crate) fn media_type_or(&self, otherwise: &str) -> String {
        if self.media_type.is_empty() { otherwise.to_owned() } else { shortened(&self.media_type) }
    }
}

impl Config {
    pub(crate) fn parse(bytes: &[u8], what: &str) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Raw {
            #[serde(flatten)]
            platform: PlatformDocument,
            rootfs: RootFs,
        }
        #[derive(Deserialize)]
        struct RootFs {
            #[serde(default, deserialize_with = "null_as_default")]
            diff_ids: Vec<String>,
        }
        let raw: Raw = json(bytes, what)?;
        if raw.rootfs.diff_ids.len() > limits::LAYERS {
            return Err(Error::TooMany { what: format!("diff ids of {what}"), limit: limits::LAYERS });
        }
        let diff_ids = (raw.rootfs.diff_ids.iter().map(|text| text.parse()))
            .collect::<Result<_, _>>()
            .map_err(|source| Error::Digest { what: format!("diff_ids of {what}"), source })?;
        Ok(Self { platform: raw.platform.into(), diff_ids })
    }
}

impl From<PlatformDocument> for Platform {
    fn from(document: PlatformDocument) -> Self {
        let variant = document.variant.unwrap_or_default();
        Self { os: document.os, architecture: document.architecture, variant }
    }
}

impl Descriptor {
    pub(crate) fn is_index(&self) -> bool {
        matches!(self.media_type.as_str(), OCI_INDEX | DOCKER_LIST)
    }

    pub(crate) fn is_manifest(&self) -> bool {
        matches!(self.media_type.as_str(), OCI_MANIFEST | DOCKER_MANIFEST)
    }

    /// Build attestations hang in an index beside the images they speak of.
    pub(crate) fn is_attestation(&self) -> bool {
        self.annotations.contains_key("vnd.docker.reference.type")
            || (self.platform.as_ref()).is_some_and(|p| p.os == "unknown" && p.architecture == "unknown")
    }

    /// Refuses bytes that are not the ones described.
    pub(crate) fn verify(&self, bytes: &[u8], what: &str) -> Result<(), Error> {
        if bytes.len() as u64 != self.size {
            return Err(Error::WrongSize { what: what.into(), expected: self.size, actual: bytes.len() as u64 });
        }
        verify_digest(&self.digest, bytes, what)
    }
}

pub(crate) fn verify_digest(expected: &Digest, bytes: &[u8], what: &str) -> Result<(), Error> {
    let actual = Digest::of(bytes);
    if actual == *expected {
        Ok(())
    } else {
        Err(Error::WrongDigest { what: what.into(), expected: expected.clone(), actual })
    }
}

pub(crate) fn json<T: DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| Error::malformed(what, shortened(&error.to_string())))
}

/// Foreign text as it may appear in a message: bounded, on one line, without control characters.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(200).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn digest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
    struct Text;
    impl serde::de::Visitor<'_> for Text {
        type Value = Digest;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a digest")
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Digest, E> {
            text.parse().map_err(E::custom)
        }
    }
    deserializer.deserialize_str(Text).map_err(D::Error::custom)
}

/// Go writes empty lists and maps as `null`.
fn null_as_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
