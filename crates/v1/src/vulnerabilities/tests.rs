use std::sync::Arc;

use serde_json::json;
use windlass_matching::{
    Cvss, CvssKind, CvssMetrics, Fix, Flaw, FoundBy, MatchDetail, MatchKind, SearchedBy, Vulnerability as Record,
};
use windlass_sbom::{Package, PackageType};

use super::*;

/// A vulnerability of the package `p`.
pub(crate) fn vulnerability(id: &str) -> Vulnerability {
    let record = Record {
        id: id.into(),
        namespace: "debian:distro:debian:12".into(),
        severity: Severity::High,
        ..Record::default()
    };
    told(&finding(record, &[]), PackageType::Deb)
}

fn finding(record: Record, related: &[Record]) -> Finding {
    Finding::new(
        0,
        Flaw {
            vulnerability: Arc::new(record),
            related: related.iter().cloned().map(Arc::new).collect(),
            ..Flaw::default()
        },
    )
}

fn told(finding: &Finding, kind: PackageType) -> Vulnerability {
    Vulnerability::new(finding, &PackageFact::new(0, &Package::new(kind, "p", "1")))
}

fn record(id: &str, namespace: &str, cvss: &[Cvss]) -> Record {
    Record { id: id.into(), namespace: namespace.into(), cvss: cvss.to_vec(), ..Record::default() }
}

fn cvss(version: &str, kind: CvssKind, base: f64) -> Cvss {
    let metrics = CvssMetrics { base, exploitability: Some(3.9), impact: None };
    Cvss { source: String::new(), kind, version: version.into(), vector: String::new(), metrics }
}

#[test]
fn what_is_not_known_is_the_word_none() {
    assert_eq!(
        json!(told(&finding(record("CVE-1", "debian:distro:debian:12", &[]), &[]), PackageType::Deb)),
        json!({
            "vuln": "CVE-1", "severity": "Unknown", "package": "p-1", "package_name": "p", "package_version": "1",
            "package_type": "dpkg", "package_path": "pkgdb", "package_cpe": "None", "package_cpe23": "None",
            "fix": "None", "url": "None", "feed": "vulnerabilities", "feed_group": "debian:12", "will_not_fix": false,
            "nvd_data": [], "vendor_data": [],
        })
    );
    let npm = told(&finding(record("GHSA-1", "github:language:javascript", &[]), &[]), PackageType::Npm);
    assert_eq!((npm.package_path.as_str(), npm.feed_group.as_str()), ("NA", "github:npm"));
}

#[test]
fn fixes_links_and_the_cpe_that_matched_are_told() {
    let mut given = finding(record("CVE-1", "nvd:cpe", &[]), &[]);
    Arc::get_mut(&mut given.vulnerability).unwrap().data_source = "https://example.org/CVE-1".into();
    given.fix = Fix { state: FixState::WontFix, versions: vec!["1.1".into(), "2".into()], ..Fix::default() };
    let detail = |key| MatchDetail {
        kind: MatchKind::Cpe,
        matcher: "stock-matcher",
        searched_by: SearchedBy { namespace: "nvd:cpe".into(), name: "p".into(), version: "1".into(), key },
        found: FoundBy {
            vulnerability: "CVE-1".into(),
            constraint: String::new(),
            format: String::new(),
            cpes: vec![],
            symbols: vec![],
        },
    };
    let cpe = "cpe:2.3:a:p:p:1:*:*:*:*:*:*:*";
    given.details =
        vec![detail(SearchKey::Ecosystem("go".into())), detail(SearchKey::Cpes(vec![cpe.into(), "other".into()]))];
    let told = told(&given, PackageType::GoModule);
    assert_eq!((told.fix.as_str(), told.url.as_str()), ("1.1,2", "https://example.org/CVE-1"));
    assert_eq!((told.package_cpe23.as_str(), told.package_cpe.as_str()), (cpe, "None"));
    assert!(told.will_not_fix);
}

#[test]
fn a_record_of_the_nvd_has_its_own_scores_and_no_vendor() {
    let judgements = [
        cvss("3.0", CvssKind::Secondary, 5.0),
        cvss("3.1", CvssKind::Primary, 7.5),
        cvss("4.0", CvssKind::Primary, 9.0),
    ];
    let told = told(&finding(record("CVE-1", "nvd:cpe", &judgements), &[]), PackageType::Npm);
    assert_eq!(
        json!([told.nvd_data, told.vendor_data]),
        json!([[{
            "id": "CVE-1",
            "cvss_v2": {"base_score": -1.0, "exploitability_score": -1.0, "impact_score": -1.0},
            "cvss_v3": {"base_score": 7.5, "exploitability_score": 3.9, "impact_score": -1.0},
        }], []])
    );
    let unjudged = self::told(&finding(record("CVE-1", "nvd:cpe", &[]), &[]), PackageType::Npm);
    assert_eq!(unjudged.nvd_data, []);
}

