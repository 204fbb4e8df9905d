use windlass_matching::testing::{advisory, deb, sbom};
use windlass_operations::testing::on_every_service;

use crate::scene::{database, image, in_force, publish, stored, work};

fn record(fixed: &str) -> windlass_matching::testing::AdvisoryBuilder {
    advisory("CVE-2026-1", "debian")
        .severity("high")
        .in_release("debian:12", "bash", &format!("< {fixed}"))
        .fixed(fixed)
}

#[test]
fn data_is_published_once_and_the_one_before_it_is_kept() {
    on_every_service(|bench| async move {
        let first = publish(&bench, 1, [record("5")]).await;
        let again = database(bench.folder.path(), 1, [record("5")]);
        assert!(!bench.service.publish_vulnerability_data(&again).await.unwrap(), "it is in force already");
        let second = publish(&bench, 2, [record("6")]).await;
        let third = publish(&bench, 3, [record("7")]).await;
        let kept: Vec<i64> =
            bench.service.store().kept_vulnerability_data().await.unwrap().into_iter().map(|row| row.id).collect();
        assert_eq!(kept, [second, third]);
        let row = bench.service.store().vulnerability_data(first).await.unwrap().unwrap();
        assert_eq!((row.object, row.active), (None, false), "what was found by it still names it");
        let third = bench.service.store().vulnerability_data(third).await.unwrap().unwrap();
        assert_eq!(third.previous, Some(second));
        assert!(third.matched_at.is_some());
    });
}

#[test]
fn data_that_was_there_before_comes_back_in_force() {
    on_every_service(|bench| async move {
        let tenant = bench.account("team").await;
        let sbom = sbom("debian:12", [deb("bash", "5.5")]);
        let first = publish(&bench, 1, [record("5")]).await;
        image(&bench, &tenant, "a", &sbom).await;
        publish(&bench, 2, [record("6")]).await;
        assert_eq!(stored(&tenant, &sbom).await.findings.len(), 1);
        let path = database(bench.folder.path(), 1, [record("5")]);
        assert!(bench.service.publish_vulnerability_data(&path).await.unwrap());
        work(&bench).await;
        let again = in_force(&bench).await;
        let checksum = async |id| bench.service.store().vulnerability_data(id).await.unwrap().unwrap().checksum;
        assert_eq!(checksum(again).await, checksum(first).await);
        assert!(again > first, "what came later has the larger number");
        assert!(stored(&tenant, &sbom).await.findings.is_empty());
    });
}

#[test]
fn a_file_that_is_no_database_leaves_what_is_in_force() {
    on_every_service(|bench| async move {
        let first = publish(&bench, 1, [record("5")]).await;
        let path = bench.folder.path().join("no.db");
        std::fs::write(&path, "no database").unwrap();
        let error = bench.service.publish_vulnerability_data(&path).await.unwrap_err();
        assert!(error.to_string().contains("no.db"), "{error}");
        assert_eq!(in_force(&bench).await, first);
    });
}

#[test]
fn another_process_fetches_its_copy_and_one_that_is_damaged_anew() {
    on_every_service(|one| async move {
        publish(&one, 1, [record("6")]).await;
        let sbom = sbom("debian:12", [deb("bash", "5.5")]);
        let tenant = one.account("team").await;
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let other = one.another_process(folder.path());
            assert_eq!(stored(&other.tenant(tenant.name()), &sbom).await.findings.len(), 1);
            let copies: Vec<_> =
                std::fs::read_dir(folder.path().join("vulnerability-data")).unwrap().flatten().collect();
            assert_eq!(copies.len(), 1);
            std::fs::write(copies[0].path().join("vulnerability.db"), "damaged").unwrap();
        }
    });
}

#[test]
fn what_is_installed_is_published_if_it_is_newer() {
    on_every_service(|bench| async move {
        assert!(!bench.service.publish_installed_vulnerability_data().await.unwrap(), "nothing is installed");
        let path = database(bench.folder.path(), 2, [record("5")]);
        let installed = bench.service.settings().vulnerabilities.installed.clone().unwrap();
        let cache = windlass_vulnerabilities::Cache::new(&installed);
        let budget = windlass_vulnerabilities::Budget::default();
        cache.import(&path, "test", None, budget, &mut |_| {}).unwrap();
        assert!(bench.service.publish_installed_vulnerability_data().await.unwrap());
        assert!(!bench.service.publish_installed_vulnerability_data().await.unwrap(), "it is in force");
        publish(&bench, 3, [record("6")]).await;
        assert!(!bench.service.publish_installed_vulnerability_data().await.unwrap(), "what is in force is newer");
    });
}
