//! The store on both engines.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod accounts;
mod analyses;
mod jobs;
mod opening;
