//! Requests to one registry: login when it asks for it, further attempts when it stumbles.

use std::{
    collections::HashMap,
    io::Read,
    net::IpAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use reqwest::{
    Method, StatusCode, Url,
    blocking::{Client as Http, RequestBuilder, Response},
    header::{AUTHORIZATION, DATE, HeaderMap, HeaderName, RETRY_AFTER},
    redirect::Policy,
};
use serde::Deserialize;

use super::{
    RateLimit, RegistryOptions,
    session::Session,
    tls::{REDIRECTS, http_client},
};
use crate::{
    documents::shortened,
    error::Error,
    reference::{api_host, is_host},
};

const MESSAGE_BYTES: u64 = 64 << 10;
/// Longest whole transfer of one document; layers have no such limit.
const DOCUMENT_TIME: Duration = Duration::from_mins(3);
/// A registry that asks for a longer pause is not waited for.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// What registries put into every answer to tell that they are some.
const API_VERSION: &str = "docker-distribution-api-version";

/// Speaks to one registry. Connections are shared by all that is asked of it, tokens by all that is asked of a repository.
pub(crate) struct Client {
    pub(super) http: Http,
    /// As references name it.
    pub(super) registry: String,
    /// As its API is addressed.
    pub(super) host: String,
    pub(super) options: RegistryOptions,
    on_this_machine: bool,
    https: Url,
    plain: Url,
    /// Which of the two it speaks, once that is known.
    base: OnceLock<Url>,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
    /// What was said of it last.
    rate_limit: Mutex<Option<RateLimit>>,
}

/// What is asked of a registry.
pub(super) struct Question<'a> {
    /// As the registry names it; empty for the API itself.
    pub repository: &'a str,
    /// Below the repository: `manifests/1.0`.
    pub path: &'a str,
    pub headers: Vec<(&'static str, &'a str)>,
    /// Names the answer in errors.
    pub what: &'a str,
}

impl<'a> Question<'a> {
    pub(super) fn new(repository: &'a str, path: &'a str, what: &'a str) -> Self {
        Self { repository, path, headers: Vec::new(), what }
    }
}

impl Client {
    /// Sends nothing yet. The registry is named as in references: a host with an optional port.
    pub(super) fn new(registry: &str, options: &RegistryOptions) -> Result<Self, Error> {
        let invalid = |reason: String| Error::InvalidReference { input: shortened(registry), reason };
        if !is_host(registry) {
            return Err(invalid("a registry is a host name with an optional port".into()));
        }
        let host = api_host(registry);
        let on_this_machine = is_loopback(host);
        let url = |scheme: &str| {
            Url::parse(&format!("{scheme}://{host}/v2/"))
                .map_err(|error| invalid(format!("the registry has no valid address: {error}")))
        };
        Ok(Self {
            http: http_client(options, on_this_machine, Policy::limited(REDIRECTS))?,
            registry: registry.to_owned(),
            host: host.to_owned(),
            options: options.clone(),
            on_this_machine,
            https: url("https")?,
            plain: url("http")?,
            base: OnceLock::new(),
            sessions: Mutex::default(),
            rate_limit: Mutex::default(),
        })
    }

    /// A whole document of at most `limit` bytes, and the headers it came with.
    pub(super) fn document(&self, question: &Question<'_>, limit: u64) -> Result<(HeaderMap, Vec<u8>), Error> {
        let mut attempt = 0;
        loop {
            let response = self.ask(&Method::GET, question)?;
            let headers = response.headers().clone();
            match read_bounded(response, limit, question.what) {
                Err(Error::Read { .. }) if attempt < self.options.retries => {
                    thread::sleep(self.pause(attempt));
                    attempt += 1;
                }
                other => return Ok((headers, other?)),
            }
        }
    }

