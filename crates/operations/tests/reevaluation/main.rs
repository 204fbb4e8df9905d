//! What is told of tags whose vulnerabilities and verdicts somebody subscribes to.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod explaining;
mod house;
mod killed;
mod owners;
mod scale;
#[path = "../vulnerabilities/scene.rs"]
#[allow(dead_code, reason = "not all of it is needed here")]
mod scene;
mod verdicts;
mod vulnerabilities;
