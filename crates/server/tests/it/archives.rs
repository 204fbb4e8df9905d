//! The archive of analyses, over the API.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use windlass_operations::testing::{Bench, on_every_service};
use windlass_store::{
    AccountName,
    archived_images::{self, NewArchived, Status},
    image_tags::TagName,
};

use crate::{client::Client, images::digest};

/// An archived image of the administrators, whose bundle is lost.
async fn seed(bench: &Bench, digest: &str, status: Status) {
    let account = AccountName::admin();
    let tx = bench.service.store().begin().await.unwrap();
    let tag = TagName { registry: "r.example", repository: "shop/web", tag: "1" };
    let new = NewArchived {
        digest,
        parent_digest: digest,
        image_id: "id",
        annotations: "{}",
        analyzed_at: bench.now(),
        tags: vec![(tag, bench.now())],
    };
    let (row, _) = archived_images::ensure(&tx, &account, &new, bench.now()).await.unwrap();
    if status == Status::Archived {
        // Any digest is the name of some object.
        archived_images::finish(&tx, &row, &new, digest, 1234, bench.now()).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[test]
fn archived_images_are_listed_shown_counted_and_removed() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let (one, two, none) = (digest('1'), digest('2'), digest('0'));
        seed(&bench, &one, Status::Archived).await;
        bench.pass(60);
        seed(&bench, &two, Status::Archiving).await;
        let list = admin.get("/v1/archives/images").await.ok();
        assert_eq!((&list[0]["imageDigest"], &list[1]["imageDigest"]), (&json!(two), &json!(one)));
        assert_eq!(list[1]["image_detail"][0]["pullstring"], "r.example/shop/web:1");
        assert_eq!(admin.get(&format!("/archives/images/{one}")).await.ok(), list[1]);
        assert_eq!(
            admin.get("/archives").await.ok(),
            json!({"images": {"total_image_count": 2, "total_tag_count": 2, "total_data_bytes": 1234,
                "last_updated": "2026-01-01T12:01:00Z"}, "rules": {"count": 0, "last_updated": null}})
        );
        assert_eq!(
            admin.get(&format!("/archives/images/{none}")).await.refusal(),
            (404, "Not found in archive".into())
        );
        let path = |digest: &str| format!("/archives/images/{digest}");
        assert_eq!(admin.delete(&path(&none)).await.refusal(), (404, "Not found in archive".into()));
        assert_eq!(admin.delete(&path(&one)).await.ok(), json!({}));
        assert_eq!(admin.delete(&path(&two)).await.status, StatusCode::BAD_REQUEST);
        assert_eq!(admin.delete(&format!("{}?force=true", path(&two))).await.ok(), json!({}));
        assert_eq!(admin.get("/archives/images").await.ok(), json!([]));
        assert_eq!(admin.get("/archives").await.ok()["images"]["last_updated"], "");
    });
}

#[test]
fn one_to_a_hundred_digests_are_archived_and_answered_one_by_one() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let unknown = digest('0');
        assert_eq!(
            admin.post("/archives/images", &json!([unknown])).await.ok(),
            json!([{"digest": unknown, "status": "error",
                "detail": format!("Could not locate an image with digest {unknown} in account admin")}])
        );
        let many: Vec<&String> = std::iter::repeat_n(&unknown, 101).collect();
        for (body, text) in [
            (
                json!([{"imageDigest": unknown}]),
                format!("{{'imageDigest': '{unknown}'}} is not of type 'string' - '0'"),
            ),
            (json!([]), "[] is too short".to_owned()),
            (json!(many), "['sha256:".to_owned()),
        ] {
            let (status, message) = admin.post("/archives/images", &body).await.refusal();
            assert!(status == 400 && message.starts_with(&text), "{status}: {message}");
        }
        let restored = admin.post("/images", &json!({"source": {"archive": {"digest": unknown}}})).await;
        assert_eq!(restored.refusal(), (404, "Not found in archive".into()));
    });
}

#[test]
fn rules_are_made_foreseen_and_removed_by_who_may() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        admin.post("/accounts", &json!({"name": "team"})).await.ok();
        admin.post("/accounts/team/users", &json!({"username": "tim", "password": "foobar"})).await.ok();
        let tim = Client::of(&bench).user("tim", "foobar");
        let rule = |global: bool| -> Value {
            json!({"transition": "archive", "analysis_age_days": 30, "system_global": global,
                "selector": {"registry": "*", "repository": "*", "tag": "*"}})
        };
        let global = admin.post("/archives/rules", &rule(true)).await.ok();
        bench.pass(60);
        let own = tim.post("/archives/rules", &rule(false)).await.ok();
        let path = |rule: &Value| format!("/archives/rules/{}", rule["rule_id"].as_str().unwrap());
        assert_eq!(tim.get("/archives/rules").await.ok(), json!([global, own]));
        assert_eq!(tim.get("/archives/rules?system_global=false").await.ok(), json!([own]));
        assert_eq!(tim.get(&path(&global)).await.ok(), global);
        let preview = format!("{}/preview", path(&own));
        assert_eq!(tim.get(&preview).await.ok(), json!([]));
        assert_eq!(tim.send(Method::POST, &preview, None, Vec::new()).await.ok(), json!([]));
        assert_eq!(tim.post(&preview, &json!({})).await.ok(), json!([]));
        assert_eq!(admin.send(Method::POST, &preview, None, Vec::new()).await.status, StatusCode::NOT_FOUND);
        assert_eq!(tim.get(&path(&own)).await.ok(), own, "a preview changes nothing");
        assert_eq!(tim.get(&format!("{}/history", path(&own))).await.ok(), json!([]));
        let run = tim.send(Method::POST, "/archives/rules/run", None, Vec::new()).await.ok();
        assert!(run["transition_task_id"].is_string() && run["dry_run"] == false, "{run}");
        assert_eq!(tim.post("/archives/rules/run", &json!({})).await.ok(), run, "it waits");
        assert_eq!(admin.get(&path(&own)).await.status, StatusCode::NOT_FOUND);
        assert_eq!(tim.post("/archives/rules", &rule(true)).await.status, StatusCode::FORBIDDEN);
        assert_eq!(tim.delete(&path(&global)).await.status, StatusCode::FORBIDDEN);
        assert_eq!(tim.delete(&path(&own)).await.ok(), json!({}));
        assert_eq!(tim.delete(&path(&own)).await.status, StatusCode::NOT_FOUND);
        assert_eq!(admin.delete(&path(&global)).await.ok(), json!({}));

        let bogus = tim.post("/archives/rules", &json!({"transition": "bogus"})).await;
        assert_eq!(bogus.refusal(), (400, "'bogus' is not one of ['archive', 'delete'] - 'transition'".into()));
        let empty = tim.post("/archives/rules", &json!({"transition": "archive"})).await;
        assert_eq!(empty.status, StatusCode::BAD_REQUEST);
        let mut everything = rule(false);
        everything["analysis_age_days"] = json!(-1);
        assert_eq!(tim.post("/archives/rules", &everything).await.status, StatusCode::BAD_REQUEST);
        tim.post("/archives/rules?confirm=true", &everything).await.ok();
    });
}