    /// A successful answer, its body unread.
    pub(super) fn ask(&self, method: &Method, question: &Question<'_>) -> Result<Response, Error> {
        let session = self.session(question.repository);
        let mut url = self.base().to_string();
        if !question.repository.is_empty() {
            url = format!("{url}{}/", question.repository);
        }
        url.push_str(question.path);
        let mut logins = 0;
        let response = self.persist(|| {
            loop {
                let authorization = session.authorization();
                let mut request = self.http.request(method.clone(), &url);
                for (name, value) in &question.headers {
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
                if session.authorization() == authorization {
                    session.authorize(self.log_in(&session, &response)?);
                }
            }
        })?;
        self.accepted(response, question.what, Some(&session))
    }

    pub(super) fn rate_limit(&self) -> Option<RateLimit> {
        self.rate_limit.lock().ok().and_then(|known| *known)
    }

    /// A foreign layer from where its descriptor says; no credentials go there.
    pub(super) fn get_elsewhere(&self, url: &str, range: Option<&str>, what: &str) -> Result<Response, Error> {
        let response = self.persist(|| {
            let request = self.http.get(url);
            send(range.into_iter().fold(request, |request, range| request.header("range", range)))
        })?;
        self.accepted(response, what, None)
    }

    /// How the registry answers, to whom it does not know, where its API begins.
    pub(super) fn greet(&self) -> Result<Response, Error> {
        self.persist(|| send(self.http.get(self.base().clone())))
    }

    /// Before a further attempt after `attempt` failed ones.
    pub(super) fn pause(&self, attempt: u32) -> Duration {
        self.options.pause.saturating_mul(1 << attempt.min(16)).min(LONGEST_PAUSE)
    }

    pub(super) fn retries(&self) -> u32 {
        self.options.retries
    }

    /// Who we are to a repository, or to the API itself.
    pub(super) fn session(&self, repository: &str) -> Arc<Session> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.entry(repository.to_owned()).or_insert_with(|| Arc::new(Session::new(repository))).clone()
    }

    /// Where the API begins. As docker does, a registry on this machine is spoken to in HTTP if it does not speak HTTPS;
    /// others where the options allow it. Nothing is concluded from a registry that does not answer.
    pub(super) fn base(&self) -> &Url {
        if self.options.plain_http {
            return &self.plain;
        }
        if !self.on_this_machine && !self.options.http_fallback {
            return &self.https;
        }
        if let Some(known) = self.base.get() {
            return known;
        }
        let answers = |url: &Url| self.http.get(url.clone()).send();
        let found = match answers(&self.https) {
            Ok(_) => &self.https,
            Err(error) if is_certificate_trouble(&error) => &self.https,
            // 400 is how servers that want HTTPS answer to HTTP.
            Err(_) => match answers(&self.plain) {
                Ok(answer) if answer.status() != StatusCode::BAD_REQUEST => &self.plain,
                Ok(_) => &self.https,
                Err(_) => return &self.https,
            },
        };
        self.base.get_or_init(|| found.clone())
    }

    /// A client that does not go where an answer sends it.
    pub(super) fn without_redirects(&self) -> Result<Http, Error> {
        http_client(&self.options, self.on_this_machine, Policy::none())
    }

    /// Sends until there is an answer that further attempts would not better.
    pub(super) fn persist(&self, mut send: impl FnMut() -> Result<Response, Stop>) -> Result<Response, Error> {
        for attempt in 0.. {
            let last = attempt >= self.options.retries;
            let pause = match send() {
                Ok(response) if !last && is_passing(response.status()) => match retry_after(response.headers()) {
                    Some(pause) if pause > LONGEST_PAUSE => return Ok(response),
                    pause => pause.unwrap_or_else(|| self.pause(attempt)),
                },
                Ok(response) => return Ok(response),
                Err(Stop::Final(error)) => return Err(error),
                Err(Stop::Http(source)) if last || !is_worth_retrying(&source, attempt) => {
                    let host = source.url().map_or_else(|| self.host.clone(), host_and_port);
                    return Err(Error::Unreachable { host, source: source.without_url() });
                }
                Err(Stop::Http(_)) => self.pause(attempt),
            };
            thread::sleep(pause);
        }
        unreachable!("the last attempt returns")
    }

