//! What matching reports: a vulnerability in a package, and how it is known.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use windlass_advisories::{Cwe, Epss, FixState, KnownExploited, Status};

use crate::{Cvss, Severity};

/// One vulnerability in one package.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Index into `Sbom::packages`.
    pub package: usize,
    /// Shared by all images that have the package version; its members are those of the finding.
    flaw: Arc<Flaw>,
}

/// One vulnerability in one package version, whatever image that is in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flaw {
    pub vulnerability: Arc<Vulnerability>,
    /// What other sources say of the same flaw: records folded into this one, and the NVD's record of its CVE.
    pub related: Vec<Arc<Vulnerability>>,
    pub fix: Fix,
    /// Sorted; never empty.
    pub details: Vec<MatchDetail>,
    /// 0 to 100: severity × chance of exploitation (`spec/matching.md` §6.3).
    pub risk: f64,
}

impl Deref for Finding {
    type Target = Flaw;

    fn deref(&self) -> &Flaw {
        &self.flaw
    }
}

/// What is changed is the finding's own from then on.
impl DerefMut for Finding {
    fn deref_mut(&mut self) -> &mut Flaw {
        Arc::make_mut(&mut self.flaw)
    }
}

impl Finding {
    pub fn new(package: usize, flaw: Flaw) -> Self {
        Self { package, flaw: Arc::new(flaw) }
    }

    /// The same flaw in a package of an image.
    pub(crate) fn of_package(&self, package: usize) -> Self {
        Self { package, flaw: Arc::clone(&self.flaw) }
    }
}

impl Flaw {
    pub fn severity(&self) -> Severity {
        self.vulnerability.severity
    }

    /// Every name this finding goes by: its own first, then the aliases and the names of what was folded into it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let records = std::iter::once(&self.vulnerability).chain(&self.related);
        records.flat_map(|record| std::iter::once(&record.id).chain(&record.aliases)).map(String::as_str)
    }

    /// Whether it is known by that name, in any case.
    pub fn is_named(&self, name: &str) -> bool {
        self.names().any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// A record of a vulnerability, with what KEV, EPSS and CWE add to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Vulnerability {
    /// `CVE-2021-44228`, `GHSA-jfh8-c2jp-5v3q`, `ALAS2-2024-2500`
    pub id: String,
    /// `debian:distro:debian:12`, `github:language:java`, `nvd:cpe` (`spec/matching.md` §6.6).
    pub namespace: String,
    /// The provider's id in the database.
    pub provider: String,
    pub status: Status,
    /// The first link of the record; empty where it has none.
    pub data_source: String,
    /// The other links.
    pub urls: Vec<String>,
    pub description: String,
    pub severity: Severity,
    pub cvss: Vec<Cvss>,
    /// One entry for each of its CVEs that has a score.
    pub epss: Vec<Epss>,
    pub known_exploited: Vec<KnownExploited>,
    pub cwes: Vec<Cwe>,
    /// RFC 3339, UTC.
    pub published: Option<String>,
    pub modified: Option<String>,
    /// Other names of the same flaw, sorted, without its own.
    pub aliases: Vec<String>,
    /// Which of its names are CVEs, upper case, in the order of the record: what exploitation, its likelihood and
    /// weaknesses are known of.
    pub cves: Vec<String>,
}

impl Vulnerability {
    /// Whether it is the same record, which may have been found in several namespaces: a database holds no document of a
    /// provider twice.
    pub(crate) fn is_same_record(&self, other: &Self) -> bool {
        self.id == other.id
            && self.provider == other.provider
            && (self == other || Self { namespace: other.namespace.clone(), ..self.clone() } == *other)
    }
}

/// What is known of a fix.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Fix {
    pub state: FixState,
    /// Sorted as texts, without duplicates.
    pub versions: Vec<String>,
    pub available: Vec<AvailableFix>,
    pub advisories: Vec<AdvisoryLink>,
    /// The version to move to: the lowest fix above the installed one.
    pub suggested: Option<String>,
}

/// The day a fixed version appeared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct AvailableFix {
    pub version: String,
    /// `YYYY-MM-DD` or RFC 3339.
    pub date: String,
    /// `advisory`, `release`, `first-observed`, …
    pub kind: String,
}

/// A vendor's announcement of a fix.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct AdvisoryLink {
    pub id: String,
    pub link: String,
}

/// A word of this program; by this name, because derived readers want to borrow what is written with a lifetime.
type Word = &'static str;

/// How a match came about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MatchDetail {
    pub kind: MatchKind,
    /// `dpkg-matcher`, `javascript-matcher`, …
    #[serde(deserialize_with = "matcher")]
    pub matcher: Word,
    pub searched_by: SearchedBy,
    pub found: FoundBy,
}

impl MatchDetail {
    /// 1 for a record that names the package, 0.9 for one that names a product by CPE.
    pub fn confidence(&self) -> f64 {
        match self.kind {
            MatchKind::ExactDirect | MatchKind::ExactIndirect => 1.0,
            MatchKind::Cpe => 0.9,
        }
    }
}

/// Reads the name of one of this crate's matchers.
fn matcher<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<&'static str, D::Error> {
    let name = String::deserialize(deserializer)?;
    crate::matchers::name_of(&name).ok_or_else(|| serde::de::Error::custom(format!("{name:?} is no matcher")))
}

/// Whose name was matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatchKind {
    /// The package's own.
    ExactDirect,
    /// That of the source package it was built from.
    ExactIndirect,
    /// That of a product, by CPE.
    Cpe,
}

impl MatchKind {
    /// `exact-direct-match`, `exact-indirect-match`, `cpe-match`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExactDirect => "exact-direct-match",
            Self::ExactIndirect => "exact-indirect-match",
            Self::Cpe => "cpe-match",
        }
    }
}

/// What was asked of the database.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SearchedBy {
    pub namespace: String,
    /// The name and version that were looked up: for an indirect match those of the source package.
    pub name: String,
    pub version: String,
    pub key: SearchKey,
}

/// The kind of look-up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SearchKey {
    /// The distribution as the artifact names it.
    Distribution { kind: String, version: String },
    /// A language, or the package type where it has none.
    Ecosystem(String),
    /// Every CPE of the package that led to the record, sorted.
    Cpes(Vec<String>),
    /// A VEX statement of that status; applied to outcomes, never stored with packages.
    #[serde(skip)]
    Vex(Word),
}

/// What the database answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FoundBy {
    pub vulnerability: String,
    /// The ranges joined by `||`; empty means every version.
    pub constraint: String,
    /// The format the constraint is written in, as the record names it.
    pub format: String,
    /// CPEs of the record, sorted; only for matches by CPE.
    pub cpes: Vec<String>,
    /// Vulnerable Go symbols that are linked into the binary, sorted.
    pub symbols: Vec<String>,
}

/// A finding that a rule took out of the results.
#[derive(Clone, Debug, PartialEq)]
pub struct IgnoredFinding {
    pub finding: Finding,
    /// Never empty.
    pub reasons: Vec<crate::IgnoreRule>,
}

/// A warning about a package that is no vulnerability.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageAlert {
    /// Index into `Sbom::packages`.
    pub package: usize,
    pub kind: AlertKind,
    pub message: String,
}

/// What the warning is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlertKind {
    /// The distribution release gets no more security updates.
    DistroEndOfLife,
    /// The database has nothing for the package's distribution.
    DistroUnknown,
}

impl AlertKind {
    /// `distro-eol`, `distro-unknown`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DistroEndOfLife => "distro-eol",
            Self::DistroUnknown => "distro-unknown",
        }
    }
}
