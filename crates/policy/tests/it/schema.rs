//! The shape of bundles (`spec/policy.md` §1.1–§1.5).

use serde_json::{Value, json};
use windlass_policy::{Bundle, InvalidBundle};

use crate::support::{always, bundle, item, mapping, policy, selection};

fn violation(document: Value) -> (String, String) {
    match Bundle::from_value(document) {
        Ok(_) => (String::new(), String::new()),
        Err(violation) => (violation.to_string(), violation.pointer()),
    }
}

/// A good bundle with one thing changed.
fn changed(pointer: &str, value: Value) -> Value {
    let mut document = bundle(&json!({
        "policies": [policy("p", &[always("STOP")])],
        "whitelists": [{"id": "w", "version": "1_0", "items": [item("i", "always", "always")]}],
        "mappings": [mapping(&["p"], &["w"])],
        "whitelisted_images": [selection("*", "*", "tag", "*")],
        "blacklisted_images": [selection("*", "*", "tag", "none")],
    }));
    document["policies"][0]["rules"][0]["params"] = json!([{"name": "n", "value": "v"}]);
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[member.parse::<usize>().unwrap()] = value,
        object => object[member] = value,
    }
    document
}

fn without(pointer: &str) -> Value {
    let mut document = changed("/id", json!("b"));
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    assert!(document.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(member).is_some(), "{pointer}");
    document
}

#[test]
fn a_complete_bundle_has_the_right_shape() {
    assert_eq!(violation(changed("/unknown", json!({"anything": null}))).0, "");
}

#[test]
fn members_that_must_be_there_are_missed_by_name() {
    for (pointer, expected) in [
        ("/id", "'id' is a required property"),
        ("/version", "'version' is a required property"),
        ("/policies", "'policies' is a required property"),
        ("/mappings", "'mappings' is a required property"),
        ("/policies/0/id", "'id' is a required property - 'policies.0'"),
        ("/policies/0/version", "'version' is a required property - 'policies.0'"),
        ("/policies/0/rules/0/gate", "'gate' is a required property - 'policies.0.rules.0'"),
        ("/policies/0/rules/0/trigger", "'trigger' is a required property - 'policies.0.rules.0'"),
        ("/policies/0/rules/0/action", "'action' is a required property - 'policies.0.rules.0'"),
        ("/policies/0/rules/0/params/0/name", "'name' is a required property - 'policies.0.rules.0.params.0'"),
        ("/policies/0/rules/0/params/0/value", "'value' is a required property - 'policies.0.rules.0.params.0'"),
        ("/whitelists/0/id", "'id' is a required property - 'whitelists.0'"),
        ("/whitelists/0/version", "'version' is a required property - 'whitelists.0'"),
        ("/whitelists/0/items/0/gate", "'gate' is a required property - 'whitelists.0.items.0'"),
        ("/whitelists/0/items/0/trigger_id", "'trigger_id' is a required property - 'whitelists.0.items.0'"),
        ("/mappings/0/name", "'name' is a required property - 'mappings.0'"),
        ("/mappings/0/registry", "'registry' is a required property - 'mappings.0'"),
        ("/mappings/0/repository", "'repository' is a required property - 'mappings.0'"),
        ("/mappings/0/image", "'image' is a required property - 'mappings.0'"),
        ("/mappings/0/image/type", "'type' is a required property - 'mappings.0.image'"),
        ("/mappings/0/image/value", "'value' is a required property - 'mappings.0.image'"),
        ("/whitelisted_images/0/name", "'name' is a required property - 'whitelisted_images.0'"),
        ("/blacklisted_images/0/image", "'image' is a required property - 'blacklisted_images.0'"),
    ] {
        assert_eq!(violation(without(pointer)).0, expected, "{pointer}");
    }
    for pointer in
        ["/policies/0/rules", "/policies/0/rules/0/params", "/whitelists/0/items", "/mappings/0/whitelist_ids"]
    {
        assert_eq!(violation(without(pointer)).0, "", "{pointer}");
    }
}

#[test]
fn values_of_the_wrong_kind_are_printed() {
    for (pointer, value, expected) in [
        ("/name", json!(5), "5 is not of type 'string' - 'name'"),
        ("/comment", json!(["a"]), "['a'] is not of type 'string' - 'comment'"),
        ("/whitelists", json!(null), "None is not of type 'array' - 'whitelists'"),
        ("/policies", json!({"a": true}), "{'a': True} is not of type 'array' - 'policies'"),
        ("/policies/0", json!("p"), "'p' is not of type 'object' - 'policies.0'"),
        ("/policies/0/rules", json!(null), "None is not of type 'array' - 'policies.0.rules'"),
        (
            "/policies/0/rules/0/params/0/value",
            json!(1.0),
            "1.0 is not of type 'string' - 'policies.0.rules.0.params.0.value'",
        ),
        (
            "/policies/0/rules/0/action",
            json!("warn"),
            "'warn' is not one of ['GO', 'STOP', 'WARN'] - 'policies.0.rules.0.action'",
        ),
        (
            "/mappings/0/image/type",
            json!("name"),
            "'name' is not one of ['tag', 'digest', 'id'] - 'mappings.0.image.type'",
        ),
        ("/mappings/0/policy_ids/0", json!(null), "None is not of type 'string' - 'mappings.0.policy_ids.0'"),
        (
            "/whitelists/0/items/0/expires_on",
            json!(""),
            &format!("'' does not match {MOMENT} - 'whitelists.0.items.0.expires_on'"),
        ),
        (
            "/whitelists/0/items/0/expires_on",
            json!(null),
            "None is not of type 'string' - 'whitelists.0.items.0.expires_on'",
        ),
        (
            "/whitelists/0/items/0/expires_on",
            json!("tomorrow"),
            &format!("'tomorrow' does not match {MOMENT} - 'whitelists.0.items.0.expires_on'"),
        ),
    ] {
        assert_eq!(violation(changed(pointer, value)), (expected.to_owned(), pointer.to_owned()), "{pointer}");
    }
}

const MOMENT: &str = r"'^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d+)?(?:\\:\\d+)?[A-Z]?$'";

#[test]
fn the_first_violation_in_the_order_of_the_schema_is_told() {
    // Required members before the contents of those that are there; allow-lists before policies before mappings.
    let document = json!({"id": 1, "version": "1_0", "policies": null, "mappings": null, "whitelists": null});
    assert_eq!(violation(document.clone()).0, "1 is not of type 'string' - 'id'");
    let mut document = document;
    document["id"] = json!("b");
    assert_eq!(violation(document.clone()).0, "None is not of type 'array' - 'whitelists'");
    document.as_object_mut().unwrap().remove("mappings");
    assert_eq!(violation(document).0, "'mappings' is a required property");
}

#[test]
fn texts_that_are_no_json_and_nests_without_end_are_refused() {
    assert!(matches!(Bundle::parse(b"{"), Err(InvalidBundle::Json(_))));
    assert!(matches!(Bundle::parse("[".repeat(100_000).as_bytes()), Err(InvalidBundle::Json(_))));
    assert!(matches!(Bundle::parse(b"\xff"), Err(InvalidBundle::Json(_))));
    let error = Bundle::parse(b"[]").unwrap_err();
    assert_eq!(error.to_string(), "the policy bundle does not have the shape of one: [] is not of type 'object'");
}
