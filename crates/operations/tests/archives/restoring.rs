use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio_util::sync::CancellationToken;
use windlass_matching::testing::advisory;
use windlass_operations::{
    Tenant,
    analysis::{BillFormat, StoredDocument},
    evaluations::CheckRequest,
    testing::{Bench, on_every_service},
    vulnerabilities::VulnerabilityQuery,
};

use crate::{
    house::{analyse, archive, files, forget, refused, restore, seed, team, told},
    registry::{Registry, Sample},
    scene::{self, publish},
};

async fn bytes(mut document: StoredDocument) -> Vec<u8> {
    let mut bytes = Vec::new();
    document.content.read_to_end(&mut bytes).await.unwrap();
    bytes
}

/// Everything that the account is told of an image.
async fn seen(tenant: &Tenant, digest: &str, tag: &str) -> Value {
    let check = CheckRequest { tag: tag.into(), detail: true, history: true, ..CheckRequest::default() };
    let mut content = Vec::new();
    for kind in ["os", "files", "npm"] {
        content.push(bytes(tenant.image_content(digest, kind).await.unwrap()).await);
    }
    for kind in ["manifest", "docker_history", "dockerfile"] {
        content.push(bytes(tenant.image_metadata(digest, kind).await.unwrap()).await);
    }
    content.push(bytes(tenant.native_sbom(digest).await.unwrap().1).await);
    content.push(bytes(tenant.sbom_as(digest, BillFormat::SpdxJson).await.unwrap().1).await);
    let content: Vec<String> =
        content.iter().map(|bytes| format!("{:?}", windlass_objects::ObjectKey::of(bytes))).collect();
    json!({
        "image": tenant.image(digest).await.unwrap(),
        "content": content,
        "check": tenant.check(digest, &check).await.unwrap(),
    })
}

async fn documents(bench: &Bench, tenant: &Tenant, digest: &str) -> Vec<(String, String)> {
    let store = bench.service.store();
    let analysis = store.account(tenant.name()).image(digest).await.unwrap().unwrap().analysis.unwrap();
    store.analysis_documents(analysis).await.unwrap().into_iter().map(|row| (row.kind, row.object)).collect()
}

#[test]
fn what_was_archived_and_deleted_comes_back_without_its_registry_as_it_was() {
    let Some(registry) = Registry::start() else { return };
    let sample = Sample::new("bash");
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(async {
        registry.push(&sample, "1").await;
        registry.push(&sample, "2").await;
    });
    on_every_service(|bench| {
        let (registry, sample) = (&registry, &sample);
        async move {
            let alpha = team(&bench, "alpha").await;
            let tag = format!("{}/team/app:1", registry.address);
            for fulltag in [tag.clone(), format!("{}/team/app:2", registry.address)] {
                let request = json!({"source": {"tag": {"pullstring": fulltag, "dockerfile": null}},
                    "annotations": {"team": "a"}});
                alpha.add_image(&serde_json::from_value(request).unwrap(), false, false).await.unwrap();
            }
            while bench.service.work_once("w", &CancellationToken::new()).await.unwrap() {}
            bench.pass(60);
            let before = seen(&alpha, &sample.digest, &tag).await;
            let rows = || async {
                let account = bench.service.store().account(alpha.name());
                account.evaluations_of_image(&sample.digest).await.unwrap()
            };
            let (kept, verdicts) = (documents(&bench, &alpha, &sample.digest).await, rows().await);
            assert!(kept.len() > 5 && !verdicts.is_empty());
            assert_eq!(archive(&alpha, &sample.digest).await.0, "archived");
            assert_eq!(seen(&alpha, &sample.digest, &tag).await, before, "archiving changes nothing");
            forget(&bench, &alpha, &sample.digest).await;
            for (kind, object) in &kept {
                assert!(!bench.objects().exists(&object.parse().unwrap()).await.unwrap(), "{kind} is still there");
            }

            bench.pass(86_400);
            let restored = restore(&alpha, &sample.digest).await.unwrap();
            assert_eq!(json!(restored), before["image"]);
            assert_eq!(seen(&alpha, &sample.digest, &tag).await, before);
            assert_eq!(documents(&bench, &alpha, &sample.digest).await, kept);
            let row =
                |row: &windlass_store::evaluations::Model| (row.object.clone(), row.created_at, row.last_evaluated);
            assert_eq!(rows().await.iter().map(row).collect::<Vec<_>>(), verdicts.iter().map(row).collect::<Vec<_>>());
            assert!(alpha.archived_image(&sample.digest).await.is_ok(), "the archive keeps its copy");
            let kinds: Vec<_> = told(&bench).await.into_iter().map(|(kind, ..)| kind).collect();
            assert_eq!(
                kinds,
                ["system.analysis_archive.image_archived", "system.image_analysis.restored_from_archive"]
            );
            let watched = alpha.subscriptions(windlass_operations::SubscriptionFilter::default()).await.unwrap();
            assert_eq!(watched.len(), 8, "four of each tag");
            while bench.service.work_once("w", &CancellationToken::new()).await.unwrap() {}
            assert_eq!(json!(alpha.image(&sample.digest).await.unwrap()), before["image"], "nothing is analysed anew");
        }
    });
}

