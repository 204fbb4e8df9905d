use serde_json::json;
use windlass_operations::SubscriptionFilter;
use windlass_v1::subscriptions::{SubscriptionRequest, SubscriptionUpdate};

use crate::house::{in_every_house, refusal};

fn request(key: &str, kind: &str) -> SubscriptionRequest {
    SubscriptionRequest {
        subscription_key: Some(key.into()),
        subscription_type: Some(kind.into()),
        ..SubscriptionRequest::default()
    }
}

#[test]
fn a_subscription_is_added_changed_and_deleted_in_the_words_of_the_original() {
    in_every_house(|house| async move {
        let admin = house.admin();
        let key = "127.0.0.1:5000/test/small:latest";
        let id = "af3ff27ad8772375725807af74e0b42d";
        let mut expected = json!({
            "active": false, "created_at": 1_767_268_800, "last_updated": 1_767_268_800, "subscription_id": id,
            "subscription_key": key, "subscription_type": "policy_eval", "subscription_value": null, "userId": "admin",
        });
        let added = admin.create_subscription(request(key, "policy_eval")).await.unwrap();
        assert_eq!(json!(added), expected);
        let again = admin.create_subscription(request(key, "policy_eval")).await;
        assert_eq!(refusal(again), (500, "subscription already exists in DB".into()));

        house.wait(5);
        let update = json!({"active": true, "subscription_key": key, "subscription_type": "policy_eval"});
        let update: SubscriptionUpdate = serde_json::from_value(update).unwrap();
        let changed = admin.update_subscription(id, update).await.unwrap();
        (expected["active"], expected["last_updated"]) = (true.into(), 1_767_268_805.into());
        assert_eq!(json!(changed), expected);
        assert_eq!(json!(admin.subscription(id).await.unwrap()), json!([expected]));

        admin.delete_subscription(id).await.unwrap();
        admin.delete_subscription(id).await.unwrap();
        assert_eq!(admin.subscription(id).await.unwrap(), []);
    });
}

#[test]
fn what_is_none_is_refused() {
    in_every_house(|house| async move {
        let admin = house.admin();
        let bogus = refusal(admin.create_subscription(request("r/a:1", "bogus")).await);
        assert_eq!(bogus, (400, "bogus is not a supported subscription type".into()));
        assert_eq!(refusal(admin.create_subscription(SubscriptionRequest::default()).await).0, 400);
        let keyless = SubscriptionRequest { subscription_key: None, ..request("", "tag_update") };
        assert_eq!(refusal(admin.create_subscription(keyless).await).0, 400);
        assert_eq!(refusal(admin.create_subscription(request("r/a\0:1", "tag_update")).await).0, 400);
        let unknown = admin.update_subscription("0".repeat(32).as_str(), SubscriptionUpdate::default()).await;
        assert_eq!(refusal(unknown).0, 404, "F 15");

        let id = admin.create_subscription(request("r/a:1", "tag_update")).await.unwrap().subscription_id;
        let other = SubscriptionUpdate { subscription_key: Some("r/b:1".into()), ..SubscriptionUpdate::default() };
        assert_eq!(refusal(admin.update_subscription(&id, other).await).0, 400);
    });
}

#[test]
fn a_repository_is_not_watched_for_what_cannot_be_read() {
    in_every_house(|house| async move {
        let admin = house.admin();
        let with = |value: &str| SubscriptionRequest {
            subscription_value: Some(value.into()),
            ..request("localhost:5000/team/app", "repo_update")
        };
        for value in ["all of them", "[]", r#"{"exclude": "rc"}"#, r#"{"exclude": ["["]}"#, r#"{"since": "once"}"#] {
            let (code, message) = refusal(admin.create_subscription(with(value)).await);
            assert!(code == 400 && message.contains("'subscription_value'"), "{value}: {message}");
        }
        let id = admin.create_subscription(with(r#"{"exclude": ["*-rc*"]}"#)).await.unwrap().subscription_id;
        let change = |value: Option<&str>| SubscriptionUpdate {
            subscription_value: Some(value.map(Into::into)),
            ..SubscriptionUpdate::default()
        };
        assert_eq!(refusal(admin.update_subscription(&id, change(Some("all"))).await).0, 400);
        let kept = admin.subscription(&id).await.unwrap().remove(0).subscription_value;
        assert_eq!(kept.as_deref(), Some(r#"{"exclude": ["*-rc*"]}"#));
        for value in [Some(r#"{"autosubscribe": true, "something": "else"}"#), Some(""), None] {
            admin.update_subscription(&id, change(value)).await.unwrap();
        }
        // Others' values are whatever their writers want.
        let other = SubscriptionRequest { subscription_value: Some("x".into()), ..request("r/a:1", "tag_update") };
        admin.create_subscription(other).await.unwrap();
    });
}

#[test]
fn lists_are_filtered_and_in_parts_where_asked_for() {
    in_every_house(|house| async move {
        let admin = house.admin();
        for (key, kind) in [("r/b:1", "tag_update"), ("r/a:1", "vuln_update"), ("r/a:1", "tag_update")] {
            admin.create_subscription(request(key, kind)).await.unwrap();
        }
        let keys = async |filter| {
            let found = admin.subscriptions(filter).await.unwrap();
            let one =
                |s: windlass_v1::subscriptions::Subscription| format!("{} {}", s.subscription_key, s.subscription_type);
            found.into_iter().map(one).collect::<Vec<_>>()
        };
        let all = ["r/a:1 tag_update", "r/a:1 vuln_update", "r/b:1 tag_update"];
        assert_eq!(keys(SubscriptionFilter::default()).await, all);
        assert_eq!(keys(SubscriptionFilter { kind: Some("vuln_update"), ..Default::default() }).await, all[1..2]);
        assert_eq!(keys(SubscriptionFilter { key: Some("r/b:1"), ..Default::default() }).await, all[2..]);
        assert_eq!(keys(SubscriptionFilter { kind: Some("bogus"), ..Default::default() }).await, all[..0]);
        let second = SubscriptionFilter { page: Some(2), limit: Some(2), ..Default::default() };
        assert_eq!(keys(second).await, all[2..]);
        let beyond = SubscriptionFilter { page: Some(u64::MAX), limit: Some(1000), ..Default::default() };
        assert_eq!(keys(beyond).await, all[..0]);
    });
}

#[test]
fn an_account_sees_no_subscription_of_another() {
    in_every_house(|house| async move {
        let (one, other) = (house.team("one").await, house.team("other").await);
        let id = one.create_subscription(request("r/a:1", "tag_update")).await.unwrap().subscription_id;
        assert_eq!(other.subscription(&id).await.unwrap(), []);
        assert_eq!(other.subscriptions(SubscriptionFilter::default()).await.unwrap(), []);
        assert_eq!(refusal(other.update_subscription(&id, SubscriptionUpdate::default()).await).0, 404);
        other.delete_subscription(&id).await.unwrap();
        assert_eq!(one.subscription(&id).await.unwrap().len(), 1);
        let own = other.create_subscription(request("r/a:1", "tag_update")).await.unwrap();
        assert_ne!(own.subscription_id, id);
    });
}
