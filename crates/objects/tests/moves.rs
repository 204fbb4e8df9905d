//! Checking a storage, and moving everything from one to another while both are in use.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod support;

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, SystemTime},
};

use support::{
    Chunks, file_of, folder, impatient, over, patient, servers,
    suite::{keys, noise},
};
use windlass_objects::{
    Checking, Error, Migration, ObjectKey, Objects, Outcome, Prospect, check, foresee, migrate, repair,
};

async fn filled(objects: &Objects, count: u64) -> Vec<ObjectKey> {
    for number in 0..count {
        objects.put(noise(1000 + number as usize, number)).await.unwrap();
    }
    keys(objects).await
}

async fn moved(from: &Objects, to: &Objects, migration: Migration) -> Outcome {
    migrate(from, to, migration, |_| {}).await.unwrap()
}

fn checking() -> Checking {
    Checking { parallel: 4, unreferenced_before: SystemTime::now() + Duration::from_hours(1) }
}

#[tokio::test]
async fn a_check_tells_good_missing_damaged_and_unreferenced_objects_apart() {
    let place = tempfile::tempdir().unwrap();
    let objects = folder(place.path()).await;
    let all = filled(&objects, 20).await;
    let orphan = all[3];
    let lost = ObjectKey::of(b"never written");
    let mut references: BTreeSet<_> = all.iter().copied().filter(|key| *key != orphan).collect();
    assert!(check(&objects, &references, checking(), |_, _| {}).await.unwrap().is_sound());

    references.insert(lost);
    fs::write(file_of(place.path(), &all[7]), "no longer it").unwrap();
    fs::write(place.path().join("README"), "notes of the administrator").unwrap();
    let mut last = (0, 0);
    let report = check(&objects, &references, checking(), |done, total| last = (done, total)).await.unwrap();
    assert_eq!(last, (19, 19));
    assert_eq!(report.missing, [lost]);
    assert_eq!(report.damaged.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [all[7]]);
    assert_eq!(report.orphans.iter().map(|object| object.key).collect::<Vec<_>>(), [orphan]);
    assert_eq!((report.good, report.unread.len()), (18, 0));
    assert!(!report.is_sound());

    let fresh = Checking { unreferenced_before: SystemTime::now() - Duration::from_hours(1), ..checking() };
    let report = check(&objects, &references, fresh, |_, _| {}).await.unwrap();
    assert_eq!(report.orphans, [], "what refers to a fresh object may not be written yet");
}

#[tokio::test]
async fn a_repair_takes_good_copies_from_elsewhere_and_makes_room_for_new_ones() {
    let place = tempfile::tempdir().unwrap();
    let (objects, copies) = (folder(place.path()).await, over(&Chunks::named("copies")));
    let all = filled(&objects, 6).await;
    for key in [all[1], all[2]] {
        copies.bring(&key, &objects).await.unwrap();
    }
    fs::remove_file(file_of(place.path(), &all[1])).unwrap();
    for key in [all[2], all[3]] {
        fs::write(file_of(place.path(), &key), "no longer it").unwrap();
    }
    fs::remove_file(file_of(place.path(), &all[4])).unwrap();
    let references = all.iter().copied().collect();
    let report = check(&objects, &references, checking(), |_, _| {}).await.unwrap();
    let down = "s3://bucket?endpoint=http://127.0.0.1:9&access_key_id=a&secret_access_key=b".parse().unwrap();
    let down = Objects::open(&down, impatient()).await.unwrap();
    let unsure = repair(&objects, &report, &[down]).await;
    assert_eq!(unsure.failed.len(), 4, "a place that cannot be asked may have it: {unsure:?}");

    let repaired = repair(&objects, &report, &[copies]).await;
    assert_eq!(repaired.restored, [all[1], all[2]]);
    assert_eq!((repaired.removed, repaired.lost, repaired.failed.len()), (vec![all[3]], vec![all[4]], 0));
    filled(&objects, 6).await;
    assert!(check(&objects, &references, checking(), |_, _| {}).await.unwrap().is_sound());
}

