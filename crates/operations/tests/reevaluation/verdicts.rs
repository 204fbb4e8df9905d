use serde_json::{Value, json};
use windlass_advisories::{Epss, Record};
use windlass_matching::testing::{advisory, deb, sbom};
use windlass_operations::{Tenant, evaluations::CheckRequest, testing::on_every_service};
use windlass_store::evaluations;
use windlass_v1::accounts::{AccountSettingsRequest, PolicyProfile, UnmappedImages};

use crate::{
    house::{VERDICT, VULNERABILITIES, bundle, debian, judge_by, key, moves, publish, rule, subscribe, told, usual},
    scene::{database_with, decorated, image, work},
};

/// From, to and reason of what was told, oldest first.
async fn flips(tenant: &Tenant) -> Vec<[String; 3]> {
    let events = told(tenant, VERDICT).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |(_, details): (String, Value)| {
        [&details["last_eval"]["final_action"], &details["curr_eval"]["final_action"], &details["change_reason"]]
            .map(text)
    };
    events.into_iter().map(one).collect()
}

fn flip(from: &str, to: &str, reason: &str) -> [String; 3] {
    [from, to, reason].map(str::to_owned)
}

#[test]
fn new_data_flips_verdicts_and_what_makes_the_difference_is_told() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        judge_by(&bench, &team, usual()).await;
        publish(&bench, 1, []).await;
        let digest = image(&bench, &team, "web", &sbom("debian:12", [deb("apt", "1.0")])).await;
        image(&bench, &team, "quiet", &sbom("debian:12", [deb("apt", "1.0")])).await;
        subscribe(&bench, &team, "policy_eval", &key("web"), None).await;
        assert_eq!(flips(&team).await, [[""; 3]; 0], "the first verdict is no change");

        publish(&bench, 2, [debian("CVE-2026-1", "apt", "2")]).await;
        let events = told(&team, VERDICT).await;
        assert_eq!((events.len(), events[0].0.as_str()), (1, key("web").as_str()));
        let details = &events[0].1;
        assert_eq!(flips(&team).await, [flip("go", "stop", "vulnerability_data")]);
        assert_eq!(details["curr_eval"]["image_digest"], json!(digest));
        let rules = details["rules"][0].as_str().unwrap();
        assert!(rules.starts_with("stop: vulnerabilities package: HIGH Vulnerability found"), "{rules}");

        // The whole documents are had by the ids.
        let document = |part: &str| details[part]["evaluation"].as_i64().unwrap();
        let before = team.evaluation_document(document("last_eval")).await.unwrap().unwrap();
        let after = team.evaluation_document(document("curr_eval")).await.unwrap().unwrap();
        assert_eq!((before.final_action.as_str(), after.final_action.as_str()), ("go", "stop"));
        assert!(bench.account("other").await.evaluation_document(document("curr_eval")).await.unwrap().is_none());

        publish(&bench, 3, []).await;
        assert_eq!(flips(&team).await[1..], [flip("stop", "go", "vulnerability_data")]);
        let events = told(&team, VERDICT).await;
        assert!(events[1].1["rules"][0].as_str().unwrap().starts_with("no longer stop: "), "{events:?}");
    });
}

/// D-24: a question must not use up the change that somebody is to be told of.
#[test]
fn whoever_asks_for_a_verdict_takes_the_news_from_nobody() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        judge_by(&bench, &team, usual()).await;
        publish(&bench, 1, []).await;
        let digest = image(&bench, &team, "web", &sbom("debian:12", [deb("apt", "1.0")])).await;
        subscribe(&bench, &team, "policy_eval", &key("web"), None).await;
        let path = crate::scene::database(bench.folder.path(), 2, [debian("CVE-2026-1", "apt", "2")]);
        bench.service.publish_vulnerability_data(&path).await.unwrap();
        let question = CheckRequest { tag: key("web"), ..CheckRequest::default() };
        for interactive in [false, true] {
            let request = CheckRequest { interactive, ..question.clone() };
            let check = json!(team.check(&digest, &request).await.unwrap());
            assert_eq!(check[0][&digest][key("web")][0]["status"], "fail");
        }
        assert_eq!(flips(&team).await, [[""; 3]; 0], "asking tells nobody");
        work(&bench).await;
        assert_eq!(flips(&team).await, [flip("go", "stop", "vulnerability_data")]);
    });
}

