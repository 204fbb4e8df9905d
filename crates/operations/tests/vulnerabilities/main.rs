//! Vulnerabilities from data to answer: published, matched, matched again, asked for.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod answers;
mod data;
mod feeds;
mod queries;
mod rematching;
mod scene;
