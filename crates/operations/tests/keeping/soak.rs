//! A service that works for a season, and rules over very many images. Both are small here; `WINDLASS_SOAK_IMAGES` and
//! `WINDLASS_RULES_IMAGES` make them as large as BENCHMARKS.md has them.

use std::time::Instant;

use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::json;
use windlass_matching::testing::advisory;
use windlass_operations::{
    Settings, Tenant,
    keeping::{KeepingSettings, Retention},
    testing::{Bench, on_every_service},
};
use windlass_store::{Store, testing::on_every_address};

use crate::{
    house::{caller, digest, seed, team},
    scene::{publish, work},
    vacuum::vacuum,
};

const DAY: i64 = 86_400;
const DAYS: i64 = 90;

fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().and_then(|number| number.parse().ok()).unwrap_or(default)
}

async fn rule(bench: &Bench, tenant: &Tenant, rule: serde_json::Value) {
    let caller = caller(bench, "alpha-user").await;
    tenant.create_archive_rule(&caller, serde_json::from_value(rule).unwrap(), true).await.unwrap();
}

/// What recurs, once a day each.
async fn keep_house(bench: &Bench) {
    let service = &bench.service;
    service.apply_archive_rules().await.unwrap();
    service.collect_images().await.unwrap();
    service.collect_analyses().await.unwrap();
    service.forget_the_old().await.unwrap();
    service.sweep_objects().await.unwrap();
    service.collect_packages().await.unwrap();
    service.collect_objects().await.unwrap();
    service.measure_storage().await.unwrap();
}

/// Bytes of documents, of bundles, and of tables that grow with what is done.
async fn sizes(bench: &Bench) -> [u64; 3] {
    let told = bench.service.storage(false).await.unwrap().usage;
    let sum = |kept: &[windlass_v1::storage::Kept]| kept.iter().map(|kept| kept.bytes).sum::<u64>();
    [sum(&told.documents), sum(&told.bundles), sum(&told.tables)]
}

#[test]
fn a_season_of_pushes_feeds_rules_and_retention_ends_with_as_much_as_its_middle() {
    let images = number("WINDLASS_SOAK_IMAGES", 90);
    // New data each day are most of the work: a short run has them once a week.
    let between_data = if images > 90 { 1 } else { 7 };
    on_every_address(|address| async move {
        let store = Store::open(&address).await.unwrap();
        let retention = Retention {
            evaluations_kept: 2,
            evaluation_days: Some(20),
            finding_days: Some(20),
            audit_days: Some(20),
            transition_days: Some(20),
            keep_deleted_days: 0,
        };
        let keeping = KeepingSettings { retention, ..KeepingSettings::default() };
        let settings = Settings { keeping, event_retention_days: Some(20), ..Settings::default() };
        let bench = Bench::with(store, settings).await;
        let engine = if bench.service.store().is_postgres() { "PostgreSQL" } else { "SQLite" };
        let alpha = team(&bench, "alpha").await;
        let all = json!({"registry": "*", "repository": "*", "tag": "*"});
        let archive = json!({"transition": "archive", "analysis_age_days": 10, "selector": all});
        let delete = json!({"transition": "delete", "analysis_age_days": 15, "selector": all});
        rule(&bench, &alpha, archive).await;
        rule(&bench, &alpha, delete).await;
        let (begun, mut pushed, mut grown) = (Instant::now(), 0, Vec::new());
        for day in 1..=DAYS {
            // Ever the same number of vulnerabilities, ever others: the data of a day closes some and opens some.
            let known = (day..day + 20).map(|cve| {
                let fixed = format!("{}", 5 + cve % 3);
                advisory(&format!("CVE-2026-{cve}"), "debian")
                    .severity("high")
                    .in_release("debian:12", "bash", &format!("< {fixed}"))
                    .fixed(&fixed)
            });
            // A database is built on a day of January; the day is all that tells it from the one before.
            if day % between_data == 0 {
                publish(&bench, i8::try_from(1 + day % 28).unwrap(), known).await;
            }
            while pushed < images * usize::try_from(day).unwrap() / usize::try_from(DAYS).unwrap() {
                let tag = format!("r.example/app-{}:latest", pushed % 20);
                let image = seed(&bench, &alpha, &format!("{pushed}"), &[&tag]).await;
                alpha.evaluate(&image, &[tag]).await.unwrap();
                pushed += 1;
            }
            work(&bench).await;
            keep_house(&bench).await;
            vacuum(&address).await;
            bench.pass(DAY);
            grown.push(sizes(&bench).await);
            if day % 15 == 0 {
                let [documents, bundles, tables] = grown[grown.len() - 1].map(|bytes| bytes / 1024);
                eprintln!(
                    "{engine}: day {day}: {pushed} images pushed; documents {documents} KiB, bundles {bundles} KiB, tables \
                     {tables} KiB; {:.0?}",
                    begun.elapsed()
                );
            }
        }
        assert_eq!(pushed, images);
        // Images are in the working set for ten days and in the archive for fifteen: from day 45 on, as much goes as comes.
        let most = |days: &[[u64; 3]], at: usize| days.iter().map(|day| day[at]).max().unwrap();
        for (at, what) in ["documents", "bundles", "tables"].iter().enumerate() {
            let (middle, end) = (most(&grown[44..59], at), most(&grown[75..], at));
            assert!(end <= middle + middle / 10, "{engine}: {what} grew from {middle} to {end}: {grown:?}");
        }
    });
}

