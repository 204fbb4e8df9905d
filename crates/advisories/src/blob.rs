//! The JSON documents of the `blobs` table (Grype database v6, `spec/matching.md` §9.3). Empty members are omitted.

use serde::{Deserialize, Serialize};

/// What a source says of a vulnerability, whatever it affects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VulnerabilityBlob {
    /// The record's name at its source: `CVE-2021-44228`, `GHSA-jfh8-c2jp-5v3q`, `GO-2022-0001`.
    pub id: String,
    #[serde(rename = "assigner", skip_serializing_if = "Vec::is_empty")]
    pub assigners: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(rename = "refs", skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Best first: the first one decides what is shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub severities: Vec<Severity>,
}

/// A link; the first of a record is its data source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Reference {
    pub url: String,
    /// The advisory's own name, such as `RHSA-2024:1234`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// One source's judgement of how bad it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Severity {
    /// `CVSS`, or a word scale: `HML`, `CHML`, `CHMLN`.
    pub scheme: String,
    pub value: SeverityValue,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// 1 is the vendor's own or primary judgement, larger is weaker.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rank: u32,
}

/// A CVSS vector or a word of the scheme's scale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SeverityValue {
    Cvss {
        vector: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        version: String,
    },
    Word(String),
}

/// Which versions of one package (or product) are affected, and what fixes them. No ranges means every version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PackageBlob {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cves: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualifiers: Option<Qualifiers>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<Range>,
}

/// Further conditions; all must hold for the record to apply (`spec/matching.md` §4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Qualifiers {
    /// Absent: no restriction. Empty: only non-modular packages. Otherwise a `name:stream` prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm_modularity: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub platform_cpes: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub architecture: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rootio: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub go_imports: Vec<GoImport>,
}

/// A Go import path and the symbols in it that are vulnerable; no symbols means all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct GoImport {
    pub path: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub symbols: Vec<String>,
}

/// One interval of versions with what is known of its fix.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Range {
    pub version: VersionConstraint,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

/// A constraint such as `>= 1.2, < 1.4` and the version format it is written in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct VersionConstraint {
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub format: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub constraint: String,
}

/// The version that no longer has the flaw, or why there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Fix {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    #[serde(skip_serializing_if = "FixState::is_unknown")]
    pub state: FixState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<FixDetail>,
}

/// What a vendor says of a fix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FixState {
    /// A fixed version exists.
    Fixed,
    /// None yet.
    NotFixed,
    /// The vendor declined.
    WontFix,
    /// The package was never affected.
    NotAffected,
    /// The source does not say.
    #[default]
    #[serde(other)]
    Unknown,
}

impl FixState {
    /// The word used in every document: `fixed`, `not-fixed`, `wont-fix`, `not-affected`, `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::NotFixed => "not-fixed",
            Self::WontFix => "wont-fix",
            Self::NotAffected => "not-affected",
            Self::Unknown => "unknown",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }
}

/// When a fix appeared and which advisories announce it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct FixDetail {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<Available>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
}

/// The day a fix became available (`YYYY-MM-DD`, RFC 3339 accepted) and how that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Available {
    pub date: String,
    /// `advisory`, `release`, `commit`, `first-observed`, …
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
}

/// An entry of CISA's catalogue of known exploited vulnerabilities.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KnownExploited {
    pub cve: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vendor_project: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub product: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub date_added: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub required_action: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub due_date: String,
    /// `known` or `unknown` (any case).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub known_ransomware_campaign_use: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub notes: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cwes: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(rank: &u32) -> bool {
    *rank == 0
}
