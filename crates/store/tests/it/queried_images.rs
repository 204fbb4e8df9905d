use std::time::{Duration, Instant};

use sea_orm::ConnectionTrait as _;
use windlass_store::{
    AccountName, Store,
    queried_images::{QueriedImage, Slice, Wanted},
    testing::on_every_engine,
};

use crate::team;

const IMAGES: u32 = 10_000;
const VERSIONS: u32 = 15_000;

/// Ten thousand images of 601 packages each: 600 of fifteen thousand, and one that all of them have. A tenth of the
/// packages has a finding.
async fn seed(store: &Store, account: &AccountName) {
    let numbers =
        |most: u32| format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most}) SELECT");
    let bytes = if store.is_postgres() { "decode(md5(CAST(i AS TEXT)), 'hex')" } else { "CAST(i AS BLOB)" };
    let statements = [
        "INSERT INTO vulnerability_data (id, checksum, schema, built_at, imported_at, groups, active) \
         VALUES (1, 'sha256:a', '6', 0, 0, '[]', TRUE)"
            .to_owned(),
        format!(
            "INSERT INTO package_versions (id, key, name, search_name, version, kind, input, rest, matched_by) {} \
             i, {bytes}, 'p' || i, 'p' || i, '1.' || i, 'deb', '{{}}', '{{}}', 1 FROM n",
            numbers(VERSIONS)
        ),
        format!(
            "INSERT INTO findings (id, package_version, vulnerability, namespace, ordinal, feed_group, severity, \
             will_not_fix, detail, opened_at, opened_by) {} i, i * 10 - 9, 'CVE-' || i, 'n', 0, 'debian:12', 'High', \
             FALSE, '{{}}', 0, 1 FROM n",
            numbers(VERSIONS / 10)
        ),
        "INSERT INTO finding_names (name, finding) SELECT vulnerability, id FROM findings".to_owned(),
        format!(
            "INSERT INTO analyses (id, key, digest, dockerfile_mode, image_size, layer_count, created_at) {} \
             i, 'a' || i, 'sha256:' || i, 'Guessed', 1, 1, 0 FROM n",
            numbers(IMAGES)
        ),
        format!(
            "INSERT INTO images (id, account, digest, parent_digest, image_id, status, analysis_status, annotations, \
             analysis, manifest, created_at, last_updated, analyzed_at) {} i, '{account}', 'sha256:' || i, \
             'sha256:' || i, 'id' || i, 'active', 'analyzed', '{{}}', i, 'm', 0, 0, 0 FROM n",
            numbers(IMAGES)
        ),
        format!(
            "INSERT INTO image_tags (image, account, registry, repository, tag, detected_at, created_at, last_updated) \
             {} i, '{account}', 'docker.io', 'team/app' || i, 'latest', 0, 0, 0 FROM n",
            numbers(IMAGES)
        ),
        // Package 1 is in all of them.
        "INSERT INTO analysis_packages (package_version, analysis, compared) SELECT v.id, a.id, 1 FROM package_versions v \
         JOIN analyses a ON v.id = 1 OR v.id % 25 = a.id % 25"
            .to_owned(),
    ];
    let tx = store.begin().await.unwrap();
    for sql in statements {
        tx.execute_unprepared(&sql).await.unwrap();
    }
    tx.execute_unprepared(if store.is_postgres() { "ANALYZE analysis_packages, images" } else { "ANALYZE" })
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// The middle of some runs.
async fn timed<F: Future<Output = Vec<QueriedImage>>>(name: &str, ask: impl Fn() -> F) -> Duration {
    let mut times = Vec::new();
    let mut found = Vec::new();
    for _ in 0..11 {
        let begun = Instant::now();
        found = ask().await;
        times.push(begun.elapsed());
    }
    times.sort();
    eprintln!("{name}: {:?} (worst {:?}), {} images", times[5], times[10], found.len());
    times[5]
}

/// `cargo test --release -p windlass-store --test it -- --ignored ten_thousand --nocapture`
#[test]
#[ignore = "takes minutes; prints times"]
fn questions_over_ten_thousand_images_are_answered_in_a_tenth_of_a_second() {
    on_every_engine(|store| async move {
        let name = team(&store, "team").await;
        let begun = Instant::now();
        seed(&store, &name).await;
        eprintln!("seeded in {:?}", begun.elapsed());
        let account = store.account(&name);
        let first = Slice { limit: 100, ..Slice::default() };
        let page = Slice { offset: 5000, ..first };
        let batch = Slice { after: Some("sha256:5"), limit: 500, ..first };
        let by_vulnerability = async |name: &str, slice| {
            let findings = store.findings_named(name).await.unwrap();
            let ids: Vec<i64> = findings.iter().map(|finding| finding.id).collect();
            let wanted = Wanted::Findings(ids);
            account.count_images_with(&wanted).await.unwrap();
            account.images_with(&wanted, slice).await.unwrap()
        };
        let by_package = async |name: &str, slice| {
            let versions = store.package_versions_named(name).await.unwrap();
            let ids: Vec<i64> = versions.iter().map(|version| version.id).collect();
            let wanted = Wanted::Packages(ids);
            account.count_images_with(&wanted).await.unwrap();
            account.images_with(&wanted, slice).await.unwrap()
        };
        let times = [
            timed("a vulnerability of all, a page", || by_vulnerability("cve-1", page)).await,
            timed("a vulnerability of all, a batch", || by_vulnerability("CVE-1", batch)).await,
            timed("a vulnerability of some, a page", || by_vulnerability("CVE-2", first)).await,
            timed("a package of all, a page", || by_package("p1", page)).await,
            timed("a package of all, a batch", || by_package("p1", batch)).await,
            timed("a package of some, a page", || by_package("p2", first)).await,
        ];
        let worst = times.into_iter().max().unwrap();
        assert!(cfg!(debug_assertions) || worst < Duration::from_millis(100), "{worst:?}");
    });
}
