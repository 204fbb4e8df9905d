//! The shapes against what the original service was seen to take and give, and against their own schemas.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod content;
mod requests;
mod responses;
mod support;
mod vulnerabilities;
