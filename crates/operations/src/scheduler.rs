//! What recurs, and the loop that does it (`spec/operations.md` §1.7).
//!
//! All schedules stand in one table ([`ALL`]). Every process looks once a second which are due; the one that claims a row
//! first runs it, says every few seconds that it lives, and writes how it ended and when it is due again. A process that
//! dies says nothing any more, and another takes over.

use std::{
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time};
use tokio_util::sync::CancellationToken;
use windlass_store::schedules::Run;

use crate::{
    Result, Service, cipher,
    measures::count_run,
    vulnerabilities::FEED_SYNC,
    watching::{REPOSITORY_WATCHER, TAG_WATCHER},
};

const TICK: Duration = Duration::from_secs(1);
/// Seconds after which a silent process has lost its run, and how often one speaks.
const LEASE: i64 = 60;
/// Why a run failed that was broken off: it is due again at once.
const BROKEN_OFF: &str = "it was broken off, because the process that ran it stopped";
const HEARTBEAT: Duration = Duration::from_secs(20);

type Work = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// A row of the table.
struct Schedule {
    name: &'static str,
    /// Seconds between two runs where the settings say nothing, and what they may say.
    default: i64,
    range: (i64, i64),
    work: fn(Arc<Service>) -> Work,
}

static ALL: &[Schedule] = &[
    Schedule {
        name: TAG_WATCHER,
        default: 3600,
        range: (300, 604_800),
        work: |service| Box::pin(async move { service.watch_tags().await }),
    },
    Schedule {
        name: REPOSITORY_WATCHER,
        default: 60,
        range: (60, 604_800),
        work: |service| Box::pin(async move { service.watch_repositories().await }),
    },
    Schedule {
        name: "service_watcher",
        default: 15,
        range: (1, 300),
        work: |service| Box::pin(async move { service.watch_services().await }),
    },
    Schedule {
        name: FEED_SYNC,
        default: 21_600,
        range: (1800, 100_000),
        work: |service| Box::pin(async move { service.synchronize_feeds_on_schedule().await }),
    },
    Schedule {
        name: "events_gc",
        default: 3600,
        range: (60, 604_800),
        work: |service| Box::pin(async move { service.forget_the_old().await }),
    },
    Schedule {
        name: "notifications_gc",
        default: 600,
        range: (60, 86400),
        work: |service| Box::pin(async move { service.look_after_notifications().await }),
    },
    Schedule {
        name: "image_gc",
        default: 60,
        range: (60, 86400),
        work: |service| {
            Box::pin(async move {
                service.collect_images().await?;
                service.collect_analyses().await?;
                service.collect_layers().await.map(drop)
            })
        },
    },
    Schedule {
        name: "import_gc",
        default: 60,
        range: (60, 86400),
        work: |service| Box::pin(async move { service.collect_imports().await.map(drop) }),
    },
    Schedule {
        name: "object_gc",
        default: 600,
        range: (60, 86400),
        work: |service| Box::pin(async move { service.collect_objects().await.map(drop) }),
    },
    Schedule {
        name: "object_sweep",
        default: 86_400,
        range: (3600, 2_592_000),
        work: |service| {
            Box::pin(async move {
                service.sweep_objects().await?;
                service.collect_packages().await.map(drop)
            })
        },
    },
    Schedule {
        name: "storage_measurement",
        default: 86_400,
        range: (3600, 2_592_000),
        work: |service| Box::pin(async move { service.measure_storage().await }),
    },
    Schedule {
        name: "archive_tasks",
        default: 43_200,
        range: (60, 432_000),
        work: |service| Box::pin(async move { service.apply_archive_rules().await }),
    },
    Schedule {
        name: "account_resource_cleanup",
        default: 30,
        range: (30, 30),
        work: |service| Box::pin(async move { service.purge_accounts().await.map(drop) }),
    },
];

/// A timer as the settings have it.
#[derive(Clone, Copy, Debug)]
pub struct Timer {
    pub name: &'static str,
    /// Seconds between two runs where the settings say nothing.
    pub default: i64,
    /// What they may say; 0 switches it off, and a negative number counts as its absolute value whatever the range.
    pub range: (i64, i64),
}

/// Everything that recurs.
pub fn timers() -> impl Iterator<Item = Timer> {
    ALL.iter().map(|Schedule { name, default, range, .. }| Timer { name, default: *default, range: *range })
}

impl Timer {
    pub fn allows(&self, seconds: i64) -> bool {
        seconds <= 0 || (self.range.0..=self.range.1).contains(&seconds)
    }
}

impl Schedule {
    /// Seconds between two runs; `None` where it is switched off.
    fn interval(&self, setting: Option<i64>) -> Option<i64> {
        match setting {
            None => Some(self.default),
            Some(0) => None,
            Some(seconds) if seconds < 0 => Some(seconds.saturating_abs()),
            Some(seconds) => {
                let (least, most) = self.range;
                if !(least..=most).contains(&seconds) {
                    tracing::warn!(timer = self.name, seconds, least, most, "the timer is out of its range");
                }
                Some(seconds.clamp(least, most))
            }
        }
    }
}

