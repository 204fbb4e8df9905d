//! Endpoints as the API shows and changes them.

use windlass_v1::notifications::{DeliveryState, ReplayRequest};

use super::*;
use crate::Error;

fn refusal<T: std::fmt::Debug>(answer: crate::Result<T>) -> (u16, String) {
    match answer {
        Err(Error::Refused(envelope)) => (envelope.httpcode, envelope.message),
        other => panic!("it was not refused: {other:?}"),
    }
}

fn request(document: Value) -> EndpointRequest {
    serde_json::from_value(document).unwrap()
}

#[test]
fn secrets_are_kept_encrypted_shown_as_masks_and_sent() {
    in_every_house(|house| async move {
        let channel = json!({"kind": "webhook", "url": house.receiver.url("/"),
            "auth": {"scheme": "bearer", "token": "hunter2hunter2"}});
        house.endpoint("team", json!({"channel": channel})).await;
        let row = house.team.account.endpoint("team").await.unwrap().unwrap();
        assert!(!row.settings.contains("hunter2") && row.kind == "webhook");
        let shown = json!(house.team.notification_endpoint("team").await.unwrap());
        assert_eq!(shown["channel"]["auth"]["token"], "********");
        assert!(!shown.to_string().contains("hunter2"));
        // As it was shown, with another routing.
        let mut document = shown.clone();
        for added in ["read_only", "health", "created_at", "last_updated"] {
            document.as_object_mut().unwrap().remove(added);
        }
        document["routing"] = json!({"types": ["tag_update"]});
        house.team.replace_notification_endpoint(&house.admin, "team", request(document.clone())).await.unwrap();
        let test = house.team.test_notification_endpoint("team").await.unwrap();
        assert_eq!((test.accepted, test.status), (true, Some(200)), "{test:?}");
        assert_eq!(house.receiver.got()[0].header("authorization"), Some("Bearer hunter2hunter2"));
        // Who may change an endpoint does not learn its secret by sending it elsewhere.
        document["channel"]["url"] = "https://elsewhere.example/".into();
        let (status, reason) =
            refusal(house.team.replace_notification_endpoint(&house.admin, "team", request(document)).await);
        assert!(status == 400 && reason.contains("auth.token"), "{status} {reason}");
    });
}

#[test]
fn an_endpoint_that_could_not_work_is_refused_with_every_reason() {
    in_every_house(|house| async move {
        let document = json!({"name": "team", "channel": {"kind": "webhook", "url": "ftp://x"}, "timeout": 0,
            "routing": {"window": {"every_minutes": 0}, "time_zone": "Mars/Olympus"}, "limits": {"concurrency": 0}});
        let (status, reason) = refusal(house.team.create_notification_endpoint(&house.admin, request(document)).await);
        assert_eq!(status, 400);
        for part in ["url", "timeout", "every_minutes", "Mars/Olympus", "limits.concurrency"] {
            assert!(reason.contains(part), "{part}: {reason}");
        }
        let named = |name: &str| json!({"name": name, "channel": {"kind": "webhook", "url": "https://x.example/"}});
        for bad in ["", "a/b", "a b", &"x".repeat(129)] {
            assert_eq!(
                refusal(house.team.create_notification_endpoint(&house.admin, request(named(bad))).await).0,
                400
            );
        }
        house.team.create_notification_endpoint(&house.admin, request(named("team"))).await.unwrap();
        let again = house.team.create_notification_endpoint(&house.admin, request(named("team"))).await;
        assert_eq!(refusal(again).0, 409);
    });
}

#[test]
fn only_administrators_have_endpoints_for_every_account() {
    in_every_house(|house| async move {
        house
            .team
            .create_user(&windlass_v1::accounts::UserRequest { username: "ada".into(), password: "foobar".into() })
            .await
            .unwrap();
        let presented = Presented::Password { username: "ada", password: "foobar" };
        let ada = house.service().authenticate(presented, None).await.unwrap().unwrap();
        let url = house.receiver.url("/");
        let document = json!({"name": "all", "channel": {"kind": "webhook", "url": url}, "system_global": true});
        assert_eq!(refusal(house.team.create_notification_endpoint(&ada, request(document)).await).0, 403);
    });
}

#[test]
fn receivers_within_our_walls_are_not_sent_to_unless_that_is_allowed() {
    in_every_house(|house| async move {
        let settings =
            Settings { notifications: NotificationSettings::default(), ..house.service().settings().clone() };
        let bench = Bench::with(house.service().store().clone(), settings).await;
        let team = bench.service.tenant(house.team.name());
        let document = json!({"name": "inside", "channel": {"kind": "webhook", "url": house.receiver.url("/")}});
        team.create_notification_endpoint(&house.admin, request(document)).await.unwrap();
        let test = team.test_notification_endpoint("inside").await.unwrap();
        assert!(!test.accepted && test.reason.is_some(), "{test:?}");
        assert_eq!(house.receiver.got().len(), 0);
    });
}

