//! Tokens (`spec/api.md` A2.2).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::words::words;

/// The form that asks for a token. What is missing is told by [`OauthError`], so nothing is required here.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TokenRequest {
    /// `password`
    #[schema(nullable = false)]
    pub grant_type: Option<String>,
    #[schema(nullable = false)]
    pub username: Option<String>,
    #[schema(nullable = false, format = Password)]
    pub password: Option<String>,
    /// `anonymous`
    #[schema(nullable = false)]
    pub client_id: Option<String>,
}

impl std::fmt::Debug for TokenRequest {
    /// Without the password: requests end up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenRequest")
            .field("grant_type", &self.grant_type)
            .field("username", &self.username)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

impl TokenRequest {
    /// The user and password it proves, or what is wrong with the form.
    pub fn credentials(&self) -> Result<(&str, &str), OauthError> {
        if self.grant_type.as_deref() != Some("password") {
            return Err(OauthErrorCode::UnsupportedGrantType.into());
        }
        if self.client_id.as_deref() != Some("anonymous") {
            return Err(OauthErrorCode::InvalidClient.into());
        }
        match (&self.username, &self.password) {
            (Some(username), Some(password)) => Ok((username, password)),
            (None, _) => Err(OauthError::missing("username")),
            (_, None) => Err(OauthError::missing("password")),
        }
    }
}

/// A token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenResponse {
    /// A JSON web token.
    pub access_token: String,
    /// `Bearer`
    pub token_type: String,
    /// Seconds.
    #[schema(example = 3600)]
    pub expires_in: u64,
}

impl std::fmt::Debug for TokenResponse {
    /// Without the token: responses end up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenResponse").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

impl TokenResponse {
    pub fn bearer(access_token: String, expires_in: u64) -> Self {
        Self { access_token, token_type: "Bearer".into(), expires_in }
    }
}

words! {
    /// Why there is no token (RFC 6749 §5.2).
    OauthErrorCode {
        /// Only passwords are granted for.
        UnsupportedGrantType = "unsupported_grant_type",
        /// The client is unknown.
        InvalidClient = "invalid_client",
        /// Something is missing.
        InvalidRequest = "invalid_request",
        /// User and password do not fit, or the account is disabled.
        InvalidGrant = "invalid_grant",
    }
}

/// The answer, with status 400, to a form that gets no token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OauthError {
    pub error: OauthErrorCode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub error_description: Option<String>,
}

impl OauthError {
    fn missing(member: &str) -> Self {
        let description = format!("Missing \"{member}\" in request.");
        Self { error: OauthErrorCode::InvalidRequest, error_description: Some(description) }
    }
}

impl From<OauthErrorCode> for OauthError {
    fn from(error: OauthErrorCode) -> Self {
        Self { error, error_description: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_checked_in_the_order_of_the_original() {
        let form = |grant: &str, client: &str, user: Option<&str>, password: Option<&str>| TokenRequest {
            grant_type: Some(grant.into()),
            username: user.map(str::to_owned),
            password: password.map(str::to_owned),
            client_id: Some(client.into()),
        };
        let error = |form: TokenRequest| form.credentials().unwrap_err().error;
        assert_eq!(error(TokenRequest::default()), OauthErrorCode::UnsupportedGrantType);
        assert_eq!(error(form("client_credentials", "x", None, None)), OauthErrorCode::UnsupportedGrantType);
        assert_eq!(error(form("password", "x", None, None)), OauthErrorCode::InvalidClient);
        assert_eq!(error(form("password", "anonymous", Some("u"), None)), OauthErrorCode::InvalidRequest);
        let good = form("password", "anonymous", Some("u"), Some("p"));
        assert_eq!(good.credentials(), Ok(("u", "p")));
        assert!(!format!("{good:?}").contains("\"p\""));
    }
}