#[test]
fn rules_over_very_many_images_are_applied_in_seconds() {
    let images = number("WINDLASS_RULES_IMAGES", 2000);
    on_every_service(|bench| async move {
        let engine = if bench.service.store().is_postgres() { "PostgreSQL" } else { "SQLite" };
        let alpha = team(&bench, "alpha").await;
        let now = bench.now();
        let old = |days: i64| now.plus_seconds(-days * DAY).micros();
        // One tenth are analysed within the last ten days; each tag stood for ten images, one after the other.
        let tx = bench.service.store().begin().await.unwrap();
        for start in (0..images).step_by(500) {
            let (mut rows, mut tags) = (Vec::new(), Vec::new());
            for number in start..images.min(start + 500) {
                let at = old(i64::try_from(100 - 100 * number / images).unwrap());
                let (id, digest) = (number + 1, digest(&format!("{number:x}")));
                rows.push(format!(
                    "({id}, 'alpha', '{digest}', '{digest}', 'i', 'active', 'analyzed', '{{}}', 'm', {at}, {at}, {at})"
                ));
                for (tag, detected_at) in
                    [(format!("1.{}", number % (images / 10)), at), (format!("build-{number}"), at)]
                {
                    let repository = format!("team/app-{}", number % 50);
                    tags.push(format!(
                        "({id}, 'alpha', 'r.example', '{repository}', '{tag}', {detected_at}, {at}, {at})"
                    ));
                }
            }
            let sql = "INSERT INTO images (id, account, digest, parent_digest, image_id, status, analysis_status, annotations, \
                       manifest, created_at, last_updated, analyzed_at) VALUES ";
            tx.execute_unprepared(&format!("{sql}{}", rows.join(", "))).await.unwrap();
            let sql = "INSERT INTO image_tags (image, account, registry, repository, tag, detected_at, created_at, \
                       last_updated) VALUES ";
            tx.execute_unprepared(&format!("{sql}{}", tags.join(", "))).await.unwrap();
        }
        let analysed = Statement::from_string(tx.get_database_backend(), "SELECT COUNT(*) FROM images");
        assert_eq!(
            tx.query_one_raw(analysed).await.unwrap().unwrap().try_get_by_index::<i64>(0).unwrap() as usize,
            images
        );
        tx.commit().await.unwrap();
        let rule = json!({"transition": "archive", "analysis_age_days": 10, "tag_versions_newer": 0,
            "selector": {"registry": "*", "repository": "team/app-*", "tag": "*"},
            "exclude": {"selector": {"registry": "*", "repository": "team/app-7", "tag": "*"}, "expiration_days": -1}});
        let caller = caller(&bench, "alpha-user").await;
        let made = alpha.create_archive_rule(&caller, serde_json::from_value(rule).unwrap(), false).await.unwrap();
        let begun = Instant::now();
        let moved = alpha.preview_archive_rule(&made.rule_id).await.unwrap();
        eprintln!(
            "{engine}: {} of {images} images with two tags each are selected in {:.2?}",
            moved.len(),
            begun.elapsed()
        );
        let kept_for_age = images / 10;
        let expected = (images - kept_for_age) * 49 / 50;
        assert!(moved.len().abs_diff(expected) <= images / 100, "{} of about {expected}", moved.len());
    });
}
