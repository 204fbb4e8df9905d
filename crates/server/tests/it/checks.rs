//! Verdicts over the API.

use axum::http::StatusCode;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use windlass_operations::testing::{Bench, on_every_service};
use windlass_sbom::{ImageSource, Package, PackageType, Sbom, Source};
use windlass_store::AccountName;

use crate::{
    client::Client,
    images::{ID, digest, seed_of},
    policies::bundle,
};

/// Damages what is kept of verdicts.
async fn execute(bench: &Bench, sql: &str) {
    let tx = bench.service.store().begin().await.unwrap();
    assert!(tx.execute_unprepared(sql).await.unwrap().rows_affected() > 0);
    tx.commit().await.unwrap();
}

/// An image of an index, with a package.
async fn analysed(bench: &Bench, index: &str, digest: &str) {
    let account = AccountName::admin();
    seed_of(bench, &account, index, digest, "1").await;
    let image = bench.service.store().account(&account).image(digest).await.unwrap().unwrap();
    let source = ImageSource { manifest_digest: digest.to_owned(), ..ImageSource::default() };
    let packages = vec![Package::new(PackageType::Deb, "bash", "5.2")];
    bench.analyse(&image, Sbom { packages, source: Source::Image(Box::new(source)), ..Sbom::default() }).await;
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// `spec/api.md` K13, K14
#[test]
fn a_verdict_asked_for_by_the_digest_of_an_index_is_found_under_that_of_the_image() {
    on_every_service(|bench| async move {
        let (admin, index, one) = (Client::admin(&bench), digest('9'), digest('1'));
        analysed(&bench, &index, &one).await;
        for (tag, full) in
            [("r.example/shop/web:1", "r.example/shop/web:1"), ("never/seen", "docker.io/never/seen:latest")]
        {
            let check = async |digest: &str| admin.get(&format!("/v1/images/{digest}/check?tag={tag}")).await.ok();
            let told = check(&index).await;
            assert_eq!(told.as_array().map(Vec::len), Some(1), "{told}");
            assert_eq!((keys(&told[0]), keys(&told[0][&one])), (vec![one.as_str()], vec![full]));
            let verdict = &told[0][&one][full];
            assert_eq!(verdict.as_array().map(Vec::len), Some(1), "{told}");
            let result = &verdict[0]["detail"]["result"];
            assert_eq!((&result["image_digest"], &result["tag"]), (&json!(one), &json!(full)));
            assert_eq!(check(&one).await, told, "it is the same image");
        }
        let record = async |digest: &str| admin.get(&format!("/v1/images/{digest}")).await.ok();
        assert_eq!(record(&index).await, record(&one).await, "which tells the digest to look for");
    });
}

/// `spec/api.md` K21
#[test]
fn a_verdict_is_told_with_all_that_led_to_it_unless_it_is_asked_for_without() {
    on_every_service(|bench| async move {
        let (admin, one) = (Client::admin(&bench), digest('1'));
        analysed(&bench, &one, &one).await;
        for path in [format!("/v1/images/{one}/check"), format!("/v1/images/by_id/{ID}/check")] {
            let check = async |more: &str| {
                let body = admin.get(&format!("{path}?tag=r.example/shop/web:1{more}")).await.ok();
                body[0][&one]["r.example/shop/web:1"][0].clone()
            };
            let (told, full, brief) = (check("").await, check("&detail=true").await, check("&detail=false").await);
            assert_eq!(told, full);
            assert_eq!(told["detail"]["policy"]["id"], told["policyId"]);
            assert_eq!(told["detail"]["result"]["result"][ID]["result"]["header"][3], "Gate");
            assert_eq!(brief["detail"], json!({}));
            assert_eq!((&brief["status"], &brief["policyId"]), (&told["status"], &told["policyId"]));
        }
    });
}

#[test]
fn verdicts_of_old_are_told_page_by_page() {
    on_every_service(|bench| async move {
        let (admin, one) = (Client::admin(&bench), digest('1'));
        analysed(&bench, &one, &one).await;
        admin.post("/policies", &bundle("other", "always")).await.ok();
        for path in [format!("/v1/images/{one}/check"), format!("/v1/images/by_id/{ID}/check")] {
            let told = async |more: &str| {
                let body = admin.get(&format!("{path}?tag=r.example/shop/web:1&detail=false{more}")).await.ok();
                body[0][&one]["r.example/shop/web:1"].as_array().unwrap().clone()
            };
            assert_eq!((told("").await.len(), told("&policyId=other").await.len()), (1, 1));
            let whole = told("&history=true").await;
            assert_eq!(whole.len(), 2);
            assert_eq!(told("&history=true&limit=1").await, whole[..1]);
            assert_eq!(told("&history=true&limit=1&page=2").await, whole[1..]);
            assert_eq!(told("&history=true&limit=1&page=3").await, whole[2..], "which is no failure");
            assert_eq!(told("&history=true&limit=2&policyId=other").await.len(), 1);
        }
    });
}

#[test]
fn a_verdict_that_cannot_be_told_is_a_failure_and_no_success() {
    on_every_service(|bench| async move {
        let (admin, one) = (Client::admin(&bench), digest('1'));
        analysed(&bench, &one, &one).await;
        let paths = ["", "&detail=true", "&history=true", "&history=true&detail=true"]
            .map(|more| format!("/v1/images/{one}/check?tag=registry.example/team/app:1{more}"));
        for path in &paths {
            let verdict = &admin.get(path).await.ok()[0][&one]["registry.example/team/app:1"][0];
            assert!(verdict["status"].is_string(), "{path}: {verdict}");
        }
        execute(&bench, "UPDATE evaluations SET final_action = 'perhaps'").await;
        for path in &paths {
            let answer = admin.get(path).await;
            assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "F31: {path}: {}", answer.text());
            let body = answer.json();
            assert_eq!((&body["status"], body.get(&one)), (&json!(500), None), "{path}");
            assert!(!answer.text().contains("perhaps"), "what is wrong is not for callers");
        }
    });
}
