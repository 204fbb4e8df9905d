use windlass_store::{
    AccountName, Error, Moment, Store,
    subscriptions::{self, Change, Filter, Kind, Model, Page, SetBy, Start},
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
        set_by: SetBy::Tag,
        is_pattern: false,
        created_at: at,
        last_updated: at,
    }
}

async fn ensure(store: &Store, account: &AccountName, id: &str, start: Start, now: i64) {
    let tx = store.begin().await.unwrap();
    subscriptions::ensure(&tx, account, id, Kind::TagUpdate, "r/a:1", start, Moment(now)).await.unwrap();
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
        ensure(&store, &name, "1", Start::Inactive, 1).await;
        assert!(!alpha.subscription("1").await.unwrap().unwrap().active);
        ensure(&store, &name, "1", Start::Active, 2).await;
        assert!(!alpha.subscription("1").await.unwrap().unwrap().active, "it was there already");
        ensure(&store, &name, "1", Start::Activated, 3).await;
        ensure(&store, &name, "1", Start::Inactive, 4).await;
        let row = alpha.subscription("1").await.unwrap().unwrap();
        assert_eq!((row.active, row.created_at, row.last_updated), (true, Moment(1), Moment(3)));
    });
}

#[test]
fn patterns_decide_about_what_no_user_has_decided_about() {
    on_every_engine(|store| async move {
        let (name, other) = (team(&store, "alpha").await, team(&store, "beta").await);
        let (alpha, beta) = (store.account(&name), store.account(&other));
        for (id, key) in [("1", "r/a:1"), ("2", "r/b:1")] {
            alpha.insert_subscription(row(id, Kind::TagUpdate, key)).await.unwrap();
        }
        alpha.insert_subscription(row("3", Kind::VulnerabilityUpdate, "r/a:1")).await.unwrap();
        beta.insert_subscription(row("4", Kind::TagUpdate, "r/a:1")).await.unwrap();
        let pattern = Model { is_pattern: true, active: true, ..row("5", Kind::TagUpdate, "r/*") };
        alpha.insert_subscription(pattern).await.unwrap();
        alpha.change_subscription("2", Change { active: Some(false), value: None }, Moment(2)).await.unwrap();

        let tx = store.begin().await.unwrap();
        let ids = |rows: Vec<Model>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(ids(subscriptions::patterns(&tx, &name).await.unwrap()), ["5"]);
        assert_eq!(ids(subscriptions::patterns(&tx, &other).await.unwrap()), [""; 0]);
        assert_eq!(ids(subscriptions::undecided(&tx, &name, Kind::TagUpdate).await.unwrap()), ["1"]);
        let all = ["1", "2", "4"].map(str::to_owned);
        subscriptions::switch_on_by_pattern(&tx, &name, &all, Moment(3)).await.unwrap();
        tx.commit().await.unwrap();
        let states = async || {
            let mut states = Vec::new();
            for (account, id) in [(&alpha, "1"), (&alpha, "2"), (&beta, "4")] {
                let row = account.subscription(id).await.unwrap().unwrap();
                states.push((row.active, row.set_by));
            }
            states
        };
        assert_eq!(states().await, [(true, SetBy::Pattern), (false, SetBy::User), (false, SetBy::Tag)]);
        let due = store.due_watches(Kind::TagUpdate, "", 10, Moment(9)).await.unwrap();
        assert_eq!(
            due.iter().map(|due| due.watch.subscription.as_str()).collect::<Vec<_>>(),
            ["1"],
            "no pattern is asked for"
        );
        assert!(alpha.watch("5").await.unwrap().is_none());

        let tx = store.begin().await.unwrap();
        subscriptions::switch_off_by_pattern(&tx, &name, &all, Moment(4)).await.unwrap();
        subscriptions::switch_on_by_pattern(&tx, &name, &all, Moment(5)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(states().await[0], (true, SetBy::Pattern));
        // Whoever adds the image anew and has its tag watched keeps it so without the pattern.
        ensure(&store, &name, "1", Start::Activated, 6).await;
        let tx = store.begin().await.unwrap();
        subscriptions::switch_off_by_pattern(&tx, &name, &all, Moment(7)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(states().await, [(true, SetBy::Tag), (false, SetBy::User), (false, SetBy::Tag)]);
    });
}
