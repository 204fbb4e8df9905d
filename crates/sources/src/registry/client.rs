//! Requests to one repository: login when the registry asks for it, further attempts when it stumbles.

use std::{
    io::Read,
    net::IpAddr,
    sync::{Mutex, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::{
    StatusCode, Url,
    blocking::{Client as Http, RequestBuilder, Response},
    header::{AUTHORIZATION, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde::Deserialize;

use super::{
    RegistryOptions,
    challenge::{self, Challenge},
    credentials::{self, Login, Secret},
    tls::http_client,
};
use crate::{
    documents::{json, shortened},
    error::Error,
    reference::Reference,
};

const TOKEN_BYTES: u64 = 1 << 20;
const MESSAGE_BYTES: u64 = 64 << 10;
/// Longest whole transfer of one document; layers have no such limit.
const DOCUMENT_TIME: Duration = Duration::from_mins(3);
/// A registry that asks for a longer pause is not waited for.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

pub(crate) struct Client {
    http: Http,
    base: Url,
    reference: Reference,
    options: RegistryOptions,
    /// Looked up when the registry first asks: public images need none, and a helper may take its time.
    login: OnceLock<Login>,
    authorization: Mutex<Option<HeaderValue>>,
}

impl Client {
    pub(super) fn connect(reference: &Reference, options: &RegistryOptions) -> Result<Self, Error> {
        let host = reference.api_host();
        let on_this_machine = is_loopback(host);
        let http = http_client(options, on_this_machine)?;
        let url = |scheme: &str| {
            Url::parse(&format!("{scheme}://{host}/v2/")).map_err(|error| Error::InvalidReference {
                input: reference.to_string(),
                reason: format!("the registry has no valid address: {error}"),
            })
        };
        let base = if options.plain_http || (on_this_machine && speaks_plain_http(&http, &url("https")?, &url("http")?))
        {
            url("http")?
        } else {
            url("https")?
        };
        Ok(Self {
            http,
            base,
            reference: reference.clone(),
            options: options.clone(),
            login: OnceLock::new(),
            authorization: Mutex::new(None),
        })
    }

    /// A whole document below the repository, of at most `limit` bytes; `what` names it in errors.
    pub(super) fn document(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
        limit: u64,
        what: &str,
    ) -> Result<Vec<u8>, Error> {
        let mut attempt = 0;
        loop {
            let response = self.get(path, headers, what)?;
            match read_bounded(response, limit, what) {
                Err(Error::Read { .. }) if attempt < self.options.retries => {
                    thread::sleep(self.pause(attempt));
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    /// A successful answer, its body unread.
    pub(super) fn get(&self, path: &str, headers: &[(&'static str, &str)], what: &str) -> Result<Response, Error> {
        let url = format!("{}{}/{path}", self.base, self.reference.repository);
        let mut logins = 0;
        self.persist(|| {
            loop {
                let authorization = self.authorization();
                let mut request = self.http.get(&url);
                for (name, value) in headers {
                    request = request.header(*name, *value);
                }
                if let Some(authorization) = &authorization {
                    request = request.header(AUTHORIZATION, authorization);
                }
                let response = send(request)?;
                // A second login serves a token that ran out between two requests; a third would change nothing.
                if response.status() != StatusCode::UNAUTHORIZED || logins == 2 {
                    return Ok(response);
                }
                logins += 1;
                if self.authorization() == authorization {
                    let renewed = self.log_in(&response)?;
                    *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(renewed);
                }
            }
        })
        .and_then(|response| self.accepted(response, what))
    }

    /// A foreign layer from where its descriptor says; no credentials go there.
    pub(super) fn get_elsewhere(&self, url: &str, range: Option<&str>, what: &str) -> Result<Response, Error> {
        let response = self.persist(|| {
            let request = self.http.get(url);
            send(range.into_iter().fold(request, |request, range| request.header("range", range)))
        })?;
        self.accepted(response, what)
    }

    /// Before a further attempt after `attempt` failed ones.
    pub(super) fn pause(&self, attempt: u32) -> Duration {
        self.options.pause.saturating_mul(1 << attempt.min(16)).min(LONGEST_PAUSE)
    }

    pub(super) fn retries(&self) -> u32 {
        self.options.retries
    }

    /// Sends until there is an answer that further attempts would not better.
    fn persist(&self, mut send: impl FnMut() -> Result<Response, Failure>) -> Result<Response, Error> {
        for attempt in 0.. {
            let last = attempt >= self.options.retries;
            let pause = match send() {
                Ok(response) if !last && is_passing(response.status()) => match retry_after(&response) {
                    Some(pause) if pause > LONGEST_PAUSE => return Ok(response),
                    pause => pause.unwrap_or_else(|| self.pause(attempt)),
                },
                Ok(response) => return Ok(response),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Http(source)) if last || !is_worth_retrying(&source, attempt) => {
                    return Err(Error::Unreachable { host: self.host(), source: source.without_url() });
                }
                Err(Failure::Http(_)) => self.pause(attempt),
            };
            thread::sleep(pause);
        }
        unreachable!("the last attempt returns")
    }

    fn accepted(&self, response: Response, what: &str) -> Result<Response, Error> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let registry = self.host();
        let message = message_of(response);
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let login = self.login.get();
                let trouble = login.and_then(|login| login.trouble.clone());
                let anonymous = login.is_none_or(|login| login.secret.is_none());
                Error::Denied { what: what.into(), registry, message, trouble, anonymous }
            }
            StatusCode::NOT_FOUND => Error::NotInRegistry { what: what.into(), registry, message },
            StatusCode::TOO_MANY_REQUESTS => Error::RateLimited { registry, message },
            _ => Error::Answered { what: what.into(), registry, status: status.as_u16(), message },
        })
    }

    fn authorization(&self) -> Option<HeaderValue> {
        self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The header that meets the challenge of a 401 answer.
    fn log_in(&self, response: &Response) -> Result<HeaderValue, Failure> {
        let values = response.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let login = self.login.get_or_init(|| credentials::find(&self.reference, &self.options));
        let header = match (challenge::parse(values), &login.secret) {
            (None, _) => return Err(self.refusal("it asks for a login but names no way that is known here")),
            (Some(Challenge::Basic), Some(Secret::Password { username, password })) => basic(username, password),
            (Some(_), Some(Secret::BearerToken(token))) => format!("Bearer {token}"),
            (Some(Challenge::Basic), _) => {
                return Err(Failure::Final(Error::Denied {
                    what: self.reference.to_string(),
                    registry: self.host(),
                    message: "it asks for a user name and a password".into(),
                    trouble: login.trouble.clone(),
                    anonymous: login.secret.is_none(),
                }));
            }
            (Some(Challenge::Bearer { realm, service, scope }), secret) => {
                format!("Bearer {}", self.token(&realm, service.as_deref(), scope.as_deref(), secret.as_ref())?)
            }
        };
        let mut value = HeaderValue::from_str(&header)
            .map_err(|_| self.refusal("the credentials hold characters that cannot be sent"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Asks the token server, by the rules of the distribution project's `spec/auth`.
    fn token(
        &self,
        realm: &str,
        service: Option<&str>,
        scope: Option<&str>,
        secret: Option<&Secret>,
    ) -> Result<String, Failure> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            token: Option<String>,
            #[serde(default)]
            access_token: Option<String>,
        }
        let mut url = Url::parse(realm).map_err(|_| self.refusal("its token server has no valid address"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(self.refusal("its token server has no web address"));
        }
        if secret.is_some() && self.base.scheme() == "https" && url.scheme() != "https" {
            return Err(self.refusal("its token server would get the credentials unencrypted"));
        }
        let pull = format!("repository:{}:pull", self.reference.repository);
        let mut parameters: Vec<(&str, &str)> = service.map(|service| ("service", service)).into_iter().collect();
        parameters.push(("scope", scope.unwrap_or(&pull)));
        let request = if let Some(Secret::IdentityToken(identity)) = secret {
            parameters.extend([
                ("grant_type", "refresh_token"),
                ("client_id", "windlass"),
                ("refresh_token", identity.as_str()),
            ]);
            self.http.post(url).form(&parameters)
        } else {
            url.query_pairs_mut().extend_pairs(parameters);
            let request = self.http.get(url);
            match secret {
                Some(Secret::Password { username, password }) => {
                    request.header(AUTHORIZATION, basic(username, password))
                }
                _ => request,
            }
        };
        let response = send(request)?;
        let host = self.host();
        let what = format!("the token server of {host}");
        if !response.status().is_success() {
            return Err(self.accepted(response, &what).map_or_else(Failure::Final, |_| self.refusal("no token")));
        }
        let bytes = read_bounded(response, TOKEN_BYTES, &what).map_err(Failure::Final)?;
        let answer: Answer = json(&bytes, &what).map_err(|_| self.refusal("its token server's answer is malformed"))?;
        let token = answer.token.filter(|token| !token.is_empty()).or(answer.access_token);
        token.ok_or_else(|| self.refusal("its token server gave no token"))
    }

    fn refusal(&self, reason: &str) -> Failure {
        Failure::Final(Error::Login { registry: self.host(), reason: reason.into() })
    }

    fn host(&self) -> String {
        self.reference.api_host().to_owned()
    }
}

/// Why there is no answer at all.
enum Failure {
    Http(reqwest::Error),
    Final(Error),
}

fn send(request: RequestBuilder) -> Result<Response, Failure> {
    request.send().map_err(Failure::Http)
}

fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{password}")))
}

fn read_bounded(mut response: Response, limit: u64, what: &str) -> Result<Vec<u8>, Error> {
    let started = Instant::now();
    let too_large = || Error::TooLarge { what: what.into(), limit };
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 1 << 14];
    loop {
        let count = response.read(&mut buffer).map_err(Error::read(what))?;
        if count == 0 {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&buffer[..count]);
        if bytes.len() as u64 > limit {
            return Err(too_large());
        }
        if started.elapsed() > DOCUMENT_TIME {
            let reason = format!("it did not arrive within {} s", DOCUMENT_TIME.as_secs());
            return Err(Error::malformed(what, reason));
        }
    }
}

/// What the registry says of its refusal: `{"errors":[{"message":…}]}`, or `{"details":…}` of a token server.
fn message_of(response: Response) -> String {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        errors: Vec<Entry>,
        #[serde(default)]
        details: String,
    }
    #[derive(Deserialize)]
    struct Entry {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let status = response.status();
    let body = read_bounded(response, MESSAGE_BYTES, "").ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let text = body.map(|body: Body| match body.errors.into_iter().next() {
        Some(entry) if entry.message.is_empty() => entry.code,
        Some(entry) => entry.message,
        None => body.details,
    });
    match text.filter(|text| !text.is_empty()) {
        Some(text) => shortened(&text),
        None => status.canonical_reason().unwrap_or("no reason given").to_owned(),
    }
}

fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// Longest series of attempts to reach a host at all: it is more often mistyped than on its way back.
const CONNECTIONS: u32 = 2;

/// A wrong certificate stays wrong, a redirect loop a loop, and who did not answer for so long will not.
fn is_worth_retrying(error: &reqwest::Error, attempt: u32) -> bool {
    if error.is_connect() {
        return attempt < CONNECTIONS && !error.is_timeout() && !is_certificate_trouble(error);
    }
    !(error.is_builder() || error.is_redirect())
}

pub(crate) fn is_certificate_trouble(error: &reqwest::Error) -> bool {
    has_cause(error, "certificate")
}

/// What rustls says when the answer to its greeting is no TLS at all.
pub(crate) fn is_answer_without_tls(error: &reqwest::Error) -> bool {
    has_cause(error, "corrupt message")
}

/// The TLS library's own errors are behind two others and told apart by their texts only.
fn has_cause(error: &reqwest::Error, says: &str) -> bool {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.take(16).any(|cause| cause.to_string().contains(says))
}

/// Seconds, or a date: then the pause is ours.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// As docker does, a registry on this machine is spoken to in HTTP if it does not speak HTTPS.
fn speaks_plain_http(http: &Http, https_url: &Url, http_url: &Url) -> bool {
    match http.get(https_url.clone()).send() {
        Ok(_) => false,
        Err(error) if is_certificate_trouble(&error) => false,
        // 400 is how servers that want HTTPS answer to HTTP.
        Err(_) => http.get(http_url.clone()).send().is_ok_and(|answer| answer.status() != StatusCode::BAD_REQUEST),
    }
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
