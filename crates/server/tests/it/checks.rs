//! Verdicts over the API.

use axum::http::StatusCode;
use sea_orm::ConnectionTrait as _;
use serde_json::json;
use windlass_operations::testing::{Bench, on_every_service};
use windlass_sbom::{ImageSource, Package, PackageType, Sbom, Source};
use windlass_store::AccountName;

use crate::{
    client::Client,
    images::{digest, seed},
};

/// Damages what is kept of verdicts.
async fn execute(bench: &Bench, sql: &str) {
    let tx = bench.service.store().begin().await.unwrap();
    assert!(tx.execute_unprepared(sql).await.unwrap().rows_affected() > 0);
    tx.commit().await.unwrap();
}

#[test]
fn a_verdict_that_cannot_be_told_is_a_failure_and_no_success() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let (account, one) = (AccountName::admin(), digest('1'));
        seed(&bench, &account, &one, "1").await;
        let image = bench.service.store().account(&account).image(&one).await.unwrap().unwrap();
        let source = ImageSource { manifest_digest: one.clone(), ..ImageSource::default() };
        let packages = vec![Package::new(PackageType::Deb, "bash", "5.2")];
        bench.analyse(&image, Sbom { packages, source: Source::Image(Box::new(source)), ..Sbom::default() }).await;

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
