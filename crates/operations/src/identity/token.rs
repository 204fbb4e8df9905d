//! Tokens: JSON Web Tokens in the form of the original (`spec/api.md` A2.1, A2.2).

use std::net::IpAddr;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use windlass_v1::oauth::TokenResponse;

use super::{Caller, Denied, Presented, api_key::USERNAME};
use crate::{
    Error, Result, Service,
    cipher::{random, random_id},
};

const ISSUER: &str = "anchore-engine";
/// The setting that holds the key that signs, encrypted.
const KEY: &str = "token_key";

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    /// The user's id, which outlives no user: a name can be given to another.
    sub: String,
    exp: i64,
    iat: i64,
    jti: String,
}

impl Service {
    /// Issues a token for a user and a password. An API key gets none: a token would outlive it, and its role.
    ///
    /// # Errors
    /// 403 where tokens are switched off. That the two do not fit is no error.
    pub async fn grant_token(
        &self,
        username: &str,
        password: &str,
        from: Option<IpAddr>,
    ) -> Result<Result<TokenResponse, Denied>> {
        if !self.settings.oauth.enabled {
            return Err(Error::refused(403, "OAuth is not enabled in this service"));
        }
        if username == USERNAME {
            return Ok(Err(Denied::Unknown));
        }
        match self.authenticate(Presented::Password { username, password }, from).await? {
            Ok(caller) if caller.is_enabled() => Ok(Ok(self.issue_token(&caller).await?)),
            Ok(_) => Ok(Err(Denied::Unknown)),
            Err(denied) => Ok(Err(denied)),
        }
    }

    async fn issue_token(&self, caller: &Caller) -> Result<TokenResponse> {
        let key = self.token_key().await?;
        let now = self.clock.now().as_second();
        let expires_in = self.settings.oauth.expiration.as_secs();
        let claims = Claims {
            iss: ISSUER.into(),
            sub: caller.user().id.clone(),
            exp: now.saturating_add_unsigned(expires_in),
            iat: now,
            jti: random_id(),
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(&key))
            .map_err(|error| Error::Broken(format!("a token cannot be signed: {error}")))?;
        Ok(TokenResponse::bearer(token, expires_in))
    }

    pub(super) async fn by_token(&self, token: &str) -> Result<Option<Caller>> {
        let key = self.token_key().await?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // Compared below, with this service's clock.
        validation.validate_exp = false;
        let Ok(data) = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_secret(&key), &validation) else {
            return Ok(None);
        };
        if data.claims.exp <= self.clock.now().as_second() {
            return Ok(None);
        }
        // Whoever sets another password wants what came of the old one to end.
        let identity = self.store.identity_by_id(&data.claims.sub).await?.filter(|identity| {
            identity.credential.as_ref().is_some_and(|credential| credential.created_at.seconds() <= data.claims.iat)
        });
        Ok(identity.map(Caller::new))
    }

    /// The key that all processes of this installation sign with.
    async fn token_key(&self) -> Result<Vec<u8>> {
        let sealed = match self.store.setting(KEY).await? {
            Some(sealed) => sealed,
            None => self.store.setting_or_insert(KEY, &self.cipher.encrypt(KEY, &hex::encode(random::<32>()))).await?,
        };
        Ok(self.cipher.decrypt(KEY, &sealed)?.into_bytes())
    }
}
