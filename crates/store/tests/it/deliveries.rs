use windlass_store::{
    Account, Moment, Store,
    deliveries::{self, Attempt, Breaker, Claim, Ending, Filter, NewDelivery, State},
    endpoints,
    retention::Old,
    subscriptions::Page,
    testing::on_every_engine,
};

use crate::{endpoints::endpoint, team};

const BREAKER: Breaker = Breaker { failures: 5, pause: 100 };
const ALL: Page = Page { offset: 0, limit: 100 };

fn at(seconds: i64) -> Moment {
    Moment(0).plus_seconds(seconds)
}

/// An account with an endpoint `a`, whose id is `e`.
async fn house(store: &Store) -> Account {
    let alpha = store.account(&team(store, "alpha").await);
    alpha.insert_endpoint(endpoint("e", "a")).await.unwrap();
    alpha
}

async fn deliver(store: &Store, id: &str, endpoint: &str, subject: &str, due_at: i64) -> i64 {
    let tx = store.begin().await.unwrap();
    let new = NewDelivery {
        id: id.into(),
        account: "alpha",
        endpoint,
        owner: "alpha",
        subject,
        gathers: false,
        due_at: at(due_at),
        give_up_at: at(1000),
    };
    let number = deliveries::insert(&tx, new, at(0)).await.unwrap();
    tx.commit().await.unwrap();
    number
}

async fn claim(store: &Store, now: i64) -> Option<Claim> {
    store.claim_delivery("w", BREAKER, at(now + 60), at(now)).await.unwrap()
}

async fn claimed(store: &Store, now: i64) -> Option<String> {
    claim(store, now).await.map(|claim| claim.delivery.id)
}

async fn end(store: &Store, claim: &Claim, ending: Ending, reason: Option<&str>, now: i64) -> bool {
    let attempt = Attempt {
        delivery: claim.delivery.number,
        number: claim.delivery.attempts,
        begun_at: at(now),
        milliseconds: 5,
        status: Some(200),
        reason: reason.map(str::to_owned),
        excerpt: "ok".into(),
    };
    let tx = store.begin().await.unwrap();
    let ended = claim.end(&tx, &ending, attempt, at(now)).await.unwrap();
    tx.commit().await.unwrap();
    ended
}

#[test]
fn a_delivery_is_claimed_when_it_is_due_and_ended_with_what_came_of_it() {
    on_every_engine(|store| async move {
        let alpha = house(&store).await;
        deliver(&store, "d", "e", "r/a:1", 10).await;
        assert!(!store.has_due_deliveries(at(9)).await.unwrap() && claim(&store, 9).await.is_none());
        assert!(store.has_due_deliveries(at(10)).await.unwrap());
        let first = claim(&store, 10).await.unwrap();
        assert_eq!((first.delivery.state, first.delivery.attempts), (State::Sending, 1));
        assert!(claim(&store, 11).await.is_none(), "somebody has it");
        assert!(end(&store, &first, Ending::Later(at(20)), Some("it was away"), 12).await);
        assert!(claim(&store, 19).await.is_none());
        let second = claim(&store, 20).await.unwrap();
        assert!(end(&store, &second, Ending::Delivered, None, 21).await);
        let (rows, more) = alpha.deliveries(Filter::default(), ALL).await.unwrap();
        let (row, name) = &rows[0];
        assert_eq!(
            (row.state, row.attempts, row.ended_at, row.last_error.as_deref()),
            (State::Delivered, 2, Some(at(21)), None)
        );
        assert_eq!((name.as_str(), more), ("a", false));
        let log = alpha.delivery_attempts(row).await.unwrap();
        let reasons: Vec<Option<&str>> = log.iter().map(|attempt| attempt.reason.as_deref()).collect();
        assert_eq!(reasons, [Some("it was away"), None]);
        assert!(claim(&store, 500).await.is_none());
    });
}