#[test]
fn while_a_key_is_exchanged_both_sign() {
    in_every_house(|house| async move {
        house.endpoint("team", json!({})).await;
        let signatures = async || {
            house.team.test_notification_endpoint("team").await.unwrap();
            let got = house.receiver.got().pop().unwrap();
            got.header("webhook-signature").map_or(0, |text| text.split(' ').count())
        };
        assert_eq!(signatures().await, 0);
        let first = house.team.rotate_notification_secret("team").await.unwrap();
        assert!(first.secret.starts_with("whsec_"));
        assert_eq!(signatures().await, 1);
        assert_ne!(house.team.rotate_notification_secret("team").await.unwrap().secret, first.secret);
        assert_eq!(signatures().await, 2);
        house.bench.pass(DAY + 1);
        assert_eq!(signatures().await, 1, "the former one is worth a day");
    });
}

#[test]
fn of_those_who_exchange_a_key_at_once_each_has_one_that_signs_or_is_refused() {
    in_every_house(|house| async move {
        house.endpoint("team", json!({})).await;
        let rotate = || house.team.rotate_notification_secret("team");
        let (one, other, third) = tokio::join!(rotate(), rotate(), rotate());
        let got: Vec<String> =
            [one, other, third].into_iter().filter_map(|answer| answer.ok().map(|rotated| rotated.secret)).collect();
        let row = house.team.account.endpoint("team").await.unwrap().unwrap();
        let endpoint = super::super::endpoints::unsealed(&house.service().cipher, &row).unwrap();
        let windlass_channels::Channel::Webhook(webhook) = endpoint.channel else { panic!("it is another channel") };
        let mut sign: Vec<&str> = webhook.signing.iter().map(|key| key.secret.expose()).collect();
        let mut got: Vec<&str> = got.iter().map(String::as_str).collect();
        sign.sort_unstable();
        got.sort_unstable();
        assert_eq!(sign, got, "who was given a key has one that signs");
    });
}

#[test]
fn what_cannot_be_put_into_words_is_given_up_and_told() {
    in_every_house(|house| async move {
        house.endpoint("team", json!({})).await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        house.move_tag(TAG).await;
        // Another key than the settings were encrypted with.
        let row = house.team.account.endpoint("team").await.unwrap().unwrap();
        let broken = windlass_store::endpoints::Model { settings: "v1:AAAA".into(), ..row.clone() };
        assert!(house.team.account.replace_endpoint(&row, &broken).await.unwrap());
        house.deliver().await;
        let log = house.log().await;
        assert_eq!(log[0].state, DeliveryState::Dead);
        assert!(log[0].last_error.as_ref().unwrap().contains("cannot be decrypted"), "{:?}", log[0].last_error);
        let shown = json!(house.team.notification_endpoint("team").await.unwrap());
        assert_eq!(shown.get("channel"), None, "it is shown without them");
    });
}

#[test]
fn deliveries_are_listed_by_state_and_endpoint_page_by_page() {
    in_every_house(|house| async move {
        house.endpoint("one", json!({})).await;
        house.endpoint("two", json!({"routing": {"images": {"tags": ["1"]}}})).await;
        for tag in ["docker.io/team/app:1", "docker.io/team/app:2"] {
            house.subscribe(SubscriptionType::TagUpdate, tag, true).await;
            house.move_tag(tag).await;
        }
        house.deliver().await;
        let list = async |query: DeliveryQuery| {
            let list = house.team.deliveries(&query).await.unwrap();
            (list.results.len(), list.next_page)
        };
        assert_eq!(list(DeliveryQuery::default()).await, (3, false));
        assert_eq!(list(DeliveryQuery { endpoint: Some("two".into()), ..Default::default() }).await, (1, false));
        assert_eq!(list(DeliveryQuery { state: Some(DeliveryState::Dead), ..Default::default() }).await, (0, false));
        assert_eq!(list(DeliveryQuery { limit: Some(2), ..Default::default() }).await, (2, true));
        assert_eq!(list(DeliveryQuery { limit: Some(2), page: Some(2), ..Default::default() }).await, (1, false));
        let other = house.bench.account("other").await;
        let id = house.log().await[0].id.clone();
        assert!(other.delivery(&id).await.is_err() && other.replay_delivery(&id).await.is_err());
        assert_eq!(other.replay_deliveries(&ReplayRequest::default()).await.unwrap().deliveries.len(), 0);
        house.team.delete_notification_endpoint("one").await.unwrap();
        assert_eq!(list(DeliveryQuery::default()).await, (1, false), "with its log");
    });
}
