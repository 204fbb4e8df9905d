use windlass_store::{Address, Store, testing::on_every_address};

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
