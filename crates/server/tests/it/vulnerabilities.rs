//! Vulnerabilities, queries and feeds as clients see them.

use axum::http::{Method, StatusCode};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use windlass_matching::testing::{advisory, deb, sbom};
use windlass_operations::testing::{Bench, on_every_service};
use windlass_sbom::Source;
use windlass_server::Metrics;
use windlass_store::AccountName;

use crate::{
    client::{Answer, Client},
    images::{ID, digest, seed},
    isolation::analysed::database,
};

async fn user(admin: &Client) -> Client {
    admin.post("/accounts", &json!({"name": "team"})).await.ok();
    admin.post("/accounts/team/users", &json!({"username": "dev", "password": "password1"})).await.ok();
    admin.user("dev", "password1")
}

#[test]
fn without_data_questions_are_refused_and_feeds_are_not_ready() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        for path in ["/query/images/by_vulnerability?vulnerability_id=CVE-1", "/v1/query/vulnerabilities?id=CVE-1"] {
            let (status, message) = admin.get(path).await.refusal();
            assert_eq!(status, 404, "{path}");
            assert!(message.contains("windlass db update"), "{message}");
        }
        let feeds = admin.get("/v1/system/feeds").await.ok();
        assert_eq!((&feeds[0]["name"], &feeds[0]["last_full_sync"]), (&json!("vulnerabilities"), &Value::Null));
        assert_eq!((&feeds[0]["groups"], &feeds[0]["enabled"]), (&json!([]), &json!(true)));
        let packages = admin.get("/query/images/by_package?name=bash").await.ok();
        assert_eq!(packages, json!({"images": [], "page": "1", "returned_count": 0, "total_count": 0}));
    });
}

#[test]
fn feeds_are_for_those_who_run_the_installation() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let dev = user(&admin).await;
        assert_eq!(dev.get("/system/feeds").await.status, StatusCode::OK, "all may know how new the data is");
        for (method, path) in [
            (Method::POST, "/system/feeds"),
            (Method::PUT, "/system/feeds/vulnerabilities?enabled=false"),
            (Method::DELETE, "/system/feeds/vulnerabilities"),
            (Method::PUT, "/system/feeds/vulnerabilities/debian:12?enabled=false"),
            (Method::DELETE, "/system/feeds/vulnerabilities/debian:12"),
        ] {
            let refused = dev.send(method, path, None, Vec::new()).await.refusal();
            let message = "Not authorized. Requires permissions: domain=system action=updateFeeds target=*";
            assert_eq!(refused, (403, message.into()), "{path}");
        }
        let put = |path: &'static str| admin.send(Method::PUT, path, None, Vec::new());
        assert_eq!(put("/system/feeds/vulnerabilities?enabled=false").await.ok()["enabled"], false);
        assert_eq!(put("/system/feeds/vulnerabilities?enabled=true").await.ok()["enabled"], true);
        assert_eq!(put("/system/feeds/vulnerabilities").await.status, StatusCode::BAD_REQUEST);
        assert_eq!(put("/system/feeds/nope?enabled=true").await.status, StatusCode::NOT_FOUND, "F17");
        assert_eq!(put("/system/feeds/nvdv2?enabled=true").await.json()["detail"]["feed"], "nvdv2");
        assert_eq!(admin.delete("/system/feeds/vulnerabilities").await.status, StatusCode::NOT_IMPLEMENTED);
        assert_eq!(admin.delete("/system/feeds/vulnerabilities/debian:12").await.status, StatusCode::NOT_FOUND);
        let post = |path: &'static str| admin.send(Method::POST, path, None, Vec::new());
        assert_eq!(post("/system/feeds?sync=false").await.ok(), json!([]), "F7");
        let failed = post("/system/feeds").await.ok();
        assert_eq!((&failed[0]["feed"], &failed[0]["status"]), (&json!("vulnerabilities"), &json!("failure")));
        assert_eq!(post("/system/feeds?flush=maybe").await.status, StatusCode::BAD_REQUEST);
    });
}

