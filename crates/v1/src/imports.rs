//! Imports: analyses that were made elsewhere (`spec/api.md` A4.13).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    timestamp::{IsoSeconds, IsoUnzoned},
    words::words,
};

words! {
    /// How far an import is.
    ImportStatus {
        /// Parts are uploaded.
        Pending = "pending",
        /// The image was added; its analysis is made of the parts.
        Processing = "processing",
        /// The image is analysed.
        Complete = "complete",
        /// The parts were no good.
        Failed = "failed",
        /// It was not finished in time.
        Expired = "expired",
        /// It was deleted.
        Invalidated = "invalidated",
    }
}

impl ImportStatus {
    /// Whether parts are still taken.
    pub fn takes_uploads(self) -> bool {
        matches!(self, Self::Pending | Self::Processing)
    }

    /// Whether a deletion has an effect.
    pub fn can_be_invalidated(self) -> bool {
        matches!(self, Self::Pending | Self::Failed | Self::Expired)
    }
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportOperation {
    /// 32 hexadecimal digits.
    pub uuid: String,
    pub account: String,
    pub status: ImportStatus,
    pub created_at: IsoSeconds,
    /// A day after its creation.
    pub expires_at: IsoSeconds,
    pub last_update: IsoSeconds,
    /// The same.
    pub last_updated: IsoUnzoned,
    /// Why it failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub failure: Option<String>,
}

words! {
    /// The parts of an import; the last segment of the path they are uploaded to.
    ImportPart {
        /// The packages, as a syft document.
        Packages = "packages",
        /// The Dockerfile.
        Dockerfile = "dockerfile",
        /// The manifest.
        Manifest = "manifest",
        /// The list of manifests that the tag pointed at.
        ParentManifest = "parent_manifest",
        /// The image's config.
        ImageConfig = "image_config",
    }
}

/// Bytes that an uploaded part may have.
pub const PART_LIMIT: u64 = 100 * 1024 * 1024;

/// An uploaded part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportedContent {
    /// SHA-256 of its bytes, bare hexadecimal.
    pub digest: String,
    pub created_at: IsoSeconds,
}

/// The packages of an image as syft lists them, in any of its versions. Other members are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportedPackages {
    pub artifacts: Vec<ImportedPackage>,
    pub source: ImportedSource,
    pub distro: ImportedDistro,
}

/// A package of a syft document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportedPackage {
    pub name: String,
    pub version: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub locations: Vec<ImportedLocation>,
    /// Texts in older versions, objects in newer ones.
    #[schema(value_type = Vec<Value>)]
    pub licenses: Vec<Value>,
    pub language: String,
    /// Texts in older versions, objects in newer ones.
    #[schema(value_type = Vec<Value>)]
    pub cpes: Vec<Value>,
    #[serde(rename = "metadataType", default, skip_serializing_if = "Option::is_none")]
    pub metadata_type: Option<String>,
}

/// Where a package was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportedLocation {
    pub path: String,
}

/// What was analysed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportedSource {
    #[serde(rename = "type")]
    pub kind: String,
}

/// The distribution: `version` and `idLike` in older versions, `versionID` in newer ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportedDistro {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// A text in older versions, a list in newer ones.
    #[serde(rename = "idLike", default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, required = false)]
    pub id_like: Option<Value>,
}
