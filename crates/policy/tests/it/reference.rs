//! Bundles that came with the original.

use serde_json::{Value, json};
use windlass_policy::Bundle;

use crate::support::{Judged, shared_json};

fn kinds(document: &Value) -> Vec<&'static str> {
    Bundle::unchecked(document.clone()).validate().iter().map(|problem| problem.problem_type).collect()
}

/// Each bundle with the violation of its shape and the types of its problems.
#[test]
fn each_is_read_and_validated_as_the_original_did() {
    let lower = |word: &str| format!("'{word}' is not one of ['GO', 'STOP', 'WARN'] - 'policies.0.rules.0.action'");
    for (name, shape, problems) in [
        ("anchore_default_bundle.json", String::new(), &[][..]),
        // Actions in lower case pass the engine, not the schema.
        ("multi_default.json", lower("stop"), &[]),
        ("multi_policy.json", lower("warn"), &[]),
        ("bundle-large_whitelist.json", String::new(), &[]),
        // Their mappings name policies that are not there; what is wrong with the others is never looked at.
        ("empty.json", String::new(), &["ReferencedObjectNotFoundError"]),
        ("trivial_bundle.json", String::new(), &["ReferencedObjectNotFoundError"]),
        ("bad_policy_id_bundle.json", String::new(), &["ReferencedObjectNotFoundError"]),
        (
            "bad_bundle.json",
            lower("invalidaction"),
            &["PolicyError", "ParameterValueInvalidError", "ParameterValueInvalidError"],
        ),
    ] {
        let Some(document) = shared_json(&format!("reference/bundles/{name}")) else { return };
        let violation = Bundle::from_value(document.clone()).err().map(|violation| violation.to_string());
        assert_eq!((violation.unwrap_or_default(), kinds(&document).as_slice()), (shape, problems), "{name}");
    }
}

#[test]
fn the_bundle_with_all_rules_validates_but_its_expression_stops_an_image_with_files() {
    let Some(document) = shared_json("reference/bundle-with-all-rules-2020-08-20.json") else { return };
    let bundle = Bundle::from_value(document.clone()).unwrap();
    assert_eq!(bundle.validate(), []);
    let seen = Judged::default().see(&document);
    assert_eq!(seen.verdict, "stop policy_evaluation");
    assert_eq!(seen.problems.len(), 1);
    let expected = r"TriggerEvaluationError: severity:error message:Trigger evaluation failed for gate files and trigger name_match, with parameters: ({'regex': '*\\.pem'}) due to: ";
    assert!(seen.problems[0].starts_with(expected), "{}", seen.problems[0]);
    assert!(!seen.rows.is_empty());
}

#[test]
fn the_default_bundle_is_the_one_that_is_specified() {
    let Some(document) = shared_json("reference/anchore_default_bundle.json") else { return };
    assert_eq!(document["id"], json!("2c53a13c-1765-11e8-82ef-23527761d060"));
    assert_eq!(kinds(&document), Vec::<&str>::new());
    let rules = document["policies"][0]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 6);
    let seen = Judged::default().see(&document);
    assert_eq!(seen.problems, Vec::<String>::new());
}
