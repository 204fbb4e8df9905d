use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use windlass_matching::testing::advisory;
use windlass_objects::ObjectKey;
use windlass_operations::{
    keeping::CollectedObjects,
    testing::{Bench, on_every_service},
};
use windlass_store::{
    images::{self, NewImage},
    object_candidates::{self, Storage},
    testing::rows,
};

use crate::{
    house::{digest, forget, seed, team},
    memory::Memory,
    scene::publish,
};

const GRACE: i64 = 3600;

/// Says that nothing refers to the object any more, long ago.
async fn let_go_long_ago(bench: &Bench, key: &ObjectKey) {
    let tx = bench.service.store().begin().await.unwrap();
    object_candidates::let_go(&tx, Storage::Documents, &[key.to_string()], bench.now()).await.unwrap();
    tx.commit().await.unwrap();
    bench.pass(GRACE + 1);
}

/// Writes the row that refers to the object.
async fn refer(bench: &Bench, tenant: &windlass_operations::Tenant, name: &str, key: &ObjectKey) {
    let new = NewImage {
        digest: digest(name),
        parent_digest: digest(name),
        image_id: name.into(),
        manifest: key.to_string(),
        parent_manifest: None,
        annotations: "{}".into(),
        dockerfile: None,
        created_at: bench.now(),
    };
    let tx = bench.service.store().begin().await.unwrap();
    images::ensure(&tx, tenant.name(), new, bench.now()).await.unwrap();
    tx.commit().await.unwrap();
}

#[test]
fn what_is_put_again_before_it_is_removed_is_there_for_the_row_that_follows() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let objects = bench.service.objects_of(Storage::Documents);
        let key = objects.put("shared").await.unwrap();
        let_go_long_ago(&bench, &key).await;
        // A worker finds it there and does not write it again; before it writes its row, a collection comes by.
        assert_eq!(objects.put("shared").await.unwrap(), key);
        assert_eq!(bench.service.collect_objects().await.unwrap(), CollectedObjects::default());
        refer(&bench, &alpha, "a", &key).await;
        bench.collect_objects().await;
        assert_eq!(objects.get(&key).await.unwrap(), "shared", "a row refers to it");
        assert!(rows(bench.service.store(), "object_candidates", "key", &key.to_string()).await.is_empty());
    });
}

#[test]
fn what_is_put_while_it_is_removed_is_written_again() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let (memory, service) = Memory::service(&bench);
        let objects = service.objects_of(Storage::Documents).clone();
        let key = objects.put("shared").await.unwrap();
        let_go_long_ago(&bench, &key).await;
        memory.is_held.store(true, Ordering::SeqCst);
        let collection = tokio::spawn({
            let service = Arc::clone(&service);
            async move { service.collect_objects().await.unwrap() }
        });
        memory.begun.acquire().await.unwrap().forget();
        // It is there, and about to be gone: whoever puts it now must not believe what it sees.
        assert_eq!(memory.count(), 1);
        let put = tokio::spawn({
            let objects = objects.clone();
            async move { objects.put("shared").await.unwrap() }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!put.is_finished(), "it waits until the object is gone");
        memory.allowed.add_permits(1);
        assert_eq!(collection.await.unwrap(), CollectedObjects { removed: 1, put_off: 0 });
        assert_eq!(put.await.unwrap(), key);
        refer(&bench, &alpha, "a", &key).await;
        assert_eq!(objects.get(&key).await.unwrap(), "shared");
    });
}

#[test]
fn what_a_collection_left_that_died_is_put_again_once_it_is_dead_for_sure() {
    on_every_service(|bench| async move {
        let store = bench.service.store();
        let key = bench.objects().put("shared").await.unwrap();
        let_go_long_ago(&bench, &key).await;
        let (now, until) = (bench.now(), bench.now().plus_seconds(600));
        let begun = store.begin_removals(Storage::Documents, now.plus_seconds(-GRACE), until, now, 10).await.unwrap();
        assert_eq!(begun, [key.to_string()]);
        let others = store.begin_removals(Storage::Documents, now.plus_seconds(-GRACE), until, now, 10).await.unwrap();
        assert!(others.is_empty(), "one collection has it");
        let text = key.to_string();
        let claim = async || store.claim_object(Storage::Documents, &text, bench.now()).await.unwrap();
        assert!(!claim().await);
        bench.pass(601);
        assert!(claim().await);
        assert_eq!(bench.service.collect_objects().await.unwrap(), CollectedObjects::default(), "it was claimed now");
        store.end_removals(Storage::Documents, &begun, until).await.unwrap();
        assert_eq!(rows(store, "object_candidates", "key", &text).await.len(), 1, "whoever died has no say any more");
        assert_eq!(bench.collect_objects().await, 1);
    });
}