/// D-23: what counts is what the tag stands for, and a warning is another verdict than none.
#[test]
fn a_tag_that_moves_to_an_image_with_another_verdict_is_told() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        judge_by(&bench, &team, usual()).await;
        let medium =
            advisory("CVE-2026-2", "debian").severity("medium").in_release("debian:12", "bash", "< 2").fixed("2");
        publish(&bench, 1, [debian("CVE-2026-1", "apt", "2"), medium]).await;
        let first = image(&bench, &team, "web", &sbom("debian:12", [deb("apt", "2")])).await;
        subscribe(&bench, &team, "policy_eval", &key("web"), None).await;
        let second = moves(&bench, &team, "web", "b", &sbom("debian:12", [deb("apt", "1.0")])).await;
        let details = told(&team, VERDICT).await.remove(0).1;
        assert_eq!(
            (&details["last_eval"]["image_digest"], &details["curr_eval"]["image_digest"]),
            (&json!(first), &json!(second))
        );
        moves(&bench, &team, "web", "c", &sbom("debian:12", [deb("bash", "1.0")])).await;
        moves(&bench, &team, "web", "d", &sbom("debian:12", [deb("bash", "1.5")])).await;
        assert_eq!(flips(&team).await, [flip("go", "stop", "image"), flip("stop", "warn", "image")]);
    });
}

#[test]
fn another_bundle_and_another_content_of_it_are_told_by_what_they_change() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        judge_by(&bench, &team, usual()).await;
        publish(&bench, 1, [debian("CVE-2026-1", "apt", "2")]).await;
        image(&bench, &team, "web", &sbom("debian:12", [deb("apt", "1.0")])).await;
        subscribe(&bench, &team, "policy_eval", &key("web"), None).await;
        judge_by(&bench, &team, bundle("usual", &json!([rule("high", "WARN")]), &json!([]))).await;
        judge_by(&bench, &team, bundle("other", &json!([rule("high", "STOP")]), &json!([]))).await;
        judge_by(&bench, &team, bundle("same", &json!([rule("high", "STOP")]), &json!([]))).await;
        let details = told(&team, VERDICT).await.remove(1).1;
        assert_eq!(flips(&team).await, [flip("stop", "warn", "policy"), flip("warn", "stop", "policy")]);
        let policies = ["last_eval", "curr_eval"].map(|part| details[part]["policyId"].clone());
        assert_eq!(policies, [json!("usual"), json!("other")]);
    });
}

#[test]
fn an_exception_that_expires_and_a_rule_about_time_are_told_at_their_moment() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        let items = json!([{
            "id": "i", "gate": "vulnerabilities", "trigger_id": "CVE-2026-1+apt", "expires_on": "2026-01-02T00:00:00Z",
        }]);
        judge_by(&bench, &team, bundle("b", &json!([rule("high", "STOP")]), &items)).await;
        publish(&bench, 1, [debian("CVE-2026-1", "apt", "2")]).await;
        image(&bench, &team, "web", &sbom("debian:12", [deb("apt", "1.0")])).await;
        subscribe(&bench, &team, "policy_eval", &key("web"), None).await;
        bench.pass(12 * 3600 - 10);
        work(&bench).await;
        assert_eq!(flips(&team).await, [[""; 3]; 0], "the exception holds");
        bench.pass(10);
        work(&bench).await;
        assert_eq!(flips(&team).await, [flip("go", "stop", "allowlist_expiry")]);

        let mut grace = rule("high", "STOP");
        grace["grace_days"] = json!(3);
        judge_by(&bench, &team, bundle("grace", &json!([grace]), &json!([]))).await;
        bench.pass(3 * 86_400);
        work(&bench).await;
        let told = flips(&team).await;
        assert_eq!(told[1..], [flip("stop", "warn", "policy"), flip("warn", "stop", "time")]);
    });
}

#[test]
fn images_whose_verdict_cannot_have_changed_are_not_judged_anew() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        judge_by(&bench, &team, usual()).await;
        publish(&bench, 1, [debian("CVE-2026-1", "apt", "2")]).await;
        let stopped =
            image(&bench, &team, "web", &sbom("debian:12", ["apt", "bash"].map(|name| deb(name, "1.0")))).await;
        let passing = image(&bench, &team, "calm", &sbom("debian:12", ["bash"].map(|name| deb(name, "1.0")))).await;
        for repository in ["web", "calm"] {
            subscribe(&bench, &team, "policy_eval", &key(repository), None).await;
        }
        let judged = async |digest: &str| {
            let rows = bench.service.store().account(team.name()).evaluations_of_image(digest).await.unwrap();
            rows.iter().map(|row: &evaluations::Model| row.last_evaluated).max().unwrap()
        };
        let before = (judged(&stopped).await, judged(&passing).await);
        bench.pass(60);
        let low = advisory("CVE-2026-3", "debian").severity("low").in_release("debian:12", "bash", "< 2").fixed("2");
        let high = debian("CVE-2026-4", "bash", "2");
        publish(&bench, 2, [debian("CVE-2026-1", "apt", "2"), low.clone()]).await;
        assert_eq!((judged(&stopped).await, judged(&passing).await), before, "a low one is no matter");
        publish(&bench, 3, [debian("CVE-2026-1", "apt", "2"), low.clone(), high.clone()]).await;
        assert_eq!(judged(&stopped).await, before.0, "it was stopped already");
        assert_ne!(judged(&passing).await, before.1);
        publish(&bench, 4, [low, high]).await;
        assert_ne!(judged(&stopped).await, before.0, "what stopped it is gone, and something else is there");
        assert_eq!(flips(&team).await, [flip("go", "stop", "vulnerability_data")]);
    });
}

