use sea_orm::EntityTrait as _;
use windlass_matching::testing::{AdvisoryBuilder, advisory, artifact_of, deb, deb_from, package, record_of, sbom};
use windlass_operations::testing::on_every_service;
use windlass_sbom::{PackageType, Relationship, RelationshipKind};
use windlass_store::{findings, package_versions};

use crate::scene::{anew, database, image, publish, stored, work};

fn debian(cve: &str, name: &str, fixed: &str) -> AdvisoryBuilder {
    advisory(cve, "debian").severity("high").in_release("debian:12", name, &format!("< {fixed}")).fixed(fixed)
}

#[test]
fn new_data_adds_alters_and_withdraws_and_touches_nothing_else() {
    on_every_service(|bench| async move {
        let tenant = bench.account("team").await;
        let sbom = sbom("debian:12", ["apt", "bash", "curl", "dash"].map(|name| deb(name, "1.0")));
        let first = publish(
            &bench,
            1,
            [debian("CVE-2026-1", "apt", "2"), debian("CVE-2026-2", "bash", "2"), debian("CVE-2026-4", "dash", "2")],
        )
        .await;
        image(&bench, &tenant, "a", &sbom).await;
        bench.pass(60);
        let before = stored(&tenant, &sbom).await;
        assert_eq!(before.findings.len(), 3);
        let new =
            [debian("CVE-2026-2", "bash", "3"), debian("CVE-2026-3", "curl", "2"), debian("CVE-2026-4", "dash", "2")];
        let second = publish(&bench, 2, new.clone()).await;

        let tx = bench.service.store().begin_read().await.unwrap();
        let mut rows: Vec<_> = findings::Entity::find().all(&tx).await.unwrap();
        rows.sort_by(|one, other| one.vulnerability.cmp(&other.vulnerability));
        let told: Vec<_> =
            rows.iter().map(|row| (row.vulnerability.as_str(), row.opened_by, row.altered_by, row.closed_by)).collect();
        assert_eq!(
            told,
            [
                ("CVE-2026-1", first, None, Some(second)),
                ("CVE-2026-2", first, Some(second), None),
                ("CVE-2026-3", second, None, None),
                ("CVE-2026-4", first, None, None),
            ]
        );
        assert_eq!(rows[1].opened_at.plus_seconds(60), rows[2].opened_at, "first seen when it was first seen");
        assert_eq!(bench.service.store().count_findings_changed_by(second).await.unwrap(), [1, 1, 1]);

        let path = database(bench.folder.path(), 9, new);
        assert_eq!(stored(&tenant, &sbom).await.findings, anew(&path, &sbom).findings);
    });
}

#[test]
fn only_what_new_data_touches_is_matched_again() {
    on_every_service(|bench| async move {
        let tenant = bench.account("team").await;
        let sbom = sbom("debian:12", (0..300).map(|number| deb(&format!("p{number}"), "1.0")));
        let records = |fixed: &str| {
            (0..300)
                .map(|number| {
                    debian(&format!("CVE-2026-{number}"), &format!("p{number}"), if number == 7 { fixed } else { "2" })
                })
                .collect::<Vec<_>>()
        };
        publish(&bench, 1, records("2")).await;
        image(&bench, &tenant, "a", &sbom).await;
        let path = database(bench.folder.path(), 2, records("3"));
        bench.service.publish_vulnerability_data(&path).await.unwrap();
        let data = bench.service.store().vulnerability_data_in_force().await.unwrap().unwrap();
        let since = async || bench.service.store().vulnerability_data(data.id).await.unwrap().unwrap().holds_since();
        let waiting = async || {
            let waiting = bench.service.store().pending_package_versions(since().await, (0, 0), 1000).await.unwrap();
            waiting.into_iter().map(|row| row.name).collect::<Vec<_>>()
        };
        assert_eq!(waiting().await.len(), 300);
        bench.service.compare_vulnerability_data().await.unwrap();
        assert_eq!(waiting().await, ["p7"]);
        work(&bench).await;
        assert!(waiting().await.is_empty());
        let data = bench.service.store().vulnerability_data(data.id).await.unwrap().unwrap();
        assert!(data.matched_at.is_some());
        assert_eq!(bench.service.store().count_findings_changed_by(data.id).await.unwrap(), [0, 1, 0]);
    });
}

#[test]
fn a_worker_that_dies_in_the_middle_leaves_work_that_another_ends() {
    on_every_service(|bench| async move {
        let tenant = bench.account("team").await;
        let sbom = sbom("debian:12", (0..500).map(|number| deb(&format!("p{number}"), "1.0")));
        let records = |fixed: &str| {
            (0..500)
                .map(|number| debian(&format!("CVE-2026-{number}"), &format!("p{number}"), fixed))
                .collect::<Vec<_>>()
        };
        publish(&bench, 1, records("2")).await;
        image(&bench, &tenant, "a", &sbom).await;
        let path = database(bench.folder.path(), 2, records("3"));
        bench.service.publish_vulnerability_data(&path).await.unwrap();
        let data = bench.service.store().vulnerability_data_in_force().await.unwrap().unwrap().id;

        // Killed again and again, each time a little later.
        let (mut deaths, mut pause) = (0, 1);
        loop {
            let service = bench.service.clone();
            let worker =
                tokio::spawn(
                    async move { service.work_once("mortal", &tokio_util::sync::CancellationToken::new()).await },
                );
            tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
            if worker.is_finished() {
                break;
            }
            worker.abort();
            let _ = worker.await;
            deaths += 1;
            pause += pause / 2 + 1;
            bench.pass(61);
        }
        work(&bench).await;
        assert!(deaths > 0, "it was never killed");
        let store = bench.service.store();
        let since = store.vulnerability_data(data).await.unwrap().unwrap().holds_since();
        assert!(store.pending_package_versions(since, (0, 0), 1).await.unwrap().is_empty());
        assert_eq!(store.count_findings_changed_by(data).await.unwrap(), [0, 500, 0], "each once");
        assert!(store.vulnerability_data(data).await.unwrap().unwrap().matched_at.is_some());
        assert_eq!(stored(&tenant, &sbom).await.findings, anew(&path, &sbom).findings);
    });
}

