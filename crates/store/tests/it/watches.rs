use windlass_store::{
    Account, Moment, Store,
    accounts::{self, State},
    repository_tags,
    subscriptions::{Change, Kind, Model, SetBy},
    testing::on_every_engine,
    watches,
};

use crate::team;

async fn subscribe(account: &Account, id: &str, kind: Kind, active: bool) {
    let (key, at) = (format!("r/{id}"), Moment(1));
    let row = Model {
        id: id.into(),
        account: String::new(),
        kind,
        key,
        value: None,
        active,
        set_by: SetBy::Tag,
        is_pattern: false,
        created_at: at,
        last_updated: at,
    };
    account.insert_subscription(row).await.unwrap();
}

async fn due(store: &Store, after: &str, limit: u64, now: i64) -> Vec<String> {
    let due = store.due_watches(Kind::TagUpdate, after, limit, Moment(now)).await.unwrap();
    due.into_iter().map(|due| due.watch.subscription).collect()
}

async fn keep(store: &Store, watch: watches::Model) {
    let tx = store.begin().await.unwrap();
    watches::keep(&tx, &watch).await.unwrap();
    tx.commit().await.unwrap();
}

#[test]
fn active_subscriptions_of_enabled_accounts_are_watched() {
    on_every_engine(|store| async move {
        let (alpha, beta) = (store.account(&team(&store, "alpha").await), store.account(&team(&store, "beta").await));
        subscribe(&alpha, "1", Kind::TagUpdate, true).await;
        subscribe(&alpha, "2", Kind::TagUpdate, false).await;
        subscribe(&alpha, "3", Kind::RepositoryUpdate, true).await;
        subscribe(&beta, "4", Kind::TagUpdate, true).await;
        assert_eq!(due(&store, "", 10, 0).await, ["1", "4"]);
        assert_eq!(due(&store, "", 1, 0).await, ["1"]);
        assert_eq!(due(&store, "1", 1, 0).await, ["4"]);
        let tx = store.begin().await.unwrap();
        accounts::change_state(&tx, beta.name(), &[State::Enabled], State::Disabled, Moment(2)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(due(&store, "", 10, 0).await, ["1"]);
    });
}

#[test]
fn a_watch_remembers_and_waits() {
    on_every_engine(|store| async move {
        let alpha = store.account(&team(&store, "alpha").await);
        subscribe(&alpha, "1", Kind::TagUpdate, true).await;
        let watch = watches::Model {
            subscription: "1".into(),
            digest: Some("sha256:aa".into()),
            failures: 2,
            failure: Some("no route".into()),
            not_before: Moment(50),
            ..Default::default()
        };
        keep(&store, watches::Model { failures: 1, ..watch.clone() }).await;
        keep(&store, watch.clone()).await;
        assert_eq!(due(&store, "", 10, 49).await, Vec::<String>::new());
        let found = store.due_watches(Kind::TagUpdate, "", 10, Moment(50)).await.unwrap().remove(0);
        assert_eq!((found.account.as_str(), found.key.as_str(), &found.watch), ("alpha", "r/1", &watch));
        assert!(alpha.delete_subscription("1").await.unwrap());
        subscribe(&alpha, "1", Kind::TagUpdate, true).await;
        let fresh = store.due_watches(Kind::TagUpdate, "", 10, Moment(0)).await.unwrap().remove(0);
        assert_eq!(fresh.watch.digest, None, "what is known goes with the subscription");
    });
}

#[test]
fn tags_of_a_repository_are_kept_for_its_account_alone() {
    on_every_engine(|store| async move {
        let (alpha, beta) = (store.account(&team(&store, "alpha").await), store.account(&team(&store, "beta").await));
        subscribe(&alpha, "1", Kind::RepositoryUpdate, true).await;
        let tag = |name: &str, failures, retry_at| repository_tags::Model {
            subscription: "1".into(),
            tag: name.into(),
            seen_at: Moment(1),
            failures,
            retry_at,
        };
        assert!(alpha.keep_repository_tag(tag("v2", 1, Some(Moment(9)))).await.unwrap());
        assert!(alpha.keep_repository_tag(tag("v1", 0, None)).await.unwrap());
        assert!(alpha.keep_repository_tag(tag("v2", 0, None)).await.unwrap());
        assert!(!beta.keep_repository_tag(tag("v3", 0, None)).await.unwrap());
        assert_eq!(alpha.repository_tags(&["1"]).await.unwrap(), [tag("v1", 0, None), tag("v2", 0, None)]);
        assert!(beta.repository_tags(&["1"]).await.unwrap().is_empty());
        let asleep = Change { active: Some(false), value: None };
        alpha.change_subscription("1", asleep, Moment(2)).await.unwrap();
        assert_eq!(alpha.repository_tags(&["1"]).await.unwrap().len(), 2);
    });
}

#[test]
fn a_watch_is_let_rest_no_shorter_than_it_rests_already() {
    on_every_engine(|store| async move {
        let alpha = store.account(&team(&store, "alpha").await);
        for id in ["new", "failed", "seen"] {
            subscribe(&alpha, id, Kind::TagUpdate, true).await;
        }
        let knows = |id: &str, until: i64| watches::Model {
            subscription: id.into(),
            digest: Some("sha256:1".into()),
            failures: 3,
            not_before: Moment(until),
            ..watches::Model::default()
        };
        keep(&store, knows("failed", 100)).await;
        keep(&store, knows("seen", 1)).await;
        let tx = store.begin().await.unwrap();
        for id in ["new", "failed", "seen"] {
            watches::rest(&tx, id, Moment(50)).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(due(&store, "", 10, 49).await, [""; 0]);
        assert_eq!(due(&store, "", 10, 50).await, ["new", "seen"]);
        assert_eq!(due(&store, "", 10, 100).await, ["failed", "new", "seen"]);
        let seen = alpha.watch("seen").await.unwrap().unwrap().watch;
        assert_eq!(seen, knows("seen", 50), "what it knows stays");
    });
}
