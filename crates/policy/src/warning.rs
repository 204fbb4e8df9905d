//! What works, but may not do what its author meant, or not for long.

use serde::Serialize;

/// Advice about a bundle or an evaluation; it changes no verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// What kind of advice: `no-catch-all`, `expired-item`, …
    pub code: &'static str,
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// JSON pointer into the bundle as it was given; empty for the bundle as a whole.
    pub pointer: String,
}

impl Warning {
    pub(crate) fn new(
        code: &'static str,
        pointer: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { code, message: message.into(), remedy: remedy.into(), pointer: pointer.into() }
    }
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}; {}", self.message, self.remedy)
    }
}
