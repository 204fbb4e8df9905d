//! Webhooks of the configuration.

use windlass_v1::webhooks::NotificationType;

use super::{
    super::{EventNotifications, WebhookSettings},
    *,
};
use crate::Error;

fn settings(document: Value) -> WebhookSettings {
    serde_json::from_value(document).unwrap()
}

async fn apply(house: &House, document: Value) {
    house.service().apply_webhooks(&settings(document), &EventNotifications::default()).await.unwrap();
}

/// D-4: as shipped, with sections that are empty.
#[test]
fn an_empty_section_does_not_keep_general_from_its_notices() {
    in_every_house(|house| async move {
        let url = house.receiver.url("/<notification_type>/<userId>");
        let shipped = json!({"general": {"url": url}, "policy_eval": {}, "event_log": {"url": null}});
        apply(&house, shipped).await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        house.move_tag(TAG).await;
        house.happen(EventType::RandomWisdom, "x", json!({}), Facts::default()).await;
        house.deliver().await;
        let got = house.receiver.got();
        assert_eq!(got.len(), 1, "events are told only where that is wanted");
        assert_eq!(got[0].path, "/tag_update/team");
        assert_eq!(got[0].body["data"]["notification_type"], "tag_update");
    });
}

/// D-5: the login of a section is used every time.
#[test]
fn each_section_keeps_its_login() {
    in_every_house(|house| async move {
        let (general, own) = (house.receiver.url("/general"), house.receiver.url("/own"));
        apply(
            &house,
            json!({"webhook_user": "all", "webhook_pass": "secret1", "general": {"url": general},
            "tag_update": {"url": own, "webhook_user": "own", "webhook_pass": "secret2"}}),
        )
        .await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        for _ in 0..2 {
            house.move_tag(TAG).await;
        }
        house.deliver().await;
        let mut logins: Vec<(String, String)> = house
            .receiver
            .got()
            .iter()
            .map(|got| (got.path.clone(), got.header("authorization").unwrap().to_owned()))
            .collect();
        logins.sort();
        let basic = |path: &str, login: &str| {
            let login = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, login);
            (path.to_owned(), format!("Basic {login}"))
        };
        let (one, other) = (basic("/general", "all:secret1"), basic("/own", "own:secret2"));
        assert_eq!(logins, [one.clone(), one, other.clone(), other]);
    });
}

#[test]
fn what_the_configuration_says_no_more_is_gone_and_what_it_says_is_not_to_be_changed() {
    in_every_house(|house| async move {
        let general = house.receiver.url("/general");
        apply(&house, json!({"general": {"url": general}, "tag_update": {"url": general}})).await;
        let admin = house.bench.service.tenant(&windlass_store::AccountName::admin());
        let names = async || -> Vec<String> {
            let list = admin.notification_endpoints().await.unwrap();
            list.into_iter().filter(|endpoint| endpoint.read_only).map(|endpoint| endpoint.name).collect()
        };
        assert_eq!(names().await, ["webhooks.general", "webhooks.tag_update"]);
        let before = admin.account.endpoint("webhooks.general").await.unwrap().unwrap();
        apply(&house, json!({"general": {"url": general}})).await;
        assert_eq!(names().await, ["webhooks.general"]);
        let after = admin.account.endpoint("webhooks.general").await.unwrap().unwrap();
        assert_eq!(before, after, "what is as it was stays as it was");
        let Err(Error::Refused(refused)) = admin.delete_notification_endpoint("webhooks.general").await else {
            panic!("it was deleted")
        };
        assert!(refused.httpcode == 409 && refused.message.contains("configuration"), "{}", refused.message);
        let bad = settings(json!({"general": {"url": "ftp://x"}}));
        let error = house.service().apply_webhooks(&bad, &EventNotifications::default()).await.unwrap_err();
        assert!(error.to_string().contains("webhooks.general"), "{error}");
    });
}

#[test]
fn events_are_told_where_the_configuration_wants_that_by_level() {
    in_every_house(|house| async move {
        let webhooks = settings(json!({"event_log": {"url": house.receiver.url("/events")}}));
        let events: EventNotifications = serde_json::from_value(json!({"enabled": true, "level": ["error"]})).unwrap();
        house.service().apply_webhooks(&webhooks, &events).await.unwrap();
        house.happen(EventType::RandomWisdom, "x", json!({}), Facts::default()).await;
        house.happen(EventType::ListTagsFailed, "docker.io/x", json!({"msg": "no"}), Facts::default()).await;
        house.deliver().await;
        let got = house.receiver.got();
        assert_eq!(got.len(), 1);
        let payload = &got[0].body["data"]["notification_payload"];
        assert_eq!(payload["event"]["type"], "system.repository.list_tags_fail");
        assert_eq!(payload["userId"], "team");
        assert_eq!(payload["notificationId"], got[0].body["dataId"]);
    });
}

/// `spec/operations.md` §2.10, F 25
#[test]
fn a_section_can_be_tried_out() {
    in_every_house(|house| async move {
        let test = async |kind: &str| match house.service().test_webhook(kind, NotificationType::TagUpdate).await {
            Ok(answer) => (200, answer.to_string()),
            Err(Error::Refused(envelope)) => (envelope.httpcode, envelope.message),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(test("general").await, (500, "Cannot send webhook, no URL configured".into()));
        assert_eq!(test("policy_eval").await.0, 400);
        assert_eq!(test("bogus").await.0, 400, "F 25: a type that is none is the client's error");
        let url = house.receiver.url("/<notification_type>/<userId>");
        apply(&house, json!({"general": {"url": url}, "event_log": {"url": url}})).await;
        assert_eq!(test("general").await, (200, "{}".into()));
        assert_eq!(test("event_log").await.0, 200, "though it is told nothing");
        let got = &house.receiver.got()[0];
        assert_eq!(got.path, "/test/admin");
        assert_eq!(got.body["queueId"], "tag_update");
        let (created, end) = (got.body["created_at"].as_i64().unwrap(), got.body["max_tries"].as_i64().unwrap());
        assert_eq!(end - created, 3600);
        house.receiver.replies([Reply::Status(503)]);
        assert_eq!(test("general").await.0, 500);
    });
}
