//! What failed requests are answered with (`spec/api.md` A1.5).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::words::words;

/// The answer of whoever handles a request that it cannot do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ErrorEnvelope {
    /// What is wrong.
    pub message: String,
    /// The status of the response.
    #[schema(minimum = 400, maximum = 599, example = 404)]
    pub httpcode: u16,
    /// What is known beside the message.
    #[schema(required = true)]
    pub detail: Option<ErrorDetail>,
}

/// Codes of the error, and keys that depend on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ErrorDetail {
    /// Codes of the list under `/system/error_codes`.
    pub error_codes: Vec<ErrorCode>,
    /// What the error is about.
    #[serde(flatten)]
    pub context: Map<String, Value>,
}

impl ErrorEnvelope {
    /// An error without codes and context.
    pub fn new(httpcode: u16, message: impl Into<String>) -> Self {
        Self { message: message.into(), httpcode, detail: Some(ErrorDetail::default()) }
    }

    /// Adds a code.
    #[must_use]
    pub fn with_code(mut self, code: ErrorCode) -> Self {
        self.detail.get_or_insert_default().error_codes.push(code);
        self
    }

    /// Adds a key of the context.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.detail.get_or_insert_default().context.insert(key.to_owned(), value.into());
        self
    }

    /// The form whose detail is null.
    #[must_use]
    pub fn without_detail(mut self) -> Self {
        self.detail = None;
        self
    }
}

words! {
    /// Causes that clients tell apart.
    ErrorCode {
        /// The registry refused access.
        RegistryPermissionDenied = "REGISTRY_PERMISSION_DENIED",
        /// The registry has no such image.
        RegistryImageNotFound = "REGISTRY_IMAGE_NOT_FOUND",
        /// The registry cannot be reached.
        RegistryNotAccessible = "REGISTRY_NOT_ACCESSIBLE",
        /// The registry does not speak the registry API.
        RegistryNotSupported = "REGISTRY_NOT_SUPPORTED",
        /// The registry failed in a way of its own.
        SkopeoUnknownError = "SKOPEO_UNKNOWN_ERROR",
        /// None of the others.
        Unknown = "UNKNOWN",
        /// Feeds are being synchronised already.
        FeedSyncAlreadyInProgress = "FEED_SYNC_ALREADY_IN_PROGRESS",
        /// The image has no manifest for this platform.
        OsarchMismatch = "OSARCH_MISMATCH",
    }
}

impl ErrorCode {
    /// What it means, for people.
    pub fn description(self) -> &'static str {
        match self {
            Self::RegistryPermissionDenied => "The registry denies access to the repository with these credentials.",
            Self::RegistryImageNotFound => "The registry does not have the image under this tag or digest.",
            Self::RegistryNotAccessible => "The registry cannot be reached over the network.",
            Self::RegistryNotSupported => "What answers at this address does not speak version 2 of the registry API.",
            Self::SkopeoUnknownError => "The registry answered with an error that has no code of its own.",
            Self::Unknown => "The cause is not known; the log of the service may tell.",
            Self::FeedSyncAlreadyInProgress => "Vulnerability data is being synchronised; ask again when that is done.",
            Self::OsarchMismatch => "The image has no manifest for the platform that is analysed.",
        }
    }
}

/// An entry of the list of error codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorCodeDescription {
    pub name: ErrorCode,
    /// What it means.
    pub description: String,
}

/// The answer to `GET /system/error_codes`.
pub fn error_codes() -> Vec<ErrorCodeDescription> {
    let describe = |&name: &ErrorCode| ErrorCodeDescription { name, description: name.description().to_owned() };
    ErrorCode::ALL.iter().map(describe).collect()
}

/// The answer to a request that reaches no handler: no such route, or not what its description demands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name of the status.
    pub title: String,
    /// The status of the response.
    #[schema(minimum = 400, maximum = 599, example = 400)]
    pub status: u16,
    /// What is wrong.
    #[schema(required = true)]
    pub detail: Option<String>,
}