#[test]
fn other_records_have_the_nvd_s_scores_of_their_cves_beside_the_vendor_s() {
    let vendor =
        [cvss("3.1", CvssKind::Primary, 6.0), cvss("2.0", CvssKind::Primary, 4.0), cvss("4.0", CvssKind::Primary, 9.0)];
    let related = [
        record("CVE-1", "nvd:cpe", &[cvss("2.0", CvssKind::Primary, 5.0)]),
        record("CVE-1", "nvd:cpe", &[]),
        record("CVE-2", "nvd:cpe", &[]),
        record("GHSA-1", "github:language:go", &[cvss("3.1", CvssKind::Primary, 1.0)]),
    ];
    let told = told(&finding(record("RHSA-1", "redhat:distro:redhat:8", &vendor), &related), PackageType::Rpm);
    let bases = |data: &[CvssScores]| {
        let one = |scores: &CvssScores| (scores.id.clone(), scores.cvss_v2.base_score, scores.cvss_v3.base_score);
        data.iter().map(one).collect::<Vec<_>>()
    };
    let row = |id: &str, v2, v3| (id.to_owned(), v2, v3);
    assert_eq!(bases(&told.nvd_data), [row("CVE-1", 5.0, -1.0), row("CVE-2", -1.0, -1.0)]);
    assert_eq!(bases(&told.vendor_data), [row("RHSA-1", -1.0, 6.0), row("RHSA-1", 4.0, -1.0)]);
}

#[test]
fn selections_go_by_kind_of_package_and_the_vendor_s_will() {
    let of = |kind| told(&finding(record("CVE-1", "x", &[]), &[]), kind);
    for (kind, is_os) in [
        (PackageType::Deb, true),
        (PackageType::Rpm, true),
        (PackageType::Apk, true),
        (PackageType::Alpm, true),
        (PackageType::Portage, true),
        (PackageType::MsrcKb, true),
        (PackageType::Npm, false),
        (PackageType::RustCrate, false),
        (PackageType::Binary, false),
    ] {
        assert_eq!(of(kind).is_selected(VulnerabilityType::Os, true), is_os, "{kind}");
        assert_eq!(of(kind).is_selected(VulnerabilityType::NonOs, true), !is_os, "{kind}");
        assert!(of(kind).is_selected(VulnerabilityType::All, true));
    }
    let declined = Vulnerability { will_not_fix: true, ..vulnerability("CVE-1") };
    assert!(!declined.is_selected(VulnerabilityType::All, true));
    assert!(declined.is_selected(VulnerabilityType::All, false));
}

#[test]
fn every_kind_of_os_package_is_known_by_its_word() {
    for kind in PackageType::ALL {
        let of_kind = PackageFact::new(0, &Package::new(*kind, "p", "1")).is_os_package();
        assert_eq!(told(&finding(record("CVE-1", "x", &[]), &[]), *kind).is_os(), of_kind, "{kind}");
    }
}

#[test]
fn of_several_who_speak_of_one_flaw_the_best_is_heard() {
    let nvd = record("CVE-1", "nvd:cpe", &[cvss("3.1", CvssKind::Primary, 7.5)]);
    let of = |record: Record, related: &[Record]| told(&finding(record, related), PackageType::Npm);
    let by_nvd = of(nvd.clone(), &[]);
    let by_github = of(record("GHSA-1", "github:language:javascript", &[]), std::slice::from_ref(&nvd));
    let by_vendor = of(record("CVE-1", "x:distro:x:1", &[]), &[nvd]);
    let other = of(record("CVE-9", "nvd:cpe", &[]), &[]);
    let mut elsewhere = by_nvd.clone();
    elsewhere.package_path = "/elsewhere".into();

    let all = vec![by_nvd.clone(), other.clone(), by_github.clone(), by_vendor.clone(), elsewhere.clone()];
    assert_eq!(deduplicated(all), [other, by_vendor, elsewhere]);
    assert_eq!(deduplicated(vec![by_nvd.clone(), by_github.clone()]), [by_github]);
    assert_eq!(deduplicated(vec![by_nvd.clone(), by_nvd.clone()]), [by_nvd]);
}