#[test]
fn what_comes_back_is_compared_with_todays_vulnerabilities() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let record =
            |cve: &str| advisory(cve, "debian").severity("high").in_release("debian:12", "bash", "< 6").fixed("6");
        publish(&bench, 1, [record("CVE-2026-1")]).await;
        let image = seed(&bench, &alpha, "a", &["r.example/a:1"]).await;
        archive(&alpha, &image).await;
        forget(&bench, &alpha, &image).await;
        publish(&bench, 2, [record("CVE-2026-1"), record("CVE-2026-2")]).await;
        restore(&alpha, &image).await.unwrap();
        scene::work(&bench).await;
        let query = VulnerabilityQuery { vulnerability: "CVE-2026-2".into(), ..VulnerabilityQuery::default() };
        let found = alpha.images_by_vulnerability(&query).await.unwrap();
        assert_eq!(found.images.len(), 1);
        assert_eq!(found.images[0].vulnerable_packages[0].name, "bash");
    });
}

#[test]
fn verdicts_come_back_with_their_documents() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let image = seed(&bench, &alpha, "a", &["r.example/a:1"]).await;
        alpha.evaluate(&image, &["r.example/a:1".into()]).await.unwrap();
        let account = bench.service.store().account(alpha.name());
        let before = account.evaluations_of_image(&image).await.unwrap();
        archive(&alpha, &image).await;
        forget(&bench, &alpha, &image).await;
        let key = before[0].object.parse().unwrap();
        assert!(!bench.objects().exists(&key).await.unwrap());
        restore(&alpha, &image).await.unwrap();
        let after = account.evaluations_of_image(&image).await.unwrap();
        assert_eq!((after.len(), &after[0].object), (1, &before[0].object));
        assert!(bench.objects().verify(&key).await.is_ok(), "D-9");
        let now = account.image(&image).await.unwrap().unwrap();
        assert_eq!(Some(after[0].analysis), now.analysis);
    });
}

#[test]
fn an_image_comes_back_with_what_was_found_then_whatever_was_found_since() {
    on_every_service(|bench| async move {
        let (alpha, beta) = (team(&bench, "alpha").await, team(&bench, "beta").await);
        let image = seed(&bench, &alpha, "a", &["r.example/a:1"]).await;
        let then = documents(&bench, &alpha, &image).await;
        archive(&alpha, &image).await;
        forget(&bench, &alpha, &image).await;
        // Another account has the same image analysed: the same key, but other documents.
        seed(&bench, &beta, "a", &["r.example/a:1"]).await;
        let tx = bench.service.store().begin().await.unwrap();
        windlass_store::analyses::supersede(&tx, "a first").await.unwrap();
        tx.commit().await.unwrap();
        analyse(&bench, &beta, "a", "second").await;
        let tx = bench.service.store().begin().await.unwrap();
        let sql = "UPDATE analyses SET key = 'a first' WHERE key = 'a second'";
        sea_orm::ConnectionTrait::execute_unprepared(&tx, sql).await.unwrap();
        tx.commit().await.unwrap();
        let theirs = documents(&bench, &beta, &image).await;
        assert_ne!(theirs, then);
        restore(&alpha, &image).await.unwrap();
        assert_eq!(documents(&bench, &alpha, &image).await, then);
        assert_eq!(documents(&bench, &beta, &image).await, theirs);
    });
}

#[test]
fn what_is_there_or_nowhere_is_not_restored() {
    on_every_service(|bench| async move {
        let (alpha, beta) = (team(&bench, "alpha").await, team(&bench, "beta").await);
        let image = seed(&bench, &alpha, "a", &["r.example/a:1"]).await;
        archive(&alpha, &image).await;
        let conflict = refused(restore(&alpha, &image).await);
        assert_eq!(
            json!(conflict),
            json!({"message": "Conflict: Image already exists in system. No restore possible", "httpcode": 409,
                "detail": null})
        );
        let unknown = refused(restore(&beta, &image).await);
        assert_eq!((unknown.httpcode, unknown.message.as_str()), (404, "Not found in archive"));
        let failed: Vec<_> =
            told(&bench).await.into_iter().filter(|(kind, ..)| kind.ends_with("restore_from_archive_failed")).collect();
        let reasons: BTreeSet<&str> = failed.iter().filter_map(|(.., details)| details["msg"].as_str()).collect();
        assert_eq!(reasons, BTreeSet::from([conflict.message.as_str(), "Not found in archive"]));
        assert!(failed.iter().all(|(_, resource, _)| *resource == image));
        // Marked, but not collected yet.
        alpha.delete_image(&image, true).await.unwrap();
        let restored = json!(restore(&alpha, &image).await.unwrap());
        assert_eq!((&restored["image_status"], &restored["analysis_status"]), (&json!("active"), &json!("analyzed")));
        assert_eq!(bench.service.collect_images().await.unwrap(), 0);
    });
}

#[test]
fn a_damaged_bundle_is_told_and_leaves_nothing_behind() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let image = seed(&bench, &alpha, "a", &["r.example/a:1"]).await;
        archive(&alpha, &image).await;
        forget(&bench, &alpha, &image).await;
        let bundle = files(&bench.folder.path().join("archive")).pop().unwrap();
        let whole = std::fs::read(&bundle).unwrap();
        let mut flipped = whole.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0xff;
        for damaged in [whole[..whole.len() / 2].to_vec(), flipped] {
            std::fs::write(&bundle, damaged).unwrap();
            let error = restore(&alpha, &image).await.unwrap_err().to_string();
            assert!(error.contains("damaged"), "{error}");
            assert!(alpha.image(&image).await.is_err());
            let (kind, resource, details) = told(&bench).await.pop().unwrap();
            assert_eq!((kind.as_str(), resource), ("system.image_analysis.restore_from_archive_failed", image.clone()));
            assert!(!details.to_string().contains("sha256:"), "nothing internal: {details}");
        }
        std::fs::write(&bundle, whole).unwrap();
        restore(&alpha, &image).await.unwrap();
    });
}
