//! Records of one flaw, and what a finding says.

use windlass_advisories::FixState;
use windlass_matching::{
    Options, Outcome, Severity, SortBy, match_sbom,
    testing::{MemoryAdvisories, advisory, deb, deb_from, package, sbom, with_cpe},
};
use windlass_sbom::{PackageType, Sbom};

fn outcome(image: &Sbom, database: &MemoryAdvisories) -> Outcome {
    match_sbom(image, database, &Options::default()).unwrap()
}

fn like_grype() -> Options {
    Options { like_grype: true, ..Options::default() }
}

fn order(outcome: &Outcome) -> Vec<&str> {
    outcome.findings.iter().map(|finding| finding.vulnerability.id.as_str()).collect()
}

#[test]
fn a_cve_and_its_ghsa_are_one_finding() {
    let database = MemoryAdvisories::new()
        .with(advisory("GO-2023-2102", "govulndb").alias("CVE-2023-39325").alias("GHSA-4374-p667-p6c8").in_ecosystem(
            "go-module",
            "golang.org/x/net",
            "< 0.17.0",
        ))
        .with(
            advisory("GHSA-4374-p667-p6c8", "github")
                .alias("CVE-2023-39325")
                .severity("high")
                .in_ecosystem("go-module", "golang.org/x/net", "< 0.17.0")
                .fixed("0.17.0"),
        )
        .with(advisory("CVE-2023-39325", "nvd").severity("critical"));
    let image = sbom("", [package(PackageType::GoModule, "golang.org/x/net", "v0.16.0")]);

    let folded = outcome(&image, &database);
    let [finding] = folded.findings.as_slice() else { panic!("{folded:?}") };
    assert_eq!(finding.vulnerability.id, "GHSA-4374-p667-p6c8", "GitHub's record speaks");
    let related: Vec<&str> = finding.related.iter().map(|record| record.id.as_str()).collect();
    assert_eq!(related, ["GO-2023-2102", "CVE-2023-39325"]);
    assert_eq!(finding.details.len(), 2);
    for name in ["cve-2023-39325", "GO-2023-2102", "GHSA-4374-p667-p6c8"] {
        assert!(finding.is_named(name), "{name}");
    }

    let baseline = match_sbom(&image, &database, &like_grype()).unwrap();
    assert_eq!(baseline.findings.len(), 2, "a finding a record");
}

#[test]
fn an_advisory_about_several_cves_is_none_of_them() {
    let database = MemoryAdvisories::new()
        .with(advisory("ALAS-1", "amazon").alias("CVE-1").alias("CVE-2").in_release("amzn:2023", "curl", ""))
        .with(advisory("ALAS-2", "amazon").alias("CVE-2").alias("CVE-3").in_release("amzn:2023", "curl", ""));
    let image = sbom("amzn:2023", [windlass_matching::testing::rpm("curl", "8-1")]);
    let outcome = outcome(&image, &database);
    assert_eq!(outcome.findings.len(), 2);
}

#[test]
fn records_about_different_cves_are_never_joined() {
    let database = MemoryAdvisories::new()
        .with(advisory("GHSA-1", "github").alias("CVE-1").alias("PYSEC-9").in_ecosystem("python", "pillow", ""))
        .with(advisory("PYSEC-2", "pypa").alias("CVE-2").alias("PYSEC-9").in_ecosystem("python", "pillow", ""));
    let image = sbom("", [package(PackageType::Python, "pillow", "9.0")]);
    assert_eq!(outcome(&image, &database).findings.len(), 2);
}

#[test]
fn one_record_found_by_name_and_by_source_is_one_finding_with_both_ways() {
    let database = MemoryAdvisories::new().with(
        advisory("CVE-1", "debian").in_release("debian:12", "openssl", "< 3").in_release("debian:12", "libssl3", "< 3"),
    );
    let outcome = outcome(&sbom("debian:12", [deb_from("openssl", "", "libssl3", "2")]), &database);
    assert_eq!(outcome.findings.len(), 1);
    assert_eq!(outcome.findings[0].details.len(), 2);
}

#[test]
fn a_distribution_without_a_judgement_takes_the_nvds() {
    let database = MemoryAdvisories::new()
        .with(advisory("CVE-1", "alpine").in_release("alpine:3.19", "zlib", "< 2-r0"))
        .with(advisory("CVE-1", "nvd").cvss("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"));
    let image = sbom("alpine:3.19", [windlass_matching::testing::apk("", "zlib", "1-r0")]);
    let finding = &outcome(&image, &database).findings[0];
    assert_eq!(finding.severity(), Severity::Critical);
    assert_eq!(finding.vulnerability.cvss.len(), 1);
    assert_eq!(finding.vulnerability.namespace, "alpine:distro:alpine:3.19", "the distribution still speaks");
    let baseline = match_sbom(&image, &database, &like_grype()).unwrap();
    assert_eq!(baseline.findings[0].severity(), Severity::Unknown);
}

