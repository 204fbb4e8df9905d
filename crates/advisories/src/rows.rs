//! The rows beside the blobs (Grype database v6, `spec/matching.md` §9.2).

use serde::{Deserialize, Serialize};
use windlass_sbom::Cpe;

/// Row id of a `vulnerability_handles` record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VulnerabilityId(pub i64);

/// Row id of an `operating_systems` record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OperatingSystemId(pub i64);

/// Where a record stands at its source. Only rejected ones are left out of results, and only by ecosystem and CPE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    #[default]
    Active,
    Analyzing,
    Rejected,
    Disputed,
}

impl Status {
    /// The column's text; an empty one is active.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Analyzing => "analyzing",
            Self::Rejected => "rejected",
            Self::Disputed => "disputed",
        }
    }

    /// Reads the column, whatever its case; an unknown word counts as active.
    pub fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "analyzing" => Self::Analyzing,
            "rejected" => Self::Rejected,
            "disputed" => Self::Disputed,
            _ => Self::Active,
        }
    }
}

/// One record of one provider, with the document that describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct VulnerabilityHandle {
    pub id: VulnerabilityId,
    pub name: String,
    pub status: Status,
    /// RFC 3339, UTC; absent where the source does not say.
    pub published: Option<String>,
    pub modified: Option<String>,
    pub withdrawn: Option<String>,
    /// The provider's id: `debian`, `github`, `nvd`, …
    pub provider: String,
    pub blob: crate::VulnerabilityBlob,
}

/// A distribution release that records are keyed by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct OperatingSystem {
    /// Canonical type: `redhat`, `debian`, `alpine`.
    pub name: String,
    /// The os-release ID: `rhel`, `debian`.
    pub release_id: String,
    /// Without leading zeros (`4` of Ubuntu 22.04); empty where the release has none.
    pub major_version: String,
    pub minor_version: String,
    /// `edge`, `unstable`, `rolling`.
    pub label_version: String,
    pub codename: String,
    /// `eus`, `esm`, or empty.
    pub channel: String,
    /// `YYYY-MM-DD`; empty where unknown.
    pub eol_date: String,
    pub eoas_date: String,
}

/// A rule that reads one distribution's data for another (`operating_system_specifier_overrides`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperatingSystemOverride {
    pub alias: String,
    pub version: String,
    pub version_pattern: String,
    pub codename: String,
    pub channel: String,
    pub replacement: Option<String>,
    pub replacement_major_version: Option<String>,
    pub replacement_minor_version: Option<String>,
    pub replacement_label_version: Option<String>,
    pub replacement_channel: Option<String>,
    pub rolling: bool,
}

/// The nine attributes of a CPE that records are keyed by; an empty one is a wildcard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CpeAttributes {
    pub part: String,
    pub vendor: String,
    pub product: String,
    pub edition: String,
    pub language: String,
    pub software_edition: String,
    pub target_hardware: String,
    pub target_software: String,
    pub other: String,
}

impl From<&Cpe> for CpeAttributes {
    /// All but the version and update, which constraints are about.
    fn from(cpe: &Cpe) -> Self {
        Self {
            part: cpe.part.clone(),
            vendor: cpe.vendor.clone(),
            product: cpe.product.clone(),
            edition: cpe.edition.clone(),
            language: cpe.language.clone(),
            software_edition: cpe.software_edition.clone(),
            target_hardware: cpe.target_hardware.clone(),
            target_software: cpe.target_software.clone(),
            other: cpe.other.clone(),
        }
    }
}

/// A source of records and the data it was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Provider {
    pub id: String,
    pub version: String,
    pub processor: String,
    /// RFC 3339, UTC: the date of the data, which says how fresh a result can be.
    pub date_captured: Option<String>,
    pub input_digest: String,
}

/// The chance that a CVE is exploited within thirty days (FIRST), 0 to 1, and its rank among all CVEs, 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Epss {
    pub cve: String,
    pub epss: f64,
    pub percentile: f64,
    /// `YYYY-MM-DD`: the day the scores are of.
    pub date: String,
}

/// A weakness class that a source assigned to a CVE.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Cwe {
    pub cve: String,
    pub cwe: String,
    pub source: String,
    pub kind: String,
}
