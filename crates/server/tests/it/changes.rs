//! What changed, as clients ask for it.

use axum::http::StatusCode;
use serde_json::{Value, json};
use windlass_operations::testing::{Bench, on_every_service};

use crate::client::Client;

fn bundle(id: &str, name: &str) -> Value {
    json!({"id": id, "version": "1_0", "name": name, "policies": [], "mappings": []})
}

/// Makes a bundle the active one, a second later; it is a user's of the account `team`.
async fn activate(bench: &Bench, client: &Client, id: &str) {
    bench.pass(1);
    client.post("/policies", &bundle(id, id)).await.ok();
    let mut record = client.get(&format!("/policies/{id}")).await.ok()[0].take();
    record["active"] = true.into();
    client.put(&format!("/policies/{id}?active=true"), &record).await.ok();
}

async fn user(admin: &Client, account: &str) -> Client {
    admin.post("/accounts", &json!({ "name": account })).await.ok();
    let path = format!("/accounts/{account}/users");
    admin.post(&path, &json!({"username": account, "password": "password1"})).await.ok();
    admin.user(account, "password1")
}

#[test]
fn changes_are_told_newest_first_page_by_page_and_since_a_moment() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let (team, other) = (user(&admin, "team").await, user(&admin, "other").await);
        for id in ["one", "two", "three"] {
            activate(&bench, &team, id).await;
        }
        let list = team.get("/v1/changes").await.ok();
        let told: Vec<&Value> = list["changes"].as_array().unwrap().iter().collect();
        let ids: Vec<&Value> = told.iter().map(|change| &change["policyId"]).collect();
        assert_eq!(ids, ["three", "two", "one"]);
        assert!(list.get("next_page").is_none());
        let newest = told[0];
        assert_eq!((&newest["kind"], &newest["change"]), (&json!("policy"), &json!("activated")));
        assert_eq!(newest["before"], "two");
        let event = newest["event"].as_str().unwrap();
        let told_by = team.get(&format!("/events/{event}")).await.ok();
        assert_eq!(told_by["event"]["details"]["current_policy_bundle_id"], "three");

        let (mut path, mut paged) = ("/changes?limit=2".to_owned(), Vec::new());
        loop {
            let page = team.get(&path).await.ok();
            paged.extend(page["changes"].as_array().unwrap().clone());
            match page["next_page"].as_str() {
                Some(next) => path = format!("/changes?limit=2&page={next}"),
                None => break,
            }
        }
        assert_eq!(json!(paged), list["changes"]);
        let since = told[1]["changed_at"].as_str().unwrap().replace(':', "%3A").replace('+', "%2B");
        let later = team.get(&format!("/changes?since={since}")).await.ok();
        assert_eq!(later["changes"], json!([newest]), "only what came after it");
        let none = team.get("/changes?since=2030-01-01T00:00:00Z").await.ok();
        assert_eq!(none, json!({"changes": []}));
        assert_eq!(other.get("/changes").await.ok(), json!({"changes": []}));
        assert_eq!(admin.in_account("team").get("/changes").await.ok(), list, "administrators may look");
    });
}

#[test]
fn what_is_no_question_about_changes_is_refused() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let team = user(&admin, "team").await;
        for (query, about) in [
            ("limit=0", "minimum"),
            ("limit=1001", "maximum"),
            ("limit=x", "limit"),
            ("page=x", "page"),
            ("page=1.x-", "page"),
            ("since=yesterday", "since"),
        ] {
            let answer = team.get(&format!("/changes?{query}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}: {}", answer.text());
            assert!(answer.refusal().1.contains(about), "{query}: {}", answer.text());
        }
        let unknown = format!("/images/sha256:{}/changes", "0".repeat(64));
        assert_eq!(team.get(&unknown).await.status, StatusCode::NOT_FOUND);
        let nobody = Client::of(&bench);
        assert_eq!(nobody.get("/changes").await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(nobody.get(&unknown).await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(team.in_account("admin").get("/changes").await.status, StatusCode::FORBIDDEN);
    });
}