    /// The answer if it is a success, else what the registry says instead. Without a session, another host was asked.
    pub(super) fn accepted(
        &self,
        response: Response,
        what: &str,
        session: Option<&Session>,
    ) -> Result<Response, Error> {
        if let (Some(told), Ok(mut known)) = (RateLimit::of(response.headers()), self.rate_limit.lock()) {
            *known = Some(told);
        }
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let registry = self.host.clone();
        let retry_after = retry_after(response.headers());
        let names_itself = response.headers().contains_key(API_VERSION);
        let Said { code, message } = said(response);
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let login = session.and_then(Session::known_login);
                let trouble = login.and_then(|login| login.trouble.clone());
                let anonymous = session.is_some() && login.is_none_or(|login| login.secret.is_none());
                Error::Denied { what: what.into(), registry, message, trouble, anonymous }
            }
            StatusCode::NOT_FOUND => match session {
                Some(_) if code.is_empty() && !names_itself && self.has_no_api() => {
                    Error::NotARegistry { registry, status: status.as_u16() }
                }
                _ => Error::NotInRegistry { what: what.into(), registry, message },
            },
            StatusCode::TOO_MANY_REQUESTS => Error::RateLimited { registry, message, retry_after },
            _ => Error::Answered { what: what.into(), registry, status: status.as_u16(), message },
        })
    }

    /// Whether nothing is where the API of every registry begins. Who cannot tell says no.
    fn has_no_api(&self) -> bool {
        self.greet().is_ok_and(|answer| !is_greeting(answer.status()) && !is_passing(answer.status()))
    }
}

/// Whether a registry answers like this where its API begins: it lets us in, wants to know us, or refuses us.
pub(super) fn is_greeting(status: StatusCode) -> bool {
    matches!(status, StatusCode::OK | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

/// Why there is no answer at all.
pub(super) enum Stop {
    Http(reqwest::Error),
    Final(Error),
}

pub(super) fn send(request: RequestBuilder) -> Result<Response, Stop> {
    request.send().map_err(Stop::Http)
}

pub(super) fn read_bounded(mut response: Response, limit: u64, what: &str) -> Result<Vec<u8>, Error> {
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
            return Err(Error::Slow { what: what.into(), seconds: DOCUMENT_TIME.as_secs() });
        }
    }
}

/// What a registry says of its refusal.
struct Said {
    /// Such as `MANIFEST_UNKNOWN`; empty if it says nothing in the form that the protocol has for it.
    code: String,
    message: String,
}

/// Reads `{"errors":[{"code":…,"message":…}]}`, or `{"details":…}` of a token server.
fn said(response: Response) -> Said {
    #[derive(Default, Deserialize)]
    struct Body {
        #[serde(default)]
        errors: Vec<Entry>,
        #[serde(default)]
        details: String,
    }
    #[derive(Default, Deserialize)]
    struct Entry {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let status = response.status();
    let body = read_bounded(response, MESSAGE_BYTES, "").ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let Body { errors, details } = body.unwrap_or_default();
    let Entry { code, message } = errors.into_iter().next().unwrap_or_default();
    let told = [&message, &code, &details].into_iter().find(|text| !text.is_empty());
    let otherwise = || status.canonical_reason().unwrap_or("no reason given").to_owned();
    Said { message: told.map_or_else(otherwise, |text| shortened(text)), code: shortened(&code) }
}

/// Whether the same request may succeed a little later.
pub(crate) fn is_passing(status: StatusCode) -> bool {
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

/// The pause a registry asks for: seconds, or a date, which is measured by the registry's own clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let pause = text(RETRY_AFTER)?;
    if let Ok(seconds) = pause.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text: &str| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    let (then, now): (Timestamp, Timestamp) = (date(pause)?, date(text(DATE)?)?);
    Some(Duration::try_from(then.duration_since(now)).unwrap_or_default())
}

/// Also where it is a token server or storage that cannot be reached.
fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_told_in_seconds_or_as_a_date_by_the_registrys_clock() {
        let pause = |after: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, after.parse().unwrap());
            headers.extend(date.map(|date| (DATE, date.parse().unwrap())));
            retry_after(&headers).map(|pause| pause.as_secs())
        };
        let noon = Some("Fri, 27 Nov 2026 12:00:00 GMT");
        assert_eq!(pause(" 90 ", None), Some(90));
        assert_eq!(pause("Fri, 27 Nov 2026 12:01:30 GMT", noon), Some(90));
        assert_eq!(pause("Fri, 27 Nov 2026 11:00:00 GMT", noon), Some(0));
        assert_eq!(pause("Fri, 27 Nov 2026 12:01:30 GMT", None), None);
        assert_eq!(pause("soon", noon), None);
    }
}
