//! Bodies of `POST /images`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Annotations, words::words};

/// Asks for an image to be analysed, restored or imported. Either `source` says which, or `tag` and `digest` do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ImageAnalysisRequest {
    /// The image by its tag, in place of `source`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "docker.io/library/nginx:latest")]
    pub tag: Option<String>,
    /// The image by its digest, in place of `source`; `tag` says under which name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub digest: Option<String>,
    /// When the tag came to point at the image; only with tag and digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "2021-06-04T02:27:35Z")]
    pub created_at: Option<String>,
    /// The Dockerfile in base64, in place of `source`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = "^[a-zA-Z0-9+/=]+$")]
    pub dockerfile: Option<String>,
    /// Accepted, and ignored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub image_type: Option<String>,
    /// Added to those that the image has; the text `null` takes one away.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub annotations: Option<Annotations>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub source: Option<ImageSource>,
}

/// Where an image comes from; exactly one member is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ImageSource {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<RegistryTagSource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<RegistryDigestSource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<AnalysisArchiveSource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import: Option<ImportSource>,
}

/// Which images of an index are meant: `all`, or those of some platforms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Platforms {
    All(AllPlatforms),
    /// `linux/arm64`, `linux/arm/v7`
    Named(Vec<String>),
}

words! {
    /// Every platform there is.
    AllPlatforms {
        All = "all",
    }
}

/// A tag, resolved at its registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistryTagSource {
    /// `registry/repo:tag`
    #[schema(example = "docker.io/library/nginx:latest")]
    pub pullstring: String,
    /// The Dockerfile in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = "^[a-zA-Z0-9+/=]+$")]
    pub dockerfile: Option<String>,
    /// Which images are added where the tag stands for an index; the one for amd64 if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub platforms: Option<Platforms>,
}

/// A manifest, fetched by its digest and known under a tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistryDigestSource {
    /// `registry/repo@sha256:…`
    pub pullstring: String,
    /// `registry/repo:tag`; the image is recorded under it, it is not asked for.
    pub tag: String,
    /// When the tag came to point at the image; the history of a tag goes by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "2021-06-04T02:27:35Z")]
    pub creation_timestamp_override: Option<String>,
    /// The Dockerfile in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = "^[a-zA-Z0-9+/=]+$")]
    pub dockerfile: Option<String>,
    /// Which images are added where the digest is that of an index; the one for amd64 if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub platforms: Option<Platforms>,
}

/// An analysis in the archive, brought back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnalysisArchiveSource {
    /// Digest of the image.
    #[schema(pattern = "^sha256:[a-fA-F0-9]{64}$")]
    pub digest: String,
}

/// An analysis made elsewhere, whose parts were uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportSource {
    /// The import that the parts were uploaded to.
    pub operation_uuid: String,
    /// Digest of the image.
    pub digest: String,
    /// Names of the image: `registry/repo:tag`.
    pub tags: Vec<String>,
    pub contents: ImportContents,
    /// Digest of the list of manifests that the tag pointed at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_digest: Option<String>,
    /// The image's id, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_image_id: Option<String>,
}

/// Digests of the uploaded parts: bare hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportContents {
    pub packages: String,
    pub manifest: String,
    pub image_config: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dockerfile: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_manifest: Option<String>,
}
