//! What a service has to do, and what recurs.

use serde::Deserialize;

use crate::{Text, lenient::list};

/// A page of jobs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Jobs {
    #[serde(deserialize_with = "list")]
    pub results: Vec<Job>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Job {
    pub id: Text,
    pub kind: Text,
    pub account: Text,
    pub key: Text,
    pub state: Text,
    pub attempts: Text,
    pub due_at: Text,
    pub worker: Text,
    pub lease_until: Text,
    pub last_error: Text,
    pub created_at: Text,
    pub last_updated: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Schedule {
    pub name: Text,
    /// None where it is switched off.
    pub interval_seconds: Text,
    pub last_run_at: Text,
    pub last_outcome: Text,
    pub last_error: Text,
    pub next_run_at: Text,
}
