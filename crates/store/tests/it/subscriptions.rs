use windlass_store::{
    Error, Moment, Store,
    subscriptions::{self, Change, Filter, Kind, Model, Page},
    testing::on_every_engine,
};

use crate::team;

fn row(id: &str, kind: Kind, key: &str) -> Model {
    let (value, active) = (Some("{}".to_owned()), false);
    let at = Moment(1);
    Model {
        id: id.into(),
        account: String::new(),
        kind,
        key: key.into(),
        value,
        active,
        created_at: at,
        last_updated: at,
    }
}

async fn ensure(store: &Store, account: &windlass_store::AccountName, id: &str, activate: bool, now: i64) {
    let tx = store.begin().await.unwrap();
    subscriptions::ensure(&tx, account, id, Kind::TagUpdate, "r/a:1", activate, Moment(now)).await.unwrap();
    tx.commit().await.unwrap();
}

#[test]
fn subscriptions_are_found_by_key_and_kind_in_their_account_alone() {
    on_every_engine(|store| async move {
        let (alpha, beta) = (store.account(&team(&store, "alpha").await), store.account(&team(&store, "beta").await));
        for (id, kind, key) in
            [("1", Kind::TagUpdate, "r/b:1"), ("2", Kind::PolicyEvaluation, "r/b:1"), ("3", Kind::TagUpdate, "r/a:1")]
        {
            alpha.insert_subscription(row(id, kind, key)).await.unwrap();
        }
        beta.insert_subscription(row("4", Kind::TagUpdate, "r/a:1")).await.unwrap();
        assert!(matches!(alpha.insert_subscription(row("5", Kind::TagUpdate, "r/a:1")).await, Err(Error::Exists)));

        let ids = async |filter| {
            let rows = alpha.subscriptions(filter).await.unwrap();
            rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(Filter::default()).await, ["3", "2", "1"]);
        assert_eq!(ids(Filter { kind: Some(Kind::TagUpdate), ..Filter::default() }).await, ["3", "1"]);
        assert_eq!(ids(Filter { key: Some("r/b:1"), ..Filter::default() }).await, ["2", "1"]);
        assert_eq!(ids(Filter { page: Some(Page { offset: 1, limit: 1 }), ..Filter::default() }).await, ["2"]);

        assert!(beta.subscription("1").await.unwrap().is_none());
        assert!(!beta.delete_subscription("1").await.unwrap());
        let change = Change { active: Some(true), value: None };
        assert!(beta.change_subscription("1", change, Moment(2)).await.unwrap().is_none());
        assert!(!alpha.subscription("1").await.unwrap().unwrap().active);
    });
}

#[test]
fn a_change_changes_what_is_given_and_nothing_else() {
    on_every_engine(|store| async move {
        let alpha = store.account(&team(&store, "alpha").await);
        alpha.insert_subscription(row("1", Kind::TagUpdate, "r/a:1")).await.unwrap();
        let active = Change { active: Some(true), value: None };
        let row = alpha.change_subscription("1", active, Moment(2)).await.unwrap().unwrap();
        assert_eq!((row.active, row.value.as_deref(), row.created_at), (true, Some("{}"), Moment(1)));
        let emptied = Change { active: None, value: Some(None) };
        let row = alpha.change_subscription("1", emptied, Moment(3)).await.unwrap().unwrap();
        assert_eq!((row.active, row.value, row.last_updated), (true, None, Moment(3)));
    });
}

#[test]
fn making_sure_of_a_subscription_never_switches_it_off() {
    on_every_engine(|store| async move {
        let name = team(&store, "alpha").await;
        let alpha = store.account(&name);
        ensure(&store, &name, "1", false, 1).await;
        assert!(!alpha.subscription("1").await.unwrap().unwrap().active);
        ensure(&store, &name, "1", true, 2).await;
        ensure(&store, &name, "1", false, 3).await;
        let row = alpha.subscription("1").await.unwrap().unwrap();
        assert_eq!((row.active, row.created_at, row.last_updated), (true, Moment(1), Moment(2)));
    });
}
