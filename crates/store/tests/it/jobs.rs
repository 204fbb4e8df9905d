use std::collections::BTreeSet;

use windlass_store::{
    AccountName, Moment, Store,
    jobs::{self, Count, NewJob, State},
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
