//! Analyses end to end: a real registry, a worker, what is kept and what is read of it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod ancestors;
mod importing;
mod layers;
mod making;
mod place;
mod reading;
mod registry;
mod retrying;
mod sharing;
mod trouble;