#[test]
fn whoever_was_too_slow_writes_nothing_any_more() {
    on_every_engine(|store| async move {
        house(&store).await;
        deliver(&store, "d", "e", "r/a:1", 0).await;
        let slow = claim(&store, 0).await.unwrap();
        assert!(slow.progress(&store, 1, 3).await.unwrap());
        assert!(slow.extend(&store, at(100)).await.unwrap());
        assert!(claim(&store, 99).await.is_none(), "it says that it lives");
        let other = claim(&store, 101).await.unwrap();
        let taken = |revision| other.delivery.taken(&endpoints::Model { revision, ..endpoint("e", "a") });
        assert_eq!((taken(3), other.delivery.attempts), (1, 2), "what was taken is known");
        assert_eq!((taken(2), taken(4)), (0, 0), "of other requests nothing was");
        assert!(!slow.progress(&store, 2, 3).await.unwrap());
        assert!(!slow.extend(&store, at(300)).await.unwrap());
        assert!(!end(&store, &slow, Ending::Delivered, None, 102).await);
        assert!(!slow.put_off(&store, at(103)).await.unwrap());
        assert!(other.put_off(&store, at(110)).await.unwrap());
        assert!(claim(&store, 109).await.is_none());
        deliver(&store, "urgent", "e", "r/a:1", 104).await;
        assert_eq!(claimed(&store, 104).await.as_deref(), Some("urgent"), "it waits for nothing that was put off");
        let again = claim(&store, 110).await.unwrap();
        assert_eq!((again.delivery.attempts, again.delivery.accepted), (2, 1), "that it was put off was no attempt");
    });
}

#[test]
fn what_is_about_one_subject_goes_in_order_and_other_subjects_do_not_wait() {
    on_every_engine(|store| async move {
        house(&store).await;
        for (id, subject) in [("1", "r/a:1"), ("2", "r/a:1"), ("3", "r/b:1")] {
            deliver(&store, id, "e", subject, 0).await;
        }
        let first = claim(&store, 0).await.unwrap();
        assert_eq!((first.delivery.id.as_str(), claimed(&store, 1).await.as_deref()), ("1", Some("3")));
        assert!(end(&store, &first, Ending::Later(at(50)), Some("away"), 2).await);
        assert_eq!(claimed(&store, 3).await, None, "the second waits for the first, which is tried again later");
        let first = claim(&store, 50).await.unwrap();
        assert!(end(&store, &first, Ending::Dead, Some("gone"), 51).await);
        assert_eq!(claimed(&store, 52).await.as_deref(), Some("2"), "and not for one that was given up");
    });
}

#[test]
fn an_endpoint_gets_no_more_at_once_and_in_a_minute_than_it_takes() {
    on_every_engine(|store| async move {
        let alpha = store.account(&team(&store, "alpha").await);
        alpha.insert_endpoint(endpoints::Model { concurrency: 2, ..endpoint("e", "a") }).await.unwrap();
        alpha
            .insert_endpoint(endpoints::Model { concurrency: 9, per_minute: 2, ..endpoint("f", "slow") })
            .await
            .unwrap();
        for number in 0..3 {
            deliver(&store, &format!("e{number}"), "e", &format!("r/a:{number}"), 0).await;
        }
        let claims = [claim(&store, 0).await.unwrap(), claim(&store, 0).await.unwrap()];
        assert_eq!(claimed(&store, 0).await, None);
        assert!(end(&store, &claims[0], Ending::Delivered, None, 1).await);
        assert_eq!(claimed(&store, 1).await.as_deref(), Some("e2"));

        for number in 0..4 {
            deliver(&store, &format!("f{number}"), "f", &format!("r/a:{number}"), 0).await;
        }
        let of_slow = async |now| {
            let mut count = 0;
            while claimed(&store, now).await.is_some() {
                count += 1;
            }
            count
        };
        assert_eq!((of_slow(2).await, of_slow(10).await, of_slow(34).await), (2, 0, 1), "one more each half minute");
    });
}

