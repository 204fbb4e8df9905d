//! The store on both engines.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod accounts;
mod analyses;
mod evaluations;
mod jobs;
mod opening;
mod policies;
