use windlass_objects::Objects;
use windlass_operations::{
    Clock,
    keeping::{Mended, Move, State, check_objects, move_objects},
    testing::on_every_service,
};
use windlass_store::{object_moves, object_references::Storage};

use crate::{
    house::{archive, files, seed, team},
    memory::Memory,
};

#[test]
fn a_check_names_what_is_wrong_who_needs_it_and_what_to_do() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let image = seed(&bench, &alpha, "a", &["r.example/a:1"]).await;
        archive(&alpha, &image).await;
        let store = bench.service.store();
        let (documents, bundles) = (bench.objects(), bench.archive_objects());
        let check = async |storage, objects: &Objects| {
            check_objects(store, storage, objects, 4, None, |_, _| {}).await.unwrap()
        };
        let sound = check(Storage::Documents, documents).await;
        assert!(sound.is_sound() && sound.referenced == 4 && sound.good == 4, "{sound:?}");
        assert!(check(Storage::Bundles, bundles).await.is_sound());

        let row = store.account(alpha.name()).image(&image).await.unwrap().unwrap();
        let (lost, damaged) = (row.manifest.clone(), row.parent_manifest.clone().unwrap());
        documents.delete(&lost.parse().unwrap()).await.unwrap();
        let hex = damaged.trim_start_matches("sha256:");
        let file =
            files(&bench.folder.path().join("objects")).into_iter().find(|file| file.ends_with(format!("{hex}.zst")));
        std::fs::write(file.unwrap(), "no longer it").unwrap();
        let found = check(Storage::Documents, documents).await;
        assert!(!found.is_sound() && !found.is_uncertain());
        for (object, state, holder) in [
            (&lost, State::Missing, format!("the manifest of image {image} of account alpha")),
            (&damaged, State::Damaged, format!("the index {image}-index of image {image} of account alpha")),
        ] {
            let trouble = found.troubles.iter().find(|trouble| trouble.object == *object).unwrap();
            assert_eq!((trouble.state, &trouble.holders), (state, &vec![holder]));
            assert!(trouble.reason.contains(object.as_str()) && trouble.remedy.is_some(), "{trouble:?}");
        }
        let rows = found.troubles.len();
        assert_eq!((rows, found.good), (2, 2));

        // A good copy of one of them is elsewhere.
        let (_, other) = Memory::service(&bench);
        let copies = other.objects_of(Storage::Documents).clone();
        copies.put("the manifest of a").await.unwrap();
        let mended = check_objects(store, Storage::Documents, documents, 4, Some(&[copies]), |_, _| {}).await.unwrap();
        let of = |object: &String| mended.troubles.iter().find(|trouble| trouble.object == *object).unwrap().repair;
        assert_eq!((of(&lost), of(&damaged)), (Some(Mended::Restored), Some(Mended::Removed)));
        assert!(!mended.is_sound(), "one is lost");
        documents.put("the index of a").await.unwrap();
        assert!(check(Storage::Documents, documents).await.is_sound());
    });
}

#[test]
fn a_move_tells_how_it_ended_and_goes_on_where_it_was() {
    on_every_service(|bench| async move {
        let store = bench.service.store();
        let (clock, from) = (Clock::system(), bench.objects());
        let mut keys = Vec::new();
        for number in 0..30 {
            keys.push(from.put(format!("document {number}")).await.unwrap());
        }
        keys.sort_unstable();
        let (memory, other) = Memory::service(&bench);
        let to = other.objects_of(Storage::Documents).clone();
        let file = |key: &windlass_objects::ObjectKey| {
            let name = format!("{}.zst", key.hex());
            files(&bench.folder.path().join("objects")).into_iter().find(|file| file.ends_with(&name)).unwrap()
        };
        let damaged = file(&keys[20]);
        let whole = std::fs::read(&damaged).unwrap();
        std::fs::write(&damaged, "damaged").unwrap();
        let how = |remove| Move { parallel: 1, remove };
        let moved = move_objects(store, &clock, from, &to, how(true), |_| {}).await.unwrap();
        assert_eq!((moved.copied, moved.failed.len(), moved.removed), (29, 1, 0), "nothing is removed (D-17)");
        let row = || async { store.object_move(&from.place(), &to.place()).await.unwrap().unwrap() };
        let told = row().await;
        assert_eq!((told.state, told.failed), (object_moves::State::Incomplete, 1));
        assert_eq!(told.through, Some(keys[19].to_string()), "the next run meets what failed again");

        std::fs::write(&damaged, whole).unwrap();
        let moved = move_objects(store, &clock, from, &to, how(false), |_| {}).await.unwrap();
        assert_eq!((moved.copied, moved.present), (1, 29));
        assert_eq!(row().await.state, object_moves::State::Complete);
        let moved = move_objects(store, &clock, from, &to, how(true), |_| {}).await.unwrap();
        assert_eq!((moved.present, moved.removed), (30, 30));
        assert_eq!(memory.count(), 30);
        assert_eq!(store.object_moves().await.unwrap().len(), 1);
        for key in keys {
            to.verify(&key).await.unwrap();
        }
    });
}
