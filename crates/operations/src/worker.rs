//! Workers: they claim jobs and do them, one at a time each.
//!
//! A worker says three times in each lease (`Settings::lease_seconds`) that it lives. One that does not for the length of
//! a lease has lost its job to another; it stops when it hears so, and whatever it would still write is refused.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::TryFutureExt as _;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use windlass_store::{
    Moment,
    jobs::{Claim, Model},
};

use crate::{Result, Service, archive, images, measures::count_job, reevaluation, vulnerabilities, watching};

/// How long a job may wait that was asked for in another process, or is to be tried again.
const POLL: Duration = Duration::from_secs(1);
/// Pause after the database failed.
const RECOVERY: Duration = Duration::from_secs(5);

/// What jobs are done here.
pub(crate) const KINDS: &[&str] =
    &[images::ANALYSE, vulnerabilities::REMATCH, reevaluation::REEVALUATE, watching::VISIT, archive::APPLY_RULES];

impl Service {
    /// Does jobs until `stop` is cancelled, as many at once as the settings say. Jobs that are not done then are given back.
    pub async fn run_workers(self: &Arc<Self>, stop: &CancellationToken) {
        let workers = (1..=self.settings.analysis_threads.max(1)).map(|number| {
            let (service, stop) = (Arc::clone(self), stop.clone());
            let name = format!("{}/{number}", self.settings.host_id);
            tokio::spawn(async move { service.run_worker(&name, &stop).await })
        });
        for worker in workers.collect::<Vec<_>>() {
            if let Err(error) = worker.await {
                tracing::error!(%error, "a worker crashed");
            }
        }
    }

    async fn run_worker(self: &Arc<Self>, name: &str, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.work_once(name, stop).await {
                Ok(true) => continue,
                Ok(false) => POLL,
                Err(_) => RECOVERY,
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.work.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Does the next job, if there is one, and says whether there was.
    ///
    /// # Errors
    /// When the database fails; the log has it. What went wrong with the job itself is written with it.
    pub async fn work_once(self: &Arc<Self>, worker: &str, stop: &CancellationToken) -> Result<bool> {
        let now = self.clock.moment();
        let claimed = self.store.claim_job(KINDS, worker, now.plus_seconds(self.lease()), now).await;
        let claimed = claimed.inspect_err(|error| tracing::error!(%error, worker, "no job can be claimed"))?;
        let Some(claim) = claimed else { return Ok(false) };
        let Model { id, kind, account, key, .. } = &claim.job;
        // It is there wherever errors are logged, so that each names its job.
        let span = tracing::error_span!("job", id, kind, account, key);
        let done = self.do_claimed(&claim, stop);
        let done = done.inspect_err(|error| tracing::error!(%error, worker, "the job could not be done"));
        done.instrument(span).await.map(|()| true)
    }

    async fn do_claimed(self: &Arc<Self>, claim: &Claim, stop: &CancellationToken) -> Result<()> {
        if claim.job.attempts > 1 && claim.job.last_error.is_none() {
            tracing::warn!("a worker was not heard of again: its job is done here");
        }
        let begun = Instant::now();
        tokio::select! {
            biased;
            () = stop.cancelled() => {
                self.release(claim).await?;
                tracing::info!("the job is given back");
            }
            () = self.keep_lease(|until, now| claim.extend(&self.store, until, now)) => {
                tracing::warn!("another worker has the job");
            }
            done = Box::pin(self.perform(claim)) => {
                count_job(&claim.job.kind, done.is_ok(), begun);
                done?;
            }
        }
        Ok(())
    }

    async fn perform(self: &Arc<Self>, claim: &Claim) -> Result<()> {
        let done = match claim.job.kind.as_str() {
            vulnerabilities::REMATCH => self.rematch_claimed(claim).await,
            reevaluation::REEVALUATE => self.reevaluate_claimed(claim).await,
            watching::VISIT => self.visit_claimed(claim).await,
            archive::APPLY_RULES => self.apply_rules_claimed(claim).await,
            _ => return self.analyse_claimed(claim).await,
        };
        if let Err(error) = &done {
            let now = self.clock.moment();
            claim.retry(&self.store, &error.to_string(), now.plus_seconds(self.lease()), now).await?;
        }
        done
    }

    /// Gives a job back, as a process does that stops.
    async fn release(&self, claim: &Claim) -> Result<()> {
        if claim.job.kind == images::ANALYSE {
            return self.release_analysis(claim).await;
        }
        claim.release(&self.store, self.clock.moment()).await?;
        Ok(())
    }

    /// How long a job, or a delivery, is claimed for, in seconds.
    pub(crate) fn lease(&self) -> i64 {
        self.settings.lease_seconds.into()
    }

    /// Keeps a lease, by what extends it and says whether it was lost; ends when it is.
    pub(crate) async fn keep_lease<E>(&self, extend: impl Fn(Moment, Moment) -> E)
    where
        E: Future<Output = windlass_store::Result<bool>>,
    {
        let heartbeat = Duration::from_secs(self.settings.lease_seconds.into()) / 3;
        loop {
            tokio::time::sleep(heartbeat).await;
            let now = self.clock.moment();
            match extend(now.plus_seconds(self.lease()), now).await {
                Ok(true) => {}
                Ok(false) => return,
                // The work goes on: if the database is back before the lease runs out, nothing is lost.
                Err(error) => tracing::warn!(%error, "the lease could not be extended"),
            }
        }
    }
}
