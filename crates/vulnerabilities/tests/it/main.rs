//! Databases built, read, exchanged and looked through, on real files.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod diff;
mod exchange;
mod hostile;
mod network;
mod older;
mod records;
mod rematching;
mod round_trip;
#[path = "../../../sources/tests/it/server.rs"]
#[allow(dead_code, reason = "the tests of sources need more of it")]
mod server;
mod updates;
