use std::path::Path;

use sea_orm::{ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::json;
use windlass_operations::testing::on_every_service;
use windlass_store::{
    images::{self, AnalysisStatus as Stored},
    subscriptions,
};
use windlass_v1::images::ImageStatus;

use crate::{add, leave, registry::Registry, waiting};

/// Files in a folder and those in it.
fn files(folder: &Path) -> usize {
    let count = |entry: std::fs::DirEntry| if entry.path().is_dir() { files(&entry.path()) } else { 1 };
    std::fs::read_dir(folder).unwrap().map(|entry| count(entry.unwrap())).sum()
}

#[test]
fn an_image_that_is_analysed_or_stands_for_a_watched_tag_goes_by_force_only() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let team = bench.account("team").await;
            let body = json!({"tag": format!("{}/shop/web:1", registry.address)});
            let old = registry.push("shop/web", "1", "one").await;
            add(&team, body.clone()).await;
            bench.pass(60);
            let new = registry.push("shop/web", "1", "two").await.digest;
            add(&team, body).await;
            let verdict = async |digest: &str, force: bool| json!(team.delete_image(digest, force).await.unwrap());
            let unknown = format!("sha256:{}", "0".repeat(64));
            assert_eq!(
                verdict(&unknown, false).await,
                json!({"digest": unknown, "status": "not_found", "detail": "No image found with the digest"})
            );
            assert_eq!(
                verdict(&new, false).await,
                json!({"digest": new, "status": "delete_failed",
                    "detail": "cannot delete image that is the latest of its tags, and has active subscription"})
            );
            leave(&bench, &team, &old.digest, Stored::Analyzing).await;
            assert_eq!(
                verdict(&old.digest, false).await,
                json!({"digest": old.digest, "status": "delete_failed",
                    "detail": "cannot delete image that is being analyzed"})
            );
            leave(&bench, &team, &old.digest, Stored::Analyzed).await;
            let accepted = json!({"digest": old.digest, "status": "deleting", "detail": null});
            assert_eq!(json!(team.delete_image_by_id(&old.id, false).await.unwrap()), accepted, "its tag moved on");
            assert_eq!(verdict(&old.digest, false).await, accepted, "once more is fine");
            assert_eq!(waiting(&bench).await.len(), 1);

            let digests = [new.clone(), unknown.clone(), old.digest.clone()];
            let verdicts = team.delete_images(&digests, true).await.unwrap();
            let statuses: Vec<_> = verdicts.iter().map(|verdict| verdict.status.as_str()).collect();
            assert_eq!(statuses, ["deleting", "not_found", "deleting"]);
            assert_eq!(waiting(&bench).await, []);
            assert_eq!(team.image(&new).await.unwrap().image_status, ImageStatus::Deleting);
            let tx = bench.service.store().begin().await.unwrap();
            let rows = subscriptions::Entity::find().all(&tx).await.unwrap();
            assert!(rows.len() == 4 && rows.iter().all(|row| !row.active), "{rows:?}");
        }
    });
}

#[test]
fn what_was_deleted_is_collected_with_everything_that_was_only_for_it() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let team = bench.account("team").await;
            let tag = |tag: &str| format!("{}/shop/web:{tag}", registry.address);
            let gone = registry.push("shop/web", "1", "one").await.digest;
            add(&team, json!({"tag": tag("1")})).await;
            registry.push("shop/web", "2", "one").await;
            add(&team, json!({"tag": tag("2")})).await;
            let kept = registry.push("shop/web", "2", "two").await.digest;
            bench.pass(60);
            add(&team, json!({"tag": tag("2")})).await;
            team.delete_image(&gone, true).await.unwrap();
            assert_eq!(bench.service.collect_images().await.unwrap(), 1);
            assert_eq!(bench.service.collect_images().await.unwrap(), 0);
            assert!(team.image(&gone).await.is_err());
            assert_eq!(team.image(&kept).await.unwrap().image_status, ImageStatus::Active);
            let tx = bench.service.store().begin().await.unwrap();
            let keys: Vec<_> =
                subscriptions::Entity::find().all(&tx).await.unwrap().into_iter().map(|row| row.key).collect();
            assert_eq!(keys, vec![tag("2"); 4], "another image has the second tag");
        }
    });
}

#[test]
fn an_analysis_goes_when_the_last_image_that_has_it_is_gone() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let (one, two) = (bench.account("one").await, bench.account("two").await);
            let digest = registry.push("shop/web", "1", "one").await.digest;
            for team in [&one, &two] {
                add(team, json!({"tag": format!("{}/shop/web:1", registry.address)})).await;
            }
            let tx = bench.service.store().begin().await.unwrap();
            let sql = "INSERT INTO analyses (id, key, digest, arch, dockerfile_mode, image_size, layer_count, created_at) \
                       VALUES (7, 'k', 'd', 'amd64', 'Guessed', 51200, 1, 0)";
            tx.execute_unprepared(sql).await.unwrap();
            let row = images::ActiveModel { analysis: Set(Some(7)), ..Default::default() };
            let both = images::Entity::update_many().set(row).filter(images::Column::Digest.eq(&digest));
            both.exec(&tx).await.unwrap();
            tx.commit().await.unwrap();
            let metadata = json!(one.image(&digest).await.unwrap())["image_content"]["metadata"].clone();
            assert_eq!(
                metadata,
                json!({"arch": "amd64", "distro": null, "distro_version": null, "dockerfile_mode": "Guessed",
                    "image_size": 51200, "layer_count": 1})
            );
            let objects = || files(&bench.folder.path().join("objects"));
            let before = objects();
            for (team, analyses) in [(&one, 0), (&two, 1)] {
                assert_eq!(objects(), before);
                team.delete_image(&digest, true).await.unwrap();
                bench.service.collect_images().await.unwrap();
                assert_eq!(bench.service.collect_analyses().await.unwrap(), analyses);
                bench.collect_objects().await;
            }
            assert!(objects() < before, "the manifest was of both");
        }
    });
}
