//! Vulnerabilities of an image (`spec/api.md` A4.5).

mod changes;
mod feed_group;
mod scores;

pub use changes::{OldAndNew, VulnerabilityChange, VulnerabilityChanges, VulnerabilitySummary};
pub use feed_group::feed_group;
pub use scores::{CvssScores, Scores};

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass_advisories::FixState;
use windlass_matching::{Finding, Outcome, SearchKey, Severity};
use windlass_policy::PackageFact;
use windlass_sbom::Sbom;

use crate::{feeds, words::words};

words! {
    /// Which vulnerabilities of an image are asked for.
    VulnerabilityType {
        /// Those of packages of the distribution.
        Os = "os",
        /// Those of other packages.
        NonOs = "non-os",
        /// Both.
        All = "all",
    }
}

words! {
    /// How bad a vulnerability is.
    SeverityName {
        /// No source says.
        Unknown = "Unknown",
        /// Hardly at all.
        Negligible = "Negligible",
        /// A little.
        Low = "Low",
        /// Bad.
        Medium = "Medium",
        /// Very bad.
        High = "High",
        /// As bad as can be.
        Critical = "Critical",
    }
}

impl From<Severity> for SeverityName {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Unknown => Self::Unknown,
            Severity::Negligible => Self::Negligible,
            Severity::Low => Self::Low,
            Severity::Medium => Self::Medium,
            Severity::High => Self::High,
            Severity::Critical => Self::Critical,
        }
    }
}

/// Vulnerabilities of an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VulnerabilityResponse {
    #[serde(rename = "imageDigest")]
    pub image_digest: String,
    pub vulnerability_type: VulnerabilityType,
    pub vulnerabilities: Vec<Vulnerability>,
}

/// A vulnerability in a package. Texts that are not known are the word `None`, scores -1.0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Vulnerability {
    /// `CVE-2021-44228`, `GHSA-jfh8-c2jp-5v3q`
    pub vuln: String,
    pub severity: SeverityName,
    /// Name and version of the package, with a hyphen between them.
    pub package: String,
    pub package_name: String,
    /// With the release.
    pub package_version: String,
    /// `dpkg`, `rpm`, `APKG`, `npm`, `java`, …
    pub package_type: String,
    /// Where the package is; `pkgdb` for those of the distribution, `NA` where unknown.
    pub package_path: String,
    /// Always `None`.
    pub package_cpe: String,
    /// The CPE of the package that matched.
    pub package_cpe23: String,
    /// Versions that fix it, separated by commas.
    pub fix: String,
    /// The advisory.
    pub url: String,
    /// Always `vulnerabilities`.
    pub feed: String,
    /// Where the record comes from: `debian:12`, `github:npm`, `nvd`
    pub feed_group: String,
    /// The vendor declined to fix it.
    pub will_not_fix: bool,
    /// The NVD's scores of it and its aliases.
    pub nvd_data: Vec<CvssScores>,
    /// The vendor's scores of it.
    pub vendor_data: Vec<CvssScores>,
}

/// What stands for a text that is not known.
pub(crate) const NONE: &str = "None";
const NO_PATH: &str = "NA";
/// The words in `package_type` of packages that distributions install.
const OS_PACKAGE_TYPES: [&str; 6] = ["APKG", "alpm", "dpkg", "kb", "portage", "rpm"];

