//! Tokens in exchange for a password (`spec/api.md` A2.2).

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use windlass_operations::identity::Denied;
use windlass_v1::oauth::{OauthError, OauthErrorCode, TokenRequest, TokenResponse};

use crate::{
    Failure,
    dispatch::{
        audit::RefusedLogIn,
        credentials::{self, Credentials},
    },
    operation::{Answer, Described, Form, Input, Json, Operation},
    scope::Public,
};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::post("/oauth/token", "get_oauth_token", "Gives a token for a user and a password")
            .body::<Form<TokenRequest>>()
            .names("username")
            .fails_with::<Json<OauthError>>(400, "The form is not complete, or user and password do not fit.")
            .fails(403, "Tokens are switched off.")
            .fails(429, "Too many refused log-ins.")
            .for_anyone(grant),
    ]
}

/// A token, which nobody may keep a copy of on the way.
struct Token(TokenResponse);

impl IntoResponse for Token {
    fn into_response(self) -> Response<Body> {
        unstored(Json(self.0).into_response())
    }
}

impl Answer for Token {
    fn describe() -> Described {
        Json::<TokenResponse>::describe()
    }
}

async fn grant(public: Public, input: Input<(), TokenRequest>) -> Result<Token, Failure> {
    public.service.check_tokens_are_given()?;
    let mut form = input.body;
    if form == TokenRequest::default()
        && let Some(Credentials::Basic { username, password }) = credentials::read(&input.headers)
    {
        form = TokenRequest {
            grant_type: Some("password".into()),
            client_id: Some("anonymous".into()),
            username: Some(username),
            password: Some(password),
        };
    }
    let (username, password) = form.credentials().map_err(refused)?;
    match public.service.grant_token(username, password, input.address).await? {
        Ok(token) => Ok(Token(token)),
        Err(Denied::Unknown) => Err(refused_log_in()),
        Err(Denied::TooMany(seconds)) => Err(Failure::TooManyAttempts(seconds)),
    }
}

fn refused_log_in() -> Failure {
    let mut failure = refused(OauthErrorCode::InvalidGrant.into());
    if let Failure::Other(response) = &mut failure {
        response.extensions_mut().insert(RefusedLogIn);
    }
    failure
}

fn refused(error: OauthError) -> Failure {
    let response = (StatusCode::BAD_REQUEST, Json(error)).into_response();
    Failure::Other(Box::new(unstored(response)))
}

fn unstored(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
