//! The description of every gate (`spec/policy.md` §7), against the original's.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::shared_json;

/// What clients rely on: everything but the wording of descriptions. Alternatives have no order.
fn contract(gate: &Value) -> Value {
    let mut gate = gate.clone();
    strip(&mut gate);
    gate
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("description");
            if let Some(Value::Array(alternatives)) = members.get_mut("anyOf") {
                alternatives.sort_by_key(Value::to_string);
            }
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect()
}

/// Keeps the entries that the original has.
fn keep(list: &mut Value, originals: &Value) {
    let originals: BTreeSet<&str> = names(originals).into_iter().collect();
    list.as_array_mut().unwrap().retain(|entry| originals.contains(entry["name"].as_str().unwrap()));
}

#[test]
fn gates_triggers_and_parameters_are_described_as_the_original_did() {
    let Some(recorded) = shared_json("recorded/018_system_policy_spec.json") else { return };
    let recorded = &recorded["response"]["body"];
    assert_eq!(recorded.as_array().unwrap().len(), 27);
    let mut described = windlass_policy::describe();
    keep(&mut described, recorded);
    assert_eq!(names(&described), names(recorded));
    for (described, recorded) in described.as_array_mut().unwrap().iter_mut().zip(recorded.as_array().unwrap()) {
        let gate = recorded["name"].as_str().unwrap();
        keep(&mut described["triggers"], &recorded["triggers"]);
        assert_eq!(names(&described["triggers"]), names(&recorded["triggers"]), "{gate}");
        let triggers = described["triggers"].as_array_mut().unwrap().iter_mut();
        for (described, recorded) in triggers.zip(recorded["triggers"].as_array().unwrap()) {
            keep(&mut described["parameters"], &recorded["parameters"]);
            assert_eq!(contract(described), contract(recorded), "{gate}");
        }
        assert_eq!(contract(described), contract(recorded), "{gate}");
    }
}

#[test]
fn retired_gates_come_last_and_name_their_successors() {
    let described = windlass_policy::describe();
    let states: Vec<&str> = described.as_array().unwrap().iter().map(|gate| gate["state"].as_str().unwrap()).collect();
    assert!(states.is_sorted(), "{states:?}");
    let retired = described.as_array().unwrap().iter().find(|gate| gate["name"] == "gemcheck").unwrap();
    assert_eq!((&retired["state"], &retired["superceded_by"]), (&"eol".into(), &"gems".into()));
}
