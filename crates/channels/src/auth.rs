//! How a receiver knows who is asking.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderName, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ComposeError, Secret, channel::Problems, outgoing::Request};

/// Headers that the protocol itself needs.
const TAKEN: [&str; 8] = [
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
];

/// A login.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "scheme", rename_all = "snake_case")]
pub enum Auth {
    #[default]
    None,
    Basic {
        username: String,
        password: Secret,
    },
    Bearer {
        token: Secret,
    },
    /// A header of any name.
    Header {
        name: String,
        value: Secret,
    },
}

impl Auth {
    pub(crate) fn secrets(&mut self) -> Vec<(String, &mut Secret)> {
        match self {
            Self::None => Vec::new(),
            Self::Basic { password, .. } => vec![("auth.password".into(), password)],
            Self::Bearer { token } => vec![("auth.token".into(), token)],
            Self::Header { value, .. } => vec![("auth.value".into(), value)],
        }
    }

    pub(crate) fn problems(&self, problems: &mut Problems) {
        match self {
            Self::None | Self::Bearer { .. } => {}
            Self::Basic { username, .. } => {
                problems.check(!username.contains(':'), "auth.username", "it holds a colon, which ends a user name");
            }
            Self::Header { name, .. } => {
                let usable = name.parse::<HeaderName>().is_ok_and(|name| !TAKEN.contains(&name.as_str()));
                problems.check(usable, "auth.name", "it is no name of a header that can be set");
            }
        }
    }

    /// # Errors
    /// When the login cannot be in a header.
    pub(crate) fn apply(&self, request: Request) -> Result<Request, ComposeError> {
        match self {
            Self::None => Ok(request),
            Self::Basic { username, password } => {
                let login = BASE64_STANDARD.encode(format!("{username}:{}", password.expose()));
                request.header(header::AUTHORIZATION, &format!("Basic {login}"), "auth.password")
            }
            Self::Bearer { token } => {
                request.header(header::AUTHORIZATION, &format!("Bearer {}", token.expose()), "auth.token")
            }
            Self::Header { name, value } => {
                let field = || ComposeError::Setting { field: "auth.name".into(), reason: "it is no header".into() };
                request.header(name.parse().map_err(|_| field())?, value.expose(), "auth.value")
            }
        }
    }
}
