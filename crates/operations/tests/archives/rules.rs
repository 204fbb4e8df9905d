use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use windlass_operations::{
    Error, Part, Settings, Tenant,
    identity::Caller,
    keeping::KeepingSettings,
    testing::{Bench, on_every_service},
};
use windlass_store::AccountName;
use windlass_v1::{
    accounts::RequestedState,
    archives::{ArchiveRule, RuleTransition},
};

use crate::house::{analyse, archive, caller, refused, seed, team};

const DAY: i64 = 86_400;

async fn make(tenant: &Tenant, caller: &Caller, rule: Value) -> Result<ArchiveRule, Error> {
    tenant.create_archive_rule(caller, serde_json::from_value(rule).unwrap(), false).await
}

async fn history(tenant: &Tenant, rule: &str) -> Vec<RuleTransition> {
    tenant.archive_rule_history(rule, Part::default()).await.unwrap().all().await.unwrap()
}

fn all() -> Value {
    json!({"registry": "*", "repository": "*", "tag": "*"})
}

/// Last digits of the digests in the working set, and in the archive.
async fn sets(bench: &Bench, tenant: &Tenant) -> (String, String) {
    bench.service.collect_images().await.unwrap();
    let names = |mut digests: Vec<String>| {
        digests.sort();
        digests.iter().map(|digest| digest.trim_start_matches("sha256:").trim_start_matches('0').to_owned()).collect()
    };
    let images = tenant.images(&windlass_operations::images::ImageFilter::default()).await.unwrap();
    let archived = tenant.archived_images(Part::default()).all().await.unwrap();
    (
        names(images.into_iter().map(|image| image.image_digest).collect()),
        names(archived.into_iter().map(|image| image.image_digest).collect()),
    )
}

fn set(working: &str, archived: &str) -> (String, String) {
    (working.to_owned(), archived.to_owned())
}

#[test]
fn a_rule_is_made_shown_and_removed() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let user = caller(&bench, "alpha-user").await;
        let selector = json!({"registry": "docker.io", "repository": "*", "tag": "*"});
        let body =
            json!({"analysis_age_days": 30, "tag_versions_newer": 2, "transition": "archive", "selector": selector});
        let rule = make(&alpha, &user, body).await.unwrap();
        assert_eq!(rule.rule_id.len(), 32);
        let nothing = json!({"registry": "", "repository": "", "tag": ""});
        assert_eq!(
            json!(rule),
            json!({"analysis_age_days": 30, "created_at": "2026-01-01T12:00:00Z",
                "exclude": {"expiration_days": -1, "selector": nothing}, "last_updated": "2026-01-01T12:00:00Z",
                "max_images_per_account": null, "rule_id": rule.rule_id, "selector": selector, "system_global": false,
                "tag_versions_newer": 2, "transition": "archive"})
        );
        assert_eq!(alpha.archive_rule(&rule.rule_id).await.unwrap(), rule);
        assert_eq!(alpha.archive_rules(true).await.unwrap(), std::slice::from_ref(&rule));
        let summary = json!(alpha.archive_summary().await.unwrap());
        assert_eq!(summary["rules"], json!({"count": 1, "last_updated": "2026-01-01T12:00:00Z"}));
        alpha.delete_archive_rule(&user, &rule.rule_id).await.unwrap();
        assert_eq!(refused(alpha.delete_archive_rule(&user, &rule.rule_id).await).httpcode, 404);
        assert_eq!(refused(alpha.archive_rule(&rule.rule_id).await).httpcode, 404);
    });
}

