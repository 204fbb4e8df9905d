//! The API as its clients see it, over a service on both engines.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod accounts;
mod archives;
mod changes;
mod checks;
mod client;
mod content;
mod images;
mod imports;
mod isolation;
mod jobs;
mod lists;
mod notifications;
mod policies;
mod protocol;
mod registry_events;
mod slowness;
mod storage;
mod system;
mod vulnerabilities;
mod watching;
mod web;