impl Problem {
    /// Its content type.
    pub const MEDIA_TYPE: &str = "application/problem+json";

    fn new(status: u16, title: impl Into<String>, detail: Option<String>) -> Self {
        Self { kind: "about:blank".into(), title: title.into(), status, detail }
    }

    /// The path is none of the API's.
    pub fn not_found() -> Self {
        let detail = "There is no such resource; the description of the API is at /swagger.json.";
        Self::new(404, "Not Found", Some(detail.into()))
    }

    /// The path is one of the API's, the method is not.
    pub fn method_not_allowed() -> Self {
        let detail = "The resource does not have this method; OPTIONS tells which it has.";
        Self::new(405, "Method Not Allowed", Some(detail.into()))
    }

    /// A parameter or the body is not what the description demands.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(400, "Bad Request", Some(detail.into()))
    }

    pub fn missing_query_parameter(name: &str) -> Self {
        Self::bad_request(format!("Missing query parameter '{name}'"))
    }

    /// `expected` is a type of JSON Schema: `boolean`, `integer`.
    pub fn wrong_query_type(name: &str, expected: &str) -> Self {
        Self::bad_request(format!("Wrong type, expected '{expected}' for query parameter '{name}'"))
    }

    pub fn unparsable_body() -> Self {
        Self::bad_request("Request body is not valid JSON")
    }

    pub fn missing_body() -> Self {
        Self::bad_request("None is not of type 'object'")
    }

    /// The content type is not JSON's; empty where none was given.
    pub fn unsupported_media_type(given: &str) -> Self {
        Self::new(415, format!("Invalid Content-type ({given}), expected JSON data"), None)
    }

    /// A defect of the service.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(500, "Internal Server Error", Some(detail.into()))
    }
}

/// The body of the answer to a request without valid credentials; its content type is `text/html`.
pub const UNAUTHORIZED: &str = "Unauthorized";
/// The value of its header `WWW-Authenticate`.
pub const AUTHENTICATE: &str = r#"basic realm="Authentication required""#;

/// The answer to a caller who lacks a permission. No target means every one.
pub fn forbidden(domain: &str, action: &str, target: Option<&str>) -> ErrorEnvelope {
    let target = target.unwrap_or("*");
    let message = format!("Not authorized. Requires permissions: domain={domain} action={action} target={target}");
    ErrorEnvelope::new(403, message)
}

/// The answer to a caller whose account is disabled.
pub fn account_not_enabled(account: &str) -> ErrorEnvelope {
    ErrorEnvelope::new(403, format!("Not authorized. Account {account} not enabled."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_envelope_always_has_codes_unless_it_has_no_detail() {
        let envelope = ErrorEnvelope::new(404, "image not found in DB");
        let expected = json!({"message": "image not found in DB", "httpcode": 404, "detail": {"error_codes": []}});
        assert_eq!(json!(envelope), expected);
        let envelope = ErrorEnvelope::new(400, "m").with_code(ErrorCode::OsarchMismatch).with("digest", "d");
        assert_eq!(json!(envelope)["detail"], json!({"error_codes": ["OSARCH_MISMATCH"], "digest": "d"}));
        assert_eq!(json!(envelope.without_detail())["detail"], Value::Null);
    }

    #[test]
    fn problems_say_what_clients_match_on() {
        for (problem, expected) in [
            (
                Problem::missing_query_parameter("tag"),
                json!({"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "Missing query parameter 'tag'"}),
            ),
            (
                Problem::unsupported_media_type(""),
                json!({"type": "about:blank", "title": "Invalid Content-type (), expected JSON data", "status": 415, "detail": null}),
            ),
        ] {
            assert_eq!(json!(problem), expected);
        }
        assert_eq!(
            Problem::wrong_query_type("history", "boolean").detail.unwrap(),
            "Wrong type, expected 'boolean' for query parameter 'history'"
        );
        assert_eq!(
            forbidden("system", "listAccounts", None).message,
            "Not authorized. Requires permissions: domain=system action=listAccounts target=*"
        );
    }
}
