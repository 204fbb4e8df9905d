//! Long lists, as clients see them.

use axum::http::StatusCode;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use windlass_operations::testing::{Bench, on_every_service};

use crate::client::Client;

/// More than two batches.
const IMAGES: usize = 1_234;

/// Images of the administrator under `r.example/app:N`, each of which holds the package `shared`.
async fn seed(bench: &Bench) {
    let store = bench.service.store();
    let numbers = format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {IMAGES}) SELECT");
    let bytes = if store.is_postgres() { "decode('00', 'hex')" } else { "x'00'" };
    let statements = [
        format!(
            "INSERT INTO package_versions (id, key, name, search_name, version, kind, input, rest) \
             VALUES (1, {bytes}, 'shared', 'shared', '1', 'deb', '{{}}', '{{}}')"
        ),
        format!(
            "INSERT INTO analyses (id, key, digest, dockerfile_mode, image_size, layer_count, created_at) \
             {numbers} i, 'a' || i, 'sha256:' || i, 'Guessed', 1, 1, 0 FROM n"
        ),
        // Many are made in the same moment.
        format!(
            "INSERT INTO images (id, account, digest, parent_digest, image_id, status, analysis_status, annotations, \
             analysis, manifest, created_at, last_updated, analyzed_at) {numbers} i, 'admin', 'sha256:' || i, \
             'sha256:' || i, 'id' || i, 'active', 'analyzed', '{{}}', i, 'm', i / 100, 0, 0 FROM n"
        ),
        format!(
            "INSERT INTO image_tags (image, account, registry, repository, tag, detected_at, created_at, last_updated) \
             {numbers} i, 'admin', 'r.example', 'app', CAST(i AS TEXT), 0, 0, 0 FROM n"
        ),
        "INSERT INTO analysis_packages (package_version, analysis, compared) SELECT 1, id, 1 FROM analyses".to_owned(),
    ];
    let tx = store.begin().await.unwrap();
    for sql in statements {
        tx.execute_unprepared(&sql).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn digests(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item["imageDigest"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_list_is_whole_however_long_and_each_page_is_a_part_of_it() {
    on_every_service(|bench| async move {
        seed(&bench).await;
        let admin = Client::admin(&bench);
        let expected: Vec<String> = (1..=IMAGES).map(|number| format!("sha256:{number}")).collect();

        let images = admin.get("/images").await.ok();
        assert!(digests(&images).iter().eq(expected.iter().rev()), "newest first");
        let page = admin.get(&format!("/images?limit=700&after={}", expected[1_000])).await.ok();
        assert!(digests(&page).iter().eq(expected[300..1_000].iter().rev()));

        let tags = admin.get("/summaries/imagetags").await.ok();
        assert_eq!(digests(&tags), expected, "oldest first");
        assert_eq!(tags[1_000]["fulltag"], "r.example/app:1001");
        assert_eq!(digests(&admin.get("/summaries/imagetags?limit=600&page=2").await.ok()), expected[600..1_200]);
        assert_eq!(digests(&admin.get("/summaries/imagetags?limit=600&page=3").await.ok()), expected[1_200..]);
        assert_eq!(admin.get("/summaries/imagetags?limit=600&page=4").await.ok(), json!([]));
        assert_eq!(admin.get("/summaries/imagetags?limit=1001").await.status, StatusCode::BAD_REQUEST);
    });
}

#[test]
fn a_question_is_answered_whole_or_page_by_page() {
    on_every_service(|bench| async move {
        seed(&bench).await;
        let admin = Client::admin(&bench);
        let ask = async |query: &str| admin.get(&format!("/query/images/by_package?name=shared{query}")).await.ok();
        let found = |answer: &Value| -> Vec<String> {
            let images = answer["images"].as_array().unwrap().iter();
            images.map(|one| one["image"]["imageDigest"].as_str().unwrap().to_owned()).collect()
        };
        let mut expected: Vec<String> = (1..=IMAGES).map(|number| format!("sha256:{number}")).collect();
        expected.sort();

        let whole = ask("").await;
        assert_eq!(found(&whole), expected, "by digest");
        assert_eq!(whole["images"][0]["packages"], json!([{"name": "shared", "version": "1", "type": "dpkg"}]));
        let paging = |answer: &Value| {
            ["page", "returned_count", "total_count", "next_page"]
                .map(|name| answer.get(name).cloned().unwrap_or_default())
        };
        assert_eq!(paging(&whole), [json!("1"), json!(IMAGES), json!(IMAGES), Value::Null]);
        let second = ask("&limit=600&page=2").await;
        assert_eq!(found(&second), expected[600..1_200]);
        assert_eq!(paging(&second), [json!("2"), json!(600), json!(IMAGES), json!("3")]);
        let third = ask("&limit=600&page=3").await;
        assert_eq!(paging(&third), [json!("3"), json!(34), json!(IMAGES), Value::Null]);
        assert_eq!(paging(&ask("&limit=0").await), [json!("1"), json!(IMAGES), json!(IMAGES), Value::Null]);
        let none = admin.get("/query/images/by_package?name=none").await.ok();
        assert_eq!(none, json!({"images": [], "page": "1", "returned_count": 0, "total_count": 0}));
    });
}

#[test]
fn long_answers_are_compressed_for_those_who_ask_for_it() {
    on_every_service(|bench| async move {
        seed(&bench).await;
        let admin = Client::admin(&bench);
        let plain = admin.get("/images?limit=100").await;
        assert!(!plain.headers.contains_key("content-encoding"));
        let asking = admin.accepting("gzip");
        for path in ["/images?limit=100", "/images"] {
            let answer = asking.get(path).await;
            assert_eq!(answer.headers["content-encoding"], "gzip", "{path}");
            assert_eq!(answer.bytes[..2], [0x1f, 0x8b], "{path}");
        }
        let compressed = asking.get("/images?limit=100").await.bytes.len();
        assert!(compressed * 8 < plain.bytes.len(), "{compressed} of {}", plain.bytes.len());
        assert!(!asking.get("/images?limit=1").await.headers.contains_key("content-encoding"), "it is short");
    });
}
