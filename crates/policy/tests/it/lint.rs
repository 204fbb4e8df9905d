//! Advice about bundles (`spec/policy.md` §8), and where things stand in their text.

use serde_json::{Value, json};
use windlass_policy::{Profile, locate};

use crate::support::{
    NOW, allow_list, always, bundle, bundle_of, compile, item, mapping, policy, rule, rule_with, time,
};

fn lint_as(document: &Value, profile: Profile) -> Vec<(&'static str, String)> {
    let warnings = compile(document, profile).lint(time(NOW));
    for warning in &warnings {
        assert!(!warning.message.is_empty() && !warning.remedy.is_empty(), "{warning:?}");
    }
    warnings.into_iter().map(|warning| (warning.code, warning.pointer)).collect()
}

fn lint(document: &Value) -> Vec<(&'static str, String)> {
    lint_as(document, Profile::Compat)
}

fn at(code: &'static str, pointer: &str) -> (&'static str, String) {
    (code, pointer.to_owned())
}

#[test]
fn a_plain_bundle_needs_no_advice() {
    assert_eq!(lint(&bundle_of(&[always("STOP")])), []);
}

#[test]
fn mappings_that_cover_too_little_or_too_much_are_pointed_out() {
    let mut only = mapping(&["p"], &[]);
    only["registry"] = json!("quay.io");
    let policies = json!([policy("p", &[])]);
    let mappings = |mappings: &[&Value]| lint(&bundle(&json!({"policies": policies, "mappings": mappings})));
    assert_eq!(mappings(&[&only]), [at("no-catch-all", "/mappings")]);
    assert_eq!(mappings(&[&only, &mapping(&["p"], &[])]), []);
    assert_eq!(mappings(&[&mapping(&["p"], &[]), &only]), [at("unreachable-mapping", "/mappings/1")]);
}

#[test]
fn what_no_mapping_refers_to_is_pointed_out() {
    let mut by_id = mapping(&[], &["w"]);
    by_id["policy_id"] = json!("p");
    let document = bundle(&json!({
        "policies": [policy("p", &[]), policy("q", &[])], "whitelists": [allow_list("w", &[]), allow_list("v", &[])],
        "mappings": [by_id],
    }));
    assert_eq!(lint(&document), [at("unreferenced", "/policies/1"), at("unreferenced", "/whitelists/1")]);
}

#[test]
fn expressions_that_cannot_be_used_are_found_wherever_they_stand() {
    let mut odd = mapping(&["p"], &["w"]);
    odd["repository"] = json!(" regexp:(");
    let rules = [
        rule_with("files", "name_match", "STOP", &[("regex", r"*\.pem")]),
        rule_with("retrieved_files", "content_regex", "STOP", &[("path", "/a"), ("regex", "("), ("check", "match")]),
        rule_with("secret_scans", "content_regex_checks", "STOP", &[("filename_regex", "[")]),
        rule_with(
            "vulnerabilities",
            "package",
            "STOP",
            &[("package_type", "all"), ("severity_comparison", ">="), ("package_path_exclude", "+")],
        ),
        rule_with("dockerfile", "instruction", "STOP", &[("instruction", "FROM"), ("check", "like"), ("value", "(")]),
        rule_with("metadata", "attribute", "STOP", &[("attribute", "os_type"), ("check", "not_like"), ("value", "(")]),
        rule_with("metadata", "attribute", "STOP", &[("attribute", "os_type"), ("check", "="), ("value", "(")]),
    ];
    let document = bundle(&json!({
        "policies": [policy("p", &rules)],
        "whitelists": [allow_list("w", &[item("i", "always", "regexp:[")])],
        "mappings": [odd, mapping(&["p"], &[])],
        "blacklisted_images": [{"name": "n", "registry": "*", "repository": "regexp:+", "image": {"type": "id", "value": "("}}],
    }));
    let found: Vec<_> =
        lint_as(&document, Profile::Native).into_iter().filter(|(code, _)| *code == "unusable-pattern").collect();
    let places = [
        "/mappings/0/repository",
        "/blacklisted_images/0/repository",
        "/policies/0/rules/0",
        "/policies/0/rules/1",
        "/policies/0/rules/2",
        "/policies/0/rules/3",
        "/policies/0/rules/4",
        "/policies/0/rules/5",
        "/whitelists/0/items/0/trigger_id",
    ];
    let mut expected: Vec<_> = places.iter().map(|place| at("unusable-pattern", place)).collect();
    let mut found = found;
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    assert!(lint(&document).contains(&at("leading-blank", "/mappings/0/repository")));
}

