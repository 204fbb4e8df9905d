//! Images, over the API.

use axum::http::StatusCode;
use serde_json::json;
use windlass_operations::testing::{Bench, on_every_service};
use windlass_store::{
    AccountName, Moment,
    image_tags::{self, TagName},
    images::{self, NewImage},
};

use crate::client::Client;

pub(crate) const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

pub(crate) fn digest(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

/// An image of an account under `r.example/shop/web:TAG`, as one is added.
pub(crate) async fn seed(bench: &Bench, account: &AccountName, digest: &str, tag: &str) -> Moment {
    seed_of(bench, account, digest, digest, tag).await
}

/// The same, of an index.
pub(crate) async fn seed_of(bench: &Bench, account: &AccountName, index: &str, digest: &str, tag: &str) -> Moment {
    let tx = bench.service.store().begin().await.unwrap();
    let new = NewImage {
        digest: digest.to_owned(),
        parent_digest: index.to_owned(),
        image_id: ID.to_owned(),
        manifest: digest.to_owned(),
        parent_manifest: None,
        annotations: "{}".to_owned(),
        dockerfile: None,
        created_at: bench.now(),
    };
    let (image, _) = images::ensure(&tx, account, new, bench.now()).await.unwrap();
    let name = TagName { registry: "r.example", repository: "shop/web", tag };
    image_tags::insert(&tx, account, image.id, name, bench.now(), bench.now()).await.unwrap();
    tx.commit().await.unwrap();
    bench.now()
}

#[test]
fn an_image_is_listed_shown_and_deleted() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        assert_eq!(admin.get("/images").await.ok(), json!([]));
        let (one, two) = (digest('1'), digest('2'));
        seed(&bench, &AccountName::admin(), &one, "1").await;
        bench.pass(60);
        seed(&bench, &AccountName::admin(), &two, "1").await;
        let list = admin.get("/v1/images").await.ok();
        assert_eq!(list[0]["imageDigest"], two);
        assert_eq!(list[1]["image_detail"][0]["fulltag"], "r.example/shop/web:1");
        assert_eq!(admin.get("/images?fulltag=r.example/shop/web:1").await.ok(), json!([list[0]]));
        let history = "/images?history=True&fulltag=r.example/shop/web:1";
        assert_eq!(admin.get(history).await.ok(), list);
        assert_eq!(admin.get(&format!("{history}&limit=1")).await.ok(), json!([list[0]]));
        assert_eq!(admin.get(&format!("{history}&limit=1&after={two}")).await.ok(), json!([list[1]]));
        assert_eq!(admin.get(&format!("{history}&after={one}")).await.ok(), json!([]), "it was the last");
        let newest = format!("/images?fulltag=r.example/shop/web:1&after={two}");
        assert_eq!(admin.get(&newest).await.ok(), json!([]), "a list of one has no second page");
        let (status, message) = admin.get(&format!("{history}&after={}", digest('0'))).await.refusal();
        assert!(status == 400 && message.contains("begin anew"), "{status}: {message}");
        assert_eq!(admin.get("/images?limit=1").await.ok(), json!([list[0]]));
        assert_eq!(admin.get(&format!("/images?limit=1&after={two}")).await.ok(), json!([list[1]]));
        assert_eq!(admin.get(&format!("/images/{one}?history=false")).await.ok(), json!([list[1]]));
        assert_eq!(admin.get(&format!("/images/{}", one.replace(':', "%3A"))).await.ok(), json!([list[1]]));
        assert_eq!(admin.get(&format!("/images/{one}?detail=false")).await.ok()[0]["image_detail"], json!([]));
        assert_eq!(admin.get(&format!("/images/by_id/{ID}")).await.ok(), json!([list[0]]));
        assert_eq!(
            admin.get("/summaries/imagetags").await.ok()[0],
            json!({"imageDigest": one, "parentDigest": one, "imageId": ID, "fulltag": "r.example/shop/web:1",
                "analysis_status": "not_analyzed", "image_status": "active", "created_at": 1_767_268_800,
                "analyzed_at": null, "tag_detected_at": 1_767_268_800})
        );

        let verdict = admin.delete(&format!("/images/by_id/{ID}")).await.ok();
        assert_eq!(verdict, json!({"digest": two, "status": "deleting", "detail": null}));
        let unknown = digest('0');
        let verdicts = admin.delete(&format!("/images?imageDigests={unknown},{one}&force=true")).await.ok();
        assert_eq!((&verdicts[0]["status"], &verdicts[1]["status"]), (&json!("not_found"), &json!("deleting")));
        assert_eq!(admin.get("/images").await.ok(), json!([]));
        for status in ["deleting", "all"] {
            assert_eq!(
                admin.get(&format!("/images?image_status={status}")).await.ok().as_array().map(Vec::len),
                Some(2)
            );
            let tags = admin.get(&format!("/summaries/imagetags?image_status=active,{status}")).await.ok();
            assert_eq!(tags.as_array().map(Vec::len), Some(2));
        }
        assert_eq!(admin.get("/summaries/imagetags").await.ok(), json!([]));
    });
}

