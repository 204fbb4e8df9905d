//! What the makers of the software say.

use windlass_matching::{
    IgnoreRule, Options, Outcome, VexDocument, VexStatus, match_sbom,
    testing::{MemoryAdvisories, advisory, package, sbom},
};
use windlass_sbom::{ImageSource, PackageType, Sbom, Source};

fn image() -> Sbom {
    let source = ImageSource {
        user_input: "registry.example.com/team/app:1.2".into(),
        manifest_digest: "sha256:aaaa".into(),
        ..ImageSource::default()
    };
    Sbom { source: Source::Image(Box::new(source)), ..sbom("", [package(PackageType::Npm, "lodash", "4.17.20")]) }
}

fn database() -> MemoryAdvisories {
    MemoryAdvisories::new()
        .with(advisory("GHSA-35jh-r3h4-6jhm", "github").alias("CVE-2021-23337").severity("high").in_ecosystem(
            "npm",
            "lodash",
            "< 4.17.21",
        ))
        .with(advisory("GHSA-29mw-wpgm-hmr9", "github").alias("CVE-2020-28500").severity("medium").in_ecosystem(
            "npm",
            "lodash",
            "< 4.17.21",
        ))
}

fn statement(vulnerability: &str, product: &str, status: &str, time: &str) -> String {
    format!(
        r#"{{"vulnerability": {{"name": "{vulnerability}"}}, "products": [{{"@id": "{product}"}}], "status": "{status}",
            "justification": "vulnerable_code_not_in_execute_path", "timestamp": "{time}"}}"#
    )
}

fn document(statements: &[String]) -> VexDocument {
    let text = format!(
        r#"{{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "doc", "statements": [{}]}}"#,
        statements.join(",")
    );
    VexDocument::parse("doc.json", text.as_bytes()).unwrap()
}

fn scan(vex: Vec<VexDocument>, options: Options) -> Outcome {
    match_sbom(&image(), &database(), &Options { vex, ..options }).unwrap()
}

const OLD: &str = "2024-01-01T00:00:00Z";
const NEW: &str = "2024-06-01T00:00:00+02:00";
const LODASH: &str = "pkg:npm/lodash@4.17.20";

#[test]
fn what_is_not_affected_is_left_out_with_the_reason() {
    for product in [LODASH, "pkg:npm/lodash", "pkg:oci/app", "sha256:aaaa", "registry.example.com/team/app:1.2"] {
        let outcome =
            scan(vec![document(&[statement("CVE-2021-23337", product, "not_affected", OLD)])], Options::default());
        assert_eq!(outcome.findings.len(), 1, "{product}");
        let reason = &outcome.ignored[0].reasons[0];
        assert_eq!((reason.namespace.as_str(), reason.vex_status.as_str()), ("vex", "not_affected"));
        assert_eq!(reason.vex_justification, "vulnerable_code_not_in_execute_path");
        assert!(outcome.unmatched_statements.is_empty());
    }
}

#[test]
fn a_statement_limited_to_a_part_speaks_of_that_part() {
    let limited = |part: &str| {
        let text = format!(
            r#"{{"vulnerability": "CVE-2021-23337", "products": [{{"@id": "pkg:oci/app", "subcomponents": [{{"@id": "{part}"}}]}}], "status": "fixed"}}"#
        );
        scan(vec![document(&[text])], Options::default())
    };
    assert_eq!(limited(LODASH).findings.len(), 1);
    let other = limited("pkg:npm/underscore");
    assert_eq!(other.findings.len(), 2);
    assert_eq!(other.unmatched_statements[0].products, ["pkg:oci/app", "pkg:npm/underscore"]);
}

#[test]
fn the_newest_statement_counts() {
    let says_not = statement("CVE-2021-23337", LODASH, "not_affected", OLD);
    let says_so = statement("GHSA-35jh-r3h4-6jhm", LODASH, "affected", NEW);
    for documents in
        [vec![document(&[says_not.clone(), says_so.clone()])], vec![document(&[says_so]), document(&[says_not])]]
    {
        assert_eq!(scan(documents, Options::default()).findings.len(), 2);
    }
}

#[test]
fn a_statement_that_matches_nothing_is_reported_with_what_it_may_have_meant() {
    let misspelt = statement("CVE-2021-23337", "pkg:npm/lodash@4.17.2", "not_affected", OLD);
    let foreign = statement("CVE-1999-0001", "pkg:npm/other@1", "not_affected", OLD);
    let outcome = scan(vec![document(&[misspelt, foreign])], Options::default());
    assert_eq!(outcome.findings.len(), 2);
    let [first, second] = outcome.unmatched_statements.as_slice() else { panic!("{outcome:?}") };
    assert_eq!((first.document.as_str(), first.nearest.as_deref()), ("doc", Some(LODASH)));
    assert_eq!((second.vulnerability.as_str(), second.nearest.as_deref()), ("CVE-1999-0001", None));
}

#[test]
fn rules_decide_which_statements_count() {
    let vex = || vec![document(&[statement("CVE-2021-23337", LODASH, "not_affected", OLD)])];
    let rule = |status: &str, justification: &str, package: &str| IgnoreRule {
        vex_status: status.into(),
        vex_justification: justification.into(),
        package: windlass_matching::IgnorePackage { name: package.into(), ..Default::default() },
        ..IgnoreRule::default()
    };
    for (rule, remaining) in [
        (rule("not_affected", "", ""), 1),
        (rule("not_affected", "vulnerable_code_not_in_execute_path", "lodash"), 1),
        (rule("not_affected", "component_not_present", ""), 2),
        (rule("fixed", "", ""), 2),
        (rule("not_affected", "", "underscore"), 2),
    ] {
        let outcome = scan(vex(), Options { ignore: vec![rule.clone()], ..Options::default() });
        assert_eq!(outcome.findings.len(), remaining, "{rule:?}");
    }
}

#[test]
fn a_statement_may_bring_an_ignored_finding_back() {
    let ignore = vec![IgnoreRule { vulnerability: "CVE-2021-23337".into(), ..IgnoreRule::default() }];
    let vex = || vec![document(&[statement("CVE-2021-23337", LODASH, "affected", OLD)])];
    let silent = scan(vex(), Options { ignore: ignore.clone(), ..Options::default() });
    assert_eq!((silent.findings.len(), silent.ignored.len()), (1, 1));
    let options = Options { ignore, vex_add: vec![VexStatus::Affected], ..Options::default() };
    let loud = scan(vex(), options);
    assert_eq!((loud.findings.len(), loud.ignored.len()), (2, 0));
    assert!(loud.findings[0].details.iter().any(|detail| detail.matcher == "openvex-matcher"));
}

#[test]
fn what_is_no_vex_document_is_refused_with_the_reason() {
    for (text, message) in [
        ("{}", "is no VEX document: expected OpenVEX"),
        ("not json", "as JSON"),
        (r#"{"@context": "x", "statements": 5}"#, "as OpenVEX"),
        (r#"{"document": {}, "vulnerabilities": {}}"#, "as CSAF"),
    ] {
        let error = VexDocument::parse("doc.json", text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("doc.json") && error.contains(message), "{error}");
    }
}

#[test]
fn documents_nested_beyond_reason_are_refused_not_followed() {
    let deep =
        format!(r#"{{"document": {{}}, "product_tree": {}{}}}"#, r#"{"branches":["#.repeat(5000), "]}".repeat(5000));
    assert!(VexDocument::parse("deep.json", deep.as_bytes()).is_err());
}
