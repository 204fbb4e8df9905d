//! The database has no room left while it keeps documents or bundles: nothing is lost, nothing half there, and what is said
//! names the object and what to do. Servers without room are among the [drivers](crate::drivers).

use std::sync::Arc;

use sea_orm::{ConnectionTrait as _, Statement};
use windlass_objects::{Error as ObjectsError, FaultKind, ObjectKey, Objects, Options};
use windlass_operations::{
    Cipher, Error, ObjectChunks, Part, Service, Tenant,
    keeping::check_objects,
    testing::{Bench, on_every_service},
};
use windlass_store::{Store, object_references::Storage, testing::rows};

use crate::{
    house::{archive, forget, restore, seed, team},
    suite::{keys, noise},
};

/// Bytes for which there is room: one piece of a large document, and what else is written.
const ROOM: i64 = 800 << 10;
/// Bytes of a document of several pieces.
const LARGE: usize = 1700 << 10;

/// Lets the database grow by so many bytes at most. SQLite ends what there is no room for, with its connection and what was set
/// on that; PostgreSQL says what it says where the disk is full.
async fn fill(store: &Store, room: i64) {
    let tx = store.begin().await.unwrap();
    if store.is_postgres() {
        let function = format!(
            "CREATE OR REPLACE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF (SELECT SUM(LENGTH(content)) FROM object_chunks) + LENGTH(NEW.content) > {} THEN
                 RAISE EXCEPTION 'could not extend file \"base/1/2\": No space left on device' USING ERRCODE = 'disk_full';
             END IF;
             RETURN NEW; END $$",
            number(&tx, "SELECT CAST(COALESCE(SUM(LENGTH(content)), 0) AS BIGINT) FROM object_chunks").await + room
        );
        tx.execute_unprepared(&function).await.unwrap();
        let trigger =
            "CREATE OR REPLACE TRIGGER no_room BEFORE INSERT ON object_chunks FOR EACH ROW EXECUTE FUNCTION no_room()";
        tx.execute_unprepared(trigger).await.unwrap();
    } else {
        let (pages, size) = (number(&tx, "PRAGMA page_count").await, number(&tx, "PRAGMA page_size").await);
        tx.execute_unprepared(&format!("PRAGMA max_page_count = {}", pages + room / size)).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn make_room(store: &Store) {
    let lifted = if store.is_postgres() {
        "DROP TRIGGER no_room ON object_chunks"
    } else {
        "PRAGMA max_page_count = 4294967294"
    };
    let tx = store.begin().await.unwrap();
    tx.execute_unprepared(lifted).await.unwrap();
    tx.commit().await.unwrap();
}

async fn number(on: &impl sea_orm::ConnectionTrait, sql: &str) -> i64 {
    let row = on.query_one_raw(Statement::from_string(on.get_database_backend(), sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

/// A service over the bench's store, with documents or bundles in its database.
fn service_with(bench: &Bench, storage: Storage) -> Arc<Service> {
    let (store, clock) = (bench.service.store().clone(), bench.service.clock().clone());
    let chunks = Objects::over(Arc::new(ObjectChunks::new(store.clone(), clock.clone(), "")), Options::default());
    let [documents, bundles] = match storage {
        Storage::Documents => [chunks, bench.archive_objects().clone()],
        Storage::Bundles => [bench.objects().clone(), chunks],
    };
    let cipher = Cipher::parse(&Cipher::generate_key()).unwrap();
    Service::new(store, documents, bundles, cipher, clock, bench.service.settings().clone())
}

fn demand_told(error: &ObjectsError, key: &ObjectKey) {
    assert!(matches!(error, ObjectsError::Storage { fault, .. } if fault.kind == FaultKind::Full), "{error:?}");
    assert!(error.to_string().contains(&format!("object {key} in db:")), "{error}");
    assert!(error.hint().unwrap().contains("free space in db:"), "{error}");
}

/// An image with a document for which there is no room.
async fn large_image(bench: &Bench, tenant: &Tenant) -> String {
    let image = seed(bench, tenant, "a", &["r.example/a:1"]).await;
    let content = noise(LARGE, 1);
    let object = bench.objects().put(content.clone()).await.unwrap();
    let store = bench.service.store();
    let analysis = store.account(tenant.name()).image(&image).await.unwrap().unwrap().analysis.unwrap();
    let tx = store.begin().await.unwrap();
    let row = format!(
        "INSERT INTO analysis_documents (analysis, kind, object, size) VALUES ({analysis}, 'content/files', '{object}', {})",
        content.len()
    );
    tx.execute_unprepared(&row).await.unwrap();
    tx.commit().await.unwrap();
    image
}

async fn demand_sound(service: &Service) {
    for storage in [Storage::Documents, Storage::Bundles] {
        let objects = service.objects_of(storage);
        let found = check_objects(service.store(), storage, objects, 4, None, |_, _| {}).await.unwrap();
        assert!(found.is_sound(), "{found:?}");
        for key in keys(objects).await {
            objects.verify(&key).await.unwrap();
        }
    }
}

#[test]
fn a_document_for_which_there_is_no_room_is_nowhere_and_others_are_kept() {
    on_every_service(|bench| async move {
        let service = service_with(&bench, Storage::Documents);
        let (store, objects) = (service.store(), service.objects_of(Storage::Documents));
        let small = objects.put("was there before").await.unwrap();
        let (large, fits) = (noise(LARGE, 1), noise(100_000, 2));
        let key = ObjectKey::of(&large);
        for attempt in 0..3 {
            fill(store, ROOM).await;
            let error = match attempt {
                0 => objects.put(large.clone()).await.unwrap_err(),
                _ => objects.put_stream(&*large).await.unwrap_err(),
            };
            demand_told(&error, &key);
            let rows = rows(store, "object_chunks", "key", &windlass_path(&key)).await;
            assert!(rows.is_empty(), "a piece of it was written, and is there no more");
            assert_eq!(keys(objects).await, [small]);
        }
        fill(store, ROOM).await;
        let fitting = objects.put(fits.clone()).await.unwrap();
        assert_eq!(objects.get(&fitting).await.unwrap(), fits, "what fits can still be written");
        make_room(store).await;
        assert_eq!(objects.put(large.clone()).await.unwrap(), key);
        assert_eq!(objects.get(&key).await.unwrap(), large);
    });
}

fn windlass_path(key: &ObjectKey) -> String {
    let hex = key.hex();
    format!("{}/{}/{hex}.zst", &hex[..2], &hex[2..4])
}

#[test]
fn an_image_for_whose_bundle_there_is_no_room_is_archived_later() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let image = large_image(&bench, &alpha).await;
        let service = service_with(&bench, Storage::Bundles);
        let theirs = service.tenant(alpha.name());
        for _ in 0..2 {
            fill(service.store(), ROOM).await;
            let (status, detail) = archive(&theirs, &image).await;
            assert_eq!(
                (status.as_str(), theirs.archived_images(Part::default()).all().await.unwrap().len()),
                ("error", 0),
                "{detail}"
            );
            assert_eq!(keys(service.objects_of(Storage::Bundles)).await, []);
            demand_sound(&service).await;
        }
        make_room(service.store()).await;
        assert_eq!(archive(&theirs, &image).await.0, "archived");
        demand_sound(&service).await;
    });
}

#[test]
fn an_image_for_whose_documents_there_is_no_room_is_restored_later() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let image = large_image(&bench, &alpha).await;
        assert_eq!(archive(&alpha, &image).await.0, "archived");
        forget(&bench, &alpha, &image).await;
        let service = service_with(&bench, Storage::Documents);
        let theirs = service.tenant(alpha.name());
        for _ in 0..2 {
            fill(service.store(), ROOM).await;
            match restore(&theirs, &image).await {
                Err(Error::Objects(error)) => {
                    assert!(error.to_string().contains("cannot write object sha256:"), "{error}");
                    assert!(error.hint().unwrap().contains("free space in db:"), "{error}");
                }
                other => panic!("{other:?}"),
            }
            assert!(theirs.image(&image).await.is_err(), "half an image is none");
            demand_sound(&service).await;
        }
        make_room(service.store()).await;
        restore(&theirs, &image).await.unwrap();
        theirs.image_content(&image, "os").await.unwrap();
        demand_sound(&service).await;
    });
}
