//! Why something could not be had from a service.

use std::fmt;

use reqwest::StatusCode;
use serde_json::Value;

use crate::Payload;

/// See [`Error::exit_code`] for how a command ends that fails with one, and [`Error::hint`] for what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{url:?} is no address of a service: {reason}")]
    Address { url: String, reason: String },
    #[error("the client cannot be set up")]
    Setup(#[source] reqwest::Error),
    #[error("what was given as certificates to trust holds none in PEM form")]
    NoCertificates,
    #[error("the service at {url} does not answer")]
    Unreachable {
        url: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("the answer of {url} broke off")]
    BrokenOff {
        url: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the answer of {url} is longer than {limit} bytes")]
    TooLong { url: String, limit: u64 },
    /// There is something at the address, but no service (`spec/api.md` B2).
    #[error("there is no service at {url} (it answers with HTTP {status})")]
    NoService { url: String, status: u16 },
    #[error("{0}")]
    Refused(Box<Refusal>),
    #[error("{what} within {seconds} seconds")]
    TimedOut { what: String, seconds: f64 },
    #[error("the service knows no image {0}")]
    UnknownImage(String),
    /// What was asked makes no sense of itself; it says why.
    #[error("{0}")]
    Unsuitable(String),
}

/// An answer with a status that is no success, in any of the three forms of `spec/api.md` A1.5.
#[derive(Debug)]
pub struct Refusal {
    pub status: u16,
    /// What the service said, for printing.
    pub payload: Payload,
    /// Under which id the service's log has it.
    pub request_id: Option<String>,
}

impl Error {
    /// How a command ends: 1 if the service refused, 2 if it does not know the user, failed, or was not reached
    /// (`spec/api.md` B3).
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(refusal) if !matches!(refusal.status, 401 | 500) => 1,
            Self::UnknownImage(_) => 1,
            _ => 2,
        }
    }

    /// The answer, if there was one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the same request may succeed a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { source, .. } => !has_cause(source, CERTIFICATE),
            Self::BrokenOff { .. } => true,
            Self::Refused(refusal) => matches!(refusal.status, 408 | 429 | 502..=504),
            Self::NoService { status, .. } => matches!(status, 408 | 429 | 500..=504),
            _ => false,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Address { .. } => Some("an address is such as http://localhost:8228/v1: --url, WINDLASS_URL".into()),
            Self::Unreachable { source, .. } if has_cause(source, AUTHORITY_AS_SERVICE) => Some(
                "its certificate is an authority's, which a service may not show: make one that is not \
                 (openssl req -x509 -addext basicConstraints=critical,CA:FALSE), or accept any with --insecure"
                    .into(),
            ),
            Self::Unreachable { source, .. } if has_cause(source, CERTIFICATE) => Some(
                "name the authority of its certificate with --service-ca, or accept any certificate with --insecure"
                    .into(),
            ),
            Self::Unreachable { source, .. } if has_cause(source, NO_TLS) => {
                Some("it speaks no TLS: its address begins with http://".into())
            }
            Self::Unreachable { .. } | Self::NoService { .. } => {
                Some("--url or WINDLASS_URL says where the service is".into())
            }
            Self::Refused(refusal) => refusal.hint(),
            _ => None,
        }
    }
}

// The TLS library's own errors lie behind others and are told apart by their texts only.
const CERTIFICATE: &str = "certificate";
const AUTHORITY_AS_SERVICE: &str = "CaUsedAsEndEntity";
/// What it says when the answer to its greeting is no TLS at all.
const NO_TLS: &str = "corrupt message";

fn has_cause(error: &reqwest::Error, says: &str) -> bool {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.take(16).any(|cause| cause.to_string().contains(says))
}

impl Refusal {
    /// What the service says is wrong.
    pub fn message(&self) -> String {
        let document = self.payload.document();
        let said = ["message", "title"].iter().find_map(|key| document.get(key)?.as_str());
        let text = said.or(document.as_str()).map(str::trim).filter(|text| !text.is_empty());
        let text = text.map_or_else(|| self.reason(), str::to_owned);
        // Services wrap what other services said as a text of JSON.
        match serde_json::from_str::<Value>(&text) {
            Ok(Value::Object(inner)) if inner.contains_key("message") => {
                inner["message"].as_str().map_or_else(|| text.clone(), str::to_owned)
            }
            _ => text,
        }
    }

    /// What it adds: a text, or the members of an object that are not empty.
    pub fn detail(&self) -> Option<String> {
        let said = match self.payload.document().get("detail")? {
            Value::String(text) => text.clone(),
            Value::Object(members) => {
                let of_weight = members.iter().filter_map(|(name, value)| match value {
                    Value::Null => None,
                    Value::String(text) => Some(format!("{name}: {text}")),
                    Value::Array(elements) if elements.is_empty() => None,
                    Value::Array(elements) if elements.iter().all(Value::is_string) => {
                        let texts: Vec<_> = elements.iter().filter_map(Value::as_str).collect();
                        Some(format!("{name}: {}", texts.join(", ")))
                    }
                    other => Some(format!("{name}: {other}")),
                });
                of_weight.collect::<Vec<_>>().join("; ")
            }
            Value::Null => return None,
            other => other.to_string(),
        };
        (!said.is_empty()).then_some(said)
    }

