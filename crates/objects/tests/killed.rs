//! Processes are killed while they write and move objects: none is lost, none is half visible, and what they were at is removed.
//! Databases are killed where they are known: in the tests of `operations`.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod support;

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use support::{
    folder,
    killed::{demand_sound, kill_a_mover, kill_a_writer},
    patient, servers,
    suite::{keys, noise},
};
use windlass_objects::{Location, Migration, Objects, migrate};

/// Where a process that is killed writes to, and what it moves from, as locations.
const TO: &str = "WINDLASS_TEST_WRITES_TO";
const FROM: &str = "WINDLASS_TEST_MOVES_FROM";

async fn opened(location: &str) -> Objects {
    Objects::open(&location.parse().unwrap(), patient()).await.unwrap()
}

async fn opened_by(variable: &str) -> Objects {
    opened(&std::env::var(variable).unwrap()).await
}

/// Not a test: the process that others kill.
#[tokio::test]
#[ignore = "is run by tests below"]
async fn writes_until_it_is_killed() {
    let objects = opened_by(TO).await;
    // Nobody has written the same before.
    for seed in u64::from(std::process::id()) << 20.. {
        let content = noise(11 << 20, seed);
        objects.put_stream(&*content).await.unwrap();
        objects.put(content.slice(..50_000)).await.unwrap();
    }
}

/// Not a test: the process that others kill.
#[tokio::test]
#[ignore = "is run by tests below"]
async fn moves_until_it_is_killed() {
    let remove = Migration { remove: true, parallel: 2, ..Migration::default() };
    migrate(&opened_by(FROM).await, &opened_by(TO).await, remove, |_| {}).await.unwrap();
}

const WRITER: &str = "writes_until_it_is_killed";
const MOVER: &str = "moves_until_it_is_killed";

#[tokio::test]
async fn a_writer_into_a_folder_leaves_nothing_half_visible() {
    let place = tempfile::tempdir().unwrap();
    let location = Location::folder(place.path()).unwrap().to_string();
    let objects = folder(place.path()).await;
    let mut before = 0;
    for round in 0..6 {
        kill_a_writer(WRITER, &[(TO, &location)], async || {
            let goes_on = keys(&objects).await.len() > before;
            if goes_on {
                tokio::time::sleep(Duration::from_millis(37 * round)).await;
            }
            goes_on
        })
        .await;
        before = demand_sound(&objects).await.len();
    }
    // What a killed writer was at: its file is there, unfinished and without a name.
    let unfinished = place.path().join(".unfinished");
    fs::write(unfinished.join("half.zst.abcdefgh"), "half").unwrap();
    let objects = folder(place.path()).await;
    let written = demand_sound(&objects).await;
    assert!(unfinished.join("half.zst.abcdefgh").exists(), "it may still be written");
    let left = fs::read_dir(&unfinished).unwrap().count() as u64;
    assert_eq!(objects.end_unfinished(SystemTime::now() + Duration::from_hours(1)).await.unwrap(), left);

    fs::write(unfinished.join("half.zst.abcdefgh"), "half").unwrap();
    age(&unfinished, Duration::from_hours(25));
    let objects = folder(place.path()).await;
    assert_eq!(fs::read_dir(&unfinished).unwrap().count(), 0, "what is old enough is removed");
    assert_eq!(keys(&objects).await, written);
}

fn age(folder: &Path, age: Duration) {
    for entry in fs::read_dir(folder).unwrap() {
        let file = fs::File::options().write(true).open(entry.unwrap().path()).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }
}

#[tokio::test]
async fn a_writer_into_a_bucket_leaves_uploads_that_are_ended() {
    let Some(server) = servers::s3().await else { return };
    let (objects, location) = (opened(&servers::s3_url(&server.address)).await, servers::s3_url(&server.address));
    // Somebody else's: it has no name of ours.
    let strange = format!("{}/bucket/a/prefix/backup.tar?uploads", server.address);
    assert!(servers::s3_answer(reqwest::Method::POST, &strange).await.status().is_success());
    let mut left = 1;
    for _ in 0..12 {
        kill_a_writer(WRITER, &[(TO, &location)], async || servers::s3_uploads(&server).await.len() > left).await;
        left = servers::s3_uploads(&server).await.len();
        demand_sound(&objects).await;
        // A writer may have come to the end of one before it was killed.
        if left > 2 {
            break;
        }
    }
    assert!(left > 2, "no writer was killed in the middle of an upload");
    let written = demand_sound(&objects).await;
    assert_eq!(objects.end_unfinished(SystemTime::UNIX_EPOCH).await.unwrap(), 0, "what may go on does");
    assert_eq!(objects.end_unfinished(SystemTime::now()).await.unwrap(), left as u64 - 1);
    assert_eq!(servers::s3_uploads(&server).await, ["a/prefix/backup.tar"]);
    assert_eq!(demand_sound(&objects).await, written);
}

