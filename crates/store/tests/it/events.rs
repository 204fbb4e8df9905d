use windlass_store::{
    Account, AccountName, Moment, Store,
    events::{self, Filter, Level, Model},
    retention::Old,
    subscriptions::Page,
    testing::on_every_engine,
};

use crate::team;

const ALL: Page = Page { offset: 0, limit: 100 };

async fn tell(store: &Store, account: &AccountName, id: &str, kind: &str, at: i64) {
    let event = Model {
        id: id.into(),
        account: account.to_string(),
        kind: kind.into(),
        level: if kind.ends_with("failed") { Level::Error } else { Level::Info },
        message: "m".into(),
        details: "{}".into(),
        resource_kind: Some("image_tag".into()),
        resource_id: Some(format!("r/{id}")),
        source_service: Some("catalog".into()),
        source_host: Some("host".into()),
        source_base_url: None,
        request_id: None,
        occurred_at: Moment(at),
        created_at: Moment(at),
    };
    let tx = store.begin().await.unwrap();
    events::insert(&tx, account, vec![event]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn ids(account: &Account, filter: Filter<'_>) -> Vec<String> {
    account.events(&filter, ALL).await.unwrap().0.into_iter().map(|event| event.id).collect()
}

#[test]
fn events_come_newest_first_and_page_by_page() {
    on_every_engine(|store| async move {
        let (alpha, beta) = (team(&store, "alpha").await, team(&store, "beta").await);
        for (id, at) in [("a", 1), ("b", 2), ("c", 2), ("d", 3)] {
            tell(&store, &alpha, id, "user.image.analysis.completed", at).await;
        }
        tell(&store, &beta, "e", "user.image.analysis.completed", 9).await;
        let account = store.account(&alpha);
        assert_eq!(ids(&account, Filter::default()).await, ["d", "c", "b", "a"]);
        let page = |offset| Page { offset, limit: 2 };
        let (first, more) = account.events(&Filter::default(), page(0)).await.unwrap();
        assert_eq!((first[0].id.as_str(), first.len(), more), ("d", 2, true));
        let (last, more) = account.events(&Filter::default(), page(2)).await.unwrap();
        assert_eq!((last[1].id.as_str(), last.len(), more), ("a", 2, false));
    });
}

#[test]
fn an_asterisk_stands_for_anything_and_nothing_else_does() {
    on_every_engine(|store| async move {
        let alpha = team(&store, "alpha").await;
        for (id, kind) in [
            ("a", "system.image_analysis.failed"),
            ("b", "system.imageXanalysis.failed"),
            ("c", "user.image.analysis.failed"),
            ("d", "system.feeds.sync.started"),
        ] {
            tell(&store, &alpha, id, kind, 1).await;
        }
        let account = store.account(&alpha);
        let of = async |kind| ids(&account, Filter { kind: Some(kind), ..Filter::default() }).await;
        assert_eq!(of("system.image_analysis.*").await, ["a"], "an underscore is an underscore");
        assert_eq!(of("*failed").await, ["c", "b", "a"]);
        assert_eq!(of("system.*.failed").await, ["b", "a"]);
        assert_eq!(of("system.feeds.sync.started").await, ["d"]);
        for none in ["system.%", "system.image_analysis", "system\\.*", "%*"] {
            assert_eq!(of(none).await, Vec::<String>::new(), "{none}");
        }
    });
}

#[test]
fn moments_of_a_filter_do_not_belong_to_it() {
    on_every_engine(|store| async move {
        let alpha = team(&store, "alpha").await;
        for (id, at) in [("a", 1), ("b", 2), ("c", 3)] {
            tell(&store, &alpha, id, "user.image.analysis.failed", at).await;
        }
        let account = store.account(&alpha);
        let between = Filter { since: Some(Moment(1)), before: Some(Moment(3)), ..Filter::default() };
        assert_eq!(ids(&account, between).await, ["b"]);
        assert_eq!(ids(&account, Filter { level: Some(Level::Info), ..Filter::default() }).await, Vec::<String>::new());
        let by = Filter { resource_id: Some("r/c"), source_service: Some("catalog"), ..Filter::default() };
        assert_eq!(ids(&account, by).await, ["c"]);
        assert_eq!(
            ids(&account, Filter { source_host: Some("other"), ..Filter::default() }).await,
            Vec::<String>::new()
        );
    });
}

#[test]
fn what_is_deleted_is_told_and_is_of_one_account() {
    on_every_engine(|store| async move {
        let (alpha, beta) = (team(&store, "alpha").await, team(&store, "beta").await);
        for (account, id, at) in [(&alpha, "a", 1), (&alpha, "b", 2), (&beta, "c", 1)] {
            tell(&store, account, id, "user.image.analysis.failed", at).await;
        }
        let (one, other) = (store.account(&alpha), store.account(&beta));
        assert!(other.event("a").await.unwrap().is_none());
        assert!(!other.delete_event("a").await.unwrap());
        let old = Filter { before: Some(Moment(2)), ..Filter::default() };
        assert_eq!(one.delete_events(&old).await.unwrap(), ["a"]);
        assert_eq!(one.delete_events(&old).await.unwrap(), Vec::<String>::new());
        assert!(one.delete_event("b").await.unwrap());
        assert_eq!(ids(&other, Filter::default()).await, ["c"]);
    });
}

#[test]
fn old_events_go_in_batches_oldest_first() {
    on_every_engine(|store| async move {
        let (alpha, beta) = (team(&store, "alpha").await, team(&store, "beta").await);
        for (account, id, at) in [(&alpha, "a", 3), (&beta, "b", 1), (&alpha, "c", 2), (&alpha, "d", 7)] {
            tell(&store, account, id, "user.image.analysis.failed", at).await;
        }
        assert_eq!(store.forget(Old::Events, Moment(7), 2).await.unwrap(), 2);
        assert_eq!(ids(&store.account(&alpha), Filter::default()).await, ["d", "a"]);
        assert_eq!(store.forget(Old::Events, Moment(7), 2).await.unwrap(), 1);
        assert_eq!(store.forget(Old::Events, Moment(7), 2).await.unwrap(), 0);
        assert_eq!(ids(&store.account(&alpha), Filter::default()).await, ["d"]);
    });
}
