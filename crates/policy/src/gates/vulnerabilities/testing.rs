//! The findings of `spec/policy.md` §10.2, for the tests of this gate.

use std::sync::Arc;

use jiff::Timestamp;
use windlass_advisories::FixState;
use windlass_matching::{AvailableFix, Cvss, CvssKind, CvssMetrics, Finding, Flaw, Outcome, Severity, Vulnerability};
use windlass_sbom::{Evidence, Location, Package, PackageId, PackageType, Sbom};

use crate::{FirstSeen, Knowledge, testing::Case};

pub(super) struct Image {
    pub(super) sbom: Sbom,
    pub(super) outcome: Outcome,
    pub(super) database_built: Option<Timestamp>,
    first_seen: FirstSeen,
    pub(super) since: Option<Timestamp>,
}

/// CVE-1 (no fix) and CVE-2 (fixed in 1.1 on 2024-05-01) in a Debian package, GHSA-1 in an npm package, seen since 2020,
/// VULN-J in a jar, CVE-PY of unknown severity in a Python package.
pub(super) fn image() -> Image {
    let mut findings = vec![
        finding("CVE-1", 0),
        fixed(finding("CVE-2", 0), &["1.1"]),
        fixed(finding("GHSA-1", 1), &["2", "3"]),
        finding("VULN-J", 2),
        finding("CVE-PY", 3),
    ];
    let severities = [Severity::High, Severity::Critical, Severity::Medium, Severity::Low, Severity::Unknown];
    for (finding, severity) in findings.iter_mut().zip(severities) {
        edit(finding, |record| record.severity = severity);
    }
    findings[1].fix.available =
        vec![AvailableFix { version: "1.1".into(), date: "2024-05-01".into(), ..AvailableFix::default() }];
    edit(&mut findings[2], |record| record.cvss = vec![cvss("3.1", 7.5, 3.9, 3.6), cvss("2.0", 10.0, 10.0, 10.0)]);
    findings[2].related = vec![Arc::new(Vulnerability {
        id: "CVE-ALIAS".into(),
        namespace: "nvd:cpe".into(),
        cvss: vec![cvss("3.0", 9.8, 3.9, 5.9), cvss("3.1", 9.1, 3.9, 5.2)],
        ..Vulnerability::default()
    })];
    edit(&mut findings[3], |record| {
        record.namespace = "nvd:cpe".into();
        record.cvss = vec![cvss("3.1", 0.0, 0.0, 0.0)];
    });
    let packages = vec![
        package(PackageType::Deb, "pkg", "1", "/var/lib/dpkg/status"),
        package(PackageType::Npm, "lodash", "1", "/n/lodash/package.json"),
        package(PackageType::JavaArchive, "x", "1", "/a/x.jar"),
        package(PackageType::Python, "py", "2", "/py/METADATA"),
    ];
    let seen = "2020-01-01T00:00:00Z".parse().unwrap();
    Image {
        sbom: Sbom { packages, ..Sbom::default() },
        outcome: Outcome { findings, ..Outcome::default() },
        database_built: None,
        first_seen: FirstSeen::from([(PackageId("lodash".into()), Arc::new([("GHSA-1".into(), seen)].into()))]),
        since: None,
    }
}

impl Image {
    pub(super) fn case(&self) -> Case<'_> {
        let knowledge = Knowledge {
            first_seen: Some(&self.first_seen),
            since: self.since,
            database_built: self.database_built,
            ..Knowledge::default()
        };
        Case { outcome: self.outcome.clone(), knowledge, ..Case::new(&self.sbom) }
    }

    /// Until when the result of a rule holds.
    pub(super) fn valid_until(&self, trigger: &str, params: &[(&str, &str)]) -> Option<Timestamp> {
        self.case().valid_until("vulnerabilities", trigger, params)
    }

    /// Moves a package; an empty path is none.
    pub(super) fn place(&mut self, name: &str, path: &str) {
        let package = self.sbom.packages.iter_mut().find(|package| package.name == name).unwrap();
        package.locations = locations(path);
    }

    /// The vendor will not fix it.
    pub(super) fn decline(&mut self, id: &str) {
        self.finding(id).fix.state = FixState::WontFix;
    }

    /// Changes the record of a finding.
    pub(super) fn edit(&mut self, id: &str, change: impl FnOnce(&mut Vulnerability)) {
        edit(self.finding(id), change);
    }

    fn finding(&mut self, id: &str) -> &mut Finding {
        self.outcome.findings.iter_mut().find(|finding| finding.vulnerability.id == id).unwrap()
    }
}

pub(super) fn finding(id: &str, package: usize) -> Finding {
    let vulnerability = Vulnerability {
        id: id.into(),
        namespace: "debian:distro:debian:12".into(),
        data_source: "http://l".into(),
        ..Vulnerability::default()
    };
    Finding::new(package, Flaw { vulnerability: Arc::new(vulnerability), ..Flaw::default() })
}

fn fixed(mut finding: Finding, versions: &[&str]) -> Finding {
    finding.fix.state = FixState::Fixed;
    finding.fix.versions = versions.iter().map(|&version| version.into()).collect();
    finding
}

fn edit(finding: &mut Finding, change: impl FnOnce(&mut Vulnerability)) {
    change(Arc::make_mut(&mut finding.vulnerability));
}

fn cvss(version: &str, base: f64, exploitability: f64, impact: f64) -> Cvss {
    Cvss {
        source: String::new(),
        kind: CvssKind::Primary,
        version: version.into(),
        vector: String::new(),
        metrics: CvssMetrics { base, exploitability: Some(exploitability), impact: Some(impact) },
    }
}

fn package(kind: PackageType, name: &str, version: &str, path: &str) -> Package {
    Package { id: PackageId(name.into()), locations: locations(path), ..Package::new(kind, name, version) }
}

fn locations(path: &str) -> Vec<Location> {
    if path.is_empty() { Vec::new() } else { vec![Location::new(path, None, Evidence::Primary)] }
}
