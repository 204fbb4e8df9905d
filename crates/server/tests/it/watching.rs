//! Registries, subscriptions, repositories and events as clients see them.

use axum::http::StatusCode;
use serde_json::json;
use windlass_operations::testing::on_every_service;

use crate::client::Client;

#[test]
fn a_registry_may_have_slashes_in_its_name() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let body = json!({
            "registry": "r.example:5000/team/*", "registry_user": "u", "registry_pass": "hunter2",
            "registry_type": "docker_v2", "registry_verify": false,
        });
        let added = admin.post("/v1/registries?validate=False", &body).await;
        assert!(!added.text().contains("hunter2"));
        assert_eq!(added.ok()[0]["registry"], "r.example:5000/team/*");
        let again = admin.post("/registries?validate=false", &body).await;
        assert_eq!(again.refusal(), (500, "registry already exists in DB".into()));
        for path in ["/registries/r.example:5000/team/*", "/v1/registries/r.example%3A5000%2Fteam%2F%2A"] {
            assert_eq!(admin.get(path).await.ok()[0]["registry_user"], "u", "{path}");
        }
        let changed =
            admin.put("/registries/r.example:5000/team/*?validate=false", &json!({"registry_user": "v"})).await;
        assert_eq!(changed.ok()[0]["registry_user"], "v");
        assert_eq!(admin.delete("/registries/r.example:5000/team/*").await.ok(), json!(true));
        assert_eq!(admin.delete("/registries/nope.example").await.ok(), json!(true));
        assert_eq!(admin.get("/registries/nope.example").await.status, StatusCode::NOT_FOUND);
        assert_eq!(admin.get("/registries").await.ok(), json!([]));
        let malformed = admin.post("/registries", &json!({"registry": "https://r.example"})).await;
        assert_eq!(malformed.status, StatusCode::CONFLICT);
    });
}

#[test]
fn subscriptions_come_in_lists_and_go_without_complaint() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let body = json!({"subscription_key": "docker.io/x/y:z", "subscription_type": "vuln_update"});
        let added = admin.post("/subscriptions", &body).await.ok();
        let path = format!("/subscriptions/{}", added[0]["subscription_id"].as_str().unwrap());
        assert_eq!(added[0]["active"], false);
        assert_eq!(
            admin.post("/subscriptions", &body).await.refusal(),
            (500, "subscription already exists in DB".into())
        );
        let changed = admin.put(&path, &json!({"active": true, "subscription_value": null})).await.ok();
        assert_eq!(changed[0]["active"], true);
        assert_eq!(admin.get("/subscriptions?subscription_type=vuln_update").await.ok(), changed);
        assert_eq!(admin.get("/subscriptions?subscription_key=a").await.ok(), json!([]));
        assert_eq!(admin.get("/subscriptions/types").await.ok(), json!([]));
        assert_eq!(admin.delete(&path).await.ok(), json!(true));
        assert_eq!(admin.delete(&path).await.ok(), json!(true));
        assert_eq!(admin.put(&path, &json!({"active": true})).await.status, StatusCode::NOT_FOUND);
        assert_eq!(admin.post("/subscriptions", &json!({"active": "yes"})).await.status, StatusCode::BAD_REQUEST);
    });
}

#[test]
fn events_are_listed_by_parameters_that_are_checked() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let empty = json!({"item_count": 0, "next_page": false, "page": 1, "results": []});
        for query in ["", "?limit=1&page=1", "?level=bogus", "?event_type=system.*", "?since=2020-01-01T00:00:00Z"] {
            assert_eq!(admin.get(&format!("/events{query}")).await.ok(), empty, "{query}");
        }
        for query in
            ["page=0", "limit=1001", "limit=x", "event_type=A", "since=xx", "since=2020-02-01&before=2020-01-01"]
        {
            assert_eq!(admin.get(&format!("/events?{query}")).await.status, StatusCode::BAD_REQUEST, "{query}");
        }
        assert_eq!(admin.delete("/events?before=2020-01-01T00:00:00Z").await.ok(), json!([]));
        assert_eq!(admin.get("/events/nope").await.refusal(), (404, "Event not found".into()));
        assert_eq!(admin.delete("/events/nope").await.refusal(), (404, "Event not found".into()));
        assert_eq!(admin.get("/event_types").await.ok()[0]["name"], "system");
    });
}

#[test]
fn a_repository_without_tags_is_not_found() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        assert_eq!(admin.post("/repositories", &json!({})).await.status, StatusCode::BAD_REQUEST);
        let path = "/repositories?repository=127.0.0.1:1/none&autosubscribe=True&exclude=*-rc*,edge";
        let (status, message) = admin.post(path, &json!({})).await.refusal();
        assert_eq!((status, message.as_str()), (404, "no tags could be added from input regrepo (127.0.0.1:1/none)"));
    });
}
