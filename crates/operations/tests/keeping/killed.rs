//! Processes are killed while they write documents into a database, and move them there and away: none is lost, none is half
//! visible. Folders and servers are killed in the tests of `objects`.

use std::{sync::Arc, time::Duration};

use windlass_objects::{Location, Objects, Options};
use windlass_operations::{
    Clock, ObjectChunks,
    keeping::{Move, move_objects},
};
use windlass_store::{
    Address, Store, object_moves,
    testing::{on_every_address, url_of},
};

use crate::{
    killing::{demand_sound, kill_a_mover, kill_a_writer},
    suite::{keys, noise},
};

/// The database of a process that is killed, and the folder it moves from or to.
const DATABASE: &str = "WINDLASS_TEST_DATABASE";
const FOLDER: &str = "WINDLASS_TEST_FOLDER";

fn chunks(store: &Store) -> Objects {
    Objects::over(Arc::new(ObjectChunks::new(store.clone(), Clock::system(), "")), Options::default())
}

async fn folder(path: &str) -> Objects {
    Objects::open(&Location::folder(path.as_ref()).unwrap(), Options::default()).await.unwrap()
}

async fn given_database() -> Store {
    Store::open(&Address::parse(&std::env::var(DATABASE).unwrap()).unwrap()).await.unwrap()
}

async fn moved(store: &Store, from: &Objects, to: &Objects) -> windlass_objects::Outcome {
    let how = Move { parallel: 2, remove: true };
    move_objects(store, &Clock::system(), from, to, how, |_| {}).await.unwrap()
}

/// Not a test: the process that others kill.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "is run by tests below"]
async fn writes_until_it_is_killed() {
    let objects = chunks(&given_database().await);
    // Nobody has written the same before; each has several pieces.
    for seed in u64::from(std::process::id()) << 20.. {
        let content = noise(2 << 20, seed);
        objects.put_stream(&*content).await.unwrap();
        objects.put(content.slice(..50_000)).await.unwrap();
    }
}

/// Not a test: the process that others kill.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "is run by tests below"]
async fn moves_in_until_it_is_killed() {
    let store = given_database().await;
    moved(&store, &folder(&std::env::var(FOLDER).unwrap()).await, &chunks(&store)).await;
}

/// Not a test: the process that others kill.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "is run by tests below"]
async fn moves_out_until_it_is_killed() {
    let store = given_database().await;
    moved(&store, &chunks(&store), &folder(&std::env::var(FOLDER).unwrap()).await).await;
}

#[test]
fn a_writer_into_a_database_leaves_nothing_half_visible() {
    on_every_address(|address| async move {
        let store = Store::open(&address).await.unwrap();
        let (objects, url) = (chunks(&store), url_of(&address));
        let mut before = 0;
        for round in 0..6 {
            kill_a_writer("killed::writes_until_it_is_killed", &[(DATABASE, &url)], async || {
                let goes_on = keys(&objects).await.len() > before;
                if goes_on {
                    tokio::time::sleep(Duration::from_millis(13 * round)).await;
                }
                goes_on
            })
            .await;
            before = demand_sound(&objects).await.len();
        }
        let late = objects.put("written by whoever comes after").await.unwrap();
        assert_eq!(objects.get(&late).await.unwrap(), "written by whoever comes after");
    });
}

#[test]
fn a_move_into_a_database_and_out_of_it_loses_nothing() {
    on_every_address(|address| async move {
        let store = Store::open(&address).await.unwrap();
        let place = tempfile::tempdir().unwrap();
        let path = place.path().to_str().unwrap();
        let (files, rows, url) = (folder(path).await, chunks(&store), url_of(&address));
        for number in 0..60 {
            // Some have several pieces.
            let length = if number % 6 == 0 { 1 << 20 } else { 3000 };
            files.put(noise(length, number)).await.unwrap();
        }
        let all = keys(&files).await;
        for (what, from, to) in
            [("moves_in_until_it_is_killed", &files, &rows), ("moves_out_until_it_is_killed", &rows, &files)]
        {
            let live = to.clone().falling_back_to(from);
            for _ in 0..3 {
                let settings = [(DATABASE, url.as_str()), (FOLDER, path)];
                kill_a_mover(&format!("killed::{what}"), &settings, to, (&live, &all)).await;
                let told = store.object_move(&from.place(), &to.place()).await.unwrap().unwrap();
                assert_eq!(told.state, object_moves::State::Running, "whoever asks learns that it did not end");
            }
            let outcome = moved(&store, from, to).await;
            assert!(outcome.is_complete(), "{outcome:?}");
            assert_eq!((keys(to).await, keys(from).await), (all.clone(), vec![]), "{what}");
            demand_sound(to).await;
        }
    });
}
