use windlass_v1::error::{ErrorCode, ErrorEnvelope, Problem};

/// What everything here returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is at fault, or the state of things; the text is for whoever asked.
    #[error("{}", .0.message)]
    Refused(Box<ErrorEnvelope>),
    /// A document in the request has not the shape that its description demands.
    #[error("{}", .0.detail.as_deref().unwrap_or(&.0.title))]
    Problem(Box<Problem>),
    #[error(transparent)]
    Store(#[from] windlass_store::Error),
    #[error(transparent)]
    Objects(#[from] windlass_objects::Error),
    /// A bundle of the archive is missing or damaged.
    #[error("the bundle of an archived image: {0}")]
    Bundle(windlass_objects::Error),
    /// Something here is broken: the text is for operators.
    #[error("{0}")]
    Broken(String),
}

impl Error {
    /// A refusal with an HTTP status.
    pub fn refused(status: u16, message: impl Into<String>) -> Self {
        ErrorEnvelope::new(status, message).into()
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::refused(400, message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::refused(404, message)
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::refused(409, message)
    }

    /// Why a stored document could not be read to its end.
    pub fn of_reading(error: std::io::Error) -> Self {
        error.downcast::<windlass_objects::Error>().map_or_else(|error| Self::Broken(error.to_string()), Self::Objects)
    }

    /// The same, where what could not be read is a bundle of the archive.
    #[must_use]
    pub(crate) fn of_bundle(self) -> Self {
        use windlass_objects::Error::{Damaged, Missing};
        match self {
            Self::Objects(error @ (Damaged { .. } | Missing { .. })) => Self::Bundle(error),
            other => other,
        }
    }

    /// Why object storage cannot be used now, where that passes by itself: in words that name no place.
    pub fn storage_away(&self) -> Option<&'static str> {
        match self {
            Self::Objects(error) | Self::Bundle(error) => error.away(),
            _ => None,
        }
    }

    /// What operators can do about it, where something is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Objects(error) => error.hint(),
            Self::Bundle(error) => error.hint_of_bundle(),
            Self::Store(error) => error.hint(),
            _ => None,
        }
    }

    /// Adds to the detail of a refusal.
    #[must_use]
    pub fn with(self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        match self {
            Self::Refused(envelope) => envelope.with(key, value).into(),
            other => other,
        }
    }

    /// Adds a code to a refusal.
    #[must_use]
    pub fn with_code(self, code: ErrorCode) -> Self {
        match self {
            Self::Refused(envelope) => envelope.with_code(code).into(),
            other => other,
        }
    }
}

impl From<ErrorEnvelope> for Error {
    fn from(envelope: ErrorEnvelope) -> Self {
        Self::Refused(Box::new(envelope))
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}
