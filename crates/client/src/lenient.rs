//! Reading what a service sends without ever failing on it: services of ten years differ in what they send, and a command
//! must not fail because one cell of a table is missing (`spec/api.md` B3).

use std::fmt;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

/// A scalar as it is shown, whatever its type was; a list or object is shown as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(Option<String>);

impl Text {
    /// The text, if there is one that is not empty.
    pub fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }

    /// The text; empty where there is none.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// The text, or a word that stands for what is missing.
    pub fn or<'a>(&'a self, otherwise: &'a str) -> &'a str {
        self.0.as_deref().unwrap_or(otherwise)
    }

    pub fn is(&self, word: &str) -> bool {
        self.as_str().eq_ignore_ascii_case(word)
    }

    /// Whether it is `true`.
    pub fn is_true(&self) -> bool {
        self.is("true")
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Some(text.to_owned()))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Value::deserialize(deserializer)? {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        }))
    }
}

/// The value, or its default where there is something else.
pub(crate) fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: DeserializeOwned + Default,
    D: Deserializer<'de>,
{
    Ok(T::deserialize(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// The elements of a list that can be read; none where there is no list.
pub(crate) fn list<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(elements) => elements.into_iter().filter_map(|element| T::deserialize(element).ok()).collect(),
        _ => Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Row {
        name: Text,
        #[serde(deserialize_with = "list")]
        tags: Vec<Text>,
        #[serde(deserialize_with = "or_default")]
        size: Size,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Size {
        bytes: Text,
    }

    #[test]
    fn whatever_comes_is_read() {
        for (document, name, tags, bytes) in [
            (json!({"name": "a", "tags": ["x", 1], "size": {"bytes": 7}}), "a", vec!["x", "1"], "7"),
            (json!({}), "", vec![], ""),
            (json!({"name": null, "tags": null, "size": null}), "", vec![], ""),
            (json!({"name": true, "tags": "x", "size": "large", "more": {}}), "true", vec![], ""),
            (json!({"name": ["a"], "tags": {}, "size": []}), "[\"a\"]", vec![], ""),
        ] {
            let row: Row =
                serde_json::from_value(document.clone()).unwrap_or_else(|error| panic!("{document}: {error}"));
            assert_eq!(row.name.as_str(), name, "{document}");
            assert_eq!(row.tags.iter().map(Text::as_str).collect::<Vec<_>>(), tags, "{document}");
            assert_eq!(row.size.bytes.as_str(), bytes, "{document}");
        }
    }
}
