//! The store on both engines.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod accounts;
mod evaluations;
mod jobs;
mod opening;
mod policies;
