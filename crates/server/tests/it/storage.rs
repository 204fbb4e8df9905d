//! How much is kept and may be, over the API.

use axum::http::{Method, StatusCode};
use serde_json::json;
use windlass_operations::testing::on_every_service;

use crate::client::Client;

#[test]
fn administrators_see_everything_and_teams_what_is_theirs() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        admin.post("/accounts", &json!({"name": "team"})).await.ok();
        admin.post("/accounts/team/users", &json!({"username": "tim", "password": "foobar"})).await.ok();
        let tim = Client::of(&bench).user("tim", "foobar");
        let all = admin.get("/v1/system/storage?fresh=true").await.ok();
        assert!(all["use"]["bytes"].as_u64().unwrap() > 10_000, "{all:#}");
        let tables = all["use"]["tables"].as_array().unwrap();
        assert!(tables.iter().any(|table| table["name"] == "accounts" && table["bytes"].as_u64().unwrap() > 0));
        assert!(all["accounts"].as_array().unwrap().iter().any(|share| share["account"] == "team"), "{all:#}");
        assert_eq!(all["forecast"], json!(null), "of one measurement follows nothing");
        assert_eq!(tim.get("/system/storage").await.status, StatusCode::FORBIDDEN);

        let own = tim.get("/accounts/team/storage").await.ok();
        assert_eq!((&own["account"], &own["measured_at"]), (&json!("team"), &all["measured_at"]));
        assert_eq!(own["quota"], json!({"images": null, "bytes": null}));
        assert_eq!(own["of_quota"], json!({"images": 0, "bytes": 0}));
        assert_eq!(tim.get("/accounts/admin/storage").await.status, StatusCode::FORBIDDEN);
        let quota = json!({"images": 5});
        assert_eq!(tim.put("/accounts/team/quota", &quota).await.status, StatusCode::FORBIDDEN);
        assert_eq!(admin.put("/accounts/team/quota", &quota).await.ok(), json!({"images": 5, "bytes": null}));
        assert_eq!(tim.get("/accounts/team/storage").await.ok()["quota"]["images"], 5);
        let set = async |quota: serde_json::Value| admin.put("/accounts/team/quota", &quota).await.ok();
        assert_eq!(set(json!({"bytes": 7})).await, json!({"images": 5, "bytes": 7}), "what is not named stays");
        assert_eq!(set(json!({})).await, json!({"images": 5, "bytes": 7}));
        assert_eq!(set(json!({"bytes": null})).await, json!({"images": 5, "bytes": null}));
        assert_eq!(admin.put("/accounts/team/quota", &json!({"pictures": 5})).await.status, StatusCode::BAD_REQUEST);
        assert_eq!(admin.put("/accounts/nobody/quota", &quota).await.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn a_bundle_that_is_none_is_refused_and_one_that_is_not_there_not_handed_out() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let none = format!("/archives/images/sha256:{:064}/bundle", 0);
        assert_eq!(admin.get(&none).await.refusal(), (404, "Not found in archive".into()));
        for body in [Vec::new(), b"no bundle".to_vec(), vec![0; 2048]] {
            let sent = admin.send(Method::POST, "/archives/images/import", Some("application/zstd"), body).await;
            let (status, message) = sent.refusal();
            assert!(status == 400 && message.starts_with("it cannot be imported as a bundle: "), "{status}: {message}");
        }
        assert_eq!(admin.get("/archives/images").await.ok(), json!([]));
    });
}
