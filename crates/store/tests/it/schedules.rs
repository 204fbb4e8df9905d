use windlass_store::{Moment, Store, schedules::Run, testing::on_every_engine};

async fn begin(store: &Store, worker: &str, now: i64) -> Option<Run> {
    store.begin_run("watch", worker, Moment(now + 60), Moment(now)).await.unwrap()
}

#[test]
fn a_schedule_runs_when_it_is_due_in_one_process() {
    on_every_engine(|store| async move {
        store.prepare_schedule("watch", Moment(100), Moment(0)).await.unwrap();
        let runs: Vec<_> = (0..8)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(async move { begin(&store, &format!("w{n}"), 1).await })
            })
            .collect();
        let mut begun = Vec::new();
        for run in runs {
            begun.extend(run.await.unwrap());
        }
        assert_eq!(begun.len(), 1);
        assert!(begun[0].end(&store, Some("no route to host"), Moment(50)).await.unwrap());
        assert!(begin(&store, "w", 49).await.is_none(), "it is not due");
        let row = store.schedules().await.unwrap().pop().unwrap();
        assert_eq!((row.runs, row.last_error.as_deref()), (1, Some("no route to host")));
        assert!(!row.is_due(Moment(49)) && row.is_due(Moment(50)));
        let run = begin(&store, "w", 50).await.unwrap();
        assert!(run.end(&store, None, Moment(90)).await.unwrap());
        assert_eq!(store.schedules().await.unwrap()[0].last_error, None);
    });
}

#[test]
fn a_process_that_is_silent_loses_its_run_and_cannot_end_it() {
    on_every_engine(|store| async move {
        store.prepare_schedule("watch", Moment(100), Moment(0)).await.unwrap();
        let dead = begin(&store, "w1", 0).await.unwrap();
        assert!(dead.extend(&store, Moment(80)).await.unwrap());
        assert!(begin(&store, "w2", 80).await.is_none(), "it said that it lives");
        let taken = begin(&store, "w2", 81).await.unwrap();
        assert!(!dead.extend(&store, Moment(500)).await.unwrap());
        assert!(!dead.end(&store, None, Moment(500)).await.unwrap());
        assert!(taken.end(&store, None, Moment(200)).await.unwrap());
    });
}

#[test]
fn a_shortened_interval_counts_at_once_and_a_longer_one_does_not_delay() {
    on_every_engine(|store| async move {
        store.prepare_schedule("watch", Moment(100), Moment(0)).await.unwrap();
        begin(&store, "w", 0).await.unwrap().end(&store, None, Moment(3600)).await.unwrap();
        store.prepare_schedule("watch", Moment(7200), Moment(10)).await.unwrap();
        assert_eq!(store.schedules().await.unwrap()[0].next_run_at, Moment(3600));
        store.prepare_schedule("watch", Moment(70), Moment(10)).await.unwrap();
        assert_eq!(store.schedules().await.unwrap()[0].next_run_at, Moment(70));
        store.bring_forward("watch", Moment(20)).await.unwrap();
        store.bring_forward("watch", Moment(30)).await.unwrap();
        assert_eq!(store.schedules().await.unwrap()[0].next_run_at, Moment(20));
    });
}
