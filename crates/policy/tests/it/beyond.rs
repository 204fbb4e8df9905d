//! What the original did not have: grace, early ends of acceptance, comparison, the plan that clears an image
//! (`spec/policy.md` §8, §9).

use std::sync::Arc;

use serde_json::{Value, json};
use windlass_advisories::{FixState, KnownExploited};
use windlass_matching::{Finding, Fix, Flaw, Outcome, Severity, Vulnerability};
use windlass_policy::{Bundle, FirstSeen, Inputs, Knowledge, Profile, VoidIf};
use windlass_sbom::{Package, PackageType, Sbom};

use crate::support::{
    Judged, allow_list, always, bundle, bundle_of, compile, item, mapping, policy, problems, rule, rule_with, sbom,
    time,
};

fn finding(id: &str, package: usize, severity: Severity, fix: &str) -> Finding {
    let versions = if fix.is_empty() { Vec::new() } else { vec![fix.to_owned()] };
    let suggested = versions.first().cloned();
    let state = if fix.is_empty() { FixState::NotFixed } else { FixState::Fixed };
    Finding::new(
        package,
        Flaw {
            vulnerability: Arc::new(Vulnerability { id: id.into(), severity, ..Vulnerability::default() }),
            fix: Fix { state, versions, suggested, ..Fix::default() },
            ..Flaw::default()
        },
    )
}

/// Three packages: a, b and c; four findings.
fn vulnerable() -> Judged<'static> {
    let package = |name: &str| {
        let mut package = Package::new(PackageType::Deb, name, "1.0-1");
        package.assign_id();
        package
    };
    let packages = vec![package("a"), package("b"), package("c")];
    let findings = vec![
        finding("CVE-1", 0, Severity::High, "1.9-1"),
        finding("CVE-2", 0, Severity::Critical, "1.10-1"),
        finding("CVE-3", 1, Severity::High, ""),
        finding("CVE-4", 2, Severity::Low, "2"),
    ];
    Judged {
        sbom: Sbom { packages, ..sbom() },
        outcome: Outcome { findings, ..Outcome::default() },
        ..Judged::default()
    }
}

fn over_medium() -> Value {
    rule_with(
        "vulnerabilities",
        "package",
        "STOP",
        &[("package_type", "all"), ("severity", "medium"), ("severity_comparison", ">")],
    )
}

#[test]
fn an_upgrade_for_what_has_a_fix_and_the_rest_remains() {
    let document = bundle_of(&[over_medium(), rule("malware", "scan_not_run", "STOP"), always("WARN")]);
    vulnerable().with(
        &document,
        |_| (),
        |evaluation, image| {
            let clearance = evaluation.clearance(image).unwrap();
            let upgrades: Vec<_> = clearance
                .upgrades
                .iter()
                .map(|upgrade| (upgrade.package.name.as_str(), upgrade.to, upgrade.clears.len()))
                .collect();
            assert_eq!(upgrades, [("a", "1.10-1", 2)]);
            let remaining: Vec<_> = clearance.remaining.iter().map(|row| &*row.trigger_id).collect();
            assert_eq!(remaining, ["CVE-3+b", "7feaec55f790ab6b3edba15014b8b5f2"]);
            assert!(clearance.problems.is_empty() && clearance.denied.is_none());
        },
    );
}

#[test]
fn an_image_that_passes_needs_no_plan() {
    vulnerable().with(
        &bundle_of(&[always("WARN")]),
        |_| (),
        |evaluation, image| {
            assert!(evaluation.clearance(image).is_none());
        },
    );
}

#[test]
fn what_no_finding_explains_is_part_of_the_plan() {
    let bad = rule_with("files", "name_match", "GO", &[("regex", "(")]);
    let retired = rule("gemcheck", "gemnofeed", "STOP");
    vulnerable().with(
        &bundle_of(&[bad, retired]),
        |_| (),
        |evaluation, image| {
            assert_eq!(evaluation.clearance(image).unwrap().problems.len(), 1);
        },
    );
    let mut denied = bundle_of(&[always("GO")]);
    denied["blacklisted_images"] = json!([mapping(&[], &[])]);
    vulnerable().with(
        &denied,
        |_| (),
        |evaluation, image| {
            assert!(evaluation.clearance(image).unwrap().denied.is_some());
        },
    );
}