/// What recurs.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|schedule| schedule.name)
}

impl Service {
    /// The seconds between two runs of a schedule, as the settings have them.
    pub(crate) fn interval(&self, name: &str) -> Option<i64> {
        let schedule = ALL.iter().find(|schedule| schedule.name == name)?;
        schedule.interval(self.settings.timers.get(name).copied())
    }

    /// Runs what recurs until told to stop; then what is running is broken off and due again at once.
    pub async fn keep_schedules(self: &Arc<Self>, stop: CancellationToken) -> Result<()> {
        for name in self.settings.timers.keys().filter(|name| !ALL.iter().any(|known| known.name == name.as_str())) {
            tracing::warn!(timer = name, "the timer is not known, and ignored");
        }
        let kept: Vec<(&Schedule, i64)> =
            ALL.iter().filter_map(|schedule| Some((schedule, self.interval(schedule.name)?))).collect();
        for (schedule, interval) in &kept {
            let now = self.clock.moment();
            self.store.prepare_schedule(schedule.name, now.plus_seconds(*interval), now).await?;
        }
        let mut running = JoinSet::new();
        while !stop.is_cancelled() {
            match self.begin_due(&kept).await {
                Ok(begun) => {
                    for (schedule, interval, run) in begun {
                        running.spawn(perform(Arc::clone(self), schedule, interval, run, stop.clone()));
                    }
                }
                Err(error) => tracing::warn!(%error, "what is due cannot be found out"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = time::sleep(TICK) => {}
            }
            while running.try_join_next().is_some() {}
        }
        while running.join_next().await.is_some() {}
        Ok(())
    }

    async fn begin_due<'s>(&self, kept: &[(&'s Schedule, i64)]) -> Result<Vec<(&'s Schedule, i64, Run)>> {
        let now = self.clock.moment();
        let rows = self.store.schedules().await?;
        let mut begun = Vec::new();
        for (schedule, interval) in kept {
            if rows.iter().any(|row| row.name == schedule.name && row.is_due(now)) {
                let lease = now.plus_seconds(LEASE);
                let run = self.store.begin_run(schedule.name, &self.settings.host_id, lease, now).await?;
                begun.extend(run.map(|run| (*schedule, *interval, run)));
            }
        }
        Ok(begun)
    }
}

/// Does what is due, and says meanwhile that this process lives.
async fn perform(service: Arc<Service>, schedule: &'static Schedule, interval: i64, run: Run, stop: CancellationToken) {
    // A task of its own, so that a panic ends this run and nothing else.
    let mut work = tokio::spawn((schedule.work)(Arc::clone(&service)));
    let begun = Instant::now();
    let mut outcome = "done";
    let mut error = None;
    let mut next = jittered(interval);
    loop {
        tokio::select! {
            ended = &mut work => {
                error = match ended {
                    Ok(Ok(())) => None,
                    Ok(Err(error)) => Some(error.to_string()),
                    Err(error) => Some(error.to_string()),
                };
                break;
            }
            () = stop.cancelled() => {
                work.abort();
                outcome = "broken_off";
                next = 0;
                break;
            }
            () = time::sleep(HEARTBEAT) => {
                let lease = service.clock.moment().plus_seconds(LEASE);
                if matches!(run.extend(&service.store, lease).await, Ok(false)) {
                    tracing::warn!(schedule = schedule.name, "another process has taken over");
                    work.abort();
                    return;
                }
            }
        }
    }
    if outcome == "broken_off" {
        error = Some(BROKEN_OFF.to_owned());
    } else if let Some(error) = &error {
        // Not as done (`spec/operations.md` D-21).
        outcome = "failed";
        tracing::error!(schedule = schedule.name, error, "a scheduled run failed");
    }
    count_run(schedule.name, outcome, begun);
    let next = service.clock.moment().plus_seconds(next);
    if let Err(error) = run.end(&service.store, error.as_deref(), next).await {
        tracing::warn!(schedule = schedule.name, %error, "the end of a scheduled run cannot be written");
    }
}

/// A number between 90 and 110 % of this one, so that what began at once does not stay together.
pub(crate) fn jittered(seconds: i64) -> i64 {
    let tenth = seconds / 10;
    let random = i64::from(u32::from_be_bytes(cipher::random()));
    seconds - tenth + random % (2 * tenth + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_are_switched_off_clamped_or_taken_at_their_word() {
        let watcher = ALL.iter().find(|schedule| schedule.name == TAG_WATCHER).unwrap();
        for (setting, interval) in [
            (None, Some(3600)),
            (Some(0), None),
            (Some(600), Some(600)),
            (Some(1), Some(300)),
            (Some(i64::MAX), Some(604_800)),
            (Some(-1), Some(1)),
            (Some(i64::MIN), Some(i64::MAX)),
        ] {
            assert_eq!(watcher.interval(setting), interval, "{setting:?}");
        }
    }

    #[test]
    fn jitter_stays_within_a_tenth() {
        for _ in 0..1000 {
            assert!((90..=110).contains(&jittered(100)));
            assert_eq!(jittered(1), 1);
            assert_eq!(jittered(0), 0);
        }
    }
}