#[test]
fn an_account_that_chooses_to_judge_otherwise_is_told_what_that_changes() {
    on_every_service(|bench| async move {
        let (team, other) = (bench.account("team").await, bench.account("other").await);
        let mut nowhere = usual();
        nowhere["mappings"][0]["registry"] = json!("registry.example");
        for tenant in [&team, &other] {
            judge_by(&bench, tenant, nowhere.clone()).await;
        }
        publish(&bench, 1, []).await;
        for tenant in [&team, &other] {
            image(&bench, tenant, "web", &sbom("debian:12", [deb("apt", "1.0")])).await;
            subscribe(&bench, tenant, "policy_eval", &key("web"), None).await;
        }
        let choose = async |unmapped_images, policy_profile| {
            let change = AccountSettingsRequest { unmapped_images, policy_profile, ..Default::default() };
            team.change_settings(change).await.unwrap();
            work(&bench).await;
        };
        choose(Some(UnmappedImages::Stop), None).await;
        assert_eq!(flips(&team).await, [flip("go", "stop", "settings")]);
        // What changes no verdict is nothing to tell, and what is chosen already changes nothing.
        choose(None, Some(PolicyProfile::Native)).await;
        choose(Some(UnmappedImages::Stop), None).await;
        assert_eq!(flips(&team).await.len(), 1);
        bench.pass(1);
        choose(Some(UnmappedImages::Warn), None).await;
        assert_eq!(flips(&team).await[1..], [flip("stop", "warn", "settings")]);
        assert_eq!(flips(&other).await, [[""; 3]; 0], "it has settings of its own");
    });
}

/// A rule of a gate that has no severities.
fn about(trigger: &str, params: &Value) -> Value {
    json!({"id": "r", "gate": "vulnerabilities", "trigger": trigger, "action": "STOP", "params": params})
}

#[test]
fn a_new_score_judges_anew_where_a_rule_reads_it_and_nowhere_else() {
    on_every_service(|bench| async move {
        let (team, other) = (bench.account("team").await, bench.account("other").await);
        let likely = about("epss", &json!([{"name": "epss_score", "value": "0.5"}]));
        judge_by(&bench, &team, bundle("likely", &json!([likely]), &json!([]))).await;
        judge_by(&bench, &other, bundle("other", &json!([rule("low", "STOP")]), &json!([]))).await;
        let score = async |day, score: f64| {
            bench.pass(1);
            let (cve, date) = ("CVE-2026-1".to_owned(), format!("2026-01-{day:02}"));
            let score = Record::Epss(Epss { cve, epss: score, percentile: score, date });
            let records = [debian("CVE-2026-1", "apt", "2")];
            let path = decorated(bench.folder.path(), day, records, [("epss", score)]);
            bench.service.publish_vulnerability_data(&path).await.unwrap();
            work(&bench).await;
        };
        score(1, 0.1).await;
        let mut digest = String::new();
        for tenant in [&team, &other] {
            digest = image(&bench, tenant, "web", &sbom("debian:12", [deb("apt", "1.0")])).await;
            subscribe(&bench, tenant, "policy_eval", &key("web"), None).await;
        }
        let judged = async |tenant: &Tenant| {
            let rows = bench.service.store().account(tenant.name()).evaluations_of_image(&digest).await.unwrap();
            rows.iter().map(|row: &evaluations::Model| row.last_evaluated).max().unwrap()
        };
        let before = judged(&other).await;
        score(2, 0.9).await;
        assert_eq!(flips(&team).await, [flip("go", "stop", "vulnerability_data")]);
        score(3, 0.2).await;
        assert_eq!(flips(&team).await[1..], [flip("stop", "go", "vulnerability_data")]);
        assert_eq!(judged(&other).await, before, "its rules read no scores");
        assert_eq!(flips(&other).await, [[""; 3]; 0]);
        assert_eq!(told(&team, VULNERABILITIES).await, [], "a score alone is no news of a vulnerability");
    });
}

#[test]
fn a_flaw_that_is_exploited_now_stops_images_where_a_rule_asks_for_it() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        let listed = about("kev_list", &json!([]));
        judge_by(&bench, &team, bundle("listed", &json!([listed]), &json!([]))).await;
        let records = || [debian("CVE-2026-1", "apt", "2")];
        publish(&bench, 1, records()).await;
        image(&bench, &team, "web", &sbom("debian:12", [deb("apt", "1.0")])).await;
        subscribe(&bench, &team, "policy_eval", &key("web"), None).await;
        let path = database_with(bench.folder.path(), 2, records(), &["CVE-2026-1"]);
        bench.service.publish_vulnerability_data(&path).await.unwrap();
        work(&bench).await;
        assert_eq!(flips(&team).await, [flip("go", "stop", "vulnerability_data")]);
    });
}
