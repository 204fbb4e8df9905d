use std::collections::BTreeSet;

use windlass_store::{
    AccountName, Moment, Store,
    jobs::{self, Count, Filter, NewJob, State},
    subscriptions::Page,
    testing::on_every_engine,
};

const KIND: &[&str] = &["analyse"];

async fn ask(store: &Store, account: &str, key: &str) {
    let account = AccountName::parse(account).unwrap();
    let job = NewJob {
        kind: "analyse",
        account: &account,
        key,
        payload: "{}".into(),
        priority: 0,
        max_attempts: 3,
        not_before: Moment(0),
    };
    let tx = store.begin().await.unwrap();
    jobs::enqueue(&tx, job, Moment(0)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn claim(store: &Store, worker: &str, now: i64) -> Option<jobs::Claim> {
    store.claim_job(KIND, worker, Moment(now + 60), Moment(now)).await.unwrap()
}

#[test]
fn a_job_is_done_once() {
    on_every_engine(|store| async move {
        ask(&store, "alpha", "one").await;
        ask(&store, "alpha", "one").await;
        let first = claim(&store, "w1", 1).await.unwrap();
        assert_eq!((first.job.attempts, first.job.worker.as_deref()), (1, Some("w1")));
        assert!(claim(&store, "w2", 2).await.is_none(), "it was asked for twice while it waited, which is once");
        let tx = store.begin().await.unwrap();
        assert!(first.complete(&tx).await.unwrap());
        tx.commit().await.unwrap();
        assert!(store.jobs(None, 10).await.unwrap().is_empty());
    });
}

#[test]
fn jobs_are_counted_by_kind_and_state() {
    on_every_engine(|store| async move {
        assert_eq!(store.job_counts().await.unwrap(), []);
        for key in ["one", "two", "three"] {
            ask(&store, "alpha", key).await;
        }
        let claimed = claim(&store, "w1", 1).await.unwrap();
        claimed.retry(&store, "later", Moment(500), Moment(2)).await.unwrap();
        claim(&store, "w1", 3).await.unwrap();
        let mut counts = store.job_counts().await.unwrap();
        counts.sort_by_key(|count| format!("{:?}", count.state));
        let count = |state, jobs| Count { kind: "analyse".into(), state, jobs, first_due: Moment(0) };
        assert_eq!(counts, [count(State::Running, 1), count(State::Waiting, 2)]);
    });
}

#[test]
fn a_worker_that_is_silent_loses_its_job_and_cannot_end_it() {
    on_every_engine(|store| async move {
        ask(&store, "alpha", "one").await;
        let dead = claim(&store, "w1", 1).await.unwrap();
        assert!(dead.extend(&store, Moment(100), Moment(50)).await.unwrap());
        assert!(claim(&store, "w2", 99).await.is_none(), "it said that it lives");
        let taken = claim(&store, "w2", 101).await.unwrap();
        assert_eq!(taken.job.attempts, 2);
        assert!(!dead.extend(&store, Moment(500), Moment(102)).await.unwrap());
        let tx = store.begin().await.unwrap();
        assert!(!dead.complete(&tx).await.unwrap());
        assert!(!dead.bury(&tx, "late", Moment(103)).await.unwrap());
        assert!(taken.complete(&tx).await.unwrap());
        tx.commit().await.unwrap();
    });
}

#[test]
fn a_job_that_kills_its_workers_is_given_up() {
    on_every_engine(|store| async move {
        ask(&store, "alpha", "poison").await;
        for attempt in 1..=3 {
            assert!(!claim(&store, "w", attempt * 1000).await.unwrap().is_exhausted());
        }
        let last = claim(&store, "w", 4000).await.unwrap();
        assert!(last.is_exhausted());
        let tx = store.begin().await.unwrap();
        assert!(last.bury(&tx, "three workers died of it", Moment(4001)).await.unwrap());
        tx.commit().await.unwrap();
        assert!(claim(&store, "w", 9000).await.is_none());
        let dead = store.jobs(Some(State::Dead), 10).await.unwrap();
        assert_eq!(dead[0].last_error.as_deref(), Some("three workers died of it"));
    });
}

#[test]
fn jobs_are_listed_newest_first_in_parts_by_state_and_kind() {
    on_every_engine(|store| async move {
        for key in ["one", "two", "three"] {
            ask(&store, "alpha", key).await;
        }
        claim(&store, "w", 1).await.unwrap();
        let listed = async |filter: Filter<'_>, offset, limit| {
            let (rows, more) = store.list_jobs(filter, Page { offset, limit }).await.unwrap();
            (rows.into_iter().map(|job| job.key).collect::<Vec<_>>().join(" "), more)
        };
        let all = Filter::default();
        assert_eq!(listed(all, 0, 3).await, ("three two one".into(), false));
        assert_eq!(listed(all, 0, 2).await, ("three two".into(), true));
        assert_eq!(listed(all, 2, 2).await, ("one".into(), false));
        assert_eq!(listed(all, i64::MAX as u64, 2).await, (String::new(), false));
        let waiting = Filter { state: Some(State::Waiting), kind: Some("analyse") };
        assert_eq!(listed(waiting, 0, 10).await, ("three two".into(), false));
        assert_eq!(listed(Filter { kind: Some("visit"), ..all }, 0, 10).await, (String::new(), false));
    });
}

#[test]
fn a_job_that_was_given_up_is_revived_unless_the_same_waits() {
    on_every_engine(|store| async move {
        ask(&store, "alpha", "one").await;
        let revive = async |id| {
            let tx = store.begin().await.unwrap();
            let revived = jobs::revive(&tx, id, Moment(70)).await?;
            tx.commit().await.unwrap();
            Ok::<bool, windlass_store::Error>(revived)
        };
        let claimed = claim(&store, "w", 1).await.unwrap();
        let id = claimed.job.id;
        assert!(!revive(id).await.unwrap(), "a worker has it");
        let tx = store.begin().await.unwrap();
        assert!(claimed.bury(&tx, "no", Moment(2)).await.unwrap());
        tx.commit().await.unwrap();
        ask(&store, "alpha", "one").await;
        assert!(matches!(revive(id).await, Err(windlass_store::Error::Exists)));
        let other = claim(&store, "w", 3).await.unwrap();
        let tx = store.begin().await.unwrap();
        assert!(other.complete(&tx).await.unwrap());
        tx.commit().await.unwrap();
        assert!(revive(id).await.unwrap());
        assert!(!revive(id).await.unwrap(), "it waits");
        assert!(!revive(id + 1000).await.unwrap(), "there is none");
        let job = store.job(id).await.unwrap().unwrap();
        assert_eq!((job.attempts, job.not_before, job.last_error.as_deref()), (0, Moment(70), Some("no")));
        assert_eq!(claim(&store, "w", 70).await.unwrap().job.id, id);
    });
}

#[test]
fn a_failed_attempt_waits_and_one_given_back_does_not_count() {
    on_every_engine(|store| async move {
        ask(&store, "alpha", "one").await;
        let first = claim(&store, "w", 1).await.unwrap();
        assert!(first.retry(&store, "503", Moment(50), Moment(2)).await.unwrap());
        assert!(claim(&store, "w", 49).await.is_none());
        let second = claim(&store, "w", 50).await.unwrap();
        assert_eq!((second.job.attempts, second.job.last_error.as_deref()), (2, Some("503")));
        assert!(second.release(&store, Moment(51)).await.unwrap());
        assert_eq!(claim(&store, "w", 52).await.unwrap().job.attempts, 2);
    });
}

#[test]
fn what_was_asked_for_again_meanwhile_replaces_the_retry() {
    on_every_engine(|store| async move {
        ask(&store, "alpha", "one").await;
        let first = claim(&store, "w", 1).await.unwrap();
        ask(&store, "alpha", "one").await;
        assert!(first.retry(&store, "503", Moment(50), Moment(2)).await.unwrap());
        assert_eq!(claim(&store, "w", 3).await.unwrap().job.attempts, 1);
        assert!(claim(&store, "w", 51).await.is_none());
    });
}

#[test]
fn who_asks_for_what_another_has_asked_for_can_wait_for_it() {
    on_every_engine(|store| async move {
        ask(&store, "alpha", "one").await;
        ask(&store, "beta", "one").await;
        ask(&store, "beta", "two").await;
        let first = claim(&store, "w1", 1).await.unwrap();
        let second = claim(&store, "w2", 1).await.unwrap();
        let other = claim(&store, "w3", 1).await.unwrap();
        assert_eq!((second.job.account.as_str(), second.job.key.as_str()), ("beta", "one"));
        assert!(second.follows_another(&store, Moment(2)).await.unwrap());
        assert!(!first.follows_another(&store, Moment(2)).await.unwrap(), "one of the two goes on");
        assert!(!other.follows_another(&store, Moment(2)).await.unwrap());
        assert!(!second.follows_another(&store, Moment(62)).await.unwrap(), "the other is dead");
        assert!(second.postpone(&store, Moment(10), Moment(2)).await.unwrap());
        assert!(claim(&store, "w2", 9).await.is_none());
        assert_eq!(claim(&store, "w2", 10).await.unwrap().job.attempts, 1, "it was not tried");
    });
}

#[test]
fn no_account_crowds_out_another() {
    on_every_engine(|store| async move {
        for n in 0..4 {
            ask(&store, "alpha", &n.to_string()).await;
        }
        ask(&store, "beta", "0").await;
        let mut order = Vec::new();
        for _ in 0..3 {
            order.push(claim(&store, "w", 1).await.unwrap().job.account);
        }
        assert_eq!(order, ["alpha", "beta", "alpha"]);
    });
}

#[test]
fn workers_that_claim_at_once_get_different_jobs() {
    on_every_engine(|store| async move {
        for n in 0..20 {
            ask(&store, "alpha", &n.to_string()).await;
        }
        let claims: Vec<_> = (0..20)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(async move { claim(&store, &format!("w{n}"), 1).await })
            })
            .collect();
        let mut keys = BTreeSet::new();
        for claim in claims {
            // Two that collide may leave one without: it asks again.
            if let Some(claim) = claim.await.unwrap() {
                assert!(keys.insert(claim.job.key.clone()), "{} was claimed twice", claim.job.key);
            }
        }
        while let Some(claim) = claim(&store, "w", 1).await {
            assert!(keys.insert(claim.job.key.clone()));
        }
        assert_eq!(keys.len(), 20);
    });
}
