//! Jobs and what recurs, over the API.

use axum::http::StatusCode;
use serde_json::{Value, json};
use windlass_operations::testing::{Bench, on_every_service};
use windlass_store::{
    AccountName,
    jobs::{self, NewJob},
};

use crate::client::Client;

async fn ask(bench: &Bench, kind: &str, key: &str) {
    let (tx, account) = (bench.service.store().begin().await.unwrap(), AccountName::parse("admin").unwrap());
    let payload = json!({"password": "a secret"}).to_string();
    let (max_attempts, not_before) = (3, bench.now());
    let job = NewJob { kind, account: &account, key, payload, priority: 0, max_attempts, not_before };
    jobs::enqueue(&tx, job, bench.now()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Has a worker give up the oldest job of a kind.
async fn bury(bench: &Bench, kind: &str) {
    let (store, now) = (bench.service.store(), bench.now());
    let claim = store.claim_job(&[kind], "w", now.plus_seconds(60), now).await.unwrap().unwrap();
    let tx = store.begin().await.unwrap();
    assert!(claim.bury(&tx, "it cannot be done", now).await.unwrap());
    tx.commit().await.unwrap();
}

fn keys(page: &Value) -> Vec<&str> {
    page["results"].as_array().unwrap().iter().map(|job| job["key"].as_str().unwrap()).collect()
}

#[test]
fn administrators_see_jobs_newest_first_and_let_those_that_were_given_up_go_again() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        ask(&bench, "visit", "r.example/one").await;
        bury(&bench, "visit").await;
        ask(&bench, "visit", "r.example/two").await;
        ask(&bench, "analyse", "sha256:none").await;
        let all = admin.get("/v1/system/jobs").await.ok();
        assert_eq!(keys(&all), ["sha256:none", "r.example/two", "r.example/one"]);
        assert_eq!((&all["page"], &all["next_page"]), (&json!(1), &json!(false)));
        assert!(!all.to_string().contains("secret"), "payloads are not told: {all:#}");
        assert_eq!(keys(&admin.get("/system/jobs?kind=visit&limit=1").await.ok()), ["r.example/two"]);
        let second = admin.get("/system/jobs?kind=visit&limit=1&page=2").await.ok();
        assert_eq!((keys(&second), &second["next_page"]), (vec!["r.example/one"], &json!(false)));
        let dead = admin.get("/system/jobs?state=dead").await.ok();
        let job = &dead["results"][0];
        assert_eq!((&job["state"], &job["attempts"]), (&json!("dead"), &json!(1)));
        assert_eq!((&job["last_error"], &job["worker"]), (&json!("it cannot be done"), &json!(null)));
        for wrong in ["state=lost", "limit=0", "limit=1001", "page=0", "kind=%00"] {
            assert_eq!(admin.get(&format!("/system/jobs?{wrong}")).await.status, StatusCode::BAD_REQUEST, "{wrong}");
        }

        let path = format!("/system/jobs/{}", job["id"]);
        assert_eq!(&admin.get(&path).await.ok(), job);
        let again = admin.post(&format!("{path}/retry"), &json!({})).await.ok();
        assert_eq!((&again["state"], &again["attempts"], &again["id"]), (&json!("waiting"), &json!(0), &job["id"]));
        let (status, message) = admin.post(&format!("{path}/retry"), &json!({})).await.refusal();
        assert!(status == 409 && message.contains("is waiting"), "{status}: {message}");
        for none in ["/system/jobs/0", "/system/jobs/none"] {
            assert_eq!(admin.get(none).await.refusal(), (404, "There is no such job.".into()));
            assert_eq!(admin.post(&format!("{none}/retry"), &json!({})).await.status, StatusCode::NOT_FOUND);
        }
    });
}

#[test]
fn an_analysis_of_an_image_that_is_no_more_and_what_waits_already_are_not_tried_again() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        for (kind, why) in [("analyse", "the image was deleted"), ("visit", "waits already")] {
            ask(&bench, kind, "key").await;
            bury(&bench, kind).await;
            ask(&bench, kind, "key").await;
            let dead = admin.get(&format!("/system/jobs?state=dead&kind={kind}")).await.ok();
            let path = format!("/system/jobs/{}/retry", dead["results"][0]["id"]);
            let (status, message) = admin.post(&path, &json!({})).await.refusal();
            assert!(status == 409 && message.contains(why), "{status}: {message}");
            assert_eq!(admin.get(&format!("/system/jobs?state=dead&kind={kind}")).await.ok(), dead);
        }
    });
}

#[test]
fn administrators_see_what_recurs_and_teams_see_neither() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        admin.post("/accounts", &json!({"name": "team"})).await.ok();
        admin.post("/accounts/team/users", &json!({"username": "tim", "password": "foobar"})).await.ok();
        let tim = Client::of(&bench).user("tim", "foobar");
        for path in ["/system/jobs", "/system/jobs/1", "/system/schedules"] {
            assert_eq!(tim.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        }
        assert_eq!(tim.post("/system/jobs/1/retry", &json!({})).await.status, StatusCode::FORBIDDEN);

        let (store, now) = (bench.service.store(), bench.now());
        store.prepare_schedule("feed_sync", now, now).await.unwrap();
        let run = store.begin_run("feed_sync", "host-0", now.plus_seconds(60), now).await.unwrap().unwrap();
        assert!(run.end(store, Some("there is no data"), now.plus_seconds(21_600)).await.unwrap());
        let all = admin.get("/v1/system/schedules").await.ok();
        let sync = all.as_array().unwrap().iter().find(|schedule| schedule["name"] == "feed_sync").unwrap();
        assert_eq!(
            sync,
            &json!({"name": "feed_sync", "interval_seconds": 21_600, "runs": 1, "last_run_at": "2026-01-01T12:00:00Z",
                "last_outcome": "failed", "last_error": "there is no data", "worker": "host-0",
                "next_run_at": "2026-01-01T18:00:00Z"})
        );
        assert_eq!(admin.get("/system/schedules?limit=1&page=2").await.ok().as_array().unwrap().len(), 1);
    });
}