#[test]
fn what_a_crash_left_before_its_row_is_found_and_removed_after_a_while() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let image = seed(&bench, &alpha, "a", &["r.example/a:1"]).await;
        let left = bench.objects().put("a worker died before it wrote a row").await.unwrap();
        let bundle = bench.archive_objects().put("and while it archived").await.unwrap();
        assert_eq!(bench.service.sweep_objects().await.unwrap(), 2);
        assert_eq!(bench.service.sweep_objects().await.unwrap(), 0, "each is found once");
        assert_eq!(bench.service.collect_objects().await.unwrap(), CollectedObjects::default(), "its row may follow");
        assert_eq!(bench.collect_objects().await, 2);
        assert!(!bench.objects().exists(&left).await.unwrap());
        assert!(!bench.archive_objects().exists(&bundle).await.unwrap());
        alpha.image_content(&image, "os").await.unwrap();
        let manifest = bench.service.store().account(alpha.name()).image(&image).await.unwrap().unwrap().manifest;
        assert!(bench.objects().exists(&manifest.parse().unwrap()).await.unwrap());
    });
}

#[test]
fn documents_go_with_their_last_image_and_what_storage_does_not_remove_is_tried_again() {
    on_every_service(|bench| async move {
        let (memory, service) = Memory::service(&bench);
        let key = service.objects_of(Storage::Documents).put("a document").await.unwrap();
        let_go_long_ago(&bench, &key).await;
        memory.is_broken.store(true, Ordering::SeqCst);
        assert_eq!(service.collect_objects().await.unwrap(), CollectedObjects { removed: 0, put_off: 1 });
        assert_eq!(service.collect_objects().await.unwrap(), CollectedObjects::default(), "not at once");
        memory.is_broken.store(false, Ordering::SeqCst);
        bench.pass(GRACE + 1);
        assert_eq!(service.collect_objects().await.unwrap(), CollectedObjects { removed: 1, put_off: 0 });

        let (alpha, beta) = (team(&bench, "alpha").await, team(&bench, "beta").await);
        let image = seed(&bench, &alpha, "a", &["r.example/a:1"]).await;
        seed(&bench, &beta, "a", &["r.example/a:1"]).await;
        forget(&bench, &alpha, &image).await;
        beta.image_content(&image, "os").await.unwrap();
        forget(&bench, &beta, &image).await;
        assert!(crate::house::files(&bench.folder.path().join("objects")).is_empty());
    });
}

#[test]
fn packages_and_records_that_nothing_uses_go_after_a_while_and_those_that_come_back_stay() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let record =
            |cve: &str| advisory(cve, "debian").severity("high").in_release("debian:12", "bash", "< 6").fixed("6");
        publish(&bench, 1, [record("CVE-2026-1")]).await;
        let image = seed(&bench, &alpha, "a", &["r.example/a:1"]).await;
        let store = bench.service.store();
        let count = async |table: &str| {
            let sql = format!("SELECT COUNT(*) AS number FROM {table}");
            let tx = store.begin_read().await.unwrap();
            let engine = sea_orm::ConnectionTrait::get_database_backend(&tx);
            let row = sea_orm::ConnectionTrait::query_one_raw(&tx, sea_orm::Statement::from_string(engine, sql));
            row.await.unwrap().unwrap().try_get::<i64>("", "number").unwrap()
        };
        let counts =
            async || [count("package_versions").await, count("findings").await, count("vulnerability_records").await];
        assert_eq!(counts().await, [2, 1, 1]);
        assert_eq!(bench.service.collect_packages().await.unwrap(), (0, 0), "an image holds them");

        forget(&bench, &alpha, &image).await;
        assert_eq!(bench.service.collect_packages().await.unwrap(), (0, 0), "they are only marked");
        assert_eq!(counts().await, [2, 1, 1]);
        // The image comes back before the time of grace is over.
        seed(&bench, &alpha, "a", &["r.example/a:1"]).await;
        bench.pass(GRACE + 1);
        assert_eq!(bench.service.collect_packages().await.unwrap(), (0, 0));
        assert_eq!(counts().await, [2, 1, 1]);

        forget(&bench, &alpha, &image).await;
        bench.service.collect_packages().await.unwrap();
        bench.pass(GRACE + 1);
        assert_eq!(
            bench.service.collect_packages().await.unwrap(),
            (2, 0),
            "records are free once their findings are gone"
        );
        bench.pass(GRACE + 1);
        assert_eq!(bench.service.collect_packages().await.unwrap(), (0, 1));
        assert_eq!(counts().await, [0, 0, 0]);
        // And everything can be found again.
        seed(&bench, &alpha, "a", &["r.example/a:1"]).await;
        assert_eq!(counts().await, [2, 1, 1]);
    });
}
