//! What tokens are signed with, where whoever runs the service says so.

use std::{fmt, sync::Arc};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::Error};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// A secret, or a pair of keys. All processes of an installation must have the same.
#[derive(Clone)]
pub struct TokenKeys(Arc<Keys>);

struct Keys {
    algorithm: Algorithm,
    signing: EncodingKey,
    verifying: DecodingKey,
}

/// Why tokens cannot be signed with a pair of keys.
#[derive(Debug, thiserror::Error)]
pub enum InvalidTokenKeys {
    #[error("the private key is no RSA key in PEM form: {0}")]
    Private(Error),
    #[error("the public key is no RSA key in PEM form: {0}")]
    Public(Error),
    #[error("nothing can be signed with the private key: {0}; it needs 2048 bits")]
    Signing(Error),
    #[error("the public key is not that of the private key")]
    Strangers,
}

impl TokenKeys {
    /// HS256 with a secret.
    pub fn of_secret(secret: &[u8]) -> Self {
        Self(Arc::new(Keys {
            algorithm: Algorithm::HS256,
            signing: EncodingKey::from_secret(secret),
            verifying: DecodingKey::from_secret(secret),
        }))
    }

    /// RS256 with a pair of keys in PEM form.
    ///
    /// # Errors
    /// When one of the two is none, or they do not belong together.
    pub fn of_pair(public: &[u8], private: &[u8]) -> Result<Self, InvalidTokenKeys> {
        let signing = EncodingKey::from_rsa_pem(private).map_err(InvalidTokenKeys::Private)?;
        let verifying = DecodingKey::from_rsa_pem(public).map_err(InvalidTokenKeys::Public)?;
        let keys = Self(Arc::new(Keys { algorithm: Algorithm::RS256, signing, verifying }));
        let proof = keys.sign(&Map::new()).map_err(InvalidTokenKeys::Signing)?;
        keys.verify::<Map<String, Value>>(&proof, |validation| validation.required_spec_claims.clear())
            .map_err(|_| InvalidTokenKeys::Strangers)?;
        Ok(keys)
    }

    pub(super) fn sign(&self, claims: &impl Serialize) -> Result<String, Error> {
        jsonwebtoken::encode(&Header::new(self.0.algorithm), claims, &self.0.signing)
    }

    /// The claims of a token that was signed with these keys, and with no others. Whether it has expired is not looked at;
    /// `demand` may ask for more.
    pub(super) fn verify<T: DeserializeOwned>(
        &self,
        token: &str,
        demand: impl FnOnce(&mut Validation),
    ) -> Result<T, Error> {
        let mut validation = Validation::new(self.0.algorithm);
        validation.validate_exp = false;
        demand(&mut validation);
        Ok(jsonwebtoken::decode(token, &self.0.verifying, &validation)?.claims)
    }
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenKeys").field(&self.0.algorithm).finish()
    }
}
