//! Databases built, read, exchanged and looked through, on real files.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod diff;
mod exchange;
mod hostile;
mod older;
mod records;
mod round_trip;
mod updates;
