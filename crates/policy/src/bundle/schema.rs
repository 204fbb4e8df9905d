//! The shape of a bundle, and the first way in which a document departs from it (`spec/policy.md` §1.1–§1.5).

use serde_json::Value;

use crate::pyrepr;

/// A document is not shaped like a bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SchemaViolation {
    /// In the words of JSON-schema validators: `'id' is a required property`.
    pub message: String,
    /// Members and indices on the way to it.
    pub path: Vec<String>,
}

impl SchemaViolation {
    /// JSON pointer to what is wrong.
    pub fn pointer(&self) -> String {
        self.path.iter().flat_map(|step| ["/".to_owned(), step.replace('~', "~0").replace('/', "~1")]).collect()
    }
}

impl std::fmt::Display for SchemaViolation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        if self.path.is_empty() { Ok(()) } else { write!(f, " - '{}'", self.path.join(".")) }
    }
}

enum Shape {
    Text,
    /// A moment; the pattern is looser than what is read in the end.
    Moment,
    OneOf(&'static [&'static str]),
    Array(&'static Shape),
    /// Members that must be there, then the shapes of those that may.
    Object(&'static [&'static str], &'static [(&'static str, Shape)]),
}

const MOMENT: &str = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:\:\d+)?[A-Z]?$";

const BUNDLE: Shape = Shape::Object(
    &["id", "version", "policies", "mappings"],
    &[
        ("id", Shape::Text),
        ("name", Shape::Text),
        ("comment", Shape::Text),
        ("version", Shape::Text),
        ("whitelists", Shape::Array(&WHITELIST)),
        ("policies", Shape::Array(&POLICY)),
        ("mappings", Shape::Array(&MAPPING)),
        ("whitelisted_images", Shape::Array(&SELECTION)),
        ("blacklisted_images", Shape::Array(&SELECTION)),
    ],
);
const WHITELIST: Shape = Shape::Object(
    &["id", "version"],
    &[
        ("id", Shape::Text),
        ("name", Shape::Text),
        ("version", Shape::Text),
        ("comment", Shape::Text),
        ("items", Shape::Array(&WHITELIST_ITEM)),
    ],
);
const WHITELIST_ITEM: Shape = Shape::Object(
    &["gate", "trigger_id"],
    &[("id", Shape::Text), ("gate", Shape::Text), ("trigger_id", Shape::Text), ("expires_on", Shape::Moment)],
);
const POLICY: Shape = Shape::Object(
    &["id", "version"],
    &[
        ("id", Shape::Text),
        ("name", Shape::Text),
        ("comment", Shape::Text),
        ("version", Shape::Text),
        ("rules", Shape::Array(&RULE)),
    ],
);
const RULE: Shape = Shape::Object(
    &["gate", "trigger", "action"],
    &[
        ("id", Shape::Text),
        ("gate", Shape::Text),
        ("trigger", Shape::Text),
        ("action", Shape::OneOf(&["GO", "STOP", "WARN"])),
        ("params", Shape::Array(&PARAM)),
    ],
);
const PARAM: Shape = Shape::Object(&["name", "value"], &[("name", Shape::Text), ("value", Shape::Text)]);
const MAPPING: Shape = Shape::Object(
    &["name", "registry", "repository", "image"],
    &[
        ("id", Shape::Text),
        ("name", Shape::Text),
        ("whitelist_ids", Shape::Array(&Shape::Text)),
        ("policy_id", Shape::Text),
        ("policy_ids", Shape::Array(&Shape::Text)),
        ("registry", Shape::Text),
        ("repository", Shape::Text),
        ("image", IMAGE),
    ],
);
const SELECTION: Shape = Shape::Object(
    &["name", "registry", "repository", "image"],
    &[
        ("id", Shape::Text),
        ("name", Shape::Text),
        ("registry", Shape::Text),
        ("repository", Shape::Text),
        ("image", IMAGE),
    ],
);
const IMAGE: Shape =
    Shape::Object(&["type", "value"], &[("type", Shape::OneOf(&["tag", "digest", "id"])), ("value", Shape::Text)]);

/// Checks a document in the words of version `1_0`.
pub(super) fn check(document: &Value) -> Result<(), SchemaViolation> {
    BUNDLE.check(document, &mut Vec::new())
}