#[test]
fn what_is_stored_after_many_changes_is_what_matching_anew_finds() {
    on_every_service(|bench| async move {
        let tenant = bench.account("team").await;
        let numbers: Vec<u32> = (0..40).map(|number: u32| number.wrapping_mul(2_654_435_761)).collect();
        let image_of = |distribution: &str, part: u32| {
            let packages: Vec<u32> = numbers.iter().map(|number| number.wrapping_add(part * 77)).collect();
            artifact_of(distribution, &packages, &[(1, 2), (3, 4), (5, 6), (7, 8), (9, 10)])
        };
        let images = [image_of("debian:12", 1), image_of("alpine:3.19", 2), image_of("ubuntu:22.04", 3)];
        for (number, sbom) in images.iter().enumerate() {
            image(&bench, &tenant, &format!("{number}"), sbom).await;
        }
        let mut changed = 0;
        for day in 1..=5_i8 {
            let seed = u32::try_from(day).unwrap();
            let records = (0..120_u32).filter(|number| number % 7 != seed).map(|number| {
                record_of(number.wrapping_mul(2_246_822_519).wrapping_add(u32::from(number % 11 == seed)))
            });
            let records: Vec<AdvisoryBuilder> = records.collect();
            let data = publish(&bench, day, records).await;
            let path = bench.folder.path().join(format!("day-{day}.db"));
            for sbom in &images {
                let (stored, anew) = (stored(&tenant, sbom).await, anew(&path, sbom));
                assert_eq!(stored, anew, "on day {day}");
            }
            let counts = bench.service.store().count_findings_changed_by(data).await.unwrap();
            changed += counts.iter().sum::<u64>();
        }
        assert!(changed > 20, "the data must differ: {changed}");
    });
}

#[test]
fn a_distribution_that_patches_what_it_ships_clears_it_and_takes_that_back() {
    on_every_service(|bench| async move {
        let tenant = bench.account("team").await;
        let owner = deb_from("requests", "", "python3-requests", "2.28.1+dfsg-2");
        let mut sbom = sbom("debian:12", [owner, package(PackageType::Python, "requests", "2.20.0")]);
        sbom.relationships.push(Relationship {
            kind: RelationshipKind::OwnershipByFileOverlap,
            parent: sbom.packages[0].id.clone(),
            child: sbom.packages[1].id.clone(),
            files: Vec::new(),
        });
        let github = || advisory("GHSA-1", "github").alias("CVE-2018-1").in_ecosystem("python", "requests", "< 2.30");
        let patched = || debian("CVE-2018-1", "requests", "2.28.1+dfsg-1");
        let query = windlass_operations::vulnerabilities::VulnerabilityQuery {
            vulnerability: "ghsa-1".into(),
            ..Default::default()
        };
        publish(&bench, 1, [github(), patched()]).await;
        let digest = image(&bench, &tenant, "a", &sbom).await;
        assert_eq!(
            tenant.images_by_vulnerability(&query).await.unwrap().paging.total_count,
            0,
            "cleared when recorded"
        );
        publish(&bench, 2, [github()]).await;
        let found = tenant.images_by_vulnerability(&query).await.unwrap();
        assert_eq!(found.images[0].image.image_digest, digest, "nobody says it is patched any more");
        publish(&bench, 3, [github(), patched()]).await;
        assert_eq!(tenant.images_by_vulnerability(&query).await.unwrap().paging.total_count, 0, "cleared by new data");
        assert!(stored(&tenant, &sbom).await.findings.is_empty());
    });
}

#[test]
fn a_package_of_many_images_is_one_row_that_is_matched_once() {
    on_every_service(|bench| async move {
        let tenant = bench.account("team").await;
        let data = publish(&bench, 1, [debian("CVE-2026-1", "apt", "2")]).await;
        for name in ["a", "b", "c"] {
            image(&bench, &tenant, name, &sbom("debian:12", [deb("apt", "1.0"), deb(name, "1")])).await;
        }
        let tx = bench.service.store().begin_read().await.unwrap();
        let versions = package_versions::Entity::find().all(&tx).await.unwrap();
        assert_eq!(versions.len(), 4);
        assert!(versions.iter().all(|row| row.matched_by == data));
        assert_eq!(findings::Entity::find().all(&tx).await.unwrap().len(), 1);
    });
}
