//! The archive of analyses: what goes there, what comes back, and the rules that move images.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod archiving;
mod house;
#[allow(dead_code, reason = "it is the analyses' as well")]
#[path = "../analysis/registry.rs"]
mod registry;
mod restoring;
mod rules;
#[allow(dead_code, reason = "it is the vulnerabilities' as well")]
#[path = "../vulnerabilities/scene.rs"]
mod scene;
mod uploading;
