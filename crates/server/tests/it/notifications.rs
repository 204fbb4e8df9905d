//! Endpoints and the log of deliveries as clients see them.

use axum::http::StatusCode;
use serde_json::{Value, json};
use windlass_operations::testing::{Bench, on_every_service};
use windlass_v1::accounts::UserRequest;

use crate::client::Client;

const ENDPOINTS: &str = "/v1/notifications/endpoints";
/// Nothing listens there.
const NOWHERE: &str = "http://127.0.0.1:1/hook";

fn webhook(name: &str) -> Value {
    json!({"name": name, "channel": {"kind": "webhook", "url": NOWHERE,
        "auth": {"scheme": "basic", "username": "u", "password": "hunter2"}}})
}

async fn user(bench: &Bench) -> Client {
    let request = UserRequest { username: "ada".into(), password: "foobar".into() };
    bench.account("team").await.create_user(&request).await.unwrap();
    Client::of(bench).user("ada", "foobar")
}

#[test]
fn an_endpoint_is_added_shown_changed_and_deleted() {
    on_every_service(|bench| async move {
        let ada = user(&bench).await;
        let added = ada.post(ENDPOINTS, &webhook("team")).await;
        assert!(!added.text().contains("hunter2"), "{}", added.text());
        let shown = added.ok();
        assert_eq!(
            (&shown["name"], &shown["enabled"], &shown["read_only"]),
            (&json!("team"), &json!(true), &json!(false))
        );
        assert_eq!(shown["limits"], json!({"concurrency": 4, "per_minute": 120}));
        assert_eq!(ada.get(ENDPOINTS).await.ok().as_array().map(Vec::len), Some(1));
        assert_eq!(ada.get("/notifications/endpoints/team").await.ok(), shown);
        let again = ada.post(ENDPOINTS, &webhook("team")).await;
        assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.text());

        let mut changed = webhook("team");
        changed["channel"] = shown["channel"].clone();
        changed["routing"] = json!({"types": ["policy_eval"], "verdicts": {"flips": true}});
        let changed = ada.put("/notifications/endpoints/team", &changed).await.ok();
        assert_eq!(changed["routing"]["verdicts"], json!({"flips": true, "damping_minutes": 0}));
        // What was answered may be sent back as it is.
        let same = ada.put("/notifications/endpoints/team", &changed).await.ok();
        assert_eq!((&same["routing"], &same["channel"]), (&changed["routing"], &changed["channel"]));
        let elsewhere = ada.put("/notifications/endpoints/team", &webhook("other")).await;
        assert_eq!(elsewhere.status, StatusCode::CONFLICT);

        let admin = Client::admin(&bench);
        assert_eq!(admin.get("/notifications/endpoints/team").await.refusal(), (404, "Endpoint not found".into()));
        assert_eq!(admin.get(ENDPOINTS).await.ok(), json!([]));
        assert_eq!(ada.delete("/notifications/endpoints/team").await.ok(), json!(true));
        assert_eq!(ada.delete("/notifications/endpoints/team").await.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn what_is_no_endpoint_is_refused_before_it_is_kept() {
    on_every_service(|bench| async move {
        let ada = user(&bench).await;
        let with = |member: &str, value: Value| {
            let mut document = webhook("team");
            document[member] = value;
            document
        };
        for (document, about) in [
            (json!({"name": "team"}), "channel"),
            (with("channel", json!({"kind": "pigeon"})), "'pigeon' is not one of ['webhook', 'slack', "),
            (with("channel", json!({"kind": "email"})), "is a required property - 'channel'"),
            (with("channel", json!({"kind": "webhook", "url": "ftp://x"})), "url"),
            (with("routing", json!({"types": ["weather"]})), "weather"),
            (with("routing", json!({"window": {"daily_at": "25:00"}})), "routing.window"),
            (with("limits", json!({"concurrency": 0})), "concurrency"),
            (with("name", json!("a/b")), "a/b"),
        ] {
            let answer = ada.post(ENDPOINTS, &document).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{document}: {}", answer.text());
            assert!(answer.text().contains(about), "{about}: {}", answer.text());
        }
        let misspelt = |channel: Value, member: &str, value: Value| {
            let mut document = with("channel", channel);
            document[member] = value;
            document
        };
        let hook = json!({"kind": "webhook", "url": NOWHERE});
        let chat = |member: &str| json!({"kind": "slack", "url": "https://hooks.slack.com/services/T/B/X", member: 1});
        let login = json!({"kind": "webhook", "url": NOWHERE,
            "auth": {"scheme": "basic", "username": "u", "password": "p", "realm": "r"}});
        for (document, about) in [
            (misspelt(hook.clone(), "enabeld", json!(false)), "there is no member 'enabeld'"),
            (misspelt(chat("colour"), "enabled", json!(true)), "there is no member 'colour' - 'channel'"),
            (misspelt(login, "enabled", json!(true)), "there is no member 'realm' - 'channel.auth'"),
            (misspelt(hook.clone(), "limits", json!({"per_hour": 1})), "'per_hour'"),
            (misspelt(hook.clone(), "routing", json!({"verdicts": {"flip": true}})), "'flip'"),
        ] {
            let answer = ada.post(ENDPOINTS, &document).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{document}: {}", answer.text());
            assert!(answer.text().contains(about), "{about}: {}", answer.text());
        }
        let global = ada.post(ENDPOINTS, &with("system_global", json!(true))).await;
        assert_eq!(global.status, StatusCode::FORBIDDEN);
        let admin = Client::admin(&bench);
        assert_eq!(admin.post(ENDPOINTS, &with("system_global", json!(true))).await.ok()["system_global"], true);
    });
}

#[test]
fn a_test_tells_what_the_receiver_made_of_it() {
    on_every_service(|bench| async move {
        let ada = user(&bench).await;
        ada.post(ENDPOINTS, &webhook("team")).await.ok();
        let test = ada.post("/notifications/endpoints/team/test", &json!({})).await.ok();
        assert_eq!(test["accepted"], false);
        // Receivers within our own walls are not sent to.
        assert!(test["reason"].as_str().unwrap().contains("127.0.0.1"), "{test}");
        let rotated = ada.post("/notifications/endpoints/team/rotate-secret", &json!({})).await.ok();
        assert!(rotated["secret"].as_str().unwrap().starts_with("whsec_"), "{rotated}");
        assert!(!ada.get("/notifications/endpoints/team").await.text().contains(rotated["secret"].as_str().unwrap()));
        let slack =
            json!({"name": "chat", "channel": {"kind": "slack", "url": "https://hooks.slack.com/services/T/B/X"}});
        ada.post(ENDPOINTS, &slack).await.ok();
        let unsigned = ada.post("/notifications/endpoints/chat/rotate-secret", &json!({})).await;
        assert_eq!(unsigned.status, StatusCode::BAD_REQUEST);
        assert!(!ada.get("/notifications/endpoints/chat").await.text().contains("T/B/X"), "the URL is the secret");
    });
}

#[test]
fn deliveries_are_looked_at_and_go_again() {
    on_every_service(|bench| async move {
        let ada = user(&bench).await;
        let mut endpoint = webhook("team");
        endpoint["routing"] = json!({"types": ["event_log"]});
        ada.post(ENDPOINTS, &endpoint).await.ok();
        // Two events that are told: another policy, twice.
        let bundle = |id: &str| json!({"id": id, "version": "1_0", "name": id, "policies": [], "mappings": []});
        for id in ["one", "two"] {
            ada.post("/policies", &bundle(id)).await.ok();
            let mut record = ada.get(&format!("/policies/{id}")).await.ok()[0].take();
            record["active"] = true.into();
            ada.put(&format!("/policies/{id}"), &record).await.ok();
        }
        while bench.service.deliver_next().await.unwrap() {}
        let list = ada.get("/notifications/deliveries?state=waiting").await.ok();
        let results = list["results"].as_array().unwrap();
        assert_eq!((results.len(), &list["next_page"], &list["page"]), (2, &json!(false), &json!(1)), "{list}");
        assert!(results.iter().all(|delivery| delivery["subject"] == "user.policy.active.updated"), "{list}");
        assert_eq!(
            [&results[0]["attempts"], &results[1]["attempts"]],
            [0, 1],
            "newest first, which waits for the other"
        );
        let id = results[1]["id"].as_str().unwrap();
        let detail = ada.get(&format!("/notifications/deliveries/{id}")).await.ok();
        assert_eq!(detail["notices"][0]["type"], "event_log");
        assert!(detail["log"][0]["reason"].is_string(), "{detail}");
        let replay = format!("/notifications/deliveries/{id}/replay");
        assert_eq!(ada.post(&replay, &json!({})).await.status, StatusCode::CONFLICT, "it has not ended");
        assert_eq!(ada.post("/notifications/deliveries/replay", &json!({"state": "waiting"})).await.status, 400);
        for _ in 0..8 * 24 {
            bench.pass(3600);
            while bench.service.deliver_next().await.unwrap() {}
        }
        let dead = ada.get("/notifications/deliveries?state=dead&endpoint=team&limit=1").await.ok();
        assert_eq!((dead["results"].as_array().map(Vec::len), &dead["next_page"]), (Some(1), &json!(true)), "{dead}");
        let replayed = ada.post("/notifications/deliveries/replay", &json!({})).await.ok();
        assert_eq!((replayed["deliveries"].as_array().map(Vec::len), &replayed["more"]), (Some(2), &json!(false)));
        assert_eq!(ada.get(&format!("/notifications/deliveries/{id}")).await.ok()["state"], "waiting");
        for (query, status) in [("state=lost", 400), ("page=0", 400), ("limit=1001", 400)] {
            assert_eq!(ada.get(&format!("/notifications/deliveries?{query}")).await.status, status, "{query}");
        }
        let admin = Client::admin(&bench);
        assert_eq!(admin.get(&format!("/notifications/deliveries/{id}")).await.status, StatusCode::NOT_FOUND);
    });
}

/// `spec/api.md` A4.17, F 25
#[test]
fn webhooks_of_the_configuration_are_tried_out_by_administrators_alone() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let test = async |kind: &str| {
            admin
                .post(&format!("/v1/system/webhooks/{kind}/test?notification_type=vuln_update"), &json!({}))
                .await
                .refusal()
        };
        assert_eq!(test("general").await, (500, "Cannot send webhook, no URL configured".into()));
        // Webhooks are the installation's: which account is acted in makes no difference (K24).
        for account in ["team", "nope"] {
            let there = admin.in_account(account).post("/v1/system/webhooks/general/test", &json!({})).await;
            assert_eq!(there.refusal(), (500, "Cannot send webhook, no URL configured".into()), "{account}");
        }
        assert_eq!(test("tag_update").await.0, 400);
        let (status, message) = test("bogus").await;
        assert!(status == 400 && message.contains("general, policy_eval"), "{status} {message}");
        let ada = user(&bench).await;
        for ada in [ada.clone(), ada.in_account("admin")] {
            assert_eq!(ada.post("/v1/system/webhooks/general/test", &json!({})).await.status, StatusCode::FORBIDDEN);
        }
    });
}
