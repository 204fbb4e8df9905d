//! What the original answered, recorded, against what is answered here.

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde_json::{Value, json};
use windlass_operations::{EventFilter, SubscriptionFilter};
use windlass_v1::events::event_types;

use crate::house::{in_every_house, refusal};

/// Request body and response of an exchange.
fn exchange(name: &str) -> Option<(Value, Value)> {
    let Some(shared) = std::env::var_os("WINDLASS_SHARED") else {
        eprintln!("SKIPPED: WINDLASS_SHARED names no folder with recorded exchanges");
        return None;
    };
    let path = PathBuf::from(shared).join("recorded").join(name);
    let document: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    Some((document["request"]["body"].clone(), document["response"].clone()))
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The same members, and the same values but for those of moments and ids.
fn assert_alike(own: &Value, recorded: &Value, but: &[&str]) {
    assert_eq!(keys(own), keys(recorded));
    for (name, value) in recorded.as_object().unwrap() {
        if but.contains(&name.as_str()) {
            assert_eq!(std::mem::discriminant(&own[name]), std::mem::discriminant(value), "{name}");
        } else {
            assert_eq!(&own[name], value, "{name}");
        }
    }
}

#[test]
fn registries_answer_as_recorded() {
    in_every_house(|house| async move {
        let Some((request, response)) = exchange("033_registry_add.json") else { return };
        let (admin, moments) = (house.admin(), ["created_at", "last_updated"]);
        let add = || serde_json::from_value(request.clone()).unwrap();
        let added = admin.create_registry(add(), false).await.unwrap();
        assert_alike(&json!(added), &response["body"][0], &moments);
        let (_, duplicate) = exchange("034_registry_add_duplicate.json").unwrap();
        let (status, message) = refusal(admin.create_registry(add(), false).await);
        assert_eq!(
            (json!(status), json!(message)),
            (duplicate["status"].clone(), duplicate["body"]["message"].clone())
        );
        let (request, response) = exchange("205_registry_put.json").unwrap();
        let change = serde_json::from_value(request).unwrap();
        let changed = admin.update_registry("127.0.0.1:5000", change, false).await.unwrap();
        assert_alike(&json!(changed), &response["body"][0], &moments);
        let (_, response) = exchange("206_registry_list.json").unwrap();
        let listed = json!(admin.registries().await.unwrap());
        assert_alike(&listed[0], &response["body"][0], &moments);
    });
}

#[test]
fn subscriptions_answer_as_recorded() {
    in_every_house(|house| async move {
        let Some((_, response)) = exchange("154_subscriptions.json") else { return };
        let admin = house.admin();
        let moments = ["created_at", "last_updated", "active", "subscription_value"];
        for recorded in response["body"].as_array().unwrap() {
            let added = admin.create_subscription(serde_json::from_value(recorded.clone()).unwrap()).await.unwrap();
            let recorded = recorded.as_object().unwrap().clone();
            let own = json!(added);
            for name in keys(&own) {
                if name == "subscription_value" {
                    assert_eq!(own[name], recorded[name]);
                } else if !moments.contains(&name) {
                    assert_eq!(own[name], recorded[name], "{name}");
                }
            }
        }
        let all = admin.subscriptions(SubscriptionFilter::default()).await.unwrap();
        assert_eq!(all.len(), response["body"].as_array().unwrap().len());
        for name in ["161_subscription_add_dup.json", "162_subscription_add_badtype.json"] {
            let (request, response) = exchange(name).unwrap();
            let request: windlass_v1::subscriptions::SubscriptionRequest = serde_json::from_value(request).unwrap();
            if response["status"] == 500 {
                admin.create_subscription(request.clone()).await.unwrap();
            }
            let (status, message) = refusal(admin.create_subscription(request).await);
            assert_eq!(
                (&json!(status), &json!(message)),
                (&response["status"], &response["body"]["message"]),
                "{name}"
            );
        }
        let (request, response) = exchange("158_subscription_put.json").unwrap();
        let update = serde_json::from_value(request).unwrap();
        let changed = admin.update_subscription("af3ff27ad8772375725807af74e0b42d", update).await.unwrap();
        assert_alike(&json!(changed), &response["body"][0], &["created_at", "last_updated"]);
    });
}

#[test]
fn event_types_are_those_that_are_recorded_and_two_of_our_own() {
    let Some((_, response)) = exchange("029_event_types.json") else { return };
    let types = |categories: &Value| -> BTreeSet<String> {
        let events = categories.as_array().unwrap().iter().flat_map(|category| {
            let subcategories = category["subcategories"].as_array().unwrap().clone();
            subcategories.into_iter().flat_map(|sub| sub["events"].as_array().unwrap().clone())
        });
        events.map(|event| format!("{} {} {}", event["type"], event["resource_type"], event["message"])).collect()
    };
    let (own, recorded) = (types(&json!(event_types())), types(&response["body"]));
    let added: Vec<&String> = own.difference(&recorded).collect();
    let ours = ["system.notifications.endpoint_disabled", "user.image.tag.updated"];
    assert_eq!(added.len(), ours.len(), "{added:?}");
    assert!(added.iter().zip(ours).all(|(added, ours)| added.contains(ours)), "{added:?}");
    assert_eq!(recorded.difference(&own).count(), 0);
}

#[test]
fn events_answer_as_recorded() {
    in_every_house(|house| async move {
        let Some((_, response)) = exchange("215_events_since_bad.json") else { return };
        let admin = house.admin();
        let bad = EventFilter { since: Some("xx"), ..EventFilter::default() };
        let (status, message) = refusal(admin.events(&bad, None, None).await);
        assert_eq!((&json!(status), &json!(message)), (&response["status"], &response["body"]["message"]));
        let (_, response) = exchange("213_events_level_bad.json").unwrap();
        let bogus = EventFilter { level: Some("bogus"), ..EventFilter::default() };
        assert_eq!(json!(admin.events(&bogus, None, None).await.unwrap()), response["body"]);
        let (_, response) = exchange("211_event_get_404.json").unwrap();
        let (status, message) = refusal(admin.event("nope").await);
        assert_eq!((&json!(status), &json!(message)), (&response["status"], &response["body"]["message"]));
    });
}
