//! Bundles themselves: validated, described.

use serde_json::json;

use crate::place::{Place, always, bundle, rule};

#[test]
fn a_valid_bundle_says_what_in_it_may_surprise() {
    let place = Place::new();
    let bundle = bundle(&[always("a", "WARN")], &[]).replace("\"registry\": \"*\"", "\"registry\": \"example.org\"");
    place.write("bundle.json", bundle);
    let done = place.run("policy validate bundle.json").exits(0);
    assert_eq!(
        done,
        "bundle.json:28:15: warning: images that no mapping matches pass without being looked at; add a last mapping with \
         registry, repository and tag *\nbundle.json: valid: 0 errors, 1 warning\n",
    );
    let document = place.run("policy validate bundle.json -o json").json();
    assert_eq!(document["valid"], true);
    assert_eq!(document["validation_details"], json!([]));
    assert_eq!(document["warnings"][0]["code"], "no-catch-all");
    assert_eq!(document["warnings"][0]["line"], 28);
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_what_was_meant() {
    let place = Place::new();
    place.write("bundle.json", bundle(&[always("a", "WARN"), rule("b", "STOP", "malwear", "scans", &[])], &[]));
    let done = place.run("policy validate bundle.json");
    let out = done.exits(2);
    assert!(out.starts_with("bundle.json:20:19: error: GateNotFoundError: The specified gate is not found"), "{out}");
    assert!(out.contains("(did you mean malware?)"), "{out}");
    assert!(out.ends_with("bundle.json: invalid: 1 error, 0 warnings\n"), "{out}");
    let document = place.run("policy validate bundle.json -o json").json();
    assert_eq!(document["valid"], false);
    let problem = &document["validation_details"][0];
    assert_eq!(problem["severity"], "error");
    assert_eq!(problem["problem_type"], "GateNotFoundError");
    assert_eq!(problem["hint"], "did you mean malware?");
    assert_eq!((&problem["line"], &problem["column"]), (&json!(20), &json!(19)));
}

#[test]
fn texts_that_are_no_bundles_are_told_apart() {
    let place = Place::new();
    place.write("broken.json", "{\n  \"id\": \"x\",\n}");
    place.write("shape.json", "{\"id\": \"x\", \"version\": \"1_0\",\n \"policies\": {}, \"mappings\": []}");
    for (name, expected) in [
        (
            "broken.json",
            "broken.json:3:1: error: JSONDecodeError: the policy bundle is not valid JSON: trailing comma at line 3 column \
             1\nbroken.json: invalid: 1 error, 0 warnings\n",
        ),
        (
            "shape.json",
            "shape.json:2:14: error: ValidationError: the policy bundle does not have the shape of one: {} is not of type \
             'array' - 'policies'\nshape.json: invalid: 1 error, 0 warnings\n",
        ),
    ] {
        assert_eq!(place.run(&format!("policy validate {name}")).exits(2), expected);
    }
    let missing = place.run("policy validate nowhere.json");
    assert_eq!(
        missing.err,
        "error: the policy bundle nowhere.json cannot be read\n  because: No such file or directory (os error 2)\n"
    );
    missing.exits(2);
}

#[test]
fn gates_and_triggers_are_described_in_three_forms() {
    let place = Place::new();
    let list = place.run("policy describe").exits(0);
    assert!(list.contains("malware ") && list.contains("No longer evaluated: suiddiff, "), "{list}");
    let gate = place.run("policy describe malware").exits(0);
    assert!(gate.starts_with("malware\n  ") && gate.contains("\nscan_not_run\n  "), "{gate}");
    let page = place.run("policy describe malware scans -o markdown").exits(0);
    assert!(page.starts_with("## `scans`\n"), "{page}");
    let specification = place.run("policy describe -o json").json();
    assert_eq!(specification[0]["name"], "always");
    assert_eq!(specification[0]["state"], "active");
    let trigger = place.run("policy describe always always -o json").json();
    assert_eq!(trigger["parameters"], json!([]));
    let unknown = place.run("policy describe malwear");
    assert!(
        unknown.err.starts_with("error: there is no gate \"malwear\"\nhint: did you mean malware? There are "),
        "{}",
        unknown.err
    );
    unknown.exits(2);
    let unknown = place.run("policy describe malware scan");
    assert_eq!(
        unknown.err,
        "error: the gate malware has no trigger \"scan\"\nhint: did you mean scans? There are scans, scan_not_run\n"
    );
    unknown.exits(2);
}
