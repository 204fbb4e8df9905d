//! Bundles in the words of the commercial successor, read by renaming (`spec/policy.md` §9.1).

use serde_json::{Map, Value, json};

use crate::{compile::VERSION, gates};

/// Members of the document, of mappings and of rule sets that were renamed.
const MEMBERS: [(&str, &str); 6] = [
    ("rule_sets", "policies"),
    ("allowlists", "whitelists"),
    ("allowlisted_images", "whitelisted_images"),
    ("denylisted_images", "blacklisted_images"),
    ("rule_set_ids", "policy_ids"),
    ("allowlist_ids", "whitelist_ids"),
];

/// Versions that the successor's documents, rule sets and allow-lists may carry.
const VERSIONS: [&str; 2] = ["2", VERSION];

/// Whether a document is written in those words.
pub(super) fn is_successor(document: &Value) -> bool {
    document.get("rule_sets").is_some() && document.get("policies").is_none()
}

/// The document's word for a member of version `1_0`: the successor's, unless only the old one is there.
pub(super) fn word<'w>(document: &Value, member: &'w str) -> &'w str {
    let Some((new, old)) = MEMBERS.iter().find(|(_, old)| *old == member) else { return member };
    let mappings = document.get("mappings").and_then(Value::as_array).into_iter().flatten();
    let is_used = |word: &str| std::iter::once(document).chain(mappings.clone()).any(|part| part.get(word).is_some());
    if is_used(old) && !is_used(new) { member } else { new }
}

/// The same document in the words of version `1_0`.
pub(super) fn translate(document: &Value) -> Value {
    let mut translated = rename(document);
    translate_version(&mut translated);
    for list in ["policies", "whitelists"] {
        for entry in each(&mut translated, list) {
            translate_version(entry);
            for rule in each(entry, "rules") {
                translate_rule(rule);
            }
        }
    }
    translated
}

/// A version that is not known stays, and is a problem then.
fn translate_version(entry: &mut Value) {
    let is_known = match entry.get("version") {
        None => true,
        Some(version) => version == 2 || VERSIONS.iter().any(|known| version == known),
    };
    if is_known {
        entry["version"] = json!(VERSION);
    }
}

fn each<'v>(value: &'v mut Value, member: &str) -> impl Iterator<Item = &'v mut Value> {
    value.get_mut(member).and_then(Value::as_array_mut).into_iter().flatten().filter(|entry| entry.is_object())
}

fn rename(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(members.iter().map(rename_member).collect::<Map<_, _>>()),
        Value::Array(items) => items.iter().map(rename).collect(),
        other => other.clone(),
    }
}

fn rename_member((name, value): (&String, &Value)) -> (String, Value) {
    let renamed = MEMBERS.iter().find(|(new, _)| new == name).map_or(name.as_str(), |(_, old)| old);
    (renamed.to_owned(), rename(value))
}

fn translate_rule(rule: &mut Value) {
    let old = |word: &str| word.replace("denylist", "blacklist").replace("allowlist", "whitelist");
    let known = |trigger: &str| gates::gate(rule["gate"].as_str()?)?.trigger(trigger);
    let renamed = rule["trigger"].as_str().filter(|trigger| known(trigger).is_none()).map(old);
    if let Some(trigger) = renamed.filter(|trigger| known(trigger).is_some()) {
        rule["trigger"] = json!(trigger);
    }
    for param in each(rule, "params") {
        if param["name"] == "type"
            && let Some(value) = param["value"].as_str().map(old)
        {
            param["value"] = json!(value);
        }
    }
}
