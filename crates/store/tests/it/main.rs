//! The store on both engines.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod accounts;
mod analyses;
mod audit_records;
mod evaluations;
mod images;
mod jobs;
mod opening;
mod policies;
mod purge;
