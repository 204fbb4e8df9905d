//! The bundle as a document: what was given, kept as it was given.

mod locate;
mod schema;
mod successor;

use serde_json::Value;

pub use locate::{Place, locate};
pub use schema::SchemaViolation;

/// Longest bundle that is read, in bytes.
pub const LENGTH_LIMIT: usize = 64 << 20;

/// A policy bundle whose shape is right; whether its rules make sense is for [`Bundle::validate`] to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// As it was given.
    document: Value,
    /// In the words of version `1_0`, where it was given in others.
    translated: Option<Value>,
}

/// Why a text is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum InvalidBundle {
    #[error("the policy bundle is longer than {LENGTH_LIMIT} bytes")]
    TooLong,
    #[error("the policy bundle is not valid JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the policy bundle does not have the shape of one: {0}")]
    Shape(#[from] SchemaViolation),
}

impl Bundle {
    /// Reads the text of a bundle.
    ///
    /// # Errors
    /// Where it is no JSON or does not have the shape of a bundle.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidBundle> {
        if text.len() > LENGTH_LIMIT {
            return Err(InvalidBundle::TooLong);
        }
        Ok(Self::from_value(serde_json::from_slice(text)?)?)
    }

    /// Takes a JSON value as a bundle.
    ///
    /// # Errors
    /// The first violation of the shape, in the order of the schema (`spec/policy.md` §1.5).
    pub fn from_value(document: Value) -> Result<Self, SchemaViolation> {
        let bundle = Self::unchecked(document);
        schema::check(bundle.content()).map_err(|mut violation| {
            for step in &mut violation.path {
                *step = bundle.word(step).to_owned();
            }
            violation
        })?;
        Ok(bundle)
    }

    /// Takes a JSON value as a bundle without looking at its shape: what is wrong with it shows when it is validated or
    /// evaluated.
    pub fn unchecked(document: Value) -> Self {
        let translated = successor::is_successor(&document).then(|| successor::translate(&document));
        Self { document, translated }
    }

    /// The document as it was given.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The document in the words of version `1_0`.
    pub(crate) fn content(&self) -> &Value {
        self.translated.as_ref().unwrap_or(&self.document)
    }

    /// The document's own word for a member of version `1_0`: `rule_sets` for `policies`. Documents mix both vocabularies.
    pub(crate) fn word<'w>(&self, member: &'w str) -> &'w str {
        if self.translated.is_some() { successor::word(&self.document, member) } else { member }
    }

    pub fn id(&self) -> &str {
        self.document["id"].as_str().unwrap_or_default()
    }

    pub fn name(&self) -> &str {
        self.document["name"].as_str().unwrap_or_default()
    }
}
