//! Object storage fails while the service works: nothing is lost, nothing half there, and what is said names the object and
//! what to do.

use bytes::Bytes;
use windlass_objects::{FaultKind, Objects, Options};
use windlass_operations::{Error, Part, Tenant, testing::on_every_service};
use windlass_store::object_references::Storage;

use crate::{
    house::{archive, files, forget, restore, seed, team},
    memory::{Memory, service_over},
};

const FAULTS: [(FaultKind, &str); 4] = [
    (FaultKind::Unreachable, "check that"),
    (FaultKind::TimedOut, "allow it more time"),
    (FaultKind::Full, "free space"),
    (FaultKind::Denied, "credentials"),
];

/// What is told of storage that failed: the object, the place and the remedy.
fn demand_told<T: std::fmt::Debug>(what: &str, result: Result<T, Error>, place: &str, remedy: &str) {
    let error = match result {
        Err(Error::Objects(error)) => error,
        other => panic!("{what}: {other:?}"),
    };
    let (text, hint) = (error.to_string(), error.hint().unwrap_or_default());
    assert!(text.contains("object sha256:") && text.contains(place), "{what}: {text}");
    assert!(hint.contains(remedy), "{what}: {hint}");
}

async fn is_sound(tenant: &Tenant, digest: &str) {
    tenant.image_content(digest, "os").await.unwrap();
    tenant.image_metadata(digest, "manifest").await.unwrap();
}

#[test]
fn what_cannot_be_archived_or_restored_now_can_be_later_and_is_nowhere_until_then() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let image = seed(&bench, &alpha, "a", &["r.example/a:1"]).await;
        let (documents, bundles) = (Memory::new("memory:documents"), Memory::new("memory:bundles"));
        let service = service_over(&bench, &documents, Objects::over(bundles.clone(), Options::default()));
        let theirs = service.tenant(alpha.name());
        // What the bench has is there as well.
        let folder = bench.folder.path().join("objects");
        let copied = files(&folder).into_iter().map(|file| {
            let name = file.strip_prefix(&folder).unwrap().display().to_string();
            (name, Bytes::from(std::fs::read(&file).unwrap()))
        });
        documents.restore(copied.collect());
        for (fault, _) in FAULTS {
            bundles.trouble(Some(fault));
            let (status, detail) = archive(&theirs, &image).await;
            assert_eq!(
                (status.as_str(), theirs.archived_images(Part::default()).all().await.unwrap().len()),
                ("error", 0),
                "{detail}"
            );
            assert_eq!(bundles.count(), 0);
        }
        bundles.trouble(None);
        assert_eq!(archive(&theirs, &image).await.0, "archived");
        let bundle = bundles.files();
        forget(&bench, &alpha, &image).await;
        documents.restore(std::collections::BTreeMap::new());
        for (fault, remedy) in FAULTS {
            documents.trouble(Some(fault));
            demand_told("restoring", restore(&theirs, &image).await, "memory:documents", remedy);
            documents.trouble(None);
            bundles.trouble(Some(fault));
            demand_told("restoring", restore(&theirs, &image).await, "memory:bundles", remedy);
            bundles.trouble(None);
            assert!(theirs.image(&image).await.is_err(), "half an image is none");
        }
        let truncated = |file: &Bytes| file.slice(..file.len() - 5);
        let other = |_: &Bytes| Bytes::from_static(b"<html>502 Bad Gateway</html>");
        let changed = |file: &Bytes| {
            let mut bytes = file.to_vec();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            Bytes::from(bytes)
        };
        type Spoil<'a> = &'a dyn Fn(&Bytes) -> Bytes;
        let spoilt: [(&str, Spoil<'_>); 3] = [("truncated", &truncated), ("another", &other), ("changed", &changed)];
        for (what, left) in spoilt {
            bundles.spoil(left);
            match restore(&theirs, &image).await {
                Err(error @ Error::Bundle(_)) => {
                    let hint = error.hint().unwrap_or_default();
                    assert!(error.to_string().contains("is damaged"), "{what}: {error}");
                    assert!(hint.contains("backup"), "a bundle cannot be made again: {hint}");
                }
                Err(Error::Broken(text)) => assert!(text.contains("damaged"), "{what}: {text}"),
                other => panic!("{what}: {other:?}"),
            }
            assert!(theirs.image(&image).await.is_err(), "{what}: half an image is none");
            bundles.restore(bundle.clone());
        }
        restore(&theirs, &image).await.unwrap();
        is_sound(&theirs, &image).await;
        let report = windlass_operations::keeping::check_objects(
            service.store(),
            Storage::Documents,
            service.objects_of(Storage::Documents),
            4,
            None,
            |_, _| {},
        );
        assert!(report.await.unwrap().is_sound());
    });
}

#[test]
fn a_collection_or_sweep_that_cannot_reach_storage_loses_nothing() {
    on_every_service(|bench| async move {
        let (memory, service) = Memory::service(&bench);
        let key = service.objects_of(Storage::Documents).put("kept").await.unwrap();
        memory.trouble(Some(FaultKind::Unreachable));
        demand_told(
            "reading",
            service.objects_of(Storage::Documents).get(&key).await.map_err(Error::from),
            "memory",
            "check that",
        );
        memory.trouble(None);
        assert_eq!(service.sweep_objects().await.unwrap(), 1);
        service.objects_of(Storage::Documents).get(&key).await.unwrap();
    });
}
