use windlass_store::{
    AccountName, Moment, Store,
    deliveries::{self, NewDelivery},
    notices::{self, NewNotice},
    testing::on_every_engine,
};

use crate::{endpoints::endpoint, team};

pub(crate) async fn notice(store: &Store, account: &AccountName, id: &str, subject: &str) {
    let tx = store.begin().await.unwrap();
    let notice = NewNotice {
        id: id.to_owned(),
        kind: "tag_update".into(),
        subject: subject.to_owned(),
        message: "it moved".into(),
        facts: "{}".into(),
        details: "{}".into(),
        occurred_at: Moment(1),
    };
    notices::insert(&tx, account, vec![notice]).await.unwrap();
    tx.commit().await.unwrap();
}

#[test]
fn notices_are_routed_once_in_the_order_of_what_happened() {
    on_every_engine(|store| async move {
        let (alpha, beta) = (team(&store, "alpha").await, team(&store, "beta").await);
        assert!(!store.has_notices_to_route().await.unwrap());
        for (account, id) in [(&alpha, "c"), (&beta, "a"), (&alpha, "b")] {
            notice(&store, account, id, "r/a:1").await;
        }
        assert!(store.has_notices_to_route().await.unwrap());
        let tx = store.begin().await.unwrap();
        let waiting = notices::to_route(&tx, 2).await.unwrap();
        assert_eq!(waiting.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["c", "a"]);
        notices::mark_routed(&tx, &[waiting[0].number]).await.unwrap();
        notices::remove(&tx, &[waiting[1].number]).await.unwrap();
        tx.commit().await.unwrap();
        let tx = store.begin().await.unwrap();
        let rest = notices::to_route(&tx, 10).await.unwrap();
        assert_eq!(rest.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["b"]);
    });
}

#[test]
fn what_is_not_committed_is_told_nobody() {
    on_every_engine(|store| async move {
        let alpha = team(&store, "alpha").await;
        let tx = store.begin().await.unwrap();
        let lost = NewNotice {
            id: "lost".into(),
            kind: "tag_update".into(),
            subject: "r/a:1".into(),
            message: String::new(),
            facts: "{}".into(),
            details: "{}".into(),
            occurred_at: Moment(1),
        };
        notices::insert(&tx, &alpha, vec![lost]).await.unwrap();
        drop(tx);
        assert!(!store.has_notices_to_route().await.unwrap());
    });
}

#[test]
fn a_notice_is_kept_for_as_long_as_a_delivery_tells_it() {
    on_every_engine(|store| async move {
        let alpha = team(&store, "alpha").await;
        store.account(&alpha).insert_endpoint(endpoint("e", "a")).await.unwrap();
        for id in ["told", "silent", "waiting"] {
            notice(&store, &alpha, id, "r/a:1").await;
        }
        let tx = store.begin().await.unwrap();
        let rows = notices::to_route(&tx, 10).await.unwrap();
        notices::mark_routed(&tx, &[rows[0].number, rows[1].number]).await.unwrap();
        let delivery = NewDelivery {
            id: "d".into(),
            account: "alpha",
            endpoint: "e",
            owner: "alpha",
            subject: "r/a:1",
            gathers: false,
            due_at: Moment(1),
            give_up_at: Moment(9),
        };
        let number = deliveries::insert(&tx, delivery, Moment(1)).await.unwrap();
        deliveries::tell_notice(&tx, number, rows[0].number).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.expire_notices(10).await.unwrap(), 1, "one that nobody is told of");
        let told = store.notices_of(number).await.unwrap();
        assert_eq!(told.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["told"]);
        assert!(store.has_notices_to_route().await.unwrap());
        store.account(&alpha).delete_endpoint("a").await.unwrap();
        assert_eq!(store.expire_notices(10).await.unwrap(), 1, "its delivery went with the endpoint");
    });
}
