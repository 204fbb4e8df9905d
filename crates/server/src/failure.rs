//! What a request that fails is answered with.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use windlass_v1::error::{AUTHENTICATE, ErrorEnvelope, Problem, UNAUTHORIZED};

/// One of the three bodies of errors (`spec/api.md` A1.5), or another answer that is no success.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A handler's refusal.
    Envelope(Box<ErrorEnvelope>),
    /// The request reaches no handler.
    Problem(Box<Problem>),
    /// The caller is nobody.
    Unauthenticated,
    /// Too many refused log-ins; the seconds to wait.
    TooManyAttempts(u64),
    /// Made as its protocol has it.
    Other(Box<Response<Body>>),
}

impl Failure {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        ErrorEnvelope::new(status.as_u16(), message).into()
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// A defect of the service. What it is stays in the log, under the request's id: it may name what the caller must not
    /// see.
    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        Self::defect(error, None)
    }

    /// The same, with what can be done about it.
    fn defect(error: &dyn std::error::Error, hint: Option<&str>) -> Self {
        let mut chain = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            chain = format!("{chain}: {error}");
            source = error.source();
        }
        tracing::error!(error = %chain, hint, "the request failed");
        Self::untold()
    }

    /// Object storage is what is missing, and will be back.
    fn away(reason: &str) -> Self {
        let message = format!(
            "The object storage {reason}, where what is asked for is kept. Try again in a minute; the service's log has the \
             reason under the id in the header X-Request-Id."
        );
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// The program is at fault; the log has the place already.
    pub(crate) fn crashed() -> Self {
        tracing::error!("the request failed: its handler crashed");
        Self::untold()
    }

    fn untold() -> Self {
        Problem::internal("The service failed; its log has the reason under the id in the header X-Request-Id.").into()
    }
}

impl From<ErrorEnvelope> for Failure {
    fn from(envelope: ErrorEnvelope) -> Self {
        Self::Envelope(Box::new(envelope))
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<windlass_store::Error> for Failure {
    fn from(error: windlass_store::Error) -> Self {
        Self::internal(&error)
    }
}

impl From<windlass_operations::Error> for Failure {
    fn from(error: windlass_operations::Error) -> Self {
        match error {
            windlass_operations::Error::Refused(envelope) => Self::Envelope(envelope),
            windlass_operations::Error::Problem(problem) => Self::Problem(problem),
            other => {
                let untold = Self::defect(&other, other.hint().as_deref());
                other.storage_away().map_or(untold, Self::away)
            }
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response<Body> {
        match self {
            Self::Envelope(envelope) => json(status(envelope.httpcode), "application/json", &*envelope),
            Self::Problem(problem) => json(status(problem.status), Problem::MEDIA_TYPE, &*problem),
            Self::Unauthenticated => (
                StatusCode::UNAUTHORIZED,
                [(header::WWW_AUTHENTICATE, AUTHENTICATE), (header::CONTENT_TYPE, "text/html")],
                UNAUTHORIZED,
            )
                .into_response(),
            Self::TooManyAttempts(seconds) => {
                let message = format!("Too many refused log-ins. Try again in {seconds} s.");
                let mut response = Self::new(StatusCode::TOO_MANY_REQUESTS, message).into_response();
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
                response
            }
            Self::Other(response) => *response,
        }
    }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn json(status: StatusCode, media_type: &'static str, body: &impl serde::Serialize) -> Response<Body> {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            *response.status_mut() = status;
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
            response
        }
        Err(error) => Failure::internal(&error).into_response(),
    }
}