#[test]
fn differences_name_the_rows_that_came_went_and_changed() {
    let before = bundle_of(&[always("WARN"), always("WARN"), rule("malware", "scan_not_run", "STOP")]);
    let after = bundle_of(&[always("STOP"), over_medium()]);
    let judged = vulnerable();
    judged.with(
        &before,
        |_| (),
        |before, _| {
            judged.with(
                &after,
                |_| (),
                |after, _| {
                    let differences = before.differences(after);
                    let ids = |rows: &[(&str, &windlass_policy::Row<'_>)]| {
                        rows.iter().map(|(policy, row)| format!("{policy} {}", row.trigger_id)).collect::<Vec<_>>()
                    };
                    assert_eq!(ids(&differences.appeared), ["p CVE-1+a", "p CVE-2+a", "p CVE-3+b"]);
                    assert_eq!(ids(&differences.gone), ["p always", "p 7feaec55f790ab6b3edba15014b8b5f2"]);
                    let changed: Vec<_> = differences
                        .changed
                        .iter()
                        .map(|row| (row.before.action.as_str(), row.after.action.as_str()))
                        .collect();
                    assert_eq!(changed, [("warn", "stop")]);
                    assert!(!differences.flips() && !differences.is_empty());
                    let itself = after.differences(after);
                    assert!(itself.is_empty() && !itself.flips());
                },
            );
            judged.with(
                &bundle_of(&[]),
                |_| (),
                |nothing, _| {
                    assert!(before.differences(nothing).flips());
                    assert_eq!(before.differences(nothing).gone.len(), 3);
                },
            );
        },
    );
}

#[test]
fn under_grace_a_young_finding_only_warns() {
    let mut rule = over_medium();
    rule["grace_days"] = json!(7);
    let document = bundle_of(&[rule, always("WARN")]);
    let judged = vulnerable();
    let seen_in = |package: usize, moments: &[(&str, &str)]| {
        let moments = moments.iter().map(|(id, moment)| ((*id).to_owned(), time(moment)));
        (judged.sbom.packages[package].id.clone(), Arc::new(moments.collect()))
    };
    let first_seen: FirstSeen = [
        seen_in(0, &[("CVE-1", "2024-05-25T00:00:00Z"), ("CVE-2", "2024-05-28T00:00:00Z")]),
        seen_in(1, &[("CVE-3", "2024-05-31T00:00:00Z")]),
    ]
    .into();
    let known =
        Judged { knowledge: Knowledge { first_seen: Some(&first_seen), ..Knowledge::default() }, ..vulnerable() };
    known.with(
        &document,
        |_| (),
        |evaluation, _| {
            let rows: Vec<_> = evaluation
                .rows()
                .map(|(_, row)| (&*row.trigger_id, row.action.as_str(), row.grace_until.map(|until| until.to_string())))
                .collect();
            let until = |moment: &str| Some(moment.to_owned());
            assert_eq!(
                rows,
                [
                    ("CVE-1+a", "stop", None),
                    ("CVE-2+a", "warn", until("2024-06-04T00:00:00Z")),
                    ("CVE-3+b", "warn", until("2024-06-07T00:00:00Z")),
                    ("always", "warn", None),
                ]
            );
            assert_eq!(evaluation.valid_until, Some(time("2024-06-04T00:00:00Z")));
            assert_eq!(evaluation.warnings, []);
        },
    );
    // Where nobody noted when findings appeared, their grace begins today, and the result says so.
    let unknown = vulnerable().see(&document);
    assert_eq!((unknown.verdict.as_str(), unknown.warnings), ("warn policy_evaluation", vec!["unknown-age"]));
    assert!(compile(&document, Profile::Compat).reads().contains(Inputs::CLOCK));
}

#[test]
fn days_of_grace_are_a_number() {
    let of = |days: Value| {
        let mut rule = always("STOP");
        rule["grace_days"] = days;
        problems(&bundle_of(&[rule]))
    };
    for good in [json!(0), json!(7), json!("14"), json!(null), json!(u64::MAX)] {
        assert_eq!(of(good), []);
    }
    for bad in [json!(-1), json!("soon"), json!(1.5), json!([])] {
        assert_eq!(of(bad)[0].0, "PolicyError");
    }
    let mut endless = over_medium();
    endless["grace_days"] = json!(u64::MAX);
    assert_eq!(vulnerable().see(&bundle_of(&[endless])).verdict, "warn policy_evaluation");
}

fn accepted(void_if: &Value) -> Value {
    let mut first = item("i", "vulnerabilities", "*");
    first["void_if"] = void_if.clone();
    first["reason"] = json!("not reachable");
    first["owner"] = json!("team-a");
    bundle(&json!({
        "policies": [policy("p", &[over_medium(), always("STOP")])],
        "whitelists": [allow_list("w", &[first, item("all", "always", "*"), item("last", "vulnerabilities", "CVE-2+*")])],
        "mappings": [mapping(&["p"], &["w"])],
    }))
}

fn rows(judged: &Judged<'_>, void_if: &Value) -> Vec<String> {
    let seen = judged.see(&accepted(void_if));
    seen.rows.iter().map(|row| row.trim_start_matches("p vulnerabilities/package ").to_owned()).collect()
}

#[test]
fn without_conditions_an_item_lasts_until_it_expires() {
    for none in [json!({}), json!(null), json!({"fix_available": false})] {
        assert_eq!(rows(&vulnerable(), &none), ["go (w/i)", "go (w/i)", "go (w/i)", "p always/always go (w/all)",]);
    }
}

#[test]
fn an_item_ends_when_a_fix_appears_and_the_next_one_may_speak() {
    let judged = vulnerable();
    assert_eq!(
        rows(&judged, &json!({"fix_available": true})),
        ["stop", "go (w/last)", "go (w/i)", "p always/always go (w/all)",]
    );
    judged.with(
        &accepted(&json!({"fix_available": true})),
        |_| (),
        |evaluation, _| {
            let warnings: Vec<_> = evaluation
                .warnings
                .iter()
                .map(|warning| (warning.pointer.as_str(), warning.message.as_str()))
                .collect();
            assert_eq!(
                warnings,
                [
                    ("/whitelists/0/items/0", "the allow-list item no longer covers CVE-1+a: a fix is available"),
                    ("/whitelists/0/items/0", "the allow-list item no longer covers CVE-2+a: a fix is available"),
                ]
            );
        },
    );
}

#[test]
fn an_item_ends_when_the_flaw_is_exploited() {
    let mut judged = vulnerable();
    let exploited = Vulnerability { known_exploited: vec![KnownExploited::default()], ..Vulnerability::default() };
    judged.outcome.findings[2].related.push(Arc::new(exploited));
    assert_eq!(rows(&judged, &json!({"known_exploited": true}))[..3], ["go (w/i)", "go (w/i)", "stop"]);
}

#[test]
fn an_item_ends_when_the_flaw_is_judged_worse() {
    assert_eq!(rows(&vulnerable(), &json!({"severity_above": "high"}))[..3], ["go (w/i)", "go (w/last)", "go (w/i)"]);
    assert_eq!(rows(&vulnerable(), &json!({"severity_above": "Critical"}))[..3], ["go (w/i)"; 3]);
}

#[test]
fn reason_owner_and_conditions_are_shown_with_the_finding() {
    let void_if = json!({"known_exploited": true, "severity_above": "critical"});
    vulnerable().with(
        &accepted(&void_if),
        |_| (),
        |evaluation, _| {
            let (_, row) = evaluation.rows().next().unwrap();
            let item = row.allowed.unwrap().item;
            assert_eq!((item.reason.as_deref(), item.owner.as_deref()), (Some("not reachable"), Some("team-a")));
            let expected =
                VoidIf { known_exploited: true, severity_above: Some(Severity::Critical), ..VoidIf::default() };
            assert_eq!(item.void_if, expected);
        },
    );
}

#[test]
fn conditions_that_are_not_understood_are_problems() {
    for (void_if, details, pointer) in [
        (json!(true), "void_if must be an object of conditions, not True", "/void_if"),
        (json!({"fix_availabel": true}), "void_if knows no condition fix_availabel", "/void_if/fix_availabel"),
        (json!({"fix_available": "yes"}), "fix_available must be true or false, not 'yes'", "/void_if/fix_available"),
        (
            json!({"severity_above": "awful"}),
            "severity_above must be a severity, not 'awful'",
            "/void_if/severity_above",
        ),
        (json!({"severity_above": ""}), "severity_above must be a severity, not ''", "/void_if/severity_above"),
    ] {
        let document = accepted(&void_if);
        let found = Bundle::unchecked(document.clone()).validate();
        assert_eq!((found.len(), found[0].problem_type, found[0].details.as_str()), (1, "PolicyError", details));
        assert_eq!(found[0].pointer, format!("/whitelists/0/items/0{pointer}"));
        assert_eq!(vulnerable().see(&document).verdict, "stop policy_evaluation");
    }
    let hint = Bundle::unchecked(accepted(&json!({"fix_availabel": true}))).validate()[0].hint.clone();
    assert_eq!(hint.as_deref(), Some("did you mean fix_available?"));
}

#[test]
fn a_bundle_knows_what_must_be_analysed() {
    let retrieved = |path: &str| rule_with("retrieved_files", "content_not_available", "STOP", &[("path", path)]);
    let rules = [
        retrieved("/etc/b"),
        retrieved("/etc/a"),
        rule_with("passwd_file", "blacklist_usernames", "STOP", &[("user_names", "root")]),
        rule_with("files", "name_match", "STOP", &[("regex", "a")]),
    ];
    let document = bundle(&json!({
        "policies": [policy("p", &rules), policy("q", &[retrieved("/unused")])], "mappings": [mapping(&["p"], &[])],
    }));
    let compiled = compile(&document, Profile::Compat);
    assert_eq!(compiled.retrieved_paths().into_iter().collect::<Vec<_>>(), ["/etc/a", "/etc/b", "/etc/passwd"]);
    let reads = compiled.reads();
    assert!(reads.contains(Inputs::FILES.with(Inputs::RETRIEVED_FILES)));
    assert!(!reads.intersects(Inputs::FINDINGS.with(Inputs::CLOCK).with(Inputs::CONTENT_SEARCH)));
    assert_eq!(compile(&bundle_of(&[always("STOP")]), Profile::Compat).reads(), Inputs::NONE);
}
