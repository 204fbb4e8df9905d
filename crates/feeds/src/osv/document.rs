//! The OSV schema (<https://ossf.github.io/osv-schema/>), as far as it is read, with the extensions of its publishers.

use serde::Deserialize;

use crate::json::{or_default, text_or_none};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Document {
    pub(super) id: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) summary: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) details: String,
    pub(super) modified: Option<String>,
    pub(super) published: Option<String>,
    pub(super) withdrawn: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) aliases: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) related: Vec<String>,
    /// The vulnerabilities that a distribution's record is about.
    #[serde(deserialize_with = "or_default")]
    pub(super) upstream: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) severity: Vec<Score>,
    #[serde(deserialize_with = "or_default")]
    pub(super) affected: Vec<Affected>,
    #[serde(deserialize_with = "or_default")]
    pub(super) references: Vec<Link>,
    #[serde(deserialize_with = "or_default")]
    pub(super) database_specific: DocumentExtras,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DocumentExtras {
    #[serde(deserialize_with = "text_or_none")]
    pub(super) severity: Option<String>,
}

/// `CVSS_V2`, `CVSS_V3`, `CVSS_V4` with a vector, or `Ubuntu` with a word.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Score {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) score: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Link {
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub(super) kind: String,
    pub(super) url: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Affected {
    pub(super) package: Option<Package>,
    #[serde(deserialize_with = "or_default")]
    pub(super) severity: Vec<Score>,
    #[serde(deserialize_with = "or_default")]
    pub(super) ranges: Vec<Interval>,
    #[serde(deserialize_with = "or_default")]
    pub(super) versions: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) ecosystem_specific: EcosystemExtras,
    #[serde(deserialize_with = "or_default")]
    pub(super) database_specific: AffectedExtras,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Package {
    pub(super) ecosystem: String,
    pub(super) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) purl: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EcosystemExtras {
    /// Debian.
    #[serde(deserialize_with = "text_or_none")]
    pub(super) urgency: Option<String>,
    /// Ubuntu: whether the fix needs a subscription.
    #[serde(deserialize_with = "text_or_none")]
    pub(super) availability: Option<String>,
    /// AlmaLinux, where the publisher says it.
    #[serde(deserialize_with = "text_or_none")]
    pub(super) rpm_modularity: Option<String>,
    /// Go.
    #[serde(deserialize_with = "or_default")]
    pub(super) imports: Vec<Import>,
    /// Go: ranges over versions that are no Go module versions.
    #[serde(deserialize_with = "or_default")]
    pub(super) custom_ranges: Vec<Interval>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Import {
    #[serde(deserialize_with = "or_default")]
    pub(super) path: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) symbols: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AffectedExtras {
    #[serde(deserialize_with = "text_or_none")]
    pub(super) severity: Option<String>,
    /// RustSec: `unmaintained`, `unsound`, `notice`.
    #[serde(deserialize_with = "text_or_none")]
    pub(super) informational: Option<String>,
    /// GitHub: the upper bound that it knows of where there is no fix, such as `<= 1.4.2`.
    #[serde(deserialize_with = "text_or_none")]
    pub(super) last_known_affected_version_range: Option<String>,
    /// Ubuntu notices: which of the notice's vulnerabilities concern this package.
    #[serde(deserialize_with = "or_default")]
    pub(super) cves_map: VulnerabilityMap,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct VulnerabilityMap {
    #[serde(deserialize_with = "or_default")]
    pub(super) cves: Vec<Named>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    #[serde(deserialize_with = "or_default")]
    pub(super) id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Interval {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) events: Vec<Event>,
    #[serde(deserialize_with = "or_default")]
    pub(super) database_specific: IntervalExtras,
}

/// One event, which the schema allows to be only one of these.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event {
    pub(super) introduced: Option<String>,
    pub(super) fixed: Option<String>,
    pub(super) last_affected: Option<String>,
    pub(super) limit: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct IntervalExtras {
    /// Dates of fixes that Anchore's collectors add.
    #[serde(deserialize_with = "or_default")]
    pub(super) anchore: FixDates,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FixDates {
    #[serde(deserialize_with = "or_default")]
    pub(super) fixes: Vec<FixDate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FixDate {
    pub(super) version: String,
    pub(super) date: String,
    pub(super) kind: String,
}
