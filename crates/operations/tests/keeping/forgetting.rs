use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::json;
use windlass_operations::{
    Settings,
    images::ImageFilter,
    keeping::{KeepingSettings, Retention},
    testing::Bench,
};
use windlass_store::{Moment, Store, testing::on_every_engine};
use windlass_v1::images::ImageStatus;

use crate::house::{archive, digest, seed, team};

const DAY: i64 = 86_400;

async fn write(store: &Store, sql: &str) {
    let tx = store.begin().await.unwrap();
    tx.execute_unprepared(sql).await.unwrap();
    tx.commit().await.unwrap();
}

async fn numbers(store: &Store, sql: &str) -> Vec<i64> {
    let tx = store.begin_read().await.unwrap();
    let rows = tx.query_all_raw(Statement::from_string(tx.get_database_backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// Keeps two verdicts, and everything else for ten days.
fn strict() -> Settings {
    let retention = Retention {
        evaluations_kept: 2,
        evaluation_days: Some(10),
        finding_days: Some(10),
        audit_days: Some(10),
        transition_days: Some(10),
        keep_deleted_days: 0,
    };
    Settings {
        event_retention_days: Some(10),
        keeping: KeepingSettings { retention, ..KeepingSettings::default() },
        ..Settings::default()
    }
}

#[test]
fn old_verdicts_go_with_their_results_but_for_the_last_ones() {
    on_every_engine(|store| async move {
        let bench = Bench::with(store, strict()).await;
        team(&bench, "alpha").await;
        let old = |days: i64| bench.now().plus_seconds(-days * DAY).micros();
        let mut results = Vec::new();
        // Five of one tag, of which the last is 30 days old; one of another, 90 days old.
        for (number, tag, age) in [(1, "a", 70), (2, "a", 60), (3, "a", 50), (4, "a", 40), (5, "a", 30), (6, "b", 90)] {
            let object = bench.objects().put(format!("verdict {number}")).await.unwrap();
            let moment = old(age);
            write(
                bench.service.store(),
                &format!(
                    "INSERT INTO evaluations (id, account, digest, fulltag, policy_id, final_action, policy_digest, \
                     analysis, inputs, object, created_at, last_evaluated) VALUES ({number}, 'alpha', '{}', '{tag}', 'p', \
                     'go', '', 1, '', '{object}', {moment}, {moment})",
                    digest("a")
                ),
            )
            .await;
            results.push(object);
        }
        bench.service.forget_the_old().await.unwrap();
        let left = numbers(bench.service.store(), "SELECT id FROM evaluations ORDER BY id").await;
        assert_eq!(left, [4, 5, 6]);
        assert_eq!(bench.collect_objects().await, 3);
        for (number, object) in results.iter().enumerate() {
            assert_eq!(bench.objects().exists(object).await.unwrap(), number >= 3, "verdict {}", number + 1);
        }
    });
}

#[test]
fn what_is_closed_done_or_told_is_forgotten_in_time_and_what_is_open_stays() {
    on_every_engine(|store| async move {
        let bench = Bench::with(store, strict()).await;
        team(&bench, "alpha").await;
        let store = bench.service.store();
        let moment = |days: i64| -> Moment { bench.now().plus_seconds(-days * DAY) };
        let (old, new) = (moment(11).micros(), moment(9).micros());
        write(
            store,
            "INSERT INTO vulnerability_data (id, checksum, schema, built_at, imported_at, groups, active) VALUES \
             (1, 'd', '6', 0, 0, '[]', FALSE); \
             INSERT INTO package_versions (id, key, name, search_name, version, kind, input) VALUES \
             (1, '1', 'bash', 'bash', '5', 'deb', '{}')",
        )
        .await;
        for (id, closed) in [(1, "NULL".to_owned()), (2, old.to_string()), (3, new.to_string())] {
            write(
                store,
                &format!(
                    "INSERT INTO findings (id, package_version, vulnerability, namespace, ordinal, feed_group, severity, \
                     will_not_fix, detail, opened_at, opened_by, closed_at) VALUES ({id}, 1, 'CVE-{id}', 'n', 0, 'g', 'High', \
                     FALSE, '{{}}', 1, 1, {closed}); INSERT INTO finding_names (name, finding) VALUES ('CVE-{id}', {id})"
                ),
            )
            .await;
        }
        for (id, at) in [(1, old), (2, new)] {
            write(
                store,
                &format!(
                    "INSERT INTO archive_transitions (id, account, task, digest, rules, tags, transition, created_at) VALUES \
                     ({id}, 'alpha', 't', 'd', '[]', '[]', 'archive', {at}); \
                     INSERT INTO audit_records (id, created_at, account, action, target, outcome, status) VALUES \
                     ({}, {at}, 'alpha', 'a', 't', 'done', 200)",
                    id + 100
                ),
            )
            .await;
        }
        bench.service.forget_the_old().await.unwrap();
        assert_eq!(numbers(store, "SELECT id FROM findings ORDER BY id").await, [1, 3]);
        assert_eq!(numbers(store, "SELECT finding FROM finding_names ORDER BY finding").await, [1, 3]);
        assert_eq!(numbers(store, "SELECT id FROM archive_transitions").await, [2]);
        assert_eq!(numbers(store, "SELECT id FROM audit_records WHERE id > 100").await, [102]);
    });
}

#[test]
fn an_image_that_was_deleted_can_be_asked_for_until_its_days_are_over() {
    on_every_engine(|store| async move {
        let retention = Retention { keep_deleted_days: 10, ..Retention::default() };
        let keeping = KeepingSettings { retention, ..KeepingSettings::default() };
        let bench = Bench::with(store, Settings { keeping, ..Settings::default() }).await;
        let alpha = team(&bench, "alpha").await;
        let image = seed(&bench, &alpha, "a", &["r.example/a:1"]).await;
        let archived = seed(&bench, &alpha, "b", &["r.example/b:1"]).await;
        archive(&alpha, &archived).await;
        let (verdict, now) = (bench.objects().put("a verdict").await.unwrap(), bench.now().micros());
        let judged = format!(
            "INSERT INTO evaluations (id, account, digest, fulltag, policy_id, final_action, policy_digest, analysis, inputs, \
             object, created_at, last_evaluated) VALUES (1, 'alpha', '{image}', 'r.example/a:1', 'p', 'go', '', 1, '', \
             '{verdict}', {now}, {now})"
        );
        write(bench.service.store(), &judged).await;
        for digest in [&image, &archived] {
            alpha.delete_image(digest, true).await.unwrap();
        }
        let collect = async || {
            bench.service.collect_images().await.unwrap();
            bench.service.collect_analyses().await.unwrap();
            bench.service.collect_objects().await.unwrap();
        };

        bench.pass(10 * DAY - 1);
        collect().await;
        assert_eq!(json!(alpha.image(&image).await.unwrap())["image_status"], "deleting");
        alpha.image_content(&image, "os").await.unwrap();
        alpha.image_metadata(&image, "manifest").await.unwrap();
        assert!(bench.objects().exists(&verdict).await.unwrap());
        assert!(alpha.image(&archived).await.is_err(), "what the archive has is asked for there");
        let active = ImageFilter { status: Some(ImageStatus::Active), ..ImageFilter::default() };
        assert_eq!(alpha.images(&active).await.unwrap(), [], "it is none of the working set");
        assert_eq!(alpha.storage().await.unwrap().of_quota.images, 0);

        bench.pass(1);
        collect().await;
        assert!(alpha.image(&image).await.is_err());
        assert!(numbers(bench.service.store(), "SELECT id FROM evaluations").await.is_empty());
        bench.collect_objects().await;
        assert!(!bench.objects().exists(&verdict).await.unwrap());
        assert!(crate::house::files(&bench.folder.path().join("objects")).is_empty(), "nothing is left of it");
    });
}