impl Vulnerability {
    /// A finding in that package.
    pub fn new(finding: &Finding, package: &PackageFact<'_>) -> Self {
        let record = &finding.vulnerability;
        let (name, version) = (package.name().to_owned(), package.full_version.to_owned());
        let feed_group = feed_group(&record.namespace);
        let (nvd_data, vendor_data) = scores::of(finding, &feed_group);
        let cpe = finding.details.iter().find_map(|detail| match &detail.searched_by.key {
            SearchKey::Cpes(cpes) => cpes.first(),
            _ => None,
        });
        let fixes: Vec<&str> =
            finding.fix.versions.iter().map(String::as_str).filter(|version| !version.is_empty()).collect();
        Self {
            vuln: record.id.clone(),
            severity: finding.severity().into(),
            package: format!("{name}-{version}"),
            package_name: name,
            package_version: version,
            package_type: package.kind.to_owned(),
            package_path: or(&package.path, NO_PATH),
            package_cpe: NONE.to_owned(),
            package_cpe23: or(cpe.map_or("", String::as_str), NONE),
            fix: or(&fixes.join(","), NONE),
            url: or(&record.data_source, NONE),
            feed: feeds::VULNERABILITIES.to_owned(),
            feed_group,
            will_not_fix: finding.fix.state == FixState::WontFix,
            nvd_data,
            vendor_data,
        }
    }

    /// Every finding of an image, in the order of the outcome, without [duplicates](deduplicated).
    pub fn all(sbom: &Sbom, outcome: &Outcome) -> Vec<Self> {
        let one = |finding: &Finding| {
            let package = sbom.packages.get(finding.package)?;
            Some(Self::new(finding, &PackageFact::new(finding.package, package)))
        };
        deduplicated(outcome.findings.iter().filter_map(one).collect())
    }

    /// Whether the package is one of the distribution's.
    pub fn is_os(&self) -> bool {
        OS_PACKAGE_TYPES.contains(&self.package_type.as_str())
    }

    /// Whether it is among those that are asked for. `vendor_only` leaves out what the vendor will not fix.
    pub fn is_selected(&self, kind: VulnerabilityType, vendor_only: bool) -> bool {
        let of_kind = match kind {
            VulnerabilityType::Os => self.is_os(),
            VulnerabilityType::NonOs => !self.is_os(),
            VulnerabilityType::All => true,
        };
        of_kind && !(vendor_only && self.will_not_fix)
    }

    /// CVEs of the NVD that it stands for; where none is known, its own name.
    fn identities(&self) -> Vec<&str> {
        match self.nvd_data.as_slice() {
            [] => vec![&self.vuln],
            related => related.iter().map(|scores| scores.id.as_str()).collect(),
        }
    }

    /// Who is believed when several speak of one flaw in one package: vendors, GitHub, the NVD.
    fn rank(&self) -> u8 {
        match self.feed_group.split(':').next() {
            Some("nvd" | "nvdv2") => 2,
            Some("github") => 1,
            _ => 0,
        }
    }
}

/// Leaves out what a better source says of the same flaw in the same package at the same place, and repetitions.
pub fn deduplicated(vulnerabilities: Vec<Vulnerability>) -> Vec<Vulnerability> {
    type Place<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);
    let mut best: HashMap<Place<'_>, u8> = HashMap::new();
    fn place<'a>(of: &'a Vulnerability, identity: &'a str) -> Place<'a> {
        (identity, &of.package_name, &of.package_version, &of.package_type, &of.package_path)
    }
    for vulnerability in &vulnerabilities {
        for identity in vulnerability.identities() {
            let rank = best.entry(place(vulnerability, identity)).or_insert(u8::MAX);
            *rank = vulnerability.rank().min(*rank);
        }
    }
    let mut told = HashSet::new();
    let keep: Vec<bool> = vulnerabilities
        .iter()
        .map(|vulnerability| {
            let identities = vulnerability.identities();
            let is_best = |identity: &&str| best.get(&place(vulnerability, identity)) == Some(&vulnerability.rank());
            identities.iter().any(is_best)
                && told.insert((place(vulnerability, &vulnerability.vuln), &vulnerability.feed_group))
        })
        .collect();
    vulnerabilities.into_iter().zip(keep).filter_map(|(vulnerability, keep)| keep.then_some(vulnerability)).collect()
}

fn or(text: &str, absent: &str) -> String {
    if text.is_empty() { absent.to_owned() } else { text.to_owned() }
}

#[cfg(test)]
pub(crate) mod tests;
