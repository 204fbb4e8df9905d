//! One judgement in every format.

use std::sync::Arc;

use serde_json::json;
use windlass_matching::{
    Options, Outcome, match_sbom,
    testing::{MemoryAdvisories, advisory, package, sbom},
};
use windlass_policy::{Bundle, CompiledBundle, Image, Knowledge, Profile, Request};
use windlass_sbom::{PackageType, Sbom, formats::Document};

use super::*;
use crate::{DatabaseDescription, Detail, Format, Report, write};

const NOW: &str = "2024-06-01T00:00:00Z";

fn bundle() -> CompiledBundle {
    let rule = |id: &str, action: &str, gate: &str, trigger: &str, params: serde_json::Value| json!({"id": id, "action": action, "gate": gate, "trigger": trigger, "params": params, "recommendation": "ask\u{1b}[31m us"});
    let any = json!([{"name": "package_type", "value": "all"}, {"name": "severity_comparison", "value": ">="},
        {"name": "severity", "value": "low"}]);
    let document = json!({
        "id": "b|1", "name": "Team", "version": "1_0",
        "policies": [{"id": "p", "version": "1_0", "rules": [
            rule("vulnerable", "STOP", "vulnerabilities", "package", any),
            rule("pilot", "STOP", "always", "always", json!([])),
            rule("secret", "WARN", "secret_scans", "content_regex_checks", json!([])),
        ]}],
        "whitelists": [{"id": "w", "version": "1_0", "items": [
            {"id": "i", "gate": "always", "trigger_id": "always", "expires_on": "2025-01-01T00:00:00Z", "reason": "a | b"}]}],
        "mappings": [{"name": "all", "registry": "*", "repository": "*", "image": {"type": "tag", "value": "*"},
            "policy_ids": ["p"], "whitelist_ids": ["w"]}],
    });
    CompiledBundle::new(Arc::new(Bundle::from_value(document).expect("a bundle")), Profile::Compat)
}

/// An image with a package whose name is meant to do harm, and what is known of it.
fn hostile() -> (Sbom, Outcome) {
    let image = sbom("debian:12", [package(PackageType::Npm, "evil\u{1b}[31m|<b>", "1.0.0")]);
    let advisories = MemoryAdvisories::new().with_provider("github", "2024-05-01T00:00:00Z").with(
        advisory("GHSA-evil-evil-evil", "github")
            .severity("high")
            .in_ecosystem("npm", "evil\u{1b}[31m|<b>", "< 2.0.0")
            .fixed("2.0.0"),
    );
    let outcome = match_sbom(&image, &advisories, &Options::default()).expect("a database in memory answers");
    (image, outcome)
}

/// What `read` makes of a judgement of the hostile image.
fn judged<T>(read: impl FnOnce(&Judgement<'_>, &Report<'_>) -> T) -> T {
    let (sbom, outcome) = hostile();
    let bundle = bundle();
    let now: Timestamp = NOW.parse().expect("a time");
    let image = Image::new(&sbom, &outcome, Knowledge::default());
    let evaluation = bundle.evaluate(&Request::new(&image, "example.org/a:1", now));
    let judgement = Judgement { bundle: &bundle, image: &image, evaluation: &evaluation, tag: "example.org/a:1", now };
    let report = Report {
        sbom: &sbom,
        outcome: &outcome,
        database: &DatabaseDescription::default(),
        fail_on: None,
        policy: Some(&judgement),
        document: &Document { created: None, tool_version: "0.1.0".into() },
    };
    read(&judgement, &report)
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("memory can be written");
    String::from_utf8(out).expect("reports are UTF-8")
}

const SENTENCE: &str =
    "STOP: 1 finding stops, 1 finding is allowed; not everything that the bundle reads was looked for";

#[test]
fn every_report_says_the_verdict_and_what_was_not_looked_for() {
    judged(|_, report| {
        for (name, format) in Format::ALL.iter().filter(|(_, format)| !matches!(format, Format::Sbom(_))) {
            let document = text(|out| write(report, *format, out));
            assert_eq!(document, text(|out| write(report, *format, out)), "{name}");
            assert!(document.contains(SENTENCE), "{name}: {document}");
            assert!(document.contains("a search for secrets, which was not made"), "{name}: {document}");
            assert!(!document.contains('\u{1b}'), "{name} lets a control character through");
        }
    });
}

#[test]
fn the_table_goes_from_what_stops_to_what_clears() {
    let table = judged(|judgement, _| text(|out| table::write(judgement, Detail::Full, out)));
    insta::assert_snapshot!(table);
}

#[test]
fn sarif_suppresses_what_is_allowed() {
    let sarif = judged(|_, report| text(|out| write(report, Format::Sarif, out)));
    let document: serde_json::Value = serde_json::from_str(&sarif).expect("JSON");
    let run = &document["runs"][0];
    for result in run["results"].as_array().expect("results") {
        let number = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("a small one");
        assert_eq!(run["tool"]["driver"]["rules"][number]["id"], result["ruleId"]);
    }
    let allowed =
        run["results"].as_array().into_iter().flatten().find(|result| result["ruleId"] == "policy/always/always");
    let suppressed = &allowed.expect("the allowed finding")["suppressions"][0];
    assert_eq!(suppressed["kind"], "external");
    assert_eq!(suppressed["justification"], "by item i of allow-list w, until 2025-01-01T00:00:00Z: a | b");
}

#[test]
fn junit_fails_what_stops_and_skips_what_is_allowed() {
    let junit = judged(|_, report| text(|out| write(report, Format::Junit, out)));
    let suite = &junit[junit.find("<testsuite name=\"policy\"").expect("a suite")..];
    // Failed are the finding and the verdict; skipped the allowed finding and the search that was not made.
    assert!(
        suite.starts_with("<testsuite name=\"policy\" tests=\"4\" disabled=\"2\" errors=\"0\" failures=\"2\""),
        "{suite}"
    );
}

#[test]
fn markdown_cannot_be_broken_by_what_is_judged() {
    let markdown = judged(|_, report| text(|out| write(report, Format::Markdown, out)));
    let table = &markdown[markdown.find("### Policy").expect("a section")..];
    assert!(
        table
            .lines()
            .any(|line| line.starts_with("| stop | vulnerabilities | package |") && line.contains("\\|\\<b\\>")),
        "{table}"
    );
}