#[tokio::test]
async fn everything_is_moved_verified_and_only_then_removed() {
    let place = tempfile::tempdir().unwrap();
    let (from, to) = (folder(place.path()).await, over(&Chunks::named("new")));
    let mut all = filled(&from, 30).await;
    let large = from.put_stream(&*noise(9 << 20, 99)).await.unwrap().key;
    all.push(large);
    all.sort_unstable();

    let ahead = foresee(&from, Some(&to)).await.unwrap();
    assert_eq!((ahead.objects, ahead.present, keys(&to).await), (31, 0, vec![]), "nothing is done yet");
    let outcome = moved(&from, &to, Migration::default()).await;
    assert!(outcome.is_complete());
    assert_eq!((outcome.copied, outcome.present, outcome.removed), (31, 0, 0));
    assert_eq!(outcome.bytes, ahead.bytes);
    assert_eq!((keys(&to).await, keys(&from).await), (all.clone(), all.clone()), "nothing is removed unasked");
    assert_eq!(foresee(&from, Some(&to)).await.unwrap(), Prospect { objects: 0, bytes: 0, present: 31 });

    let outcome = moved(&from, &to, Migration { remove: true, ..Migration::default() }).await;
    assert_eq!((outcome.copied, outcome.present, outcome.removed), (0, 31, 31));
    assert_eq!((keys(&to).await, keys(&from).await), (all.clone(), vec![]));
    for key in all {
        to.verify(&key).await.unwrap();
    }
}

#[tokio::test]
async fn objects_move_to_a_bucket_and_back_as_they_were() {
    let Some(server) = servers::s3().await else { return };
    let bucket = Objects::open(&server.location, patient()).await.unwrap();
    let place = tempfile::tempdir().unwrap();
    let (from, back) = (folder(&place.path().join("a")).await, folder(&place.path().join("b")).await);
    let mut all = filled(&from, 10).await;
    all.push(from.put(noise(11 << 20, 99)).await.unwrap());
    let remove = Migration { remove: true, ..Migration::default() };
    assert!(moved(&from, &bucket, remove).await.is_complete());
    assert!(moved(&bucket, &back, remove).await.is_complete());
    assert_eq!((keys(&from).await, keys(&bucket).await), (vec![], vec![]));
    for key in all {
        back.verify(&key).await.unwrap();
    }
}

#[tokio::test]
async fn a_damaged_object_is_told_not_copied_and_keeps_the_old_place_from_being_emptied() {
    let place = tempfile::tempdir().unwrap();
    let (from, to) = (folder(place.path()).await, over(&Chunks::named("new")));
    let all = filled(&from, 12).await;
    fs::write(file_of(place.path(), &all[5]), zstd::encode_all(&b"another"[..], 3).unwrap()).unwrap();
    let outcome = moved(&from, &to, Migration { remove: true, ..Migration::default() }).await;
    assert!(!outcome.is_complete());
    assert_eq!((outcome.copied, outcome.removed), (11, 0));
    let [(key, error)] = &outcome.failed[..] else { panic!("{outcome:?}") };
    assert_eq!(*key, all[5]);
    assert!(matches!(error, Error::Damaged { place, .. } if *place == from.place()), "{error}");
    assert!(!to.exists(&all[5]).await.unwrap(), "what is damaged is not written");
    assert_eq!(keys(&from).await, all);
}

#[tokio::test]
async fn a_damaged_copy_in_the_new_place_is_replaced() {
    let place = tempfile::tempdir().unwrap();
    let chunks = Chunks::named("new");
    let (from, to) = (folder(place.path()).await, over(&chunks));
    let all = filled(&from, 5).await;
    chunks.corrupt(&all[2], b"half of a copy");
    let outcome = moved(&from, &to, Migration::default()).await;
    assert!(outcome.is_complete());
    assert_eq!(outcome.copied, 5);
    to.verify(&all[2]).await.unwrap();
}

