use windlass_operations::identity::{Denied, Permission, Presented, Target};
use windlass_v1::api_keys::ApiKeyRequest;

use crate::house::{PASSWORD, in_every_house, password, refusal};

fn key(name: &str) -> ApiKeyRequest {
    ApiKeyRequest { name: name.into(), role: None, expires_at: None }
}

#[test]
fn who_guesses_waits_and_others_do_not() {
    in_every_house(|house| async move {
        house.team("acct1", &["user1"]).await;
        let from = |last: u8| Some(std::net::IpAddr::from([192, 0, 2, last]));
        let guess = async |username, password, from| {
            house.service.authenticate(Presented::Password { username, password }, from).await.unwrap()
        };
        for _ in 0..10 {
            assert!(matches!(guess("user1", "wrong1", from(1)).await, Err(Denied::Unknown)));
        }
        assert!(matches!(guess("user1", PASSWORD, from(1)).await, Err(Denied::TooMany(1))));
        assert!(guess("user1", PASSWORD, from(2)).await.is_ok(), "nobody is locked out by others");
        house.pass(1);
        assert!(guess("user1", PASSWORD, from(1)).await.is_ok());
        assert!(matches!(guess("nobody", PASSWORD, from(1)).await, Err(Denied::Unknown)));
    });
}

#[test]
fn guesses_at_the_same_time_are_counted_before_they_are_compared() {
    in_every_house(|house| async move {
        let guesses = (0..30).map(|_| {
            let service = std::sync::Arc::clone(&house.service);
            tokio::spawn(async move {
                let guess = Presented::Password { username: "admin", password: "wrong1" };
                service.authenticate(guess, None).await.unwrap()
            })
        });
        let (mut compared, mut turned_away) = (0, 0);
        for guess in guesses.collect::<Vec<_>>() {
            match guess.await.unwrap() {
                Err(Denied::Unknown) => compared += 1,
                Err(Denied::TooMany(_)) => turned_away += 1,
                Ok(caller) => panic!("{caller:?} is nobody"),
            }
        }
        assert!(compared <= 15 && turned_away >= 15, "{compared} were compared, {turned_away} turned away");
    });
}

#[test]
fn a_token_ends_with_its_time_its_password_and_its_user() {
    in_every_house(|house| async move {
        let acct1 = house.team("acct1", &["user1"]).await;
        let granted = house.service.grant_token("user1", PASSWORD, None).await.unwrap().unwrap();
        assert_eq!((granted.token_type.as_str(), granted.expires_in), ("Bearer", 3600));
        let token = granted.access_token;
        assert_eq!(house.present(&token).await.unwrap().username(), "user1");
        for damaged in [&token[..token.len() - 2], "a.b.c", "", "wlk_", "wlk_a_b"] {
            assert!(house.present(damaged).await.is_err(), "{damaged}");
        }
        house.pass(3600);
        assert!(house.present(&token).await.is_err());

        let token = house.service.grant_token("user1", PASSWORD, None).await.unwrap().unwrap().access_token;
        house.pass(1);
        assert!(house.present(&token).await.is_ok());
        acct1.set_credential("user1", &password("another")).await.unwrap();
        assert!(house.present(&token).await.is_err(), "who changes a password wants others out");

        let token = house.service.grant_token("user1", "another", None).await.unwrap().unwrap().access_token;
        let admin = house.caller("admin").await;
        acct1.delete_user(&admin, "user1").await.unwrap();
        acct1.create_user(&crate::house::user_request("user1", PASSWORD)).await.unwrap();
        assert!(house.present(&token).await.is_err(), "it was another user of that name");

        house.disable("acct1").await;
        assert!(house.service.grant_token("user1", PASSWORD, None).await.unwrap().is_err());
        assert!(house.service.grant_token("user1", "wrong1", None).await.unwrap().is_err());
        assert!(house.service.grant_token("nobody", PASSWORD, None).await.unwrap().is_err());
    });
}

#[test]
fn an_api_key_stands_for_its_user_until_it_ends() {
    in_every_house(|house| async move {
        house.team("acct1", &["user1"]).await;
        let user1 = house.caller("user1").await;
        let soon = house.service.clock().now() + jiff::SignedDuration::from_secs(60);
        let short = ApiKeyRequest { expires_at: Some(soon.into()), ..key("short") };
        let short = house.service.create_api_key(&user1, &short).await.unwrap().key;
        let made = house.service.create_api_key(&user1, &key("ci")).await.unwrap();
        assert!(made.key.starts_with("wlk_") && !format!("{made:?}").contains(&made.key));
        assert_eq!(refusal(house.service.create_api_key(&user1, &key("ci")).await).0, 409);
        assert_eq!(house.present(&made.key).await.unwrap().username(), "user1");
        assert_eq!(house.log_in("_api_key", &made.key).await.unwrap().username(), "user1");
        assert!(house.service.grant_token("_api_key", &made.key, None).await.unwrap().is_err(), "keys give no tokens");
        assert!(house.present(&format!("{}x", made.key)).await.is_err());
        let listed = house.service.api_keys(&user1).await.unwrap();
        assert_eq!(listed.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["ci", "short"]);
        assert!(listed[0].last_used_at.is_some() && listed[1].last_used_at.is_none());

        assert!(house.present(&short).await.is_ok());
        house.pass(60);
        assert!(house.present(&short).await.is_err());
        let past = ApiKeyRequest { expires_at: Some(soon.into()), ..key("past") };
        assert_eq!(refusal(house.service.create_api_key(&user1, &past).await).0, 400);
        let admin = house.caller("admin").await;
        assert_eq!(refusal(house.service.delete_api_key(&admin, "ci").await).0, 404, "it is another's");
        house.service.delete_api_key(&user1, "ci").await.unwrap();
        assert!(house.present(&made.key).await.is_err());
    });
}

#[test]
fn a_restricted_key_makes_nothing_that_is_less_restricted() {
    in_every_house(|house| async move {
        house.team("acct1", &["user1"]).await;
        let user1 = house.caller("user1").await;
        let unknown = ApiKeyRequest { role: Some("god".into()), ..key("x") };
        assert_eq!(refusal(house.service.create_api_key(&user1, &unknown).await).0, 400);
        let reader = ApiKeyRequest { role: Some("read-only".into()), ..key("reader") };
        let reader = house.service.create_api_key(&user1, &reader).await.unwrap().key;
        let reader = house.present(&reader).await.unwrap();
        let permission = |action, changes| Permission { on: Target::Account("acct1"), action, object: None, changes };
        assert!(house.service.authorise(&reader, &permission("listImages", false)).await.is_ok());
        let refused = refusal(house.service.authorise(&reader, &permission("createImage", true)).await);
        let message = "Not authorized. Requires permissions: domain=acct1 action=createImage target=*";
        assert_eq!(refused, (403, message.to_owned()));
        assert_eq!(refusal(house.service.create_api_key(&reader, &key("more")).await).0, 403);
        assert_eq!(refusal(house.service.delete_api_key(&reader, "reader").await).0, 403);
        assert_eq!(refusal(reader.demand_whole()).0, 403);
        assert!(user1.demand_whole().is_ok());
    });
}
