//! Images: their records, what they are asked for with, and what becomes of them when they are deleted
//! (`spec/api.md` A4.2, A4.3).

mod request;
mod source;

pub use request::{
    AllPlatforms, AnalysisArchiveSource, ImageAnalysisRequest, ImageSource, ImportContents, ImportSource, Platforms,
    RegistryDigestSource, RegistryTagSource,
};
pub use source::{AnalysisSource, InvalidAnalysisRequest};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Annotations,
    timestamp::{EpochSeconds, IsoSeconds},
    words::words,
};

/// The message of the error for an image that is not known.
pub const NOT_FOUND: &str = "image not found in DB";

/// The message of the error for an image whose analysis is not there yet; clients look for its end.
pub fn not_analyzed(status: AnalysisStatus) -> String {
    format!("image is not analyzed - analysis_status: {status}")
}

words! {
    /// How far the analysis of an image is.
    AnalysisStatus {
        /// It waits.
        NotAnalyzed = "not_analyzed",
        /// A worker has it.
        Analyzing = "analyzing",
        /// Its content is known.
        Analyzed = "analyzed",
        /// It could not be read; an event says why.
        AnalysisFailed = "analysis_failed",
    }
}

words! {
    /// Whether an image is there to stay.
    ImageStatus {
        /// It is.
        Active = "active",
        /// It is about to be removed.
        Deleting = "deleting",
    }
}

words! {
    /// Where the Dockerfile of an image comes from.
    DockerfileMode {
        /// It was given with the image.
        Actual = "Actual",
        /// It is told from the image's history.
        Guessed = "Guessed",
    }
}

/// An image of an account, by the digest of its manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImageRecord {
    /// Digest of the manifest for one platform.
    #[serde(rename = "imageDigest")]
    #[schema(example = "sha256:4dbb9075bdf4dd25e5a8f2ca1e6386403841707c5ea7447f67cb7f31abd4be6c")]
    pub image_digest: String,
    /// Digest of the list of manifests that the tag pointed at; the same as `imageDigest` where there is none.
    #[serde(rename = "parentDigest")]
    pub parent_digest: String,
    /// The account it belongs to.
    #[serde(rename = "userId")]
    pub user_id: String,
    /// Always `docker`.
    pub image_type: String,
    pub image_status: ImageStatus,
    pub analysis_status: AnalysisStatus,
    pub created_at: IsoSeconds,
    pub last_updated: IsoSeconds,
    /// When an analysis was last completed.
    #[schema(required = true)]
    pub analyzed_at: Option<IsoSeconds>,
    /// Why the last analysis failed; only where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysis_failure: Option<AnalysisFailure>,
    /// What users said of it.
    pub annotations: Annotations,
    pub image_content: ImageContent,
    /// One entry for each tag that the image is known by.
    pub image_detail: Vec<ImageDetail>,
}

/// Why an image could not be analysed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnalysisFailure {
    /// For programs.
    #[schema(example = "REGISTRY_IMAGE_NOT_FOUND")]
    pub code: String,
    /// For people, with what to do about it.
    pub reason: String,
}

/// What is known of an image's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageContent {
    pub metadata: ImageMetadata,
}

/// Facts about an image; null until it is analysed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageMetadata {
    /// `amd64`
    #[schema(required = true)]
    pub arch: Option<String>,
    /// The distribution by its name in `os-release`: `debian`.
    #[schema(required = true)]
    pub distro: Option<String>,
    #[schema(required = true)]
    pub distro_version: Option<String>,
    #[schema(required = true)]
    pub dockerfile_mode: Option<DockerfileMode>,
    /// Sum of the layers, uncompressed, in bytes.
    #[schema(required = true)]
    pub image_size: Option<u64>,
    #[schema(required = true)]
    pub layer_count: Option<u64>,
}

/// A tag of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageDetail {
    /// Host, and port where it has one.
    pub registry: String,
    /// The repository, without its registry.
    pub repo: String,
    pub tag: String,
    /// `registry/repo:tag`
    pub fulltag: String,
    /// `registry/repo@digest`
    pub fulldigest: String,
    /// Digest of the manifest.
    pub digest: String,
    /// The same.
    #[serde(rename = "imageDigest")]
    pub image_digest: String,
    /// Digest of the image's config, without `sha256:`.
    #[serde(rename = "imageId")]
    pub image_id: String,
    #[serde(rename = "userId")]
    pub user_id: String,
    /// The Dockerfile in base64: the one that was given, else the one that the image's history tells.
    #[schema(required = true)]
    pub dockerfile: Option<String>,
    pub created_at: IsoSeconds,
    pub last_updated: IsoSeconds,
    /// When the tag was first seen to point at this image.
    pub tag_detected_at: IsoSeconds,
}

/// A tag of an image, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageTag {
    #[serde(rename = "imageDigest")]
    pub image_digest: String,
    #[serde(rename = "parentDigest")]
    pub parent_digest: String,
    #[serde(rename = "imageId")]
    pub image_id: String,
    /// `registry/repo:tag`
    pub fulltag: String,
    pub analysis_status: AnalysisStatus,
    pub image_status: ImageStatus,
    pub created_at: EpochSeconds,
    /// When an analysis was last completed.
    #[schema(required = true)]
    pub analyzed_at: Option<EpochSeconds>,
    pub tag_detected_at: EpochSeconds,
}

words! {
    /// What became of a request to delete an image.
    DeletionStatus {
        /// It will be removed.
        Deleting = "deleting",
        /// There is no such image.
        NotFound = "not_found",
        /// It stays; the detail says why.
        DeleteFailed = "delete_failed",
    }
}

/// The verdict on the deletion of one image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deletion {
    /// As it was asked for.
    pub digest: String,
    pub status: DeletionStatus,
    /// Why the image stays.
    #[schema(required = true)]
    pub detail: Option<String>,
}

impl Deletion {
    pub fn accepted(digest: impl Into<String>) -> Self {
        Self { digest: digest.into(), status: DeletionStatus::Deleting, detail: None }
    }

    pub fn not_found(digest: impl Into<String>) -> Self {
        Self {
            digest: digest.into(),
            status: DeletionStatus::NotFound,
            detail: Some("No image found with the digest".into()),
        }
    }

    pub fn refused(digest: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { digest: digest.into(), status: DeletionStatus::DeleteFailed, detail: Some(reason.into()) }
    }
}

/// Why an image that a worker has is not deleted without force.
pub const BEING_ANALYZED: &str = "cannot delete image that is being analyzed";
