//! What recurs. The original does not tell: everything here is added to its API.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{timestamp::IsoMicroseconds, words::words};

words! {
    /// How a run of something that recurs ended, or is.
    RunOutcome {
        /// It is under way.
        Running = "running",
        /// It did what it is for.
        Done = "done",
        /// It did not; `last_error` tells why.
        Failed = "failed",
        /// The process that ran it was not heard of again: another takes over.
        Abandoned = "abandoned",
    }
}

/// Something that recurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Schedule {
    /// As the settings `timers` have it.
    #[schema(example = "feed_sync")]
    pub name: String,
    /// Seconds between two runs, as the process has it that answers; null: it is switched off there.
    #[schema(required = true)]
    pub interval_seconds: Option<i64>,
    /// How often it was begun.
    pub runs: u64,
    /// When it was begun last.
    #[schema(required = true)]
    pub last_run_at: Option<IsoMicroseconds>,
    /// What came of the last run; null: there was none.
    #[schema(required = true)]
    pub last_outcome: Option<RunOutcome>,
    /// Why the last run that ended failed, if it did.
    #[schema(required = true)]
    pub last_error: Option<String>,
    /// The process that runs it, or ran it last.
    #[schema(required = true)]
    pub worker: Option<String>,
    /// When it is due; null where no process has begun to keep it.
    #[schema(required = true)]
    pub next_run_at: Option<IsoMicroseconds>,
}
