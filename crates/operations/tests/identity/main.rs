//! Accounts, users, log-ins, roles and records of who did what, on both engines.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod accounts;
mod audit;
mod house;
mod log_ins;
mod permissions;
mod tokens;
mod users;
