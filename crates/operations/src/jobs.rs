//! Work that waits, is under way or was given up, as operators see it.

use jiff::Timestamp;
use windlass_store::{
    AccountName, Error as StoreError, Moment, Transaction,
    images::{self, AnalysisStatus, Status},
    jobs::{self, Filter, Model, State},
    subscriptions::Page,
};
use windlass_v1::{
    jobs::{Job, JobList, JobQuery, JobState, NO_JOB},
    timestamp::IsoMicroseconds,
};

use crate::{Error, Result, Service, analysis::AnalysisRequest, images::ANALYSE};

const LIMIT: u64 = 100;
const LARGEST_LIMIT: u64 = 1000;

impl Service {
    /// A page of the jobs of every account, newest first.
    ///
    /// # Errors
    /// 400 where a kind is asked for that none can be.
    pub async fn jobs(&self, query: &JobQuery) -> Result<JobList> {
        let kind = query.kind.as_deref();
        if kind.is_some_and(|kind| kind.contains('\0')) {
            return Err(Error::invalid("'kind' holds the character NUL, which no kind has"));
        }
        let page = query.page.unwrap_or(1).max(1);
        let limit = query.limit.unwrap_or(LIMIT).clamp(1, LARGEST_LIMIT);
        let offset = (page - 1).saturating_mul(limit).min(i64::MAX as u64);
        let filter = Filter { state: query.state.map(stored), kind };
        let (rows, next_page) = self.store.list_jobs(filter, Page { offset, limit }).await?;
        Ok(JobList { results: rows.into_iter().map(shown).collect(), next_page, page })
    }

    /// # Errors
    /// 404 where there is no such job.
    pub async fn job(&self, id: &str) -> Result<Job> {
        self.kept_job(id).await.map(shown)
    }

    /// Lets a job that was given up be tried again, as often as one that is new.
    ///
    /// # Errors
    /// 404 where there is no such job; 409 where it was not given up, or nothing would come of it.
    pub async fn retry_job(&self, id: &str) -> Result<Job> {
        let job = self.kept_job(id).await?;
        let state = shown(job.clone()).state;
        let not_dead =
            || Error::conflict(format!("the job {id} is {state}: only one that was given up is tried again"));
        if job.state != State::Dead {
            return Err(not_dead());
        }
        let now = self.clock.moment();
        let tx = self.store.begin().await?;
        if job.kind == ANALYSE {
            unfail(&tx, &job, now).await?;
        }
        match jobs::revive(&tx, job.id, now).await {
            Ok(true) => {}
            Ok(false) => return Err(not_dead()),
            Err(StoreError::Exists) => return Err(Error::conflict(format!("the same as the job {id} waits already"))),
            Err(error) => return Err(error.into()),
        }
        tx.commit().await.map_err(StoreError::from)?;
        self.work.notify_waiters();
        self.job(id).await
    }

    async fn kept_job(&self, id: &str) -> Result<Model> {
        let number = id.parse().map_err(|_| Error::not_found(NO_JOB))?;
        self.store.job(number).await?.ok_or_else(|| Error::not_found(NO_JOB))
    }
}

/// Makes the image of an analysis that was given up one that waits for it again: no worker takes it otherwise.
async fn unfail(tx: &Transaction, job: &Model, now: Moment) -> Result<()> {
    let request: AnalysisRequest = serde_json::from_str(&job.payload).unwrap_or_default();
    if request.import.is_some() {
        let over = "the import that it was for has ended, and its parts are removed; import the image again";
        return Err(Error::conflict(over));
    }
    let account = AccountName::parse(&job.account).map_err(|error| Error::Broken(error.to_string()))?;
    let failed = images::lock(tx, &account, &job.key).await?;
    let failed = failed
        .filter(|image| image.status == Status::Active && image.analysis_status == AnalysisStatus::AnalysisFailed);
    let Some(image) = failed else {
        return Err(Error::conflict("the image was deleted, or analysed otherwise: nothing is left to do"));
    };
    Ok(images::reset(tx, image.id, now).await?)
}

fn stored(state: JobState) -> State {
    match state {
        JobState::Waiting => State::Waiting,
        JobState::Running => State::Running,
        JobState::Dead => State::Dead,
    }
}

/// Without its payload: what it was asked for is told by what it is about.
fn shown(row: Model) -> Job {
    Job {
        id: row.id,
        kind: row.kind,
        account: row.account,
        key: row.key,
        state: match row.state {
            State::Waiting => JobState::Waiting,
            State::Running => JobState::Running,
            State::Dead => JobState::Dead,
        },
        attempts: u64::try_from(row.attempts).unwrap_or_default(),
        max_attempts: (row.max_attempts != i64::MAX).then(|| u64::try_from(row.max_attempts).unwrap_or_default()),
        due_at: moment(row.not_before),
        worker: row.worker,
        lease_until: row.lease_until.map(moment),
        last_error: row.last_error,
        created_at: moment(row.created_at),
        last_updated: moment(row.last_updated),
    }
}

fn moment(moment: Moment) -> IsoMicroseconds {
    Timestamp::from(moment).into()
}