#[test]
fn a_rule_that_cannot_be_is_refused_as_a_bad_request() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let (user, admin) = (caller(&bench, "alpha-user").await, caller(&bench, "admin").await);
        let house = bench.service.tenant(&AccountName::admin());
        let limit = json!({"transition": "archive", "max_images_per_account": 5, "system_global": true});
        let with = |extra: Value| {
            let mut rule = limit.clone();
            rule.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            rule
        };
        make(&house, &admin, limit.clone()).await.unwrap();
        let long = "x".repeat(1025);
        let one_day = json!({"transition": "archive", "analysis_age_days": 1});
        for rule in [
            json!({"transition": "archive", "selector": {"registry": "*", "repository": "*"}, "analysis_age_days": 1}),
            one_day,
            json!({"transition": "archive", "selector": all(), "analysis_age_days": -2}),
            json!({"transition": "archive", "selector": {"registry": "*", "repository": "*", "tag": long}, "analysis_age_days": 1}),
            json!({"transition": "archive", "selector": {"registry": "*", "repository": "*", "tag": "\0"}, "analysis_age_days": 1}),
            json!({"transition": "delete", "selector": all()}),
            with(json!({"system_global": false})),
            with(json!({"selector": all()})),
            with(json!({"exclude": {"selector": all()}})),
            limit.clone(),
        ] {
            let refusal = refused(make(&house, &admin, rule.clone()).await);
            assert_eq!(refusal.httpcode, 400, "{rule}: {}", refusal.message);
        }
        let everything = json!({"transition": "delete", "selector": all()});
        let confirmed = alpha.create_archive_rule(&user, serde_json::from_value(everything).unwrap(), true).await;
        assert!(confirmed.is_ok());
        let global = json!({"transition": "delete", "selector": all(), "analysis_age_days": 1, "system_global": true});
        assert_eq!(refused(make(&alpha, &user, global).await).httpcode, 403);
    });
}

#[test]
fn a_rule_for_every_account_is_seen_by_all_and_removed_by_administrators() {
    on_every_service(|bench| async move {
        let (alpha, beta) = (team(&bench, "alpha").await, team(&bench, "beta").await);
        let (user, admin) = (caller(&bench, "alpha-user").await, caller(&bench, "admin").await);
        let house = bench.service.tenant(&AccountName::admin());
        let body = |global: bool| json!({"transition": "archive", "selector": all(), "analysis_age_days": 900, "system_global": global});
        let global = make(&house, &admin, body(true)).await.unwrap().rule_id;
        let own = make(&alpha, &user, body(false)).await.unwrap().rule_id;
        let ids = async |tenant: &Tenant, with_global: bool| {
            let rules = tenant.archive_rules(with_global).await.unwrap();
            let mut ids: Vec<String> = rules.into_iter().map(|rule| rule.rule_id).collect();
            ids.sort();
            ids
        };
        let mut both = vec![global.clone(), own.clone()];
        both.sort();
        assert_eq!((ids(&alpha, true).await, ids(&alpha, false).await), (both, vec![own.clone()]));
        assert_eq!(ids(&beta, true).await, std::slice::from_ref(&global));
        assert!(beta.archive_rule(&global).await.is_ok());
        assert_eq!(refused(beta.archive_rule(&own).await).httpcode, 404);
        let other = caller(&bench, "beta-user").await;
        assert_eq!(refused(beta.delete_archive_rule(&other, &own).await).httpcode, 404);
        assert_eq!(refused(beta.delete_archive_rule(&other, &global).await).httpcode, 403);
        house.delete_archive_rule(&admin, &global).await.unwrap();
        assert_eq!(ids(&beta, true).await, [""; 0]);
    });
}

#[test]
fn old_and_superseded_images_go_to_the_archive_and_what_was_done_is_kept() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let user = caller(&bench, "alpha-user").await;
        for (name, days, tags) in [
            ("1", 5, &["r.example/shop/web:1"][..]),
            ("2", 1, &["r.example/shop/web:2", "r.example/shop/web:latest"]),
            ("3", 10, &["r.example/shop/web:1", "r.example/shop/web:2"]),
            ("4", 2, &["r.example/shop/web:1", "r.example/shop/web:2", "r.example/shop/web:latest"]),
        ] {
            seed(&bench, &alpha, name, tags).await;
            bench.pass(days * DAY);
        }
        // After 18 days: 1, 2 and 3 are old and superseded, but 2 is latest, too; 4 stands for every tag.
        let rule = json!({"transition": "archive", "selector": all(), "analysis_age_days": 10, "tag_versions_newer": 1,
            "exclude": {"selector": {"registry": "*", "repository": "*", "tag": "latest"}}});
        let rule = make(&alpha, &user, rule).await.unwrap().rule_id;
        let foreseen = alpha.preview_archive_rule(&rule).await.unwrap();
        let foreseen: Vec<_> = foreseen.iter().map(|one| (one.image_digest.as_str(), one.tags.len())).collect();
        let (one, three) = (crate::house::digest("1"), crate::house::digest("3"));
        assert_eq!(foreseen, [(one.as_str(), 1), (three.as_str(), 2)]);
        assert_eq!(sets(&bench, &alpha).await, set("1234", ""), "a look changes nothing");
        bench.service.apply_archive_rules().await.unwrap();
        assert_eq!(sets(&bench, &alpha).await, set("24", "13"));
        // What rules do is written (D-15).
        let told = json!(history(&alpha, &rule).await);
        assert_eq!(told.as_array().unwrap().len(), 2);
        assert_eq!(
            told[1],
            json!({"transition_task_id": told[0]["transition_task_id"], "rule_ids": [rule], "imageDigest": one,
                "tags": ["r.example/shop/web:1"], "transition": "archive", "transition_state": "complete",
                "detail": null, "created_at": "2026-01-19T12:00:00Z"})
        );
        bench.service.apply_archive_rules().await.unwrap();
        assert_eq!(sets(&bench, &alpha).await, set("24", "13"), "done once, nothing is left to do");
        assert_eq!(history(&alpha, &rule).await.len(), 2);
    });
}

