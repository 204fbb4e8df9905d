//! Signatures by the Standard Webhooks scheme (standardwebhooks.com, version 1.0.0).

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use utoipa::ToSchema;

use crate::Secret;

const PREFIX: &str = "whsec_";
/// What the scheme allows for a key, in bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// More are not needed to exchange one for another.
pub(crate) const MOST_KEYS: usize = 5;

/// A key that signs what a webhook is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SigningKey {
    /// `whsec_` and the key, 24 to 64 bytes, in base64.
    pub secret: Secret,
    /// When it stops signing; without it, it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    pub until: Option<Timestamp>,
}

impl SigningKey {
    /// A key of those bytes, which must be random.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self { secret: format!("{PREFIX}{}", BASE64_STANDARD.encode(bytes)).into(), until: None }
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        let bytes = BASE64_STANDARD.decode(self.secret.expose().strip_prefix(PREFIX)?).ok()?;
        KEY_BYTES.contains(&bytes.len()).then_some(bytes)
    }

    pub(crate) fn is_usable(&self) -> bool {
        self.bytes().is_some()
    }

    fn signs(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// The value of `webhook-signature`: one signature for each key that signs at that time; `None` where none does.
pub(crate) fn signatures(keys: &[SigningKey], id: &str, now: Timestamp, body: &[u8]) -> Option<String> {
    let signature = |key: &SigningKey| {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key.bytes()?).ok()?;
        mac.update(format!("{id}.{}.", now.as_second()).as_bytes());
        mac.update(body);
        Some(format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
    };
    let all: Vec<String> = keys.iter().filter(|key| key.signs(now)).filter_map(signature).collect();
    (!all.is_empty()).then(|| all.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &str, until: Option<&str>) -> SigningKey {
        SigningKey { secret: secret.into(), until: until.map(|until| until.parse().unwrap()) }
    }

    /// The example of the scheme's own libraries.
    #[test]
    fn a_signature_is_the_one_that_other_implementations_make() {
        let keys = [key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", None)];
        let now = Timestamp::from_second(1_614_265_330).unwrap();
        let signed = signatures(&keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", now, br#"{"test": 2432232314}"#);
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn while_a_key_is_exchanged_both_sign_and_then_the_new_one_alone() {
        let (old, new) = (SigningKey::new([1; 32]), SigningKey::new([2; 32]));
        let old = SigningKey { until: Some("2026-05-02T00:00:00Z".parse().unwrap()), ..old };
        let keys = [new, old];
        let count = |now: &str| signatures(&keys, "id", now.parse().unwrap(), b"").map(|all| all.split(' ').count());
        assert_eq!(count("2026-05-01T23:59:59Z"), Some(2));
        assert_eq!(count("2026-05-02T00:00:00Z"), Some(1));
        assert_eq!(signatures(&[], "id", Timestamp::UNIX_EPOCH, b""), None);
    }

    #[test]
    fn a_key_that_is_too_short_or_no_base64_is_not_usable() {
        assert!(SigningKey::new([0; 32]).is_usable());
        for secret in ["", "whsec_", "whsec_!!!!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ="] {
            assert!(!key(secret, None).is_usable(), "{secret}");
        }
    }
}
