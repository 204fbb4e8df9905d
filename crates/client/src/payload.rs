//! What a service answered.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// The document of an answer. A body that is no JSON is a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Payload {
    document: Value,
}

/// The answer has another form than every service gives it.
#[derive(Debug, thiserror::Error)]
#[error("the answer has an unexpected form: {0}")]
pub struct Unreadable(serde_json::Error);

impl Payload {
    pub(crate) fn of_body(body: &[u8]) -> Self {
        let document = serde_json::from_slice(body);
        Self { document: document.unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned())) }
    }

    /// The document as it came.
    pub fn document(&self) -> &Value {
        &self.document
    }

    pub fn into_document(self) -> Value {
        self.document
    }

    /// A view of the document.
    ///
    /// # Errors
    /// It is a list where the view is an object, or the other way round.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        T::deserialize(&self.document).map_err(Unreadable)
    }

    /// A view of the document; empty where that has another form.
    pub fn read_or_default<T: DeserializeOwned + Default>(&self) -> T {
        self.read().unwrap_or_default()
    }
}

impl From<Value> for Payload {
    fn from(document: Value) -> Self {
        Self { document }
    }
}
