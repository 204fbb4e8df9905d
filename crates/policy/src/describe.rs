//! Gates, triggers and parameters as a document: `windlass policy describe` and `GET /system/policy_spec`
//! (`spec/policy.md` §7).

use serde_json::{Value, json};

use crate::{Gate, Parameter, Trigger, gate::State, gates};

/// Every gate, active ones first, each list in the order of its declaration.
pub fn describe() -> Value {
    let mut gates = gates::ALL.to_vec();
    gates.sort_by_key(|gate| gate.state.as_str());
    gates.into_iter().map(gate).collect()
}

fn gate(gate: &Gate) -> Value {
    let State::EndOfLife { successor } = gate.state else {
        return entry(gate, None);
    };
    entry(gate, successor)
}

fn entry(gate: &Gate, successor: Option<&str>) -> Value {
    json!({
        "name": gate.name,
        "description": gate.description,
        "state": gate.state.as_str(),
        "superceded_by": successor,
        "triggers": gate.triggers.iter().map(|entry| trigger(gate, entry)).collect::<Vec<_>>(),
    })
}

fn trigger(gate: &Gate, trigger: &Trigger) -> Value {
    json!({
        "name": trigger.name,
        "description": trigger.description,
        "state": gate.state.as_str(),
        "superceded_by": Value::Null,
        "parameters": trigger.parameters.iter().map(parameter).collect::<Vec<_>>(),
    })
}

fn parameter(parameter: &Parameter) -> Value {
    json!({
        "name": parameter.name,
        "description": parameter.description,
        "example": parameter.example,
        "state": "active",
        "superceded_by": Value::Null,
        "required": parameter.required,
        "validator": {
            "type": parameter.kind.as_str(),
            "description": parameter.kind.description(),
            "criteria": parameter.kind.criteria(),
        },
    })
}
