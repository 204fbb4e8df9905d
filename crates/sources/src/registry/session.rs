//! Who we are to a repository: what a registry is shown when it asks (RFC 9110, section 11; the distribution project's
//! `spec/auth`).

use std::sync::{Mutex, OnceLock, PoisonError};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::{
    StatusCode, Url,
    blocking::Response,
    header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE},
};
use serde::Deserialize;

use super::{
    challenge::{self, Challenge},
    client::{Client, Stop, read_bounded, send},
    credentials::{self, Login, RepositoryName, Secret},
};
use crate::{documents::json, error::Error};

const TOKEN_BYTES: u64 = 1 << 20;

pub(super) struct Session {
    /// Empty for the API itself.
    repository: String,
    /// Looked up when the registry first asks: public images need none, and a helper may take its time.
    login: OnceLock<Login>,
    authorization: Mutex<Option<HeaderValue>>,
}

impl Session {
    pub(super) fn new(repository: &str) -> Self {
        Self { repository: repository.to_owned(), login: OnceLock::new(), authorization: Mutex::default() }
    }

    /// The header that let us in last time.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn authorize(&self, header: HeaderValue) {
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(header);
    }

    /// Nothing as long as no login was needed.
    pub(super) fn known_login(&self) -> Option<&Login> {
        self.login.get()
    }
}

impl Client {
    pub(super) fn login<'s>(&self, session: &'s Session) -> &'s Login {
        session.login.get_or_init(|| {
            let name = RepositoryName { registry: &self.registry, repository: &session.repository };
            credentials::find(name, &self.options)
        })
    }

    /// The header that meets the challenge of a 401 answer.
    pub(super) fn log_in(&self, session: &Session, response: &Response) -> Result<HeaderValue, Stop> {
        let values = response.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let login = self.login(session);
        let header = match (challenge::parse(values), &login.secret) {
            (None, _) => return Err(self.no_login("it asks for a login but names no way that is known here")),
            (Some(Challenge::Basic), Some(Secret::Password { username, password })) => basic(username, password),
            (Some(_), Some(Secret::BearerToken(token))) => format!("Bearer {token}"),
            (Some(Challenge::Basic), _) => {
                return Err(Stop::Final(Error::Denied {
                    what: self.subject(session),
                    registry: self.host.clone(),
                    message: "it asks for a user name and a password".into(),
                    trouble: login.trouble.clone(),
                    anonymous: login.secret.is_none(),
                }));
            }
            (Some(Challenge::Bearer { realm, service, scope }), _) => {
                format!("Bearer {}", self.token(session, &realm, service.as_deref(), scope.as_deref())?)
            }
        };
        let mut value = HeaderValue::from_str(&header)
            .map_err(|_| self.no_login("the credentials hold characters that cannot be sent"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Asks the token server, by the rules of the distribution project's `spec/auth`.
    fn token(
        &self,
        session: &Session,
        realm: &str,
        service: Option<&str>,
        scope: Option<&str>,
    ) -> Result<String, Stop> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            token: Option<String>,
            #[serde(default)]
            access_token: Option<String>,
        }
        let secret = self.login(session).secret.as_ref();
        let mut url = Url::parse(realm).map_err(|_| self.no_login("its token server has no valid address"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(self.no_login("its token server has no web address"));
        }
        if secret.is_some() && self.base().scheme() == "https" && url.scheme() != "https" {
            return Err(self.no_login("its token server would get the credentials unencrypted"));
        }
        let pull = format!("repository:{}:pull", session.repository);
        let scope = scope.or((!session.repository.is_empty()).then_some(pull.as_str()));
        let mut parameters: Vec<(&str, &str)> = service.map(|service| ("service", service)).into_iter().collect();
        parameters.extend(scope.map(|scope| ("scope", scope)));
        let request = if let Some(Secret::IdentityToken(identity)) = secret {
            parameters.extend([
                ("grant_type", "refresh_token"),
                ("client_id", "windlass"),
                ("refresh_token", identity.as_str()),
            ]);
            // The body holds the secret and would go along.
            self.without_redirects().map_err(Stop::Final)?.post(url).form(&parameters)
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
        let again = || request.try_clone().ok_or_else(|| self.no_login("its token server cannot be asked"));
        let response = self.persist(|| send(again()?)).map_err(Stop::Final)?;
        let what = format!("the token server of {}", self.host);
        if matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            let denied = self.accepted(response, &self.subject(session), Some(session));
            return Err(denied.map_or_else(Stop::Final, |_| self.no_login("no token")));
        }
        let response = self.accepted(response, &what, None).map_err(|error| match error {
            Error::NotInRegistry { message, .. } => self.no_login(&format!("its token server says: {message}")),
            other => Stop::Final(other),
        })?;
        let bytes = read_bounded(response, TOKEN_BYTES, &what).map_err(Stop::Final)?;
        let answer: Answer =
            json(&bytes, &what).map_err(|_| self.no_login("its token server's answer is malformed"))?;
        let token = answer.token.filter(|token| !token.is_empty()).or(answer.access_token);
        token.ok_or_else(|| self.no_login("its token server gave no token"))
    }

    fn no_login(&self, reason: &str) -> Stop {
        Stop::Final(Error::Login { registry: self.host.clone(), reason: reason.into(), passing: false })
    }

    /// What a session is about, in messages.
    fn subject(&self, session: &Session) -> String {
        if session.repository.is_empty() {
            "its API".into()
        } else {
            format!("{}/{}", self.registry, session.repository)
        }
    }
}

fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{password}")))
}