#[test]
fn rules_are_applied_to_one_account_when_it_asks_for_it() {
    on_every_service(|bench| async move {
        let (alpha, beta) = (team(&bench, "alpha").await, team(&bench, "beta").await);
        let (user, admin) = (caller(&bench, "alpha-user").await, caller(&bench, "admin").await);
        let house = bench.service.tenant(&AccountName::admin());
        seed(&bench, &alpha, "1", &["r.example/a:1"]).await;
        seed(&bench, &beta, "2", &["r.example/a:1"]).await;
        let rule = |global| json!({"transition": "archive", "selector": all(), "analysis_age_days": 1, "system_global": global});
        make(&house, &admin, rule(true)).await.unwrap();
        let own = make(&alpha, &user, rule(false)).await.unwrap();
        bench.pass(2 * DAY);
        let run = alpha.run_archive_rules().await.unwrap();
        assert_eq!(alpha.run_archive_rules().await.unwrap(), run, "it is asked for already");
        assert!(!run.dry_run);
        assert_eq!(sets(&bench, &alpha).await, set("1", ""), "a worker does it");

        let stop = CancellationToken::new();
        let claim = bench.service.store().claim_job(
            &["apply_archive_rules"],
            "other",
            bench.now().plus_seconds(60),
            bench.now(),
        );
        assert!(claim.await.unwrap().is_some(), "a worker that is never heard of again");
        alpha.run_archive_rules().await.unwrap();
        assert!(bench.service.work_once("w", &stop).await.unwrap());
        assert_eq!(sets(&bench, &alpha).await, set("1", ""), "one run waits for the other");
        bench.pass(61);
        while bench.service.work_once("w", &stop).await.unwrap() {}
        assert_eq!(sets(&bench, &alpha).await, set("", "1"));
        assert_eq!(sets(&bench, &beta).await, set("2", ""), "nobody asked for it there");
        assert!(history(&alpha, &own.rule_id).await.is_empty(), "the global one came first");
        let rules = house.archive_rules(true).await.unwrap();
        let told = history(&alpha, &rules[0].rule_id).await;
        assert_eq!(told[0].transition_task_id.as_deref(), Some(run.transition_task_id.as_str()));
        let (kind, _, details) = crate::house::told(&bench).await.pop().unwrap();
        assert_eq!(kind, "system.analysis_archive.image_archived");
        assert_eq!(details, json!({"msg": format!("Archived by task {}", run.transition_task_id)}));
    });
}

#[test]
fn scopes_of_rules_do_not_combine() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let (user, admin) = (caller(&bench, "alpha-user").await, caller(&bench, "admin").await);
        let house = bench.service.tenant(&AccountName::admin());
        seed(&bench, &alpha, "1", &["r.example/a:1", "r.example/b:1"]).await;
        bench.pass(DAY);
        let of = |repository: &str, global: bool| {
            let selector = json!({"registry": "*", "repository": repository, "tag": "*"});
            json!({"transition": "archive", "selector": selector, "analysis_age_days": 0, "system_global": global})
        };
        make(&house, &admin, of("a", true)).await.unwrap();
        make(&alpha, &user, of("b", false)).await.unwrap();
        bench.service.apply_archive_rules().await.unwrap();
        assert_eq!(sets(&bench, &alpha).await, set("1", ""));
        make(&alpha, &user, of("a", false)).await.unwrap();
        bench.service.apply_archive_rules().await.unwrap();
        assert_eq!(sets(&bench, &alpha).await, set("", "1"));
    });
}

