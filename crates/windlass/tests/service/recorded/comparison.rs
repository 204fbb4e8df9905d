//! In what two documents differ.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::DateTime};
use serde_json::Value;

use super::names::{in_order, is_identifier, is_token};

/// What is at one place of a document, or of all elements of an array; of events, of all that have the same type.
#[derive(Default)]
struct Shape {
    kinds: BTreeSet<&'static str>,
    /// Of how many objects it was made.
    objects: usize,
    members: BTreeMap<String, (usize, Shape)>,
    elements: BTreeMap<String, Shape>,
}

impl Shape {
    fn of(value: &Value) -> Self {
        let mut shape = Self::default();
        shape.add(value);
        shape
    }

    fn add(&mut self, value: &Value) {
        self.kinds.insert(match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "float",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        });
        match value {
            Value::Array(elements) => {
                for element in elements {
                    let kind = element["event"]["type"].as_str().unwrap_or_default();
                    self.elements.entry(kind.to_owned()).or_default().add(element);
                }
            }
            Value::Object(members) => {
                self.objects += 1;
                for (key, value) in members {
                    let (times, shape) = self.members.entry(key.clone()).or_default();
                    *times += 1;
                    shape.add(value);
                }
            }
            _ => {}
        }
    }

    fn compare(&self, ours: &Self, path: &str, found: &mut Vec<String>) {
        for kind in ours.kinds.difference(&self.kinds) {
            let expected: Vec<_> = self.kinds.iter().copied().collect();
            found.push(format!("{path}: {kind} for {}", expected.join(" or ")));
        }
        // Nothing could be compared: what is always empty would pass for anything.
        if ours.kinds.contains("array") && !self.elements.is_empty() && ours.elements.is_empty() {
            found.push(format!("{path}: empty"));
        }
        for (kind, expected) in &self.elements {
            if let Some(ours) = ours.elements.get(kind) {
                expected.compare(ours, &format!("{path}[{kind}]"), found);
            }
        }
        if self.objects == 0 || ours.objects == 0 {
            return;
        }
        for (key, (times, expected)) in &self.members {
            match ours.members.get(key) {
                Some((_, ours)) => expected.compare(ours, &format!("{path}.{key}"), found),
                None if *times == self.objects => found.push(format!("{path}.{key}: missing")),
                None => {}
            }
        }
        for key in ours.members.keys().filter(|key| !self.members.contains_key(*key)) {
            found.push(format!("{path}.{key}: additional"));
        }
    }
}

/// Members and types that are not as expected.
pub(super) fn shapes(expected: &Value, ours: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Shape::of(expected).compare(&Shape::of(ours), "$", &mut found);
    found
}

/// Texts, numbers and truths that are not as expected, but for times and identifiers.
pub(super) fn values(expected: &Value, ours: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(expected, ours, "$", &mut found);
    found
}

fn compare(expected: &Value, ours: &Value, path: &str, found: &mut Vec<String>) {
    match (expected, ours) {
        (Value::Array(expected), Value::Array(ours)) => {
            if expected.len() == ours.len() {
                for (at, (expected, ours)) in in_order(expected).iter().zip(in_order(ours)).enumerate() {
                    compare(expected, &ours, &format!("{path}[{at}]"), found);
                }
            } else {
                found.push(format!("{path}: {} elements for {}", ours.len(), expected.len()));
            }
        }
        (Value::Object(expected), Value::Object(ours)) => {
            for (key, expected) in expected {
                if let Some(ours) = ours.get(key) {
                    compare(expected, ours, &format!("{path}.{key}"), found);
                }
            }
        }
        // Types are the matter of shapes.
        _ if std::mem::discriminant(expected) != std::mem::discriminant(ours) => {}
        _ if expected == ours || is_of_its_time(expected) && is_of_its_time(ours) => {}
        _ => found.push(format!("{path}: {ours} for {expected}")),
    }
}

fn is_of_its_time(value: &Value) -> bool {
    match value {
        Value::String(text) => is_identifier(text) || is_token(text) || is_time(text),
        Value::Number(number) => number.as_i64().is_some_and(|seconds| seconds > 1_500_000_000),
        _ => false,
    }
}

/// With a zone or, where the original forgot it, without.
fn is_time(text: &str) -> bool {
    text.parse::<Timestamp>().is_ok() || text.parse::<DateTime>().is_ok()
}
