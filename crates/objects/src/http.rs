//! HTTP for OpenDAL: the client that the rest of Windlass has, so that one is compiled in, with the system's certificates.

use std::{sync::Arc, time::Duration};

use futures::{TryStreamExt, stream};
use http::{Request, Response, StatusCode};
use opendal::{Buffer, Error, ErrorKind, HttpBody, HttpTransport};

use crate::{Options, swift};

/// Sends the requests of one storage.
pub(crate) struct Transport {
    client: reqwest::Client,
    /// How long the beginning of an answer is waited for.
    timeout: Duration,
    /// Renews Swift's tokens, which OpenDAL takes as given.
    login: Option<Arc<swift::Login>>,
}

pub(crate) fn client(options: &Options) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .connect_timeout(options.timeout)
        .read_timeout(options.transfer_timeout)
        .user_agent(concat!("windlass/", env!("CARGO_PKG_VERSION")))
        .build()
}

impl Transport {
    pub(crate) fn new(client: reqwest::Client, options: &Options, login: Option<Arc<swift::Login>>) -> Self {
        Self { client, timeout: options.timeout, login }
    }

    async fn send(&self, request: Request<Buffer>) -> opendal::Result<Response<HttpBody>> {
        let (parts, body) = request.into_parts();
        let head = parts.method == http::Method::HEAD;
        let url = reqwest::Url::parse(&parts.uri.to_string())
            .map_err(|error| Error::new(ErrorKind::ConfigInvalid, format!("the address is unusable: {error}")))?;
        let request = self.client.request(parts.method, url).headers(parts.headers);
        let sent = if body.is_empty() {
            // Nothing is under way that could take its time.
            match tokio::time::timeout(self.timeout, request.send()).await {
                Ok(sent) => sent,
                Err(_) => return Err(Error::new(ErrorKind::Unexpected, TIMEOUT).set_temporary()),
            }
        } else {
            request.body(body.to_bytes()).send().await
        };
        let mut answer = sent.map_err(passing)?;
        if answer.status() == StatusCode::INSUFFICIENT_STORAGE {
            return Err(Error::new(ErrorKind::Unexpected, FULL));
        }
        // Only plain answers have the length of what is read from them.
        let encoded = answer.headers().contains_key(http::header::CONTENT_ENCODING);
        let length = if head || encoded { None } else { answer.content_length() };
        // The address stays out of the answer: OpenDAL puts it into errors, and with Azure it may hold a signature.
        let mut response = Response::builder().status(answer.status()).version(answer.version());
        if let Some(headers) = response.headers_mut() {
            std::mem::swap(headers, answer.headers_mut());
        }
        let status = answer.status();
        let body = if head && !status.is_success() {
            // Such an answer has no body, and the reason of an error is taken from there.
            HttpBody::new(stream::iter([Ok(Buffer::from(format!("the server answered {status}")))]), None)
        } else {
            HttpBody::new(answer.bytes_stream().map_ok(Buffer::from).map_err(passing), length)
        };
        response
            .body(body)
            .map_err(|error| Error::new(ErrorKind::Unexpected, "the answer makes no sense").set_source(error))
    }
}

impl HttpTransport for Transport {
    async fn fetch(&self, mut request: Request<Buffer>) -> opendal::Result<Response<HttpBody>> {
        let Some(login) = &self.login else { return self.send(request).await };
        let failed = |fault: crate::Fault| Error::new(ErrorKind::PermissionDenied, fault.reason);
        let token = login.token(None).await.map_err(failed)?;
        request.headers_mut().insert("x-auth-token", token.clone());
        let response = self.send(request.clone()).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let token = login.token(Some(&token)).await.map_err(failed)?;
        request.headers_mut().insert("x-auth-token", token);
        self.send(request).await
    }
}

/// Connections break and servers restart: worth another attempt, unless the certificate is not trusted.
fn passing(error: reqwest::Error) -> Error {
    let lasting = error.is_builder() || error.is_redirect() || causes(&error).contains("certificate");
    let what = if error.is_timeout() { TIMEOUT } else { "the connection failed" };
    Error::new(ErrorKind::Unexpected, what).with_temporary(!lasting).set_source(error.without_url())
}

/// How a timeout is told apart in [`opendal::Error`], which has no kind for it; its own layer says the same.
pub(crate) const TIMEOUT: &str = "operation timeout reached";

/// How a server without room is told apart, for which OpenDAL has no kind either.
pub(crate) const FULL: &str = "the server answered 507 Insufficient Storage";

/// The reasons behind an error, outermost first.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(error.source(), |error| (*error).source()).take(8);
    let mut said: Vec<String> = Vec::new();
    for cause in chain.map(ToString::to_string) {
        if !said.last().is_some_and(|last| last.contains(&cause)) {
            said.push(cause);
        }
    }
    said.join(": ")
}
