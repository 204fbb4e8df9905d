//! Imports, over the API.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use windlass_operations::testing::on_every_service;

use crate::client::{Answer, Client};

const PACKAGES: &str = r#"{"artifacts": [], "source": {"type": "image", "target": {}}, "distro": {}}"#;

fn hex(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

async fn upload(client: &Client, id: &str, part: &str, bytes: &[u8]) -> Answer {
    let path = format!("/v1/imports/images/{id}/{part}");
    client.send(Method::POST, &path, Some("application/octet-stream"), bytes.to_vec()).await
}

async fn begin(client: &Client) -> String {
    client.send(Method::POST, "/v1/imports/images", None, Vec::new()).await.ok()["uuid"].as_str().unwrap().to_owned()
}

#[test]
fn an_image_is_imported_from_beginning_to_end() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let id = begin(&admin).await;
        let operation = json!({
            "uuid": id, "account": "admin", "status": "pending",
            "created_at": "2026-01-01T12:00:00Z", "expires_at": "2026-01-02T12:00:00Z",
            "last_update": "2026-01-01T12:00:00Z", "last_updated": "2026-01-01T12:00:00",
        });
        assert_eq!(admin.get("/imports/images").await.ok(), json!([operation]));
        assert_eq!(admin.get(&format!("/imports/images/{id}")).await.ok(), operation);

        let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": []}}).to_string();
        let manifest = json!({"schemaVersion": 2, "config": {"digest": format!("sha256:{}", hex(config.as_bytes()))},
            "layers": []})
        .to_string();
        let mut contents = json!({});
        for (part, bytes) in
            [("packages", PACKAGES), ("manifest", &manifest), ("image_config", &config), ("dockerfile", "FROM a\n")]
        {
            let kept = json!({"digest": hex(bytes.as_bytes()), "created_at": "2026-01-01T12:00:00Z"});
            for _ in 0..2 {
                assert_eq!(upload(&admin, &id, part, bytes.as_bytes()).await.ok(), kept, "the same is the same");
            }
            assert_eq!(admin.get(&format!("/imports/images/{id}/{part}")).await.ok(), json!([kept]));
            contents[part] = kept["digest"].clone();
        }
        assert_eq!(admin.get(&format!("/imports/images/{id}/parent_manifest")).await.ok(), json!([]));

        let digest = format!("sha256:{}", hex(manifest.as_bytes()));
        let source = json!({"operation_uuid": id, "digest": digest, "tags": ["r.example/a/b:1"], "contents": contents});
        let added = admin.post("/images", &json!({"source": {"import": source}})).await.ok();
        assert_eq!((&added[0]["imageDigest"], &added[0]["analysis_status"]), (&json!(digest), &json!("not_analyzed")));
        let status = async || admin.get(&format!("/imports/images/{id}")).await.ok()["status"].clone();
        assert_eq!(status().await, "processing");
        assert_eq!(admin.delete(&format!("/imports/images/{id}")).await.ok()["status"], "processing", "it goes on");
        let stop = tokio_util::sync::CancellationToken::new();
        assert!(bench.service.work_once("w", &stop).await.unwrap());
        assert_eq!(status().await, "complete");
        let image = admin.get(&format!("/images/{digest}")).await.ok();
        assert_eq!(
            (&image[0]["analysis_status"], &image[0]["image_content"]["metadata"]["dockerfile_mode"]),
            (&json!("analyzed"), &json!("Actual"))
        );
        let again = admin.post("/images", &json!({"source": {"import": source}})).await;
        assert_eq!((again.status, again.json()["detail"]["status"].clone()), (StatusCode::CONFLICT, json!("complete")));
    });
}

/// The body of a request that adds an image from a new import, under these tags.
async fn import(client: &Client, config: &str, tags: &Value) -> Value {
    let id = begin(client).await;
    let manifest = json!({"schemaVersion": 2, "config": {"digest": format!("sha256:{}", hex(config.as_bytes()))},
        "layers": []})
    .to_string();
    let mut contents = json!({});
    for (part, bytes) in [("packages", PACKAGES), ("manifest", &manifest), ("image_config", config)] {
        contents[part] = upload(client, &id, part, bytes.as_bytes()).await.ok()["digest"].clone();
    }
    let digest = format!("sha256:{}", hex(manifest.as_bytes()));
    json!({"source": {"import": {"operation_uuid": id, "digest": digest, "tags": tags, "contents": contents}}})
}

