//! From a request to an operation's function and back.

pub(crate) mod audit;
pub(crate) mod credentials;
mod drain;
mod routes;
#[cfg(test)]
mod tests;

use std::{
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Instant,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header},
    response::IntoResponse as _,
};
use futures::FutureExt as _;
use opentelemetry::global::get_text_map_propagator;
use opentelemetry_http::HeaderExtractor;
use tokio::sync::Semaphore;
use tracing::{Instrument as _, Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use windlass_operations::{
    Service,
    identity::{Caller, Denied, Permission, Target},
};
use windlass_v1::error::Problem;

use crate::{
    Failure, compression, description,
    metrics::Metrics,
    operation::{Domain, Operation, PathArguments, Received},
    resources,
    scope::{Administration, Authenticated, Public, Scope, System, Tenant},
    web,
};
use audit::{Outcome, Witness};
use credentials::Credentials;
use routes::{Found, Routes};

/// Names the account that a request is about (`spec/api.md` A2.3).
const ACCOUNT: HeaderName = HeaderName::from_static("x-anchore-account");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Names the trace that a request belongs to, as the W3C has it.
const TRACE: HeaderName = HeaderName::from_static("traceparent");
/// Longest id of a request that is taken from its sender.
const REQUEST_ID_LENGTH: usize = 64;

/// What programs ask every few seconds: nobody wants to read that it went well.
const PROBES: [&str; 3] = ["health_check", "readiness_check", "metrics"];

struct Application {
    service: Arc<Service>,
    routes: Routes,
    metrics: Metrics,
    /// Places for requests with long documents, of which each takes up to hundreds of megabytes.
    long_bodies: Arc<Semaphore>,
}

/// How many long documents are in memory at once; the others wait.
const LONG_BODIES: usize = 2;

/// The application: every operation, and the descriptions of them.
pub fn router(service: Arc<Service>, metrics: Metrics) -> Router {
    let operations = resources::all(&metrics);
    let documents = description::documents(&operations);
    answering(service, metrics, Routes::new(operations, documents))
}

/// What a process without the API answers to those who look after it: its health, version and metrics.
pub fn monitoring(service: Arc<Service>, metrics: Metrics) -> Router {
    let routes = Routes::new(resources::of_process(&metrics), Vec::new());
    answering(service, metrics, routes)
}

fn answering(service: Arc<Service>, metrics: Metrics, routes: Routes) -> Router {
    let application =
        Arc::new(Application { service, routes, metrics, long_bodies: Arc::new(Semaphore::new(LONG_BODIES)) });
    let answering = move |request: Request| {
        let application = Arc::clone(&application);
        async move {
            if !audit::changes(request.method()) {
                return application.answer(request).await;
            }
            let (request, rest) = drain::watched(request);
            // A change that was begun is ended, and recorded, though its sender hangs up.
            let answering = tokio::spawn(async move { application.answer(request).await });
            let answer = answering.await.unwrap_or_else(|error| Failure::internal(&error).into_response());
            rest.forget(drain::PATIENCE).await;
            answer
        }
    };
    Router::new().fallback(answering).layer(compression::layer())
}

impl Application {
    /// Answers a request, whatever becomes of it, and tells the log and the metrics.
    async fn answer(&self, request: Request) -> Response<Body> {
        let begun = Instant::now();
        let method = request.method().clone();
        let request_id = request_id(request.headers());
        let path = request.uri().path().to_owned();
        let span = span(&request, &request_id);
        let answering = AssertUnwindSafe(async {
            match self.routes.find(&method, &path, request.headers()) {
                Found::Operation(operation, arguments) => {
                    let mut witness = Witness::default();
                    let done = self.perform(operation, arguments, request, &mut witness).await;
                    let response = done.unwrap_or_else(Failure::into_response);
                    let outcome = Outcome::of(&response);
                    witness.record(&self.service, operation, &path, &request_id, outcome).await;
                    (operation.id, response)
                }
                Found::Document(document) => ("document", document.clone().into_response()),
                Found::Page(file) => ("page", file.answer(request.headers())),
                Found::Methods(allowed) if method == Method::OPTIONS => ("options", options(&allowed)),
                Found::Methods(allowed) => {
                    let mut response = Failure::from(Problem::method_not_allowed()).into_response();
                    allow(&mut response, &allowed);
                    ("none", response)
                }
                Found::Nothing => ("none", Failure::from(Problem::not_found()).into_response()),
            }
        });
        // A handler that crashes fails its request, and nothing else: what it had begun is dropped with it.
        let answering = answering
            .catch_unwind()
            .map(|answered| answered.unwrap_or_else(|_| ("none", Failure::crashed().into_response())));
        let answering = windlass_operations::for_request(&request_id, answering).instrument(span.clone());
        let (name, mut response) = answering.await;
        if let Ok(value) = HeaderValue::from_str(&request_id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        if path == web::ROOT {
            response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
        }
        if method == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        let (status, elapsed) = (response.status(), begun.elapsed());
        self.metrics.request(&method, name, status, elapsed);
        span.record("operation", name);
        span.in_scope(|| {
            let milliseconds = elapsed.as_millis() as u64;
            if PROBES.contains(&name) && status.is_success() {
                tracing::debug!(status = status.as_u16(), milliseconds, "answered");
            } else {
                tracing::info!(status = status.as_u16(), milliseconds, "answered");
            }
        });
        span.record("status", status.as_u16());
        response
    }

    async fn perform(
        &self,
        operation: &Operation,
        arguments: PathArguments,
        request: Request,
        witness: &mut Witness,
    ) -> Result<Response<Body>, Failure> {
        let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let received = Received::check(operation, arguments, address, request).await?;
        witness.address = address;
        witness.named = operation.names.and_then(|name| received.member(name)).map(str::to_owned);
        let admitted = self.admit(operation, &received.headers, &received.path, witness).await;
        Span::current().record("account", witness.account());
        let scope = admitted?;
        let received = received.finish(operation, &self.long_bodies).await?;
        witness.named = operation.names.and_then(|name| received.member(name)).map(str::to_owned);
        operation.run(scope, received).await
    }

    /// Finds out who asks, and what they may touch.
    async fn admit(
        &self,
        operation: &Operation,
        headers: &HeaderMap,
        path: &PathArguments,
        witness: &mut Witness,
    ) -> Result<Scope, Failure> {
        let service = Arc::clone(&self.service);
        if operation.permission.domain == Domain::Open {
            return Ok(Scope::Open(Public { service, metrics: self.metrics.clone() }));
        }
        let presented = credentials::read(headers).ok_or(Failure::Unauthenticated)?;
        witness.tried = presented.username().map(str::to_owned);
        let caller = self.identify(&presented, witness.address).await?;
        witness.caller = Some(caller.clone());
        let object = operation.permission.target.map(|name| path.get(name));
        let action = operation.permission.action.unwrap_or("*");
        let changes = audit::changes(&operation.method);
        let permission = |on| Permission { on, action, object, changes };
        match operation.permission.domain {
            Domain::Open => unreachable!("answered above"),
            Domain::Authenticated => {
                if !caller.is_enabled() {
                    return Err(windlass_v1::error::account_not_enabled(&caller.account().name).into());
                }
                Ok(Scope::Authenticated(Authenticated { service, metrics: self.metrics.clone(), caller }))
            }
            Domain::Account => {
                let named = headers.get(ACCOUNT).map(HeaderValue::to_str).transpose();
                let named = named.map_err(|_| Failure::bad_request("The header x-anchore-account holds no name."))?;
                let own = caller.account().name.clone();
                let permission = permission(Target::Account(named.unwrap_or(&own)));
                let account = service.authorise(&caller, &permission).await?.unwrap_or_else(|| caller.account_name());
                witness.account = Some(account.to_string());
                Ok(Scope::Account(Tenant::new(service.tenant(&account), caller)))
            }
            Domain::Named => {
                let name = path.get("accountname");
                let account = service.authorise(&caller, &permission(Target::Account(name))).await?;
                let account = account.unwrap_or_else(|| caller.account_name());
                witness.account = Some(account.to_string());
                let tenant = service.tenant(&account);
                Ok(Scope::Named(Administration { caller, tenant }))
            }
            Domain::System => {
                service.authorise(&caller, &permission(Target::System)).await?;
                Ok(Scope::System(System { service }))
            }
        }
    }

    async fn identify(&self, presented: &Credentials, address: Option<IpAddr>) -> Result<Caller, Failure> {
        match self.service.authenticate(presented.presented(), address).await? {
            Ok(caller) => Ok(caller),
            Err(Denied::Unknown) => Err(Failure::Unauthenticated),
            Err(Denied::TooMany(seconds)) => Err(Failure::TooManyAttempts(seconds)),
        }
    }
}

/// What the log and traces tell of a request. It belongs to the trace that its sender names. It is there wherever errors are
/// logged: whoever is told that a request failed finds it by its id.
fn span(request: &Request, request_id: &str) -> Span {
    let span = tracing::error_span!(
        "request", id = %request_id, method = %request.method(), path = request.uri().path(), account = Empty,
        operation = Empty, status = Empty, otel.kind = "server"
    );
    if request.headers().contains_key(TRACE) {
        let parent = get_text_map_propagator(|propagator| propagator.extract(&HeaderExtractor(request.headers())));
        // Where nothing is traced, nothing has a parent.
        let _ = span.set_parent(parent);
    }
    span
}

/// The sender's id for the request if it is harmless, or a new one.
fn request_id(headers: &HeaderMap) -> String {
    let harmless = |id: &&str| {
        (1..=REQUEST_ID_LENGTH).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(harmless);
    given.map_or_else(windlass_operations::random_id, str::to_owned)
}

fn options(allowed: &[Method]) -> Response<Body> {
    let mut response = StatusCode::OK.into_response();
    allow(&mut response, allowed);
    response
}

fn allow(response: &mut Response<Body>, allowed: &[Method]) {
    let mut names: Vec<&str> = allowed.iter().map(Method::as_str).collect();
    if allowed.contains(&Method::GET) {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    names.sort_unstable();
    if let Ok(value) = HeaderValue::from_str(&names.join(", ")) {
        response.headers_mut().insert(header::ALLOW, value);
    }
}
