//! Findings in the original's terms (`spec/policy.md` §4.13).

use std::{borrow::Cow, cell::OnceCell, sync::Arc};

use jiff::Timestamp;
use windlass_advisories::{Epss, FixState, KnownExploited};
use windlass_matching::{Cvss, Finding, Severity, Vulnerability};

use crate::{Image, package::PackageFact};

/// A vulnerability in a package as rules see it.
#[derive(Clone, Debug)]
pub struct FindingFact<'a> {
    pub finding: &'a Finding,
    pub package: PackageFact<'a>,
    /// When it was first seen in this image; `None`: now.
    pub first_seen: Option<Timestamp>,
    /// That of the finding, which every rule asks for.
    severity: Severity,
    words: OnceCell<Words>,
}

/// What messages of every rule say of a finding, put together once.
#[derive(Clone, Debug)]
struct Words {
    trigger_id: Arc<str>,
    opening: String,
    closing: String,
}

/// The highest score of each kind over several judgements; -1.0 where none has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    pub base: f64,
    pub exploitability: f64,
    pub impact: f64,
}

impl<'a> FindingFact<'a> {
    pub(crate) fn all(image: &Image<'a>) -> Vec<Self> {
        let sbom = image.sbom;
        let findings = image.outcome.findings.iter();
        let fact = |finding: &'a Finding| {
            let package = PackageFact::new(finding.package, sbom.packages.get(finding.package)?);
            let first_seen = image.first_seen(&finding.vulnerability.id, &package.package.id);
            Some(Self { finding, package, first_seen, severity: finding.severity(), words: OnceCell::new() })
        };
        findings.filter_map(fact).collect()
    }

    pub fn id(&self) -> &'a str {
        &self.finding.vulnerability.id
    }

    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// The first link of the record, `N/A` where it has none.
    pub fn link(&self) -> &'a str {
        let link = self.finding.vulnerability.data_source.as_str();
        if link.is_empty() { "N/A" } else { link }
    }

    /// What trigger ids call it: the vulnerability and, after a plus sign, the package.
    pub fn trigger_id(&self) -> &Arc<str> {
        &self.words().trigger_id
    }

    /// `HIGH Vulnerability found in os package type (dpkg) - libc6 (fixed in: 2.36-9)`, how the original's message begins.
    pub(crate) fn opening(&self) -> &str {
        &self.words().opening
    }

    /// `(CVE-2024-1 - https://…)`, how it ends.
    pub(crate) fn closing(&self) -> &str {
        &self.words().closing
    }

    fn words(&self) -> &Words {
        self.words.get_or_init(|| {
            let severity = self.severity.as_str().to_uppercase();
            let class = if self.is_os() { "os" } else { "non-os" };
            let subject = match self.location() {
                _ if self.is_os() => self.package.name(),
                Some(path) => path,
                None => "None",
            };
            let fixes = self.fix_versions().collect::<Vec<_>>().join(", ");
            let fixed = if fixes.is_empty() { String::new() } else { format!("(fixed in: {fixes})") };
            let kind = self.package.kind;
            Words {
                trigger_id: [self.id(), "+", &self.package_label()].concat().into(),
                opening: format!("{severity} Vulnerability found in {class} package type ({kind}) - {subject} {fixed}"),
                closing: format!("({} - {})", self.id(), self.link()),
            }
        })
    }

    /// The package's name if the operating system has it, else the file or folder it is, else its name and version.
    fn package_label(&self) -> Cow<'a, str> {
        let name = self.package.name();
        if self.is_os() {
            return name.into();
        }
        let mut segments = self.package.path.rsplit('/');
        let segment = match self.package.kind {
            "java" | "gem" => segments.next(),
            "npm" => segments.nth(1),
            _ => None,
        };
        match segment.filter(|segment| !segment.is_empty()) {
            Some(segment) => segment.to_owned().into(),
            None => format!("{name}-{}", self.package.full_version).into(),
        }
    }

    /// Where the package is; `None` for an empty path.
    pub fn location(&self) -> Option<&Cow<'a, str>> {
        (!self.package.path.is_empty()).then_some(&self.package.path)
    }

    pub fn is_os(&self) -> bool {
        self.package.is_os_package()
    }

    pub fn will_not_fix(&self) -> bool {
        self.finding.fix.state == FixState::WontFix
    }

    /// Versions that fix it, without empty ones.
    pub fn fix_versions(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.finding.fix.versions.iter().map(String::as_str).filter(|version| !version.is_empty())
    }

    /// When the first fix appeared, as far as it is known.
    pub fn fix_observed(&self) -> Option<Timestamp> {
        self.finding.fix.available.iter().filter_map(|fix| moment(&fix.date)).min()
    }

    /// The day the vulnerability was published.
    pub fn published(&self) -> Option<Timestamp> {
        self.records().filter_map(|record| moment(record.published.as_deref()?)).min()
    }

    /// Entries of CISA's list of vulnerabilities that are known to be exploited.
    pub fn known_exploited(&self) -> impl Iterator<Item = &'a KnownExploited> + use<'a> {
        self.records().flat_map(|record| &record.known_exploited)
    }

    /// The highest EPSS score of its CVEs; `None` where none has one.
    pub fn epss(&self) -> Option<&'a Epss> {
        self.records().flat_map(|record| &record.epss).max_by(|a, b| a.epss.total_cmp(&b.epss))
    }

    /// Its own record, then those that speak of the same flaw.
    fn records(&self) -> impl Iterator<Item = &'a Vulnerability> + use<'a> {
        std::iter::once(&self.finding.vulnerability).chain(&self.finding.related).map(AsRef::as_ref)
    }

    /// CVSS 3 scores of the NVD: the record's own if it is the NVD's, else those of the records it refers to.
    pub fn nvd_scores(&self) -> Scores {
        let own = &self.finding.vulnerability;
        if is_nvd(own) {
            Scores::highest(own.cvss.iter())
        } else {
            let related = self.finding.related.iter().filter(|record| is_nvd(record));
            Scores::highest(related.flat_map(|record| &record.cvss))
        }
    }

    /// CVSS 3 scores of the vendor: the record's own unless it is the NVD's.
    pub fn vendor_scores(&self) -> Scores {
        let own = &self.finding.vulnerability;
        Scores::highest(own.cvss.iter().filter(|_| !is_nvd(own)))
    }
}

fn is_nvd(record: &Vulnerability) -> bool {
    record.namespace.contains("nvd")
}

/// Reads `YYYY-MM-DD`, which is its first moment in UTC, or RFC 3339.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let day = || {
        let date: jiff::civil::Date = text.parse().ok()?;
        date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    };
    text.parse().ok().or_else(day)
}

impl Scores {
    fn highest<'c>(judgements: impl Iterator<Item = &'c Cvss>) -> Self {
        let none = Self { base: -1.0, exploitability: -1.0, impact: -1.0 };
        judgements.filter(|cvss| cvss.version.starts_with('3')).fold(none, |highest, cvss| Self {
            base: highest.base.max(cvss.metrics.base),
            exploitability: highest.exploitability.max(cvss.metrics.exploitability.unwrap_or(-1.0)),
            impact: highest.impact.max(cvss.metrics.impact.unwrap_or(-1.0)),
        })
    }
}
