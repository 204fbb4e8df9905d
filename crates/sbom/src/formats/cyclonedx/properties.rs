//! Records of package managers as flat properties (`syft:metadata:pomProperties:groupId`), and back.

use serde_json::{Map, Value};

use super::super::metadata::{self, Record};
use crate::Metadata;

const PREFIX: &str = "syft:metadata:";

/// The texts, numbers and truth values of a record by their path; lists (files, dependencies) are left out.
pub(super) fn flatten(metadata: &Metadata) -> Vec<(String, String)> {
    let mut properties = Vec::new();
    // The records are plain data of this crate, which always serialise; one that did not would only lose properties.
    let record = serde_json::to_value(Record(metadata)).unwrap_or_default();
    let mut pending = vec![(PREFIX.trim_end_matches(':').to_owned(), record)];
    while let Some((path, value)) = pending.pop() {
        match value {
            Value::Object(members) => {
                let members = members.into_iter().map(|(key, value)| (format!("{path}:{key}"), value));
                let mut members: Vec<_> = members.collect();
                members.reverse();
                pending.append(&mut members);
            }
            // An rpm that says it belongs to no module is another thing than one that says nothing.
            Value::String(text) if !text.is_empty() || path.ends_with(":modularityLabel") => {
                properties.push((path, text));
            }
            Value::Number(number) if number.as_u64() != Some(0) || path.ends_with(":epoch") => {
                properties.push((path, number.to_string()));
            }
            Value::Bool(true) => properties.push((path, "true".to_owned())),
            _ => {}
        }
    }
    properties.sort();
    properties
}

/// The record of this kind that the properties were made from, without its lists.
pub(super) fn restore<'a>(kind: &str, properties: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Metadata> {
    let template = serde_json::to_value(Record(&metadata::empty(kind))).ok()?;
    let mut record = Map::new();
    for (name, text) in properties {
        let Some(path) = name.strip_prefix(PREFIX) else { continue };
        let mut keys: Vec<&str> = path.split(':').collect();
        let Some(last) = keys.pop() else { continue };
        let mut members = &mut record;
        let mut known = Some(&template);
        for key in keys {
            known = known.and_then(|value| value.get(key));
            let member = members.entry(key).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(inner) = member else { return None };
            members = inner;
        }
        members.insert(last.to_owned(), typed(text, last, known.and_then(|value| value.get(last))));
    }
    if record.is_empty() { None } else { metadata::read(kind, Value::Object(record)).ok() }
}

/// A property is always a text; the record it came from knows better.
fn typed(text: &str, key: &str, known: Option<&Value>) -> Value {
    let number = || text.parse::<i64>().map_or(Value::Null, Value::from);
    match known {
        Some(Value::Number(_)) => number(),
        Some(Value::Bool(_)) => Value::Bool(text == "true"),
        Some(Value::Null) if key == "epoch" => number(),
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::{JavaArchive, PomProperties, RpmEntry};

    fn there_and_back(metadata: &Metadata) -> Metadata {
        let properties = flatten(metadata);
        let pairs = properties.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        restore(metadata.kind(), pairs).expect("a record")
    }

    #[test]
    fn scalars_of_every_depth_come_back_with_their_types() {
        let java = Metadata::JavaArchive(Box::new(JavaArchive {
            virtual_path: "/app.jar:inner.jar".into(),
            pom_properties: Some(PomProperties { group_id: "org.acme".into(), ..PomProperties::default() }),
            ..JavaArchive::default()
        }));
        assert_eq!(there_and_back(&java), java);
        for modularity_label in [None, Some(String::new()), Some("nodejs:18".to_owned())] {
            let epoch = modularity_label.as_ref().map(|_| 0);
            let rpm = RpmEntry { name: "n".into(), size: 7, epoch, modularity_label, ..RpmEntry::default() };
            let rpm = Metadata::Rpm(Box::new(rpm));
            assert_eq!(there_and_back(&rpm), rpm);
        }
    }
}