#[test]
fn an_endpoint_that_fails_or_is_off_is_let_alone() {
    on_every_engine(|store| async move {
        let alpha = house(&store).await;
        for number in 0..3 {
            deliver(&store, &format!("{number}"), "e", &format!("r/a:{number}"), 0).await;
        }
        let ill = endpoints::Model { failures: 5, failing_since: Some(at(0)), ..endpoint("e", "a") };
        assert!(alpha.replace_endpoint(&endpoint("e", "a"), &ill).await.unwrap());
        assert!(claim(&store, 10).await.is_some());
        assert!(claim(&store, 11).await.is_none(), "one at a time");
        assert!(claim(&store, 110).await.is_some(), "and after a while the next");
        let off = endpoints::Model { enabled: false, ..endpoint("e", "a") };
        assert!(alpha.replace_endpoint(&ill, &off).await.unwrap());
        assert!(claim(&store, 500).await.is_none());
        assert_eq!(store.bury_deliveries("it is disabled", 9, 10, at(999)).await.unwrap(), 0, "their time is not over");
        assert_eq!(store.bury_deliveries("it is disabled", 9, 10, at(1001)).await.unwrap(), 2, "one is being sent");
        assert_eq!(store.count_deliveries(State::Dead).await.unwrap(), 2);
        let dead = Filter { state: Some(State::Dead), ..Filter::default() };
        let (rows, _) = alpha.deliveries(dead, ALL).await.unwrap();
        assert_eq!(rows[0].0.last_error.as_deref(), Some("it is disabled"));
    });
}

#[test]
fn what_has_ended_goes_again_when_asked_for_and_is_forgotten_later() {
    on_every_engine(|store| async move {
        let alpha = house(&store).await;
        let beta = store.account(&team(&store, "beta").await);
        for id in ["1", "2"] {
            deliver(&store, id, "e", id, 0).await;
            let claim = claim(&store, 0).await.unwrap();
            assert!(claim.progress(&store, 3, 0).await.unwrap());
            let ending = if id == "1" { Ending::Dead } else { Ending::Settled };
            assert!(end(&store, &claim, ending, None, 5).await);
        }
        let dead = Filter { state: Some(State::Dead), endpoint: Some("a"), ..Filter::default() };
        assert_eq!(beta.replay_deliveries(dead, 10, at(2000), at(6)).await.unwrap(), [""; 0]);
        assert_eq!(alpha.replay_deliveries(dead, 10, at(2000), at(6)).await.unwrap(), ["1"]);
        let again = claim(&store, 6).await.unwrap().delivery;
        assert_eq!((again.id.as_str(), again.attempts, again.earlier, again.accepted), ("1", 2, 1, 0));
        assert_eq!((again.give_up_at, again.ended_at), (at(2000), None));
        assert_eq!(store.forget(Old::Deliveries, at(5), 10).await.unwrap(), 0);
        assert_eq!(store.forget(Old::Deliveries, at(6), 10).await.unwrap(), 1, "what is on its way stays");
        let (page, more) = alpha.deliveries(Filter::default(), Page { offset: 0, limit: 1 }).await.unwrap();
        assert_eq!((page.len(), more), (1, false));
    });
}

#[test]
fn what_is_gathered_is_one_delivery_until_it_is_sent() {
    on_every_engine(|store| async move {
        let alpha = house(&store).await;
        let tx = store.begin().await.unwrap();
        let new = NewDelivery {
            id: "d".into(),
            account: "alpha",
            endpoint: "e",
            owner: "alpha",
            subject: "",
            gathers: true,
            due_at: at(100),
            give_up_at: at(1000),
        };
        let number = deliveries::insert(&tx, new, at(0)).await.unwrap();
        let open = async |subject: &str, due_at, now| {
            deliveries::gathering(&tx, "alpha", "e", subject, at(due_at), at(now)).await.unwrap()
        };
        assert_eq!((open("", 100, 0).await, open("", 200, 99).await), (Some(number), Some(number)));
        assert_eq!(open("other", 100, 0).await, None);
        assert_eq!((open("", 99, 0).await, open("", 100, 100).await), (None, None), "too late, or due already");
        tx.commit().await.unwrap();
        let claim = claim(&store, 100).await.unwrap();
        assert!(end(&store, &claim, Ending::Later(at(300)), Some("away"), 101).await);
        let tx = store.begin().await.unwrap();
        let late = deliveries::gathering(&tx, "alpha", "e", "", at(400), at(102)).await.unwrap();
        assert_eq!(late, None, "what was sent once stays what it is");
        drop(tx);
        assert!(alpha.delete_endpoint("a").await.unwrap());
        assert_eq!(store.count_deliveries(State::Waiting).await.unwrap(), 0, "they go with the endpoint");
    });
}
