//! What is called otherwise here than in the recordings.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::place::Place;

pub(super) struct Names {
    /// Recorded to ours.
    pairs: BTreeMap<String, String>,
    token: Option<String>,
}

impl Names {
    pub(super) fn over(place: &Place) -> Self {
        let address = place.registry.address.clone();
        Self {
            pairs: BTreeMap::from([
                ("127.0.0.1:5000".to_owned(), address),
                ("anchore-quickstart".to_owned(), "host-0".to_owned()),
            ]),
            token: None,
        }
    }

    /// A document with our names in place of the recorded ones.
    pub(super) fn spelt(&self, document: &Value) -> Value {
        let text = self.pairs.iter().fold(document.to_string(), |text, (recorded, ours)| text.replace(recorded, ours));
        serde_json::from_str(&text).expect("names need no escapes")
    }

    /// A header's value, with a token of ours.
    pub(super) fn token_for(&self, value: &str) -> String {
        match &self.token {
            Some(token) if value.starts_with("Bearer ") => format!("Bearer {token}"),
            _ => value.to_owned(),
        }
    }

    /// Takes identifiers to stand for those at the same place in the recorded document.
    pub(super) fn learn(&mut self, recorded: &Value, ours: &Value) {
        match (recorded, ours) {
            (Value::String(recorded), Value::String(ours)) if is_token(recorded) => {
                self.token = Some(ours.clone());
            }
            (Value::String(recorded), Value::String(ours)) => {
                let known = recorded == ours || self.pairs.values().any(|known| known == recorded);
                if is_identifier(recorded) && is_identifier(ours) && !known {
                    self.pairs.entry(recorded.clone()).or_insert_with(|| ours.clone());
                }
            }
            (Value::Array(recorded), Value::Array(ours)) => {
                let (recorded, ours) = (in_order(&self.all_spelt(recorded)), in_order(ours));
                if recorded.len() == ours.len() {
                    recorded.iter().zip(&ours).for_each(|(recorded, ours)| self.learn(recorded, ours));
                }
            }
            (Value::Object(recorded), Value::Object(ours)) => {
                for (key, recorded) in recorded {
                    self.learn(recorded, ours.get(key).unwrap_or(&Value::Null));
                }
            }
            _ => {}
        }
    }

    fn all_spelt(&self, documents: &[Value]) -> Vec<Value> {
        documents.iter().map(|document| self.spelt(document)).collect()
    }
}

/// Subscriptions and policies by what they are about, as nothing orders them; anything else as it came.
pub(super) fn in_order(documents: &[Value]) -> Vec<Value> {
    const ABOUT: [&str; 3] = ["subscription_key", "subscription_type", "policyId"];
    let mut documents = documents.to_vec();
    documents.sort_by_key(|document| ABOUT.map(|key| document[key].as_str().unwrap_or_default().to_owned()));
    documents
}

pub(super) fn is_token(text: &str) -> bool {
    text.starts_with("eyJ") && text.matches('.').count() == 2
}

/// A digest, an image id, or another random or hashed identifier.
pub(super) fn is_identifier(text: &str) -> bool {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    hexadecimal && matches!(digits.len(), 32 | 36 | 64)
}
