//! A client of the application, without a socket between them.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use windlass_operations::{Service, testing::Bench};
use windlass_server::Metrics;

/// Who asks, for whom.
#[derive(Clone)]
pub(crate) struct Client {
    application: Router,
    authorization: Option<String>,
    account: Option<String>,
    encoding: Option<&'static str>,
    headers: Vec<(&'static str, String)>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    /// The body, which must be JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body of a success.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.json()
    }

    /// Status and message of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String) {
        let body = self.json();
        let text = body["message"].as_str().or(body["detail"].as_str()).unwrap_or_default();
        (self.status.as_u16(), text.to_owned())
    }
}

impl Client {
    /// Nobody.
    pub(crate) fn of(bench: &Bench) -> Self {
        Self::counted(bench, Metrics::none())
    }

    /// Nobody, at a process that counts.
    pub(crate) fn counted(bench: &Bench, metrics: Metrics) -> Self {
        Self::at(bench.service.clone(), metrics)
    }

    /// Nobody, at a process.
    pub(crate) fn at(service: Arc<Service>, metrics: Metrics) -> Self {
        let application = windlass_server::router(service, metrics);
        Self { application, authorization: None, account: None, encoding: None, headers: Vec::new() }
    }

    /// The administrator.
    pub(crate) fn admin(bench: &Bench) -> Self {
        Self::of(bench).user("admin", "foobar")
    }

    pub(crate) fn user(&self, name: &str, password: &str) -> Self {
        let credentials = STANDARD.encode(format!("{name}:{password}"));
        Self { authorization: Some(format!("Basic {credentials}")), ..self.clone() }
    }

    pub(crate) fn bearer(&self, token: &str) -> Self {
        Self { authorization: Some(format!("Bearer {token}")), ..self.clone() }
    }

    /// The same caller, acting in an account.
    pub(crate) fn in_account(&self, name: &str) -> Self {
        Self { account: Some(name.to_owned()), ..self.clone() }
    }

    /// The same caller, who understands bodies in this encoding.
    pub(crate) fn accepting(&self, encoding: &'static str) -> Self {
        Self { encoding: Some(encoding), ..self.clone() }
    }

    /// The same caller, who sends a further header.
    pub(crate) fn header(&self, name: &'static str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name, value.to_owned()));
        client
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, Vec::new()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None, Vec::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some("application/json"), body.to_string().into()).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, Some("application/json"), body.to_string().into()).await
    }

    /// Anything at all.
    pub(crate) async fn send(&self, method: Method, path: &str, media_type: Option<&str>, body: Vec<u8>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(media_type) = media_type {
            request = request.header(header::CONTENT_TYPE, media_type);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        if let Some(account) = &self.account {
            request = request.header("x-anchore-account", account);
        }
        if let Some(encoding) = self.encoding {
            request = request.header(header::ACCEPT_ENCODING, encoding);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let response = self.application.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: head.status, headers: head.headers, bytes }
    }
}
