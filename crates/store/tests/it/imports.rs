use windlass_store::{
    AccountName, Moment, Store,
    imports::{self, Status, contents},
    testing::on_every_engine,
};

use crate::team;

async fn begin(store: &Store, account: &AccountName, id: &str, expires_at: i64) {
    let tx = store.begin().await.unwrap();
    imports::insert(&tx, account, id, Moment(expires_at), Moment(1)).await.unwrap();
    let part = contents::Model {
        import: id.into(),
        kind: "manifest".into(),
        digest: "ab".into(),
        size: 1,
        created_at: Moment(1),
    };
    let again = contents::Model { created_at: Moment(9), ..part.clone() };
    assert_eq!(contents::keep(&tx, part.clone()).await.unwrap(), part);
    assert_eq!(contents::keep(&tx, again).await.unwrap(), part, "what is there stays as it is");
    tx.commit().await.unwrap();
}

async fn change(store: &Store, account: &AccountName, id: &str, from: Status, to: Status) -> bool {
    let tx = store.begin().await.unwrap();
    let changed = imports::change_status(&tx, account, id, &[from], to, Some("why"), Moment(5)).await.unwrap();
    tx.commit().await.unwrap();
    changed
}

#[test]
fn an_import_is_its_accounts_own() {
    on_every_engine(|store| async move {
        let (alpha, beta) = (team(&store, "alpha").await, team(&store, "beta").await);
        begin(&store, &alpha, "one", 10).await;
        let (own, other) = (store.account(&alpha), store.account(&beta));
        assert_eq!(own.imports(10).await.unwrap(), [own.import("one").await.unwrap().unwrap()]);
        assert_eq!(own.import_contents("one", "manifest").await.unwrap().len(), 1);
        assert_eq!(own.import_contents("one", "packages").await.unwrap(), []);
        assert_eq!(other.imports(10).await.unwrap(), []);
        assert_eq!(other.import("one").await.unwrap(), None);
        assert_eq!(other.import_contents("one", "manifest").await.unwrap(), []);
        assert!(!change(&store, &beta, "one", Status::Pending, Status::Invalidated).await);
        let tx = store.begin().await.unwrap();
        assert_eq!(imports::lock(&tx, &beta, "one").await.unwrap(), None);
    });
}

#[test]
fn an_import_leaves_a_state_once() {
    on_every_engine(|store| async move {
        let alpha = team(&store, "alpha").await;
        begin(&store, &alpha, "one", 10).await;
        assert!(change(&store, &alpha, "one", Status::Pending, Status::Failed).await);
        assert!(!change(&store, &alpha, "one", Status::Pending, Status::Failed).await);
        let import = store.account(&alpha).import("one").await.unwrap().unwrap();
        assert_eq!(
            (import.status, import.failure.as_deref(), import.last_updated),
            (Status::Failed, Some("why"), Moment(5))
        );
    });
}

#[test]
fn what_has_ended_is_collected_and_what_is_late_ends() {
    on_every_engine(|store| async move {
        let alpha = team(&store, "alpha").await;
        for (id, expires_at) in [("complete", 10), ("invalidated", 10), ("late", 5), ("pending", 10)] {
            begin(&store, &alpha, id, expires_at).await;
        }
        for (id, to) in [("complete", Status::Complete), ("invalidated", Status::Invalidated)] {
            assert!(change(&store, &alpha, id, Status::Pending, to).await);
        }
        let due = async |now: i64| {
            let due = store.imports_to_collect(Moment(now), 10).await.unwrap();
            due.into_iter().map(|import| (import.is_over(Moment(now)), import.id)).collect::<Vec<_>>()
        };
        let is = |over: bool, id: &str| (over, id.to_owned());
        assert_eq!(due(5).await, [is(false, "complete"), is(true, "invalidated")]);
        assert_eq!(store.expire_imports(Moment(5)).await.unwrap(), 1);
        assert_eq!(due(5).await, [is(false, "complete"), is(true, "invalidated"), is(true, "late")]);

        let tx = store.begin().await.unwrap();
        assert_eq!(contents::of_import(&tx, "complete").await.unwrap().len(), 1);
        contents::remove_all(&tx, "complete").await.unwrap();
        for id in ["invalidated", "late"] {
            imports::remove(&tx, id).await.unwrap();
        }
        assert_eq!(contents::of_import(&tx, "late").await.unwrap(), []);
        tx.commit().await.unwrap();
        assert_eq!(due(5).await, [], "its parts are gone, and how it ended can still be read");
        assert_eq!(due(10).await, [is(true, "complete")]);
    });
}