/// `spec/api.md` F10
#[test]
fn an_import_without_a_tag_is_refused_and_may_still_be_given_one() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": []}}).to_string();
        let mut body = import(&admin, &config, &json!([])).await;
        let refused = admin.post("/v1/images", &body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text());
        assert_eq!(refused.json()["detail"]["validation_error"], "an import needs at least one tag");
        assert_eq!(admin.get("/images").await.ok(), json!([]));
        let id = body["source"]["import"]["operation_uuid"].as_str().unwrap().to_owned();
        assert_eq!(admin.get(&format!("/imports/images/{id}")).await.ok()["status"], "pending");
        body["source"]["import"]["tags"] = json!(["r.example/a/b:1"]);
        assert_eq!(admin.post("/v1/images", &body).await.ok()[0]["analysis_status"], "not_analyzed");
    });
}

/// `spec/api.md` K21
#[test]
fn a_tag_is_watched_only_where_that_is_asked_for() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        for (query, architecture, watched) in
            [("", "amd64", false), ("?autosubscribe=false", "arm64", false), ("?autosubscribe=true", "s390x", true)]
        {
            let config = json!({"os": "linux", "architecture": architecture, "rootfs": {"diff_ids": []}}).to_string();
            let tag = format!("r.example/a/{architecture}:1");
            let body = import(&admin, &config, &json!([tag])).await;
            let added = admin.post(&format!("/v1/images{query}"), &body).await.ok();
            assert_eq!(added[0]["image_detail"][0]["fulltag"], tag);
            let found =
                admin.get(&format!("/subscriptions?subscription_type=tag_update&subscription_key={tag}")).await.ok();
            assert_eq!((found.as_array().map(Vec::len), &found[0]["active"]), (Some(1), &json!(watched)), "{query}");
        }
    });
}