#[test]
fn another_accounts_image_is_not_there() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        seed(&bench, team.name(), &digest('1'), "1").await;
        let admin = Client::admin(&bench);
        let theirs = admin.in_account("team");
        assert_eq!(theirs.get("/images").await.ok()[0]["userId"], "team");
        assert_eq!(admin.get("/images").await.ok(), json!([]));
        for path in [format!("/images/{}", digest('1')), format!("/images/by_id/{ID}")] {
            let answer = admin.get(&path).await;
            assert_eq!(
                (answer.status, answer.json()),
                (
                    StatusCode::NOT_FOUND,
                    json!({"message": "image not found in DB", "httpcode": 404, "detail": {"error_codes": []}})
                )
            );
            assert_eq!(admin.delete(&path).await.ok()["status"], "not_found");
        }
        assert_eq!(admin.get("/images?fulltag=r.example/shop/web:1").await.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn requests_that_do_not_fit_are_refused_in_the_words_clients_know() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let refusals = [
            (admin.get("/images?image_status=bogus").await, 400, "'bogus' is not one of ['all', 'active', 'deleting']"),
            (
                admin.get("/images?history=perhaps").await,
                400,
                "Wrong type, expected 'boolean' for query parameter 'history'",
            ),
            (admin.delete("/images").await, 400, "Missing query parameter 'imageDigests'"),
            (admin.post("/images", &json!({})).await, 400, "Could not validate request due to error"),
            (admin.post("/images", &json!({"tag": 5})).await, 400, "5 is not of type 'string' - 'tag'"),
            (
                admin.post("/images", &json!({"tag": "a", "dockerfile": "not base64!"})).await,
                400,
                "'not base64!' does not match '^[a-zA-Z0-9+/=]+$' - 'dockerfile'",
            ),
            (
                admin.post("/images", &json!({"source": {"digest": {"pullstring": "a@sha256:ab"}}})).await,
                400,
                "'tag' is a required property - 'source.digest'",
            ),
            (
                admin.post("/images", &json!({"tag": "127.0.0.1:1/none/none:latest"})).await,
                400,
                "cannot fetch image digest/manifest from registry",
            ),
        ];
        for (answer, status, text) in refusals {
            let (found, message) = answer.refusal();
            assert_eq!(found, status, "{message}");
            assert!(message.starts_with(text), "{message}");
        }
        let nobody = Client::of(&bench);
        for path in ["/images", "/summaries/imagetags"] {
            assert_eq!(nobody.get(path).await.status, StatusCode::UNAUTHORIZED);
        }
        let failed = admin.post("/images", &json!({"tag": "127.0.0.1:1/none/none:latest"})).await;
        assert_eq!(failed.json()["detail"]["error_codes"], json!(["REGISTRY_NOT_ACCESSIBLE"]));
        let told = admin.get("/events?limit=100").await.ok();
        let requests = told["results"].as_array().unwrap().iter().map(|event| &event["event"]["source"]["request_id"]);
        let id = failed.headers["x-request-id"].to_str().unwrap();
        assert_eq!(requests.filter(|request| **request == id).count(), 1, "the event names the request: {told}");
    });
}
