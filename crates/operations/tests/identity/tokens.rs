//! What tokens are signed with.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use windlass_operations::{
    Settings,
    identity::{InvalidTokenKeys, TokenKeys},
};

use crate::house::{House, PASSWORD, in_every_house_with};

const PRIVATE: &[u8] = include_bytes!("keys/one.key.pem");
const PUBLIC: &[u8] = include_bytes!("keys/one.public.pem");
const OF_ANOTHER: &[u8] = include_bytes!("keys/two.public.pem");

fn signing_with(keys: TokenKeys) -> Settings {
    Settings { token_keys: Some(keys), ..Settings::default() }
}

async fn granted(house: &House) -> String {
    house.service.grant_token("admin", PASSWORD, None).await.unwrap().unwrap().access_token
}

/// What a token says that it was signed by.
fn algorithm(token: &str) -> Value {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["alg"].clone()
}

#[test]
fn tokens_are_signed_with_the_pair_of_keys_that_is_given() {
    let pair = || TokenKeys::of_pair(PUBLIC, PRIVATE).unwrap();
    in_every_house_with(&signing_with(pair()), |house| async move {
        let token = granted(&house).await;
        assert_eq!(algorithm(&token), "RS256");
        assert_eq!(house.present(&token).await.unwrap().username(), "admin");
        house.pass(3600);
        assert!(house.present(&token).await.is_err(), "it has expired");
    });
}

#[test]
fn a_token_is_nothing_to_whom_it_was_not_made_for() {
    // Whoever knows the public key could use it as a secret, if the token said how it is to be verified.
    let forger = TokenKeys::of_secret(PUBLIC);
    let tokens = std::sync::Mutex::new(Vec::new());
    in_every_house_with(&signing_with(forger), |house| {
        let tokens = &tokens;
        async move {
            let token = granted(&house).await;
            assert_eq!(algorithm(&token), "HS256");
            assert!(house.present(&token).await.is_ok());
            tokens.lock().unwrap().push(token);
        }
    });
    let pair = TokenKeys::of_pair(PUBLIC, PRIVATE).unwrap();
    in_every_house_with(&signing_with(pair), |house| {
        let tokens = tokens.lock().unwrap().clone();
        async move {
            assert!(!tokens.is_empty());
            for token in tokens {
                assert!(house.present(&token).await.is_err());
            }
        }
    });
}

#[test]
fn keys_that_are_none_or_belong_to_others_are_refused() {
    assert!(matches!(TokenKeys::of_pair(PUBLIC, b"no key"), Err(InvalidTokenKeys::Private(_))));
    assert!(matches!(TokenKeys::of_pair(b"no key", PRIVATE), Err(InvalidTokenKeys::Public(_))));
    assert!(matches!(TokenKeys::of_pair(OF_ANOTHER, PRIVATE), Err(InvalidTokenKeys::Strangers)));
    let shown = format!("{:?} {:?}", TokenKeys::of_secret(b"hunter2"), TokenKeys::of_pair(PUBLIC, PRIVATE).unwrap());
    assert!(!shown.contains("hunter2") && !shown.contains("104, 117"), "{shown}");
}
