//! Bundles in the words of the commercial successor (`spec/policy.md` §9.1, §9.3).

use serde_json::{Value, json};
use windlass_policy::Bundle;

use crate::support::{Judged, always, problems, rule, rule_with, see};

fn document(rules: &[Value], items: &[Value]) -> Value {
    json!({
        "id": "b", "name": "bundle", "version": "2", "description": "of the second generation",
        "rule_sets": [{"id": "p", "version": "2", "artifact_type": "image", "rules": rules}],
        "allowlists": [{"id": "w", "name": "accepted", "version": "2", "items": items}],
        "mappings": [{
            "name": "all", "registry": "*", "repository": "*", "image": {"type": "tag", "value": "*"},
            "rule_set_ids": ["p"], "allowlist_ids": ["w"],
        }],
        "allowlisted_images": [], "denylisted_images": [],
    })
}

#[test]
fn it_is_read_by_renaming_and_kept_as_it_was_given() {
    let mut given = document(&[always("STOP")], &[json!({"id": "i", "gate": "always", "trigger_id": "always"})]);
    let bundle = Bundle::from_value(given.clone()).unwrap();
    assert_eq!(bundle.document(), &given);
    assert_eq!(problems(&given), []);
    let seen = see(&given);
    assert_eq!(
        (seen.verdict.as_str(), seen.rows),
        ("go policy_evaluation", vec!["p always/always go (w/i)".to_owned()])
    );

    let all = json!({"name": "n", "registry": "*", "repository": "*", "image": {"type": "tag", "value": "*"}});
    given["denylisted_images"] = json!([all]);
    assert_eq!(see(&given).verdict, "stop blacklisted");
    given["denylisted_images"] = json!([]);
    given["allowlisted_images"] = json!([all]);
    assert_eq!(see(&given).verdict, "go whitelisted");
}

#[test]
fn its_names_of_triggers_and_values_are_understood() {
    let rules = [
        rule_with("vulnerabilities", "denylist", "STOP", &[("vulnerability_ids", "CVE-1")]),
        rule_with("passwd_file", "denylist_usernames", "STOP", &[("user_names", "root")]),
        rule_with("licenses", "denylist_exact_match", "STOP", &[("licenses", "GPL")]),
        rule_with("dockerfile", "exposed_ports", "STOP", &[("ports", "22"), ("type", "denylist")]),
    ];
    assert_eq!(problems(&document(&rules, &[])), []);
}

#[test]
fn unknown_gates_and_versions_stay_problems() {
    assert_eq!(problems(&document(&[rule("stig", "none", "STOP")], &[]))[0].0, "GateNotFoundError");
    let mut other = document(&[], &[]);
    other["rule_sets"][0]["version"] = json!("3");
    assert_eq!(problems(&other)[0].0, "UnsupportedVersionError");
    other["version"] = json!("3");
    assert_eq!(problems(&other).len(), 1);
}

#[test]
fn places_are_told_in_its_own_words() {
    let mut broken = document(&[always("?")], &[json!({"gate": "g", "trigger_id": "t", "expires_on": "x"})]);
    broken["mappings"][0]["allowlist_ids"] = json!(["w", "none"]);
    let places = Bundle::unchecked(broken).validate().into_iter().map(|problem| problem.pointer);
    assert_eq!(
        places.collect::<Vec<_>>(),
        ["/rule_sets/0/rules/0", "/allowlists/0/items/0/expires_on", "/mappings/0/allowlist_ids/1"]
    );
    let misshapen = document(&[rule("always", "always", "stop")], &[]);
    let violation = Bundle::from_value(misshapen).unwrap_err();
    assert_eq!(violation.pointer(), "/rule_sets/0/rules/0/action");
    assert_eq!(violation.to_string(), "'stop' is not one of ['GO', 'STOP', 'WARN'] - 'rule_sets.0.rules.0.action'");
}

#[test]
fn places_are_told_in_the_words_that_are_there_where_a_document_mixes_both_vocabularies() {
    let mut mixed = document(&[always("STOP")], &[json!({"trigger_id": "t"})]);
    let lists = mixed.as_object_mut().unwrap().remove("allowlists").unwrap();
    mixed["whitelists"] = lists;
    let violation = Bundle::from_value(mixed.clone()).unwrap_err();
    assert_eq!(violation.pointer(), "/whitelists/0/items/0");
    assert!(mixed.pointer(&violation.pointer()).is_some());
}

#[test]
fn advice_of_an_author_is_shown_beside_the_finding() {
    let mut advised = always("STOP");
    advised["recommendation"] = json!("Use another image.");
    Judged::default().with(
        &document(&[advised, always("WARN")], &[]),
        |_| (),
        |evaluation, _| {
            let advice: Vec<_> = evaluation.rows().map(|(_, row)| row.rule.recommendation.as_deref()).collect();
            assert_eq!(advice, [Some("Use another image."), None]);
        },
    );
}
