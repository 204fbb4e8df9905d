use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use windlass_operations::{Service, Settings};
use windlass_store::schedules::Model;
use windlass_v1::{
    schedules::{RunOutcome, Schedule},
    services::ServiceState,
};

use crate::house::{House, in_every_house_with};

/// What looks for silent services recurs now and then, what looks for moved tags not at all.
fn settings() -> Settings {
    let timers = [("service_watcher", 100), ("image_watcher", 0), ("feed_sync", 0), ("no_such_timer", 7)];
    let timers = BTreeMap::from(timers.map(|(name, seconds)| (name.to_owned(), seconds)));
    Settings { timers, ..Settings::default() }
}

async fn until(house: &House, done: impl Fn(&Model) -> bool) -> Model {
    let wait = async {
        loop {
            let rows = house.service.store().schedules().await.unwrap();
            assert!(!rows.iter().any(|row| row.name == "image_watcher"), "it is switched off: {rows:?}");
            if let Some(row) = rows.into_iter().find(|row| row.name == "service_watcher" && done(row)) {
                return row;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.unwrap()
}

/// The same as operators see it.
async fn seen(house: &House, name: &str) -> Schedule {
    let schedules = house.service.schedules().await.unwrap();
    assert!(schedules.is_sorted_by_key(|schedule| schedule.name.clone()), "{schedules:?}");
    schedules.into_iter().find(|schedule| schedule.name == name).unwrap()
}

fn start(service: &Arc<Service>) -> (CancellationToken, tokio::task::JoinHandle<windlass_operations::Result<()>>) {
    let (stop, service) = (CancellationToken::new(), Arc::clone(service));
    let until = stop.clone();
    (stop, tokio::spawn(async move { service.keep_schedules(until).await }))
}

#[test]
fn what_is_due_is_done_once_however_many_look_and_again_an_interval_later() {
    in_every_house_with(&settings(), |house| async move {
        house.service.report(ServiceState::Available).await.unwrap();
        house.wait(400);
        let loops = [start(&house.service), start(&house.service), start(&house.service)];
        let ended = |row: &Model| row.lease_until.is_none();
        let first = until(&house, |row| row.runs > 0 && ended(row)).await;
        assert_eq!((first.runs, first.last_error.as_deref()), (1, None));
        let now = house.service.clock().moment();
        let wait = first.next_run_at.seconds() - now.seconds();
        assert!((90..=110).contains(&wait), "{wait}");
        assert!(!house.service.store().services().await.unwrap()[0].up, "it was done");

        sleep(Duration::from_millis(1500)).await;
        assert_eq!(until(&house, ended).await.runs, 1, "it is not due");
        house.wait(wait);
        assert_eq!(until(&house, |row| row.runs > 1 && ended(row)).await.runs, 2);
        for (stop, running) in loops {
            stop.cancel();
            running.await.unwrap().unwrap();
        }
    });
}

#[test]
fn a_run_whose_process_died_is_taken_over() {
    in_every_house_with(&settings(), |house| async move {
        let (store, now) = (house.service.store(), house.service.clock().moment());
        store.prepare_schedule("service_watcher", now, now).await.unwrap();
        let dead = store.begin_run("service_watcher", "dead", now.plus_seconds(60), now).await.unwrap();
        assert!(dead.is_some());
        let (stop, running) = start(&house.service);
        sleep(Duration::from_millis(1200)).await;
        assert_eq!(until(&house, |_| true).await.runs, 1, "its lease has not run out");
        house.wait(61);
        let taken = until(&house, |row| row.runs == 2 && row.lease_until.is_none()).await;
        assert_eq!(taken.worker.as_deref(), Some("windlass"));
        stop.cancel();
        running.await.unwrap().unwrap();
    });
}

#[test]
fn operators_see_what_recurs_how_it_went_and_what_is_switched_off() {
    in_every_house_with(&settings(), |house| async move {
        let store = house.service.store();
        let never = seen(&house, "service_watcher").await;
        assert_eq!((never.interval_seconds, never.runs, never.last_outcome), (Some(100), 0, None));
        assert_eq!((seen(&house, "image_watcher").await.interval_seconds, never.next_run_at), (None, None));

        let now = house.service.clock().moment();
        store.prepare_schedule("service_watcher", now, now).await.unwrap();
        let run = store.begin_run("service_watcher", "one", now.plus_seconds(60), now).await.unwrap().unwrap();
        let running = seen(&house, "service_watcher").await;
        assert_eq!((running.last_outcome, running.worker.as_deref()), (Some(RunOutcome::Running), Some("one")));
        house.wait(61);
        assert_eq!(seen(&house, "service_watcher").await.last_outcome, Some(RunOutcome::Abandoned));
        for (error, outcome) in [(Some("no"), RunOutcome::Failed), (None, RunOutcome::Done)] {
            assert!(run.end(store, error, now.plus_seconds(100)).await.unwrap());
            let ended = seen(&house, "service_watcher").await;
            assert_eq!((ended.last_outcome, ended.last_error.as_deref()), (Some(outcome), error));
            assert_eq!(ended.next_run_at, Some(jiff::Timestamp::from(now.plus_seconds(100)).into()));
        }
    });
}

/// D-21: the original counts what failed as done.
#[test]
fn a_run_that_fails_says_so_and_is_due_again() {
    let timers = BTreeMap::from([("feed_sync".to_owned(), -5), ("image_watcher".to_owned(), 0)]);
    in_every_house_with(&Settings { timers, ..Settings::default() }, |house| async move {
        let (stop, running) = start(&house.service);
        // There is no data where it is looked for.
        let failed = async {
            loop {
                let rows = house.service.store().schedules().await.unwrap();
                let row = rows.into_iter().find(|row| row.name == "feed_sync");
                if let Some(row) = row.filter(|row| row.runs > 0 && row.lease_until.is_none()) {
                    return row;
                }
                house.wait(5);
                sleep(Duration::from_millis(20)).await;
            }
        };
        let row = timeout(Duration::from_secs(20), failed).await.unwrap();
        assert!(row.last_error.as_ref().is_some_and(|error| error.contains("vulnerability data")));
        assert!(row.next_run_at.seconds() <= house.service.clock().moment().seconds() + 6);
        let seen = seen(&house, "feed_sync").await;
        assert_eq!((seen.last_outcome, seen.last_error), (Some(RunOutcome::Failed), row.last_error));
        stop.cancel();
        running.await.unwrap().unwrap();
    });
}