#[test]
fn rules_that_delete_look_at_the_archive_alone_and_global_ones_at_every_account_s() {
    on_every_service(|bench| async move {
        let (alpha, beta) = (team(&bench, "alpha").await, team(&bench, "beta").await);
        let admin = caller(&bench, "admin").await;
        let house = bench.service.tenant(&AccountName::admin());
        for tenant in [&alpha, &beta] {
            let image = seed(&bench, tenant, "1", &["r.example/a:1"]).await;
            seed(&bench, tenant, "2", &["r.example/b:1"]).await;
            bench.pass(20 * DAY);
            archive(tenant, &image).await;
        }
        let rule = json!({"transition": "delete", "selector": all(), "analysis_age_days": 10, "system_global": true});
        make(&house, &admin, rule).await.unwrap();
        bench.service.apply_archive_rules().await.unwrap();
        assert_eq!(sets(&bench, &alpha).await, set("12", ""), "archived 20 days ago (D-14)");
        assert_eq!(sets(&bench, &beta).await, set("12", "1"), "archived now, however old its analysis");
        bench.service.set_account_state("beta", RequestedState::Disabled).await.unwrap();
        bench.pass(20 * DAY);
        bench.service.apply_archive_rules().await.unwrap();
        assert_eq!(sets(&bench, &beta).await, set("12", "1"), "nothing is done for an account that is disabled");
    });
}

#[test]
fn the_oldest_images_beyond_the_limit_go_and_watched_tags_are_let_go() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let admin = caller(&bench, "admin").await;
        let house = bench.service.tenant(&AccountName::admin());
        for (name, tags) in [
            ("1", &["r.example/a:1", "r.example/a:2", "r.example/a:3"][..]),
            ("2", &["r.example/b:1"]),
            ("3", &["r.example/c:1"]),
        ] {
            seed(&bench, &alpha, name, tags).await;
            bench.pass(DAY);
        }
        let watch = json!({"subscription_key": "r.example/a:1", "subscription_type": "tag_update", "active": true});
        alpha.create_subscription(serde_json::from_value(watch).unwrap()).await.unwrap();
        let limit = json!({"transition": "archive", "max_images_per_account": 2, "system_global": true});
        make(&house, &admin, limit).await.unwrap();
        bench.service.apply_archive_rules().await.unwrap();
        assert_eq!(sets(&bench, &alpha).await, set("23", "1"), "three images, and not five tags (D-13)");
        let watched = alpha.subscriptions(windlass_operations::SubscriptionFilter::default()).await.unwrap();
        assert!(watched.iter().all(|subscription| !subscription.active));
    });
}

#[test]
fn a_rule_keeps_the_last_analysis_and_not_the_one_that_was_archived_first() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let user = caller(&bench, "alpha-user").await;
        let image = seed(&bench, &alpha, "1", &["r.example/a:1"]).await;
        archive(&alpha, &image).await;
        bench.pass(DAY);
        analyse(&bench, &alpha, "1", "second").await;
        bench.pass(DAY);
        let rule = json!({"transition": "archive", "selector": all(), "analysis_age_days": 0});
        make(&alpha, &user, rule).await.unwrap();
        bench.service.apply_archive_rules().await.unwrap();
        assert_eq!(sets(&bench, &alpha).await, set("", "1"));
        let shown = json!(alpha.archived_image(&image).await.unwrap());
        assert_eq!(shown["analyzed_at"], "2026-01-02T12:00:00Z", "D-26");
    });
}

#[test]
fn a_dry_run_moves_nothing() {
    windlass_store::testing::on_every_engine(|store| async move {
        let keeping = KeepingSettings { rules_dry_run: true, ..KeepingSettings::default() };
        let bench = Bench::with(store, Settings { keeping, ..Settings::default() }).await;
        let alpha = team(&bench, "alpha").await;
        let user = caller(&bench, "alpha-user").await;
        seed(&bench, &alpha, "a", &["r.example/a:1"]).await;
        let rule = json!({"transition": "archive", "analysis_age_days": 1, "selector": all()});
        let made = make(&alpha, &user, rule).await.unwrap();
        bench.pass(2 * DAY);
        bench.service.apply_archive_rules().await.unwrap();
        assert_eq!(sets(&bench, &alpha).await, set("a", ""));
        assert!(history(&alpha, &made.rule_id).await.is_empty());
    });
}
