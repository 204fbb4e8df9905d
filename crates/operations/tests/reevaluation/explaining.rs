use serde_json::{Value, json};
use windlass_matching::testing::{deb, sbom};
use windlass_operations::testing::on_every_service;

use crate::{
    house::{bundle, debian, judge_by, key, publish, rule, subscribe, usual},
    scene::image,
};

#[test]
fn what_changed_of_an_image_is_told_with_what_caused_it() {
    on_every_service(|bench| async move {
        let (team, other) = (bench.account("team").await, bench.account("other").await);
        judge_by(&bench, &team, usual()).await;
        publish(&bench, 1, [debian("CVE-2026-1", "apt", "2")]).await;
        let digest =
            image(&bench, &team, "web", &sbom("debian:12", ["apt", "bash"].map(|name| deb(name, "1.0")))).await;
        let calm = image(&bench, &team, "calm", &sbom("debian:12", [deb("dash", "1.0")])).await;
        subscribe(&bench, &team, "policy_eval", &key("web"), None).await;
        let since = "2026-01-01T12:00:02Z";
        publish(&bench, 2, []).await;
        publish(&bench, 3, [debian("CVE-2026-2", "bash", "2")]).await;
        judge_by(&bench, &team, bundle("usual", &json!([rule("high", "WARN")]), &json!([]))).await;

        let list = json!(team.changes_of_image(&digest, Some(since), None, None).await.unwrap());
        let told: Vec<Value> = list["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| {
                let text = |name: &str| change[name].as_str().unwrap_or_default().to_owned();
                match change["kind"].as_str().unwrap() {
                    "vulnerability" => json!([text("change"), change["vulnerability"]["CVE_ID"], change["records"]]),
                    "verdict" => json!([text("from"), text("to"), text("reason")]),
                    _ => json!([text("change"), text("policyId")]),
                }
            })
            .collect();
        let records = |id: &str| json!([{"provider": "debian", "id": id}]);
        assert_eq!(told.len(), 6, "{told:?}");
        for expected in [
            json!(["removed", "CVE-2026-1", records("CVE-2026-1")]),
            json!(["stop", "go", "vulnerability_data"]),
            json!(["added", "CVE-2026-2", records("CVE-2026-2")]),
            json!(["go", "stop", "vulnerability_data"]),
            json!(["edited", "usual"]),
            json!(["stop", "warn", "policy"]),
        ] {
            assert!(told.contains(&expected), "{expected} is missing: {told:?}");
        }
        let removed = list["changes"].as_array().unwrap().iter().find(|change| change["change"] == "removed").unwrap();
        assert_eq!(removed["images"], json!([digest]));
        assert_eq!(removed["data"]["built_at"], "2026-01-02T00:00:00Z");

        // Page by page the same, and of all images what there is of any.
        let (mut page, mut paged) = (None, Vec::new());
        loop {
            let part = json!(team.changes_of_all(Some(since), page.as_deref(), Some(2)).await.unwrap());
            paged.extend(part["changes"].as_array().unwrap().clone());
            page = part["next_page"].as_str().map(str::to_owned);
            if page.is_none() {
                break;
            }
        }
        assert_eq!(json!(paged), list["changes"]);
        let of_calm = json!(team.changes_of_image(&calm, Some(since), None, None).await.unwrap());
        assert!(of_calm["changes"].as_array().unwrap().iter().all(|change| change["kind"] == "policy"), "{of_calm}");
        assert!(team.changes_of_all(Some("2027-01-01"), None, None).await.unwrap().changes.is_empty());
        assert!(other.changes_of_all(None, None, None).await.unwrap().changes.is_empty());
        assert!(other.changes_of_image(&digest, None, None, None).await.is_err());
        for (since, page, limit) in [(Some("x"), None, None), (None, Some("x"), None), (None, None, Some(0))] {
            assert!(team.changes_of_all(since, page, limit).await.is_err());
        }

        bench.pass(91 * 86_400);
        bench.service.forget_the_old().await.unwrap();
        assert!(team.changes_of_all(None, None, None).await.unwrap().changes.is_empty(), "they go with events");
    });
}
