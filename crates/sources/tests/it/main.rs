//! Every source against real and hostile images.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod corpus;
mod local;
mod support;