#[tokio::test]
async fn a_move_that_ends_early_goes_on_where_it_was() {
    let place = tempfile::tempdir().unwrap();
    let from = folder(place.path()).await;
    let all = filled(&from, 40).await;
    let chunks = Chunks::with_room("new", 25);
    let to = over(&chunks);
    let mut told = Vec::new();
    let one_by_one = Migration { parallel: 1, ..Migration::default() };
    let outcome = migrate(&from, &to, one_by_one, |progress| told.push(progress)).await.unwrap();
    assert_eq!((outcome.copied, outcome.failed.len()), (25, 15));
    let last = told.last().unwrap();
    assert_eq!((last.done, last.total, last.through), (25, 40, Some(all[24])));

    // What was verified and is gone since is not taken for moved.
    to.delete(&all[10]).await.unwrap();
    chunks.puts_left.as_ref().unwrap().store(1000, std::sync::atomic::Ordering::Relaxed);
    let after = Migration { after: last.through, remove: true, ..one_by_one };
    let outcome = moved(&from, &to, after).await;
    assert_eq!((outcome.copied, outcome.present, outcome.removed), (16, 24, 40));
    assert_eq!((keys(&to).await, keys(&from).await), (all, vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_object_is_unreadable_at_any_time_while_objects_move_and_are_written() {
    let (old_place, new_place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (from, to) = (folder(old_place.path()).await, folder(new_place.path()).await);
    let all = filled(&from, 200).await;
    let live = to.clone().falling_back_to(&from);

    // Ended in the middle, as by a kill: dropped at some await.
    let cut = migrate(&from, &to, Migration::default(), |_| {});
    let _ = tokio::time::timeout(Duration::from_millis(60), cut).await;
    for key in &all {
        live.get(key).await.unwrap();
    }

    let reader = tokio::spawn({
        let (live, all) = (live.clone(), all.clone());
        async move {
            let mut written = Vec::new();
            for (number, key) in all.iter().cycle().take(600).enumerate() {
                live.get(key).await.unwrap();
                if number % 20 == 0 {
                    written.push(live.put(noise(500, 10_000 + number as u64)).await.unwrap());
                }
            }
            written
        }
    });
    // A writer that has not changed over yet.
    let late = from.put("written to the old place meanwhile").await.unwrap();
    let outcome = moved(&from, &to, Migration { remove: true, ..Migration::default() }).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    let written = reader.await.unwrap();
    for key in all.iter().chain(&written).chain([&late]) {
        to.verify(key).await.unwrap();
    }
    assert_eq!(keys(&from).await, []);
}

#[tokio::test]
async fn during_a_move_reads_fall_back_and_deletes_reach_both() {
    let (old, new) = (Chunks::named("old"), Chunks::named("new"));
    let (from, to) = (over(&old), over(&new));
    let live = to.clone().falling_back_to(&from);
    let key = from.put("here before").await.unwrap();
    assert_eq!(live.get(&key).await.unwrap(), "here before");
    assert!(live.exists(&key).await.unwrap());
    assert_eq!(keys(&live).await, [key]);
    let mut streamed = String::new();
    let mut stream = live.get_stream(&key).await.unwrap();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut streamed).await.unwrap();
    assert_eq!(streamed, "here before");

    to.put("here before").await.unwrap();
    new.corrupt(&key, b"damaged in the new place");
    assert_eq!(live.get(&key).await.unwrap(), "here before");

    live.delete(&key).await.unwrap();
    assert!(!from.exists(&key).await.unwrap() && !to.exists(&key).await.unwrap());
    let error = live.get(&key).await.unwrap_err();
    assert!(matches!(&error, Error::Missing { place, .. } if place == "db:new"), "{error}");
}

#[tokio::test]
async fn a_place_that_cannot_be_asked_does_not_make_an_object_missing() {
    let gone = "s3://bucket?endpoint=http://127.0.0.1:9&access_key_id=a&secret_access_key=b".parse().unwrap();
    let live = over(&Chunks::named("new")).falling_back_to(&Objects::open(&gone, impatient()).await.unwrap());
    let error = live.get(&ObjectKey::of(b"somewhere")).await.unwrap_err();
    assert!(matches!(error, Error::Storage { .. }) && error.is_transient(), "{error}");
}

#[tokio::test]
async fn a_place_is_not_moved_to_itself() {
    let place = tempfile::tempdir().unwrap();
    let (one, same) = (folder(place.path()).await, folder(place.path()).await);
    filled(&one, 2).await;
    let error = migrate(&one, &same, Migration { remove: true, ..Migration::default() }, |_| {}).await.unwrap_err();
    assert!(matches!(error, Error::SamePlace { .. }) && error.hint().is_some(), "{error}");
    assert_eq!(keys(&one).await.len(), 2);
}

#[tokio::test]
async fn a_place_with_two_names_is_not_emptied() {
    let place = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(place.path().join("objects"), place.path().join("alias")).unwrap();
    let (one, same) = (folder(&place.path().join("objects")).await, folder(&place.path().join("alias")).await);
    let all = filled(&one, 2).await;
    assert_ne!(one.place(), same.place());
    let error = migrate(&one, &same, Migration { remove: true, ..Migration::default() }, |_| {}).await.unwrap_err();
    assert!(matches!(error, Error::SamePlace { .. }), "{error}");
    assert_eq!(keys(&one).await, all);
    let folder: windlass_objects::Location = "fs:/srv/objects/".parse().unwrap();
    assert_eq!(folder.place(), "fs:/srv/objects");
}
