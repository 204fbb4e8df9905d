//! Why something was found, or was not.

use windlass_advisories::FixState;
use windlass_matching::{
    Explanation, IgnoreRule, MatchKind, Options, Refusal, Verdict, explain,
    testing::{MemoryAdvisories, advisory, deb, deb_from, package, rpm, sbom},
};
use windlass_sbom::PackageType;

fn verdicts(explanation: &Explanation) -> Vec<(usize, &str, Verdict)> {
    let considered = explanation.considerations.iter();
    considered.map(|one| (one.package, one.record.as_str(), one.verdict.clone())).collect()
}

#[test]
fn every_package_with_a_record_is_accounted_for() {
    let database = MemoryAdvisories::new()
        .with(advisory("CVE-1", "debian").in_release("debian:12", "openssl", "< 3.0.12").fixed("3.0.12"))
        .with(advisory("CVE-2", "debian").in_release("debian:12", "openssl", ""));
    let image = sbom(
        "debian:12",
        [
            deb("bash", "5.2"),
            deb_from("openssl", "", "libssl3", "3.0.11"),
            deb_from("openssl", "", "openssl-doc", "3.0.12"),
        ],
    );
    let explanation = explain(&image, &database, &Options::default(), "cve-1").unwrap();
    assert!(explanation.is_known);
    assert_eq!(verdicts(&explanation), [(1, "CVE-1", Verdict::Affected), (2, "CVE-1", Verdict::OutsideRange)]);
    let first = &explanation.considerations[0];
    assert_eq!(
        (first.kind, first.version.as_str(), first.constraint.as_str()),
        (MatchKind::ExactIndirect, "3.0.11", "< 3.0.12")
    );
    assert_eq!(explanation.findings.len(), 1, "and only of that vulnerability");
    assert_eq!(explanation.findings[0].fix.state, FixState::Fixed);
}

#[test]
fn records_under_other_names_of_the_flaw_are_followed() {
    let database = MemoryAdvisories::new()
        .with(advisory("GHSA-1", "github").alias("CVE-1").in_ecosystem("npm", "ws", "< 8"))
        .with(advisory("CVE-1", "nvd").in_product("ws:ws", ""));
    let image = sbom("", [package(PackageType::Npm, "ws", "7.0.0")]);
    for name in ["CVE-1", "GHSA-1"] {
        let explanation = explain(&image, &database, &Options::default(), name).unwrap();
        assert_eq!(verdicts(&explanation), [(0, "GHSA-1", Verdict::Affected)], "{name}");
        assert_eq!(explanation.findings.len(), 1, "{name}");
    }
}

#[test]
fn a_refusal_says_which_condition_failed() {
    let database = MemoryAdvisories::new()
        .with(advisory("CVE-1", "rhel").in_release("rhel:8", "nodejs", "").module("nodejs:18"))
        .with(advisory("CVE-1", "rhel").in_release("rhel:8", "nodejs-docs", "< oops < >"));
    let image = sbom("rhel:8", [rpm("nodejs", "16-1.el8"), rpm("nodejs-docs", "16-1.el8")]);
    let explanation = explain(&image, &database, &Options::default(), "CVE-1").unwrap();
    assert_eq!(explanation.considerations[0].verdict, Verdict::Refused(Refusal::Module));
    assert_eq!(
        explanation.considerations[0].verdict.to_string(),
        "the record does not apply: it is for another module stream"
    );
    assert!(matches!(explanation.considerations[1].verdict, Verdict::Incomparable(_)));
}

#[test]
fn a_withdrawn_record_and_a_cleared_package_are_told_apart() {
    let database = MemoryAdvisories::new()
        .with(advisory("GHSA-1", "github").rejected().in_ecosystem("npm", "ws", ""))
        .with(advisory("CVE-2", "rhel").in_release("rhel:9", "bash", "").not_in_release("rhel:9", "bash", ""));
    let npm = sbom("", [package(PackageType::Npm, "ws", "7.0.0")]);
    let explanation = explain(&npm, &database, &Options::default(), "GHSA-1").unwrap();
    assert_eq!(verdicts(&explanation), [(0, "GHSA-1", Verdict::Withdrawn)]);
    let rhel = sbom("rhel:9", [rpm("bash", "5-1.el9")]);
    let explanation = explain(&rhel, &database, &Options::default(), "CVE-2").unwrap();
    assert_eq!(verdicts(&explanation), [(0, "CVE-2", Verdict::Affected), (0, "CVE-2", Verdict::Unaffected)]);
    assert!(explanation.findings.is_empty());
}

#[test]
fn an_ignored_finding_is_explained_by_its_rule() {
    let database = MemoryAdvisories::new().with(advisory("CVE-1", "debian").in_release("debian:12", "bash", ""));
    let rule = IgnoreRule { vulnerability: "CVE-1".into(), reason: "accepted".into(), ..IgnoreRule::default() };
    let options = Options { ignore: vec![rule], ..Options::default() };
    let explanation = explain(&sbom("debian:12", [deb("bash", "5.2")]), &database, &options, "CVE-1").unwrap();
    assert_eq!(explanation.ignored[0].reasons[0].reason, "accepted");
}

#[test]
fn a_name_that_nobody_knows_is_said_to_be_unknown() {
    let database = MemoryAdvisories::new().with_release("debian:12", "");
    let explanation =
        explain(&sbom("debian:12", [deb("bash", "5.2")]), &database, &Options::default(), "CVE-0").unwrap();
    assert!(!explanation.is_known && explanation.considerations.is_empty());
}
