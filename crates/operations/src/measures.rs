//! What `/metrics` tells of the installation and of this process as they are at the moment (`spec/operations.md` §6.5), and
//! whether this process can work.
//!
//! What is counted is counted where it happens. Labels have few values, whatever users do: no account, image or registry is
//! one.

use std::time::{Duration, Instant};

use metrics::{counter, gauge, histogram};
use tokio::time::timeout;
use windlass_objects::{ObjectKey, Objects};
use windlass_store::{Moment, deliveries, jobs::State};

use crate::{Result, Service, briefly::Briefly, worker::KINDS};

/// How long what is needed may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was found a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Measures {
    measured: Briefly<()>,
    impediment: Briefly<Option<&'static str>>,
}

impl Service {
    /// Brings up to date what is told as it is at the moment. That the database does not answer is told, too.
    pub async fn measure(&self) {
        let measuring = async {
            let measured = self.measure_rows().await;
            if let Err(error) = &measured {
                tracing::warn!(%error, "what waits cannot be counted");
            }
            gauge!("windlass_database_up").set(if measured.is_ok() { 1.0 } else { 0.0 });
            for (pool, connections) in self.store.connections() {
                for (state, number) in [("busy", connections.busy), ("idle", connections.idle)] {
                    gauge!("windlass_database_connections", "pool" => pool, "state" => state).set(number);
                }
                gauge!("windlass_database_connections_limit", "pool" => pool).set(connections.most);
            }
            gauge!("windlass_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        };
        self.measures.measured.get(Box::pin(measuring)).await;
    }

    async fn measure_rows(&self) -> Result<()> {
        let now = self.clock.moment();
        let counts = self.store.job_counts().await?;
        for kind in KINDS {
            let of = |state| counts.iter().find(|count| count.kind == *kind && count.state == state);
            // What there is none of any more is told as well.
            for (state, name) in [(State::Waiting, "waiting"), (State::Running, "running"), (State::Dead, "dead")] {
                let jobs = of(state).map_or(0, |count| count.jobs);
                gauge!("windlass_jobs", "kind" => *kind, "state" => name).set(jobs as f64);
            }
            let overdue = of(State::Waiting).map_or(0.0, |count| age(count.first_due, now));
            gauge!("windlass_job_overdue_seconds", "kind" => *kind).set(overdue);
        }
        gauge!("windlass_notices_waiting").set(self.store.count_notices_to_route().await? as f64);
        for (state, name) in [(deliveries::State::Waiting, "waiting"), (deliveries::State::Dead, "dead")] {
            let number = self.store.count_deliveries(state).await?;
            gauge!("windlass_deliveries", "state" => name).set(number as f64);
        }
        if let Some(data) = self.store.vulnerability_data_in_force().await? {
            gauge!("windlass_vulnerability_data_age_seconds", "of" => "service").set(age(data.built_at, now));
        }
        // A process that has none open yet, or fetches some, tells nothing.
        if let Some(built_at) = self.data.built_at() {
            gauge!("windlass_vulnerability_data_age_seconds", "of" => "process").set(age(built_at, now));
        }
        Ok(())
    }

    /// What keeps this process from working; nothing if nothing does. The log has the reason.
    pub async fn impediment(&self) -> Option<&'static str> {
        let looking = async {
            if !answers("the database", self.store.ping()).await {
                return Some("The database does not answer.");
            }
            for objects in [&self.objects, &self.archive_objects] {
                if !answers("object storage", looked_up(objects)).await {
                    return Some("Object storage does not answer.");
                }
            }
            None
        };
        self.measures.impediment.get(Box::pin(looking)).await
    }
}

/// Asks for an object, whether it is there or not.
async fn looked_up(objects: &Objects) -> Result<()> {
    objects.exists(&ObjectKey::of(b"")).await?;
    Ok(())
}

async fn answers<E: std::fmt::Display>(what: &str, asking: impl Future<Output = Result<(), E>>) -> bool {
    match timeout(PATIENCE, asking).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::error!(%error, "{what} does not answer");
            false
        }
        Err(_) => {
            tracing::error!("{what} does not answer within {} s", PATIENCE.as_secs());
            false
        }
    }
}

/// Seconds since a moment; none of one that is still to come.
fn age(since: Moment, now: Moment) -> f64 {
    (now.seconds() - since.seconds()).max(0) as f64
}

/// Counts an analysis, and how long it took.
pub(crate) fn count_analysis(outcome: &'static str, begun: Instant) {
    counter!("windlass_analyses_total", "outcome" => outcome).increment(1);
    histogram!("windlass_analysis_duration_seconds", "outcome" => outcome).record(begun.elapsed());
}

/// Counts a verdict that was asked for and is the last one still.
pub(crate) fn count_kept_verdict() {
    counter!("windlass_evaluations_total", "outcome" => "kept").increment(1);
}

/// Counts a verdict that was made, and how long it took.
pub(crate) fn count_new_verdict(begun: Instant) {
    counter!("windlass_evaluations_total", "outcome" => "made").increment(1);
    histogram!("windlass_evaluation_duration_seconds").record(begun.elapsed());
}

/// Counts a job of whatever kind that was worked at, and for how long.
pub(crate) fn count_job(kind: &str, is_done: bool, begun: Instant) {
    let labels = [("kind", kind.to_owned()), ("outcome", if is_done { "done" } else { "failed" }.to_owned())];
    counter!("windlass_jobs_total", &labels).increment(1);
    histogram!("windlass_job_duration_seconds", &labels).record(begun.elapsed());
}

/// Counts a run of what recurs, and how long it took.
pub(crate) fn count_run(schedule: &'static str, outcome: &'static str, begun: Instant) {
    let labels = [("schedule", schedule), ("outcome", outcome)];
    counter!("windlass_schedule_runs_total", &labels).increment(1);
    histogram!("windlass_schedule_run_duration_seconds", &labels).record(begun.elapsed());
}
