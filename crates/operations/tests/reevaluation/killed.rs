use std::time::Duration;

use serde_json::json;
use windlass_matching::testing::{deb, sbom};
use windlass_operations::testing::on_every_service;

use crate::{
    house::{VERDICT, VULNERABILITIES, bundle, debian, judge_by, key, publish, rule, subscribe, told},
    scene::{database, image, work},
};

#[test]
fn a_process_that_is_killed_again_and_again_tells_each_tag_once() {
    const TAGS: usize = 30;
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        judge_by(&bench, &team, bundle("b", &json!([rule("high", "STOP")]), &json!([]))).await;
        publish(&bench, 1, []).await;
        for number in 0..TAGS {
            let packages = ["apt".to_owned(), format!("p{number}")];
            let name = format!("web{number}");
            image(&bench, &team, &name, &sbom("debian:12", packages.iter().map(|name| deb(name, "1.0")))).await;
            for kind in ["vuln_update", "policy_eval"] {
                subscribe(&bench, &team, kind, &key(&name), None).await;
            }
        }
        let path = database(bench.folder.path(), 2, [debian("CVE-2026-1", "apt", "2")]);
        bench.service.publish_vulnerability_data(&path).await.unwrap();

        // Killed each time a little later.
        let (mut deaths, mut pause) = (0, 1);
        loop {
            let service = bench.service.clone();
            let worker = tokio::spawn(async move {
                let stop = tokio_util::sync::CancellationToken::new();
                while service.work_once("mortal", &stop).await.unwrap() {}
            });
            tokio::time::sleep(Duration::from_millis(pause)).await;
            if worker.is_finished() {
                break;
            }
            worker.abort();
            let _ = worker.await;
            deaths += 1;
            pause += pause / 2 + 1;
            bench.pass(61);
        }
        // A claim that was under way when its worker died may still have been made: its lease has to run out, too.
        bench.pass(61);
        work(&bench).await;
        assert!(deaths > 0, "it was never killed");
        for kind in [VULNERABILITIES, VERDICT] {
            let mut tags: Vec<String> = told(&team, kind).await.into_iter().map(|(tag, _)| tag).collect();
            assert_eq!(tags.len(), TAGS, "{kind}");
            tags.sort();
            tags.dedup();
            assert_eq!(tags.len(), TAGS, "{kind}");
        }
    });
}