#[test]
fn what_cannot_be_taken_is_refused_with_its_own_status() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let unknown = (404, "Resource nope not found".to_owned());
        assert_eq!(admin.get("/imports/images/nope").await.refusal(), unknown);
        assert_eq!(admin.delete("/imports/images/nope").await.refusal(), unknown);
        assert_eq!(upload(&admin, "nope", "manifest", b"x").await.refusal(), unknown);
        assert_eq!(admin.get("/imports/images/nope/manifest").await.ok(), json!([]));

        let id = begin(&admin).await;
        assert_eq!(upload(&admin, &id, "manifest", b"").await.status, StatusCode::BAD_REQUEST);
        let rest = r#""source": {"type": "image"}, "distro": {}"#;
        for (packages, reason) in [
            (r#"{"a": 1}"#.to_owned(), "'artifacts' is a required property"),
            (r#"{"artifacts": []}"#.to_owned(), "'source' is a required property"),
            (format!(r#"{{"artifacts": [{{}}], {rest}}}"#), "'name' is a required property - 'artifacts.0'"),
            (
                format!(r#"{{"artifacts": [{{"name": "a", "type": "deb"}}], {rest}}}"#),
                "'version' is a required property - 'artifacts.0'",
            ),
            (
                format!(r#"{{"artifacts": [{{"name": 5}}], {rest}}}"#),
                "invalid type: integer `5`, expected a string - 'artifacts.0.name'",
            ),
            (
                format!(r#"{{"artifacts": [{{"name": "a", "locations": "x"}}], {rest}}}"#),
                "invalid type: string \"x\", expected a sequence - 'artifacts.0.locations'",
            ),
            ("[1]".to_owned(), "invalid type: integer `1`, expected a sequence - '0'"),
            ("nothing".to_owned(), "Request body is not valid JSON"),
        ] {
            let bad = upload(&admin, &id, "packages", packages.as_bytes()).await;
            assert_eq!(bad.headers["content-type"], "application/problem+json");
            assert_eq!(bad.refusal(), (400, reason.to_owned()), "{packages}");
        }
        assert_eq!(upload(&admin, &id, "packages", b"<xml/>").await.status, StatusCode::BAD_REQUEST);
        assert_eq!(upload(&admin, &id, "image_config", b"{").await.status, StatusCode::BAD_REQUEST);
        let (status, text) = upload(&admin, &id, "dockerfile", &vec![b'x'; (1 << 20) + 1]).await.refusal();
        assert!(status == 400 && text.contains("1048576"), "{text}");
        for part in ["manifest", "packages", "image_config", "dockerfile"] {
            assert_eq!(admin.get(&format!("/imports/images/{id}/{part}")).await.ok(), json!([]), "nothing was kept");
        }

        assert_eq!(admin.delete(&format!("/imports/images/{id}")).await.ok()["status"], "invalidated");
        assert_eq!(admin.delete(&format!("/imports/images/{id}")).await.ok()["status"], "invalidated");
        let refused = upload(&admin, &id, "manifest", b"x").await;
        assert_eq!(
            (refused.status, &refused.json()["detail"]["status"]),
            (StatusCode::CONFLICT, &json!("invalidated"))
        );
    });
}

#[test]
fn a_part_that_is_too_long_is_refused_and_not_kept() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let id = begin(&admin).await;
        // Zeros: long to send, short to spool.
        let (status, text) = upload(&admin, &id, "packages", &vec![0; 100 * 1024 * 1024 + 1]).await.refusal();
        assert!(status == 400 && text.contains("104857600"), "{text}");
        assert_eq!(admin.get(&format!("/imports/images/{id}/packages")).await.ok(), json!([]));
    });
}

#[test]
fn another_accounts_imports_are_not_there() {
    on_every_service(|bench| async move {
        bench.account("team").await;
        let admin = Client::admin(&bench);
        let team = admin.in_account("team");
        let id = begin(&team).await;
        let digest = upload(&team, &id, "manifest", b"{}").await.ok()["digest"].clone();
        assert_eq!(admin.get("/imports/images").await.ok(), json!([]));
        assert_eq!(admin.get(&format!("/imports/images/{id}/manifest")).await.ok(), json!([]));
        assert_eq!(upload(&admin, &id, "manifest", b"{}").await.status, StatusCode::NOT_FOUND);
        assert_eq!(admin.delete(&format!("/imports/images/{id}")).await.status, StatusCode::NOT_FOUND);
        let kept: Value = team.get(&format!("/imports/images/{id}/manifest")).await.ok();
        assert_eq!(kept[0]["digest"], digest);
    });
}

/// A form with one file.
fn form(field: &str, file: &[u8]) -> Vec<u8> {
    let head = format!("--b\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"f\"\r\n\r\n");
    [head.as_bytes(), file, b"\r\n--b--\r\n"].concat()
}

/// The archive of an image in which the original found nothing.
fn archive() -> (String, Vec<u8>) {
    let config = "c".repeat(64);
    let manifest = json!({"config": {"digest": format!("sha256:{config}")}, "layers": []}).to_string();
    let digest = format!("sha256:{}", hex(manifest.as_bytes()));
    let row = json!({"imageDigest": digest, "analyzed_at": 1_700_000_000,
        "image_detail": [{"registry": "r.example", "repo": "a/b", "tag": "1", "imageId": config}]});
    let names = ["analysis", "image_content", "image_manifest"];
    let artifacts: Vec<Value> =
        names.iter().map(|name| json!({"name": name, "source": null, "dest": {"tarfile_path": name}})).collect();
    let record = json!({"account": "theirs", "image_digest": digest, "archived_at": "", "artifacts": artifacts,
        "metadata": {"image_id": config, "image_record": row.to_string()}});
    let contents = [json!([{"image": {"imagedata": {}}}]), json!({}), json!(manifest), record];
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in names.into_iter().chain(["archive_manifest"]).zip(contents) {
        let content = content.to_string();
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, name, content.as_bytes()).unwrap();
    }
    (digest, tar.into_inner().unwrap())
}

#[test]
fn an_archive_is_taken_from_a_form_into_the_account_that_is_asked_for() {
    on_every_service(|bench| async move {
        bench.account("team").await;
        let admin = Client::admin(&bench);
        let team = admin.in_account("team");
        let (digest, archive) = archive();
        let send = async |body: Vec<u8>, media_type: &str| {
            team.send(Method::POST, "/v1/import/images", Some(media_type), body).await
        };
        const FORM: &str = "multipart/form-data; boundary=b";
        let missing = send(form("file", &archive), FORM).await;
        assert_eq!(missing.refusal(), (400, "Missing formdata parameter 'archive_file'".to_owned()));
        assert_eq!(send(archive.clone(), "application/x-tar").await.status, StatusCode::BAD_REQUEST);
        let (status, text) = send(form("archive_file", &archive)[..3000].to_vec(), FORM).await.refusal();
        assert!(status == 400 && text.contains("breaks off"), "{status}: {text}");
        let (status, text) = send(form("archive_file", b"nothing"), FORM).await.refusal();
        assert!(status == 409 && text.contains("no tar file"), "{status}: {text}");
        let taken = send(form("archive_file", &archive), FORM).await.ok();
        assert_eq!(json!([taken[0]["imageDigest"], taken[0]["userId"]]), json!([digest, "team"]));
        assert_eq!(team.get(&format!("/images/{digest}")).await.ok(), taken);
        assert_eq!(admin.get(&format!("/images/{digest}")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(send(form("archive_file", &archive), FORM).await.status, StatusCode::CONFLICT);
    });
}
