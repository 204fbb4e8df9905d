use std::time::Duration;

use sea_orm::ConnectionTrait as _;
use windlass_store::{
    Address, Error, Moment, Store,
    object_chunks::{self, Model},
    testing::on_every_address,
};
use windlass_testing::SmallDisk;

#[test]
fn a_database_is_made_once_and_found_again() {
    on_every_address(|address| async move {
        let store = Store::open(&address).await.unwrap();
        assert_eq!(store.setting_or_insert("name", "first").await.unwrap(), "first");
        store.close().await;
        let store = Store::open(&address).await.unwrap();
        assert_eq!(store.setting_or_insert("name", "second").await.unwrap(), "first");
        store.set_setting("name", "third").await.unwrap();
        assert_eq!(store.setting("name").await.unwrap().as_deref(), Some("third"));
        assert_eq!(store.setting("other").await.unwrap(), None);
        store.ping().await.unwrap();
        store.close().await;
    });
}

#[test]
fn connections_are_counted_while_they_are_used() {
    on_every_address(|address| async move {
        let store = Store::open(&address).await.unwrap();
        let writers = |store: &Store| store.connections().last().unwrap().1;
        // Whoever used one gives it back a moment later.
        let is_idle = async {
            while writers(&store).busy > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), is_idle).await.unwrap();
        let before = writers(&store);
        assert!(before.most >= 1 && before.busy == 0, "{before:?}");
        let tx = store.begin().await.unwrap();
        let within = writers(&store);
        assert_eq!((within.busy, within.most), (1, before.most));
        tx.rollback().await.unwrap();
        let pools: Vec<_> = store.connections().into_iter().map(|(pool, _)| pool).collect();
        let expected: &[_] = if store.is_postgres() { &["all"] } else { &["read", "write"] };
        assert_eq!(pools, expected);
        store.close().await;
    });
}

#[test]
fn processes_that_start_at_once_bring_the_schema_up_to_date_once() {
    on_every_address(|address| async move {
        let open = || Store::open(&address);
        let (a, b, c) = tokio::join!(open(), open(), open());
        for store in [a.unwrap(), b.unwrap(), c.unwrap()] {
            store.ping().await.unwrap();
            store.close().await;
        }
    });
}

#[test]
fn an_address_is_understood_or_refused_without_telling_its_password() {
    assert!(matches!(Address::parse("sqlite:/var/lib/w.db").unwrap(), Address::Sqlite(path) if path.ends_with("w.db")));
    let server = Address::parse("postgres://someone:hunter2@db.example:5433/windlass").unwrap();
    assert_eq!(server.to_string(), "postgres://db.example:5433/windlass");
    assert!(!format!("{server:?}").contains("hunter2"));
    for bad in ["", "sqlite:", "sqlite::memory:", "mysql://root:hunter2@db/windlass", "postgres://someone:hunter2@:x/"]
    {
        let error = Address::parse(bad).unwrap_err().to_string();
        assert!(error.contains("sqlite:PATH"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_opened_is_named() {
    let error = Store::open(&Address::parse("sqlite:/nowhere/at/all.db").unwrap()).await.unwrap_err().to_string();
    assert!(error.contains("sqlite:/nowhere/at/all.db"), "{error}");
    let error = Store::open(&Address::parse("postgres://127.0.0.1:1/windlass").unwrap()).await.unwrap_err().to_string();
    assert!(error.contains("postgres://127.0.0.1:1/windlass"), "{error}");
}

#[tokio::test]
async fn a_file_without_room_says_so_and_is_written_once_there_is_some() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Address::Sqlite(folder.path().join("windlass.db"))).await.unwrap();
    let large = |key: &str| Model { key: key.into(), ordinal: 0, content: vec![7; 1 << 20], written_at: Moment(0) };
    for attempt in 0..3 {
        let tx = store.begin().await.unwrap();
        tx.execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
        // Part of the same transaction, for which there is room.
        tx.execute_unprepared("INSERT INTO settings (name, value) VALUES ('half', 'written')").await.unwrap();
        let error = object_chunks::insert(&tx, large("a")).await.unwrap_err();
        assert!(error.is_full() && !error.is_transient(), "{error:?}");
        assert!(error.hint().unwrap().contains("free space"), "{error}");
        drop(tx);
        assert_eq!(store.setting("half").await.unwrap(), None, "nothing is half written");
        store.set_setting("attempt", &attempt.to_string()).await.unwrap();
    }
    let tx = store.begin().await.unwrap();
    object_chunks::insert(&tx, large("a")).await.unwrap();
    drop(tx);
    assert_eq!(store.object_chunk("a", 0).await.unwrap(), None, "a transaction is one still");
    let tx = store.begin().await.unwrap();
    object_chunks::insert(&tx, large("a")).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.object_chunk("a", 0).await.unwrap().map(|content| content.len()), Some(1 << 20));
}

/// Needs to mount a small file system, so root.
#[tokio::test]
async fn a_full_disk_is_told_and_the_file_is_written_once_there_is_room() {
    let Some(disk) = SmallDisk::of("8m") else { return };
    let store = Store::open(&Address::Sqlite(disk.path().join("windlass.db"))).await.unwrap();
    let ballast = disk.path().join("ballast");
    for attempt in 0..3 {
        // All the room there is but for what is small.
        let room = std::fs::File::create(&ballast).unwrap();
        let mut length = 0;
        while std::io::Write::write_all(&mut &room, &vec![0; 64 << 10]).is_ok() {
            length += 64 << 10;
        }
        room.set_len(length - (256 << 10)).unwrap();
        let tx = store.begin().await.unwrap();
        let chunk = Model { key: "a".into(), ordinal: attempt, content: vec![7; 1 << 20], written_at: Moment(0) };
        let written = match object_chunks::insert(&tx, chunk).await {
            Ok(()) => tx.commit().await.map_err(Error::from),
            Err(error) => Err(error),
        };
        let error = written.unwrap_err();
        assert!(error.is_full(), "{error:?}");
        std::fs::remove_file(&ballast).unwrap();
        assert_eq!(store.object_chunk("a", attempt).await.unwrap(), None, "nothing is half written");
        let tx = store.begin().await.unwrap();
        let chunk = Model { key: "b".into(), ordinal: attempt, content: vec![1], written_at: Moment(0) };
        object_chunks::insert(&tx, chunk).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.object_chunk("b", attempt).await.unwrap(), Some(vec![1]), "what was committed is there");
    }
}
