//! Findings left out on purpose.

use windlass_advisories::FixState;
use windlass_matching::{
    IgnorePackage, IgnoreRule, Options, Outcome, match_sbom,
    testing::{MemoryAdvisories, advisory, deb, deb_from, package, sbom},
};
use windlass_sbom::{PackageType, Relationship, RelationshipKind, Sbom};

fn database() -> MemoryAdvisories {
    MemoryAdvisories::new()
        .with(advisory("CVE-1", "debian").in_release("debian:12", "openssl", "< 9").fixed("9"))
        .with(advisory("CVE-2", "debian").in_release("debian:12", "openssl", "").state(FixState::WontFix))
        .with(advisory("CVE-3", "debian").in_release("debian:12", "openssl", ""))
        .with(advisory("GHSA-1", "github").alias("CVE-4").in_ecosystem("npm", "lodash", "").state(FixState::NotFixed))
}

fn image() -> Sbom {
    sbom("debian:12", [deb_from("openssl", "", "libssl3", "3.0.11"), package(PackageType::Npm, "lodash", "4.0.0")])
}

fn with(rule: IgnoreRule) -> Outcome {
    match_sbom(&image(), &database(), &Options { ignore: vec![rule], ..Options::default() }).unwrap()
}

fn hidden(outcome: &Outcome) -> String {
    let mut ids: Vec<&str> = outcome.ignored.iter().map(|one| one.finding.vulnerability.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(outcome.findings.len() + ids.len(), 4, "nothing is lost");
    ids.join(" ")
}

fn package_rule(package: IgnorePackage) -> IgnoreRule {
    IgnoreRule { package, ..IgnoreRule::default() }
}

#[test]
fn every_criterion_hits_what_it_says() {
    let text = String::from;
    for (rule, ids) in [
        (IgnoreRule { vulnerability: text("CVE-1"), ..IgnoreRule::default() }, "CVE-1"),
        (IgnoreRule { vulnerability: text("cve-4"), ..IgnoreRule::default() }, "GHSA-1"),
        (IgnoreRule { namespace: text("github:language:javascript"), ..IgnoreRule::default() }, "GHSA-1"),
        (IgnoreRule { fix_state: Some(FixState::WontFix), ..IgnoreRule::default() }, "CVE-2"),
        (IgnoreRule { match_type: text("exact-indirect-match"), ..IgnoreRule::default() }, "CVE-1 CVE-2 CVE-3"),
        (package_rule(IgnorePackage { name: text("libssl3"), ..IgnorePackage::default() }), "CVE-1 CVE-2 CVE-3"),
        (
            package_rule(IgnorePackage { name: text("lib(ssl|crypto).*"), ..IgnorePackage::default() }),
            "CVE-1 CVE-2 CVE-3",
        ),
        (package_rule(IgnorePackage { name: text("libssl"), ..IgnorePackage::default() }), ""),
        (package_rule(IgnorePackage { name: text("ssl.*"), ..IgnorePackage::default() }), ""),
        (package_rule(IgnorePackage { version: text("4.0.0"), ..IgnorePackage::default() }), "GHSA-1"),
        (package_rule(IgnorePackage { language: text("javascript"), ..IgnorePackage::default() }), "GHSA-1"),
        (package_rule(IgnorePackage { kind: text("deb"), ..IgnorePackage::default() }), "CVE-1 CVE-2 CVE-3"),
        (package_rule(IgnorePackage { location: text("/found/lo*"), ..IgnorePackage::default() }), "GHSA-1"),
        (
            package_rule(IgnorePackage { upstream_name: text("openssl"), ..IgnorePackage::default() }),
            "CVE-1 CVE-2 CVE-3",
        ),
        (IgnoreRule { reason: text("just because"), include_aliases: true, ..IgnoreRule::default() }, ""),
    ] {
        assert_eq!(hidden(&with(rule.clone())), ids, "{rule:?}");
    }
}

#[test]
fn all_criteria_of_a_rule_must_hold() {
    let rule = IgnoreRule {
        vulnerability: "CVE-1".into(),
        package: IgnorePackage { kind: "npm".into(), ..IgnorePackage::default() },
        ..IgnoreRule::default()
    };
    assert_eq!(hidden(&with(rule)), "");
}

#[test]
fn an_ignored_finding_keeps_every_rule_that_hit_it() {
    let rule = |id: &str| IgnoreRule { vulnerability: id.into(), reason: "accepted".into(), ..IgnoreRule::default() };
    let options = Options { ignore: vec![rule("CVE-1"), rule("CVE-2")], ..Options::default() }.only_not_fixed();
    let outcome = match_sbom(&image(), &database(), &options).unwrap();
    let first = outcome.ignored.iter().find(|one| one.finding.vulnerability.id == "CVE-1").unwrap();
    assert_eq!(first.reasons.len(), 2);
    assert_eq!(first.reasons[0].reason, "accepted");
}

#[test]
fn only_what_has_a_fix_may_be_wanted() {
    let scan = |options| hidden(&match_sbom(&image(), &database(), &options).unwrap());
    assert_eq!(scan(Options::default().only_fixed()), "CVE-2 CVE-3 GHSA-1");
    assert_eq!(scan(Options::default().only_not_fixed()), "CVE-1");
    let unknown = Options { ignore_states: vec![FixState::Unknown], ..Options::default() };
    assert_eq!(scan(unknown), "CVE-3");
}

#[test]
fn a_pattern_that_is_none_is_refused_with_the_reason() {
    for (rule, message) in [
        (package_rule(IgnorePackage { name: "lib(".into(), ..IgnorePackage::default() }), "package name \"lib(\""),
        (
            package_rule(IgnorePackage { location: "/a[".into(), ..IgnorePackage::default() }),
            "package location \"/a[\"",
        ),
    ] {
        let options = Options { ignore: vec![rule], ..Options::default() };
        let error = match_sbom(&image(), &database(), &options).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

/// A Debian package that owns the files of a Python library.
fn owned(library_version: &str) -> Sbom {
    let mut image = sbom(
        "debian:12",
        [deb("python3-requests", "2.28.1+dfsg-1"), package(PackageType::Python, "requests", library_version)],
    );
    let id = |name: &str| image.packages.iter().find(|package| package.name == name).unwrap().id.clone();
    image.relationships.push(Relationship {
        kind: RelationshipKind::OwnershipByFileOverlap,
        parent: id("python3-requests"),
        child: id("requests"),
        files: vec!["/found/requests".into()],
    });
    image
}

#[test]
fn a_library_that_the_distribution_ships_is_the_distributions_to_judge() {
    let database =
        MemoryAdvisories::new().with(advisory("GHSA-1", "github").in_ecosystem("python", "requests", "< 2.31"));
    let scan = |version: &str| match_sbom(&owned(version), &database, &Options::default()).unwrap().findings.len();
    assert_eq!(scan("2.28.1"), 0);
    assert_eq!(scan("2.25.0"), 1, "another version than Debian's was put in its place");
}

#[test]
fn what_the_distribution_has_fixed_is_fixed_in_what_it_owns() {
    let database = MemoryAdvisories::new()
        .with(advisory("CVE-1", "debian").in_release("debian:12", "python3-requests", "< 2.28.1+dfsg-1"))
        .with(advisory("GHSA-1", "github").alias("CVE-1").in_ecosystem("python", "requests", ""))
        .with(advisory("GHSA-2", "github").alias("CVE-2").in_ecosystem("python", "requests", ""));
    let outcome = match_sbom(&owned("2.25.0"), &database, &Options::default()).unwrap();
    let ids: Vec<&str> = outcome.findings.iter().map(|finding| finding.vulnerability.id.as_str()).collect();
    assert_eq!(ids, ["GHSA-2"]);
    assert_eq!(outcome.ignored[0].reasons[0].reason, "DistroPackageFixed");
}

#[test]
fn ownership_is_told_from_files_where_a_document_does_not_say() {
    let database = MemoryAdvisories::new().with(advisory("CVE-1", "nvd").in_product("curl:curl", ""));
    let mut owner = deb("curl", "7.88");
    if let windlass_sbom::Metadata::Dpkg(entry) = &mut owner.metadata {
        entry.files.push(windlass_sbom::metadata::DpkgFile { path: "/found/curl-bin".into(), ..Default::default() });
    }
    let binary =
        windlass_matching::testing::with_cpe(package(PackageType::Binary, "curl-bin", "7.88.1"), "curl", "curl");
    let outcome = match_sbom(&sbom("debian:12", [owner, binary]), &database, &Options::default()).unwrap();
    assert!(outcome.findings.is_empty(), "the distribution's package answers for its binary");
}
