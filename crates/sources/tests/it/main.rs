//! Every source against real and hostile images.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod corpus;
mod daemon;
mod distribution;
mod ecr;
mod local;
mod registry;
mod server;
mod service;
mod support;