    /// The state of the analysis that keeps the service from answering, such as `analyzing` (`spec/api.md` A1.6).
    pub fn analysis_status(&self) -> Option<String> {
        let message = self.message();
        let (_, behind) = message.split_once("analysis_status: ")?;
        behind.split(|c: char| !c.is_ascii_lowercase() && c != '_').next().map(str::to_owned)
    }

    fn reason(&self) -> String {
        let known = StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        known.unwrap_or("the service refused").to_owned()
    }

    fn hint(&self) -> Option<String> {
        if let (500.., Some(id)) = (self.status, &self.request_id) {
            return Some(format!("the log of the service tells more of the request {id}"));
        }
        if self.status == 401 {
            return Some("--user and WINDLASS_PASSWORD say who asks; so can ~/.anchore/credentials.yaml".into());
        }
        if matches!(self.analysis_status().as_deref(), Some("analyzing" | "not_analyzed")) {
            return Some("windlass image wait IMAGE waits until it is analysed".into());
        }
        if self.message().contains("Invalid account state change requested") {
            return Some("an account must be disabled before it can be deleted: windlass account disable NAME".into());
        }
        let detail = self.detail()?;
        let key = detail.contains("is a required property").then(|| detail.split('\'').nth(1)).flatten()?;
        Some(format!("the document that was sent lacks the key \"{key}\""))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (HTTP {})", self.message(), self.status)?;
        match self.detail() {
            Some(detail) => write!(f, "\n  {detail}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(status: u16, document: Value) -> Error {
        Error::Refused(Box::new(Refusal { status, payload: document.into(), request_id: Some("r1".into()) }))
    }

    #[test]
    fn every_form_of_refusal_says_what_is_wrong() {
        for (status, document, said) in [
            (
                404,
                json!({"message": "no such image", "httpcode": 404, "detail": {"error_codes": []}}),
                "no such image (HTTP 404)",
            ),
            (
                400,
                json!({"message": "cannot fetch", "httpcode": 400,
                    "detail": {"error_codes": ["REGISTRY_IMAGE_NOT_FOUND"], "raw": "unknown", "none": null}}),
                "cannot fetch (HTTP 400)\n  error_codes: REGISTRY_IMAGE_NOT_FOUND; raw: unknown",
            ),
            (409, json!({"message": "exists", "httpcode": 409, "detail": null}), "exists (HTTP 409)"),
            (
                400,
                json!({"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "Missing query parameter 'tag'"}),
                "Bad Request (HTTP 400)\n  Missing query parameter 'tag'",
            ),
            (401, json!("Unauthorized"), "Unauthorized (HTTP 401)"),
            (502, json!(""), "Bad Gateway (HTTP 502)"),
            (500, json!([1]), "Internal Server Error (HTTP 500)"),
            (
                500,
                json!({"message": "{\"message\": \"not analysed\", \"httpcode\": 404}", "httpcode": 500, "detail": {}}),
                "not analysed (HTTP 500)",
            ),
        ] {
            assert_eq!(refused(status, document).to_string(), said);
        }
    }

    #[test]
    fn exit_codes_are_those_of_anchore_cli() {
        for (status, code) in [(400, 1), (401, 2), (403, 1), (404, 1), (409, 1), (500, 2), (501, 1), (503, 1)] {
            assert_eq!(refused(status, json!("")).exit_code(), code, "{status}");
        }
        assert_eq!(Error::NoService { url: String::new(), status: 404 }.exit_code(), 2);
    }

    #[test]
    fn hints_say_what_to_do() {
        let missing = json!({"title": "Bad Request", "status": 400, "detail": "'id' is a required property"});
        assert!(refused(400, missing).hint().is_some_and(|hint| hint.contains("\"id\"")));
        let state = json!({"message": "Invalid account state change requested. Cannot go from enabled to deleting"});
        assert!(refused(400, state).hint().is_some_and(|hint| hint.contains("account disable")));
        let early = json!({"message": "image is not analyzed - analysis_status: not_analyzed"});
        let early = refused(404, early);
        assert!(early.hint().is_some_and(|hint| hint.contains("image wait")));
        assert_eq!(early.refusal().and_then(Refusal::analysis_status).as_deref(), Some("not_analyzed"));
        assert!(refused(401, json!("Unauthorized")).hint().is_some_and(|hint| hint.contains("WINDLASS_PASSWORD")));
        assert_eq!(refused(404, json!({"message": "no such image"})).hint(), None);
        assert!(refused(500, json!({"message": "it failed"})).hint().is_some_and(|hint| hint.ends_with("request r1")));
    }
}