#[test]
fn findings_may_be_named_by_cve() {
    let database = MemoryAdvisories::new()
        .with(
            advisory("GHSA-1", "github").alias("CVE-1").severity("low").in_ecosystem("npm", "ws", "< 9").fixed("9.0.0"),
        )
        .with(advisory("GHSA-2", "github").severity("low").in_ecosystem("npm", "ws", ""))
        .with(advisory("CVE-1", "nvd").severity("high"));
    let image = sbom("", [package(PackageType::Npm, "ws", "8.0.0")]);
    let options = Options { by_cve: true, sort: SortBy::Vulnerability, ..Options::default() };
    let outcome = match_sbom(&image, &database, &options).unwrap();
    assert_eq!(order(&outcome), ["CVE-1", "GHSA-2"], "what has no CVE keeps its name");
    let renamed = &outcome.findings[0];
    assert_eq!((renamed.vulnerability.namespace.as_str(), renamed.severity()), ("nvd:cpe", Severity::High));
    assert_eq!(renamed.related[0].id, "GHSA-1");
    assert_eq!((renamed.fix.state, renamed.fix.versions[0].as_str()), (FixState::Fixed, "9.0.0"));
}

fn ranked() -> (Sbom, MemoryAdvisories) {
    let database = MemoryAdvisories::new()
        .with(advisory("CVE-A", "debian").severity("critical").in_release("debian:12", "bash", ""))
        .with(advisory("CVE-B", "debian").severity("low").in_release("debian:12", "bash", ""))
        .with(advisory("CVE-C", "debian").severity("medium").in_release("debian:12", "apt", ""))
        .with_epss("CVE-A", 0.01, 0.20)
        .with_epss("CVE-C", 0.50, 0.97)
        .with_known_exploited("CVE-B", true);
    (sbom("debian:12", [deb("bash", "1"), deb("apt", "1")]), database)
}

#[test]
fn the_riskiest_finding_comes_first_and_other_orders_are_to_be_had() {
    let (image, database) = ranked();
    let sorted = |sort| {
        let outcome = match_sbom(&image, &database, &Options { sort, ..Options::default() }).unwrap();
        order(&outcome).join(" ")
    };
    assert_eq!(sorted(SortBy::Risk), "CVE-B CVE-C CVE-A", "33, 25, 1");
    assert_eq!(sorted(SortBy::Severity), "CVE-A CVE-C CVE-B");
    assert_eq!(sorted(SortBy::Epss), "CVE-C CVE-A CVE-B");
    assert_eq!(sorted(SortBy::Kev), "CVE-B CVE-C CVE-A");
    assert_eq!(sorted(SortBy::Package), "CVE-C CVE-A CVE-B");
    assert_eq!(sorted(SortBy::Vulnerability), "CVE-A CVE-B CVE-C");
}

#[test]
fn a_finding_carries_what_is_known_of_its_exploitation() {
    let (image, database) = ranked();
    let outcome = match_sbom(&image, &database, &Options::default()).unwrap();
    let exploited = &outcome.findings[0];
    assert_eq!(exploited.vulnerability.known_exploited[0].cve, "CVE-B");
    assert_eq!(format!("{:.1}", exploited.risk), "33.0");
    assert!(outcome.reaches(Severity::Critical));
    assert_eq!(outcome.count_by_severity()[0], (Severity::Critical, 1, 0));
}

#[test]
fn a_gate_counts_only_what_reaches_it() {
    let database = MemoryAdvisories::new().with(advisory("CVE-1", "debian").severity("medium").in_release(
        "debian:12",
        "bash",
        "",
    ));
    let outcome = outcome(&sbom("debian:12", [deb("bash", "1")]), &database);
    assert!(outcome.reaches(Severity::Medium) && outcome.reaches(Severity::Low));
    assert!(!outcome.reaches(Severity::High));
}

#[test]
fn a_binary_known_by_cpe_and_by_advisory_is_one_finding() {
    let database = MemoryAdvisories::new()
        .with(advisory("GHSA-1", "github").alias("CVE-1").in_ecosystem("php-composer", "acme/app", ""))
        .with(advisory("CVE-1", "nvd").in_product("acme:app", ""));
    let app = with_cpe(package(PackageType::Composer, "acme/app", "1.0"), "acme", "app");
    let outcome = outcome(&sbom("", [app]), &database);
    assert_eq!(order(&outcome), ["GHSA-1"]);
    assert_eq!(outcome.findings[0].details.len(), 2);
    assert_eq!(outcome.findings[0].related[0].id, "CVE-1");
}

#[test]
fn a_judgement_is_taken_from_any_record_of_the_same_flaw() {
    let database = MemoryAdvisories::new()
        .with(advisory("GO-1", "govulndb").alias("CVE-1").in_ecosystem("go-module", "stdlib", ""))
        .with(advisory("GO-2", "govulndb").alias("CVE-1").alias("CVE-2").in_ecosystem("go-module", "stdlib", ""))
        .with(advisory("CVE-1", "nvd").severity("high"));
    let image = sbom("", [package(PackageType::GoModule, "stdlib", "go1.20.1")]);
    let outcome = outcome(&image, &database);
    let severity = |id: &str| outcome.findings.iter().find(|f| f.vulnerability.id == id).unwrap().severity();
    assert_eq!((severity("GO-1"), severity("GO-2")), (Severity::High, Severity::Unknown));
}
