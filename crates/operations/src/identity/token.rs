//! Tokens: JSON Web Tokens in the form of the original (`spec/api.md` A2.1, A2.2).

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use windlass_v1::oauth::TokenResponse;

use super::{Caller, Denied, Presented, TokenKeys, api_key::USERNAME};
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
    /// Asked before a form is looked at, too: where there are no tokens, nothing in it is of interest.
    ///
    /// # Errors
    /// 403 where tokens are switched off.
    pub fn check_tokens_are_given(&self) -> Result<()> {
        if self.settings.oauth.enabled {
            Ok(())
        } else {
            Err(Error::refused(403, "OAuth is not enabled in this service"))
        }
    }

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
        self.check_tokens_are_given()?;
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
        let keys = self.token_keys().await?;
        let now = self.clock.now().as_second();
        let expires_in = self.settings.oauth.expiration.as_secs();
        let claims = Claims {
            iss: ISSUER.into(),
            sub: caller.user().id.clone(),
            exp: now.saturating_add_unsigned(expires_in),
            iat: now,
            jti: random_id(),
        };
        let token = keys.sign(&claims).map_err(|error| Error::Broken(format!("a token cannot be signed: {error}")))?;
        Ok(TokenResponse::bearer(token, expires_in))
    }

    pub(super) async fn by_token(&self, token: &str) -> Result<Option<Caller>> {
        let verified = self.token_keys().await?.verify::<Claims>(token, |validation| {
            validation.set_issuer(&[ISSUER]);
            validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        });
        let Ok(claims) = verified else { return Ok(None) };
        if claims.exp <= self.clock.now().as_second() {
            return Ok(None);
        }
        // Whoever sets another password wants what came of the old one to end.
        let identity = self.store.identity_by_id(&claims.sub).await?.filter(|identity| {
            identity.credential.as_ref().is_some_and(|credential| credential.created_at.seconds() <= claims.iat)
        });
        Ok(identity.map(Caller::new))
    }

    /// What all processes of this installation sign with: what the settings say, else a secret that was made once.
    async fn token_keys(&self) -> Result<TokenKeys> {
        if let Some(keys) = &self.settings.token_keys {
            return Ok(keys.clone());
        }
        let sealed = match self.store.setting(KEY).await? {
            Some(sealed) => sealed,
            None => self.store.setting_or_insert(KEY, &self.cipher.encrypt(KEY, &hex::encode(random::<32>()))).await?,
        };
        Ok(TokenKeys::of_secret(self.cipher.decrypt(KEY, &sealed)?.as_bytes()))
    }
}