#[test]
fn items_that_cover_nothing_are_pointed_out() {
    let mut expired = item("e", "always", "always");
    expired["expires_on"] = json!("2024-05-31T00:00:00Z");
    let items = [
        item("no gate", "vulnerability", "CVE-1+*"),
        item("retired", "anchoresec", "CVE-1+*"),
        json!({"id": "empty", "gate": "always"}),
        item("no package", "Vulnerabilities", "CVE-2020-1"),
        expired,
        item("good", "vulnerabilities", "CVE-2020-1+*"),
        item("glob", "vulnerabilities", "CVE-2020-1*"),
        item("expression", "vulnerabilities", "regexp:CVE-2020-1"),
        item("digest", "vulnerabilities", "deb3f1afb4ea0ddf587e6c62c341c6fa"),
    ];
    let document = bundle(&json!({
        "policies": [policy("p", &[])], "whitelists": [allow_list("w", &items)], "mappings": [mapping(&["p"], &["w"])],
    }));
    assert_eq!(
        lint(&document),
        [
            at("idle-item", "/whitelists/0/items/0/gate"),
            at("idle-item", "/whitelists/0/items/1/gate"),
            at("idle-item", "/whitelists/0/items/2/trigger_id"),
            at("idle-item", "/whitelists/0/items/3/trigger_id"),
            at("expired-item", "/whitelists/0/items/4/expires_on"),
        ]
    );
}

#[test]
fn retired_gates_are_pointed_out() {
    assert_eq!(
        lint(&bundle_of(&[rule("gemcheck", "gemnofeed", "STOP")])),
        [at("end-of-life", "/policies/0/rules/0/gate")]
    );
}

#[test]
fn a_policy_that_overlooks_findings_of_unknown_severity_is_told_so_once() {
    let package = |params: &[(&str, &str)]| {
        rule_with("vulnerabilities", "package", "STOP", &[&[("package_type", "all")], params].concat())
    };
    let medium = package(&[("severity_comparison", ">"), ("severity", "medium")]);
    assert_eq!(lint(&bundle_of(&[medium.clone(), package(&[])])), [at("unknown-severity", "/policies/0/rules/0")]);
    for covering in [
        package(&[("severity_comparison", ">=")]),
        package(&[("severity_comparison", "="), ("severity", "unknown")]),
        package(&[("severity_comparison", "<"), ("severity", "low")]),
        package(&[("severity_comparison", "!="), ("severity", "low")]),
    ] {
        assert_eq!(lint(&bundle_of(&[medium.clone(), covering])), []);
    }
}

#[test]
fn surprises_of_the_original_are_told_under_the_profile_that_has_them() {
    for (gate, trigger, params, both, compat) in [
        (
            "dockerfile",
            "instruction",
            &[("instruction", "RUN"), ("check", "=")][..],
            &["never-fires"][..],
            &["continued-lines", "buildkit-history"][..],
        ),
        (
            "dockerfile",
            "instruction",
            &[("instruction", "RUN"), ("check", "exists"), ("actual_dockerfile_only", "True")],
            &[],
            &[],
        ),
        ("dockerfile", "effective_user", &[("users", "root"), ("type", "blacklist")], &[], &["buildkit-history"]),
        ("files", "attribute_match", &[("filename", "/a")], &["never-fires"], &[]),
        ("files", "attribute_match", &[("filename", "/a"), ("skip_missing", "false")], &[], &[]),
        (
            "vulnerabilities",
            "blacklist",
            &[("vulnerability_ids", "CVE-1"), ("vendor_only", "false")],
            &[],
            &["vendor-only"],
        ),
        (
            "retrieved_files",
            "content_regex",
            &[("path", "/a"), ("regex", "a"), ("check", "match")],
            &[],
            &["words-not-lines"],
        ),
        ("packages", "verify", &[("only_directories", "/usr,/bin")], &[], &["wildcard-directories"]),
        ("packages", "verify", &[("only_directories", "/usr")], &[], &[]),
        ("packages", "required_package", &[("name", "a"), ("version", "1")], &[], &["first-package-only"]),
        ("secret_scans", "content_regex_checks", &[("content_regex_name", "KEY")], &[], &["partial-names"]),
        ("licenses", "blacklist_exact_match", &[("licenses", "GPL, Apache 2")], &["blank-in-license"], &[]),
    ] {
        let document = bundle_of(&[rule_with(gate, trigger, "STOP", params)]);
        let codes = |profile| lint_as(&document, profile).into_iter().map(|(code, _)| code).collect::<Vec<_>>();
        assert_eq!(codes(Profile::Native), both, "{gate}/{trigger} {params:?}");
        assert_eq!(codes(Profile::Compat), [both, compat].concat(), "{gate}/{trigger} {params:?}");
    }
}

#[test]
fn places_in_the_text_are_counted_from_one() {
    let text = "{\"id\": \"b\",\n \"policies\": [\n  {\"rules\": [{\"gate\": \"x\"}]}\n ]\n}";
    let place = locate(text, "/policies/0/rules/0/gate").unwrap();
    assert_eq!((place.line, place.column), (3, 23));
}
