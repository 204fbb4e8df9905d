//! What the header `Authorization` holds (`spec/api.md` A2.1).

use axum::http::{HeaderMap, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use windlass_operations::identity::Presented;

/// Credentials as they were sent.
pub(crate) enum Credentials {
    Basic { username: String, password: String },
    Bearer(String),
}

impl Credentials {
    /// The name that was given, whoever gave it.
    pub(crate) fn username(&self) -> Option<&str> {
        match self {
            Self::Basic { username, .. } => Some(username),
            Self::Bearer(_) => None,
        }
    }

    pub(crate) fn presented(&self) -> Presented<'_> {
        match self {
            Self::Basic { username, password } => Presented::Password { username, password },
            Self::Bearer(token) => Presented::Bearer(token),
        }
    }
}

/// Reads them; `None` where there are none, or none that can be understood.
pub(crate) fn read(headers: &HeaderMap) -> Option<Credentials> {
    let (scheme, value) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let value = value.trim();
    if scheme.eq_ignore_ascii_case("basic") {
        let text = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
        let (username, password) = text.split_once(':')?;
        return Some(Credentials::Basic { username: username.to_owned(), password: password.to_owned() });
    }
    let is_token = ["bearer", "jwt"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    is_token.then(|| Credentials::Bearer(value.to_owned()))
}