impl Shape {
    fn check(&self, value: &Value, path: &mut Vec<String>) -> Result<(), SchemaViolation> {
        match self {
            Self::Text => text(value, path).map(drop),
            Self::Moment => {
                let text = text(value, path)?;
                if is_moment(text) {
                    return Ok(());
                }
                let message = format!("{} does not match {}", pyrepr::text(text), pyrepr::text(MOMENT));
                Err(SchemaViolation { message, path: path.clone() })
            }
            Self::OneOf(words) => {
                if value.as_str().is_some_and(|word| words.contains(&word)) {
                    return Ok(());
                }
                let words = pyrepr::list(words.iter().copied());
                let message = format!("{} is not one of {words}", pyrepr::value(value));
                Err(SchemaViolation { message, path: path.clone() })
            }
            Self::Array(items) => {
                let Value::Array(values) = value else { return Err(wrong_type(value, "array", path)) };
                for (index, value) in values.iter().enumerate() {
                    within(path, index.to_string(), |path| items.check(value, path))?;
                }
                Ok(())
            }
            Self::Object(required, members) => {
                let Value::Object(object) = value else { return Err(wrong_type(value, "object", path)) };
                if let Some(missing) = required.iter().find(|name| !object.contains_key(**name)) {
                    let message = format!("{} is a required property", pyrepr::text(missing));
                    return Err(SchemaViolation { message, path: path.clone() });
                }
                for (name, shape) in *members {
                    let Some(member) = object.get(*name) else { continue };
                    within(path, (*name).to_owned(), |path| shape.check(member, path))?;
                }
                Ok(())
            }
        }
    }
}

fn within<T>(path: &mut Vec<String>, step: String, look: impl FnOnce(&mut Vec<String>) -> T) -> T {
    path.push(step);
    let result = look(path);
    path.pop();
    result
}

fn text<'v>(value: &'v Value, path: &[String]) -> Result<&'v str, SchemaViolation> {
    value.as_str().ok_or_else(|| wrong_type(value, "string", path))
}

fn wrong_type(value: &Value, expected: &str, path: &[String]) -> SchemaViolation {
    SchemaViolation { message: format!("{} is not of type '{expected}'", pyrepr::value(value)), path: path.to_vec() }
}

/// Whether a text matches [`MOMENT`].
fn is_moment(text: &str) -> bool {
    let Some((stem, rest)) = text.split_at_checked("2020-01-31T00:00:00".len()) else { return false };
    let mut shape = stem.bytes().zip("dddd-dd-ddTdd:dd:dd".bytes());
    let fits = |(byte, expected): (u8, u8)| if expected == b'd' { byte.is_ascii_digit() } else { byte == expected };
    let fraction = |rest: &str, mark: char| -> Option<usize> {
        let digits = rest.strip_prefix(mark)?.bytes().take_while(u8::is_ascii_digit).count();
        (digits > 0).then_some(digits + 1)
    };
    let mut rest = rest.strip_suffix('\n').unwrap_or(rest);
    for mark in ['.', ':'] {
        rest = &rest[fraction(rest, mark).unwrap_or(0)..];
    }
    shape.all(fits) && (rest.is_empty() || rest.len() == 1 && rest.as_bytes()[0].is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn violation(document: &Value) -> String {
        check(document).err().map(|violation| violation.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_first_departure_is_named_with_its_place() {
        let rule = |action: &str| json!({"gate": "always", "trigger": "always", "action": action, "params": []});
        let bundle = |policies: Value| json!({"id": "b", "version": "1_0", "policies": policies, "mappings": []});
        for (document, expected) in [
            (json!({}), "'id' is a required property"),
            (json!([]), "[] is not of type 'object'"),
            (json!({"id": "b", "version": "1_0", "mappings": []}), "'policies' is a required property"),
            (bundle(json!({})), "{} is not of type 'array' - 'policies'"),
            (bundle(json!(null)), "None is not of type 'array' - 'policies'"),
            (bundle(json!([{"id": "p"}])), "'version' is a required property - 'policies.0'"),
            (
                bundle(json!([{"id": "p", "version": "1_0", "rules": [rule("stop")]}])),
                "'stop' is not one of ['GO', 'STOP', 'WARN'] - 'policies.0.rules.0.action'",
            ),
            (bundle(json!([{"id": "p", "version": "1_0", "rules": [rule("STOP")]}])), ""),
        ] {
            assert_eq!(violation(&document), expected, "{document}");
        }
    }

    #[test]
    fn moments_are_as_loose_as_the_original_s() {
        for (text, expected) in [
            ("2020-12-31T23:59:59Z", true),
            ("2020-12-31T23:59:59", true),
            ("2020-12-31T23:59:59.123Z", true),
            ("2020-12-31T23:59:59:123Z", true),
            ("2020-12-31T23:59:59.1:2X", true),
            ("2020-12-31", false),
            ("2020-12-31T23:59:59+01:00", false),
            ("2020-12-31T23:59:59.Z", false),
            ("2020-12-31T23:59:59z", false),
        ] {
            assert_eq!(is_moment(text), expected, "{text}");
        }
    }
}