#[test]
fn what_is_asked_wrongly_is_refused() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        for path in [
            "/query/vulnerabilities",
            "/query/vulnerabilities?id=CVE-1&page=two",
            "/query/vulnerabilities?id=CVE-1&affected_package_version=1",
            "/query/images/by_vulnerability",
            "/query/images/by_vulnerability?vulnerability_id=CVE-1&severity=high",
            "/query/images/by_vulnerability?vulnerability_id=CVE-1&page=two",
            "/query/images/by_package",
            "/query/images/by_package?name=x&limit=many",
        ] {
            assert_eq!(admin.get(path).await.status, StatusCode::BAD_REQUEST, "{path}");
        }
        for path in ["/images/sha256:00/vuln/bogus", "/images/by_id/00/vuln/bogus"] {
            assert_eq!(admin.get(path).await.refusal(), (404, "content type (bogus) not available".into()), "{path}");
        }
    });
}

/// `spec/api.md` F6. What is kept is broken, so that it can be told from what is matched anew.
#[test]
fn what_is_known_of_an_image_is_matched_anew_by_force_whether_asked_for_by_digest_or_by_id() {
    on_every_service(|bench: Bench| async move {
        let (account, one) = (AccountName::admin(), digest('1'));
        let bash = advisory("CVE-2026-1", "debian").severity("high").in_release("debian:12", "bash", "< 6").fixed("6");
        let path = database(bench.folder.path(), 1, bash);
        assert!(bench.service.publish_vulnerability_data(&path).await.unwrap());
        seed(&bench, &account, &one, "1").await;
        let image = bench.service.store().account(&account).image(&one).await.unwrap().unwrap();
        let mut bill = sbom("debian:12", [deb("bash", "5.0")]);
        bill.source = Source::Image(Box::default());
        bench.analyse(&image, bill).await;
        while bench.service.work_once("w", &CancellationToken::new()).await.unwrap() {}
        for path in [format!("/v1/images/{one}/vuln/os"), format!("/v1/images/by_id/{ID}/vuln/os")] {
            // Each time a process that remembers nothing.
            let folder = tempfile::tempdir().unwrap();
            let told = async |choices: &str| {
                let process = bench.another_process(folder.path());
                let admin = Client::at(process, Metrics::none()).user("admin", "foobar");
                let body = admin.get(&format!("{path}{choices}")).await.ok();
                assert_eq!((&body["imageDigest"], &body["vulnerability_type"]), (&json!(one), &json!("os")));
                body["vulnerabilities"].as_array().unwrap().iter().map(|told| told["vuln"].clone()).collect::<Vec<_>>()
            };
            assert_eq!(told("").await, ["CVE-2026-1"]);
            let tx = bench.service.store().begin().await.unwrap();
            assert!(tx.execute_unprepared("DELETE FROM findings").await.unwrap().rows_affected() > 0);
            tx.commit().await.unwrap();
            assert!(told("").await.is_empty(), "{path}: as it is kept");
            assert_eq!(told("?force_refresh=true").await, ["CVE-2026-1"], "{path}");
            assert_eq!(told("?force_refresh=false").await, ["CVE-2026-1"], "{path}: it is kept again");
        }
    });
}

/// What the original answered where it needed no data of its own.
#[test]
fn refusals_are_those_of_the_original() {
    let Some(shared) = std::env::var_os("WINDLASS_SHARED") else {
        eprintln!("SKIPPED: WINDLASS_SHARED names no folder with recorded exchanges");
        return;
    };
    let recorded = |name: &str| -> Value {
        let path = std::path::Path::new(&shared).join("recorded").join(name);
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    on_every_service(|bench: Bench| {
        let exchanges = [
            "087_big_vuln_bogus.json",
            "107_big_query_vulns_noid.json",
            "113_unknown_image_vuln.json",
            "187_asuser_feeds_sync_403.json",
            "266_small_vuln_bogus.json",
        ]
        .map(|name| (name, recorded(name)));
        async move {
            let admin = Client::admin(&bench);
            let dev = user(&admin).await;
            for (name, exchange) in exchanges {
                let request = &exchange["request"];
                let caller = if request["auth"][0] == "admin" { &admin } else { &dev };
                let method: Method = request["method"].as_str().unwrap().parse().unwrap();
                let answer: Answer = caller.send(method, request["path"].as_str().unwrap(), None, Vec::new()).await;
                assert_eq!(json!(answer.status.as_u16()), exchange["response"]["status"], "{name}");
                assert_eq!(answer.json(), exchange["response"]["body"], "{name}");
            }
        }
    });
}