#[tokio::test]
async fn a_writer_into_a_swift_container_leaves_segments_that_are_removed() {
    let Some(server) = servers::swift().await else { return };
    let location = server.location.to_string().replace("[redacted]", "testing");
    let objects = opened(&location).await;
    let hex = |path: &str| path.split(".zst").next().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
    // Segments of what there is no object of.
    let orphans = async || {
        let paths = servers::swift_paths(&server).await;
        let (segments, whole): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.starts_with(".segments/"));
        let whole: Vec<_> = whole.iter().map(|path| hex(path)).collect();
        segments.into_iter().filter(|path| !whole.contains(&hex(path))).count()
    };
    for _ in 0..12 {
        kill_a_writer(WRITER, &[(TO, &location)], async || orphans().await > 0).await;
        demand_sound(&objects).await;
        if orphans().await > 0 {
            break;
        }
    }
    let written = demand_sound(&objects).await;
    assert!(orphans().await > 0, "no writer was killed in the middle of an upload");
    assert_eq!(objects.end_unfinished(SystemTime::UNIX_EPOCH).await.unwrap(), 0, "what may go on does");
    let ended = objects.end_unfinished(SystemTime::now() + Duration::from_mins(1)).await.unwrap();
    assert!(ended > 0 && orphans().await == 0, "{ended}");
    assert_eq!(demand_sound(&objects).await, written);
}

/// A mover is killed again and again; at no time is an object nowhere.
async fn moved_in_spite_of_kills(from: (&Objects, &str), to: (&Objects, &str), rounds: usize) {
    let ((from, old), (to, new)) = (from, to);
    let all = keys(from).await;
    let live = to.clone().falling_back_to(from);
    for _ in 0..rounds {
        kill_a_mover(MOVER, &[(FROM, old), (TO, new)], to, (&live, &all)).await;
    }
    let remove = Migration { remove: true, ..Migration::default() };
    assert!(migrate(from, to, remove, |_| {}).await.unwrap().is_complete());
    assert_eq!((demand_sound(to).await, keys(from).await), (all, vec![]));
}

#[tokio::test]
async fn a_move_between_folders_loses_nothing() {
    let place = tempfile::tempdir().unwrap();
    let locations = ["old", "new"].map(|name| Location::folder(&place.path().join(name)).unwrap().to_string());
    let (from, to) = (opened(&locations[0]).await, opened(&locations[1]).await);
    for number in 0..200 {
        from.put(noise(1000 + number as usize, number)).await.unwrap();
    }
    moved_in_spite_of_kills((&from, &locations[0]), (&to, &locations[1]), 4).await;
}

#[tokio::test]
async fn a_move_into_a_bucket_and_out_of_it_loses_nothing() {
    let Some(server) = servers::s3().await else { return };
    let place = tempfile::tempdir().unwrap();
    let locations = [Location::folder(place.path()).unwrap().to_string(), servers::s3_url(&server.address)];
    let (folder, bucket) = (opened(&locations[0]).await, opened(&locations[1]).await);
    for number in 0..40 {
        // Some go in parts.
        let length = if number % 8 == 0 { 11 << 20 } else { 5000 };
        folder.put(noise(length, number)).await.unwrap();
    }
    moved_in_spite_of_kills((&folder, &locations[0]), (&bucket, &locations[1]), 3).await;
    moved_in_spite_of_kills((&bucket, &locations[1]), (&folder, &locations[0]), 3).await;
    bucket.end_unfinished(SystemTime::now()).await.unwrap();
    assert_eq!(servers::s3_uploads(&server).await, [""; 0]);
}
