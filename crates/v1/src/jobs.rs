//! Work that waits, is under way or was given up. The original does not tell: everything here is added to its API.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{timestamp::IsoMicroseconds, words::words};

/// Told where there is no such job.
pub const NO_JOB: &str = "There is no such job.";

words! {
    /// How far a job is.
    JobState {
        /// It is to be done when it is due.
        Waiting = "waiting",
        /// A worker has it.
        Running = "running",
        /// It was given up, and is kept to be looked at.
        Dead = "dead",
    }
}

/// A job. What was done is kept no longer, and told in other ways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Later jobs have higher ids; the log names them, too.
    pub id: i64,
    #[schema(example = "analyse")]
    pub kind: String,
    pub account: String,
    /// What it is about: the digest of an image, a repository, …
    pub key: String,
    pub state: JobState,
    /// How often it was begun.
    pub attempts: u64,
    /// How often it may be begun; null: until it is done.
    #[schema(required = true)]
    pub max_attempts: Option<u64>,
    /// When it may be begun, or might.
    pub due_at: IsoMicroseconds,
    /// The worker that has it.
    #[schema(required = true)]
    pub worker: Option<String>,
    /// When that worker loses it if it is not heard of.
    #[schema(required = true)]
    pub lease_until: Option<IsoMicroseconds>,
    /// Of the last attempt that failed.
    #[schema(required = true)]
    pub last_error: Option<String>,
    pub created_at: IsoMicroseconds,
    pub last_updated: IsoMicroseconds,
}

/// A page of jobs, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobList {
    pub results: Vec<Job>,
    /// Whether there are more.
    pub next_page: bool,
    /// Counted from 1.
    pub page: u64,
}

/// Which jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct JobQuery {
    /// Only those in this state.
    #[param(nullable = false, inline)]
    pub state: Option<JobState>,
    /// Only those of this kind: `analyse`, `rematch`, `reevaluate`, `visit`, `apply_archive_rules`.
    #[param(nullable = false)]
    pub kind: Option<String>,
    /// Which part of the list, counted from 1.
    #[param(nullable = false, minimum = 1)]
    pub page: Option<u64>,
    /// Jobs on a page; 100 if not said.
    #[param(nullable = false, minimum = 1, maximum = 1000)]
    pub limit: Option<u64>,
}
