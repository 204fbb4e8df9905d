//! Requests over HTTP.

use std::{
    io::{self, Read as _},
    time::Duration,
};

use reqwest::{
    Certificate, Method, Url,
    blocking::{Body, Client, RequestBuilder, Response},
    header::{CONTENT_TYPE, HeaderValue},
};

use crate::{Connection, Error, Payload, Refusal, Request};

/// Longest answer that is read; a list of every file of a large image has some 20 MB.
const ANSWER_BYTES: u64 = 1 << 30;
const CONNECT_TIME: Duration = Duration::from_secs(10);
const ACCOUNT_HEADER: &str = "x-anchore-account";

/// A service that is spoken to. It blocks, and so must not be used on a thread that runs an asynchronous executor.
#[derive(Debug)]
pub struct Service {
    http: Client,
    connection: Connection,
}

impl Service {
    /// # Errors
    /// The certificates that are to be trusted cannot be used.
    pub fn new(connection: Connection) -> Result<Self, Error> {
        let mut http = Client::builder()
            .user_agent(concat!("windlass/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIME)
            .danger_accept_invalid_certs(!connection.verify_tls);
        let authorities = Certificate::from_pem_bundle(&connection.authorities).map_err(Error::Setup)?;
        if authorities.is_empty() && !connection.authorities.is_empty() {
            return Err(Error::NoCertificates);
        }
        for authority in authorities {
            http = http.add_root_certificate(authority);
        }
        Ok(Self { http: http.build().map_err(Error::Setup)?, connection })
    }

    pub fn url(&self) -> &Url {
        &self.connection.url
    }

    /// Whether there is a service at the address; it is not told who asks, and does not ask (`spec/api.md` B2).
    ///
    /// # Errors
    /// Nothing answers, or something else does.
    pub fn check_access(&self) -> Result<(), Error> {
        match self.send(&Request::get(&[])) {
            Ok(_) => Ok(()),
            Err(Error::Refused(refusal)) => {
                Err(Error::NoService { url: self.connection.url.to_string(), status: refusal.status })
            }
            Err(error) => Err(error),
        }
    }

    /// Sends the request and returns the answer.
    ///
    /// # Errors
    /// There is no answer, or its status is no success.
    pub fn send(&self, request: &Request) -> Result<Payload, Error> {
        let (shown, response) = self.ask(request, None)?;
        payload(shown, response)
    }

    /// Sends the request with what `body` gives, of that many bytes, and returns the answer.
    ///
    /// # Errors
    /// As [`Service::send`].
    pub fn upload(
        &self,
        request: &Request,
        body: impl io::Read + Send + 'static,
        length: u64,
    ) -> Result<Payload, Error> {
        let (shown, response) = self.ask(request, Some(Body::sized(body, length)))?;
        payload(shown, response)
    }

    /// Sends the request and writes the answer, whatever it is, to `out`; tells how many bytes. Memory does not grow with it.
    ///
    /// # Errors
    /// As [`Service::send`], or the answer cannot be written.
    pub fn download(&self, request: &Request, out: &mut dyn io::Write) -> Result<u64, Error> {
        let (shown, mut response) = self.ask(request, None)?;
        if !response.status().is_success() {
            return Err(payload(shown, response).expect_err("its status is no success"));
        }
        let promised = response.content_length();
        let failed = |source| Error::BrokenOff { url: shown.clone(), source };
        let written = io::copy(&mut response, out).map_err(failed)?;
        if promised.is_some_and(|promised| promised != written) {
            return Err(failed(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(written)
    }

    /// The address as it is shown, and the answer, of which nothing has been read yet.
    fn ask(&self, request: &Request, body: Option<Body>) -> Result<(String, Response), Error> {
        let url = self.address(request);
        let shown = url.to_string();
        let unreachable = |source: reqwest::Error| Error::Unreachable {
            url: self.connection.url.to_string(),
            source: source.without_url(),
        };
        let mut prepared = self.prepare(request, url);
        if let Some(body) = body {
            prepared = prepared.body(body);
        }
        let response = prepared.send().map_err(unreachable)?;
        tracing::info!(method = %request.method, url = shown, status = response.status().as_u16(), "asked");
        Ok((shown, response))
    }

    fn address(&self, request: &Request) -> Url {
        let mut url = self.connection.url.clone();
        url.path_segments_mut()
            .expect("an address of HTTP has a path")
            .pop_if_empty()
            .extend(request.path.iter().map(String::as_str));
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        url
    }

    fn prepare(&self, request: &Request, url: Url) -> RequestBuilder {
        let mut builder = self.http.request(request.method.clone(), url);
        if !request.patient {
            builder = builder.timeout(self.connection.request_time);
        }
        if let Some((user, password)) = &self.connection.login {
            builder = builder.basic_auth(user, Some(password.reveal()));
        }
        if let Some(account) = self.connection.account.as_ref().and_then(|name| HeaderValue::from_str(name).ok()) {
            builder = builder.header(ACCOUNT_HEADER, account);
        }
        match &request.body {
            Some(body) => builder.header(CONTENT_TYPE, &body.content_type).body(body.bytes.clone()),
            // Some proxies refuse a POST or PUT that does not say how long it is.
            None if matches!(request.method, Method::POST | Method::PUT) => builder.body(Vec::new()),
            None => builder,
        }
    }
}

/// Reads an answer to its end.
fn payload(url: String, response: Response) -> Result<Payload, Error> {
    let status = response.status();
    let request_id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let mut body = Vec::new();
    let read = response.take(ANSWER_BYTES + 1).read_to_end(&mut body);
    read.map_err(|source| Error::BrokenOff { url: url.clone(), source })?;
    if body.len() as u64 > ANSWER_BYTES {
        return Err(Error::TooLong { url, limit: ANSWER_BYTES });
    }
    let payload = Payload::of_body(&body);
    if status.is_success() {
        Ok(payload)
    } else {
        Err(Error::Refused(Box::new(Refusal { status: status.as_u16(), payload, request_id })))
    }
}
