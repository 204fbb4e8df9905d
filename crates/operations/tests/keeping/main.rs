//! What is kept, how long, and how much of it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod checking;
mod chunks;
mod collecting;
mod costs;
mod drivers;
mod exchanging;
mod faults;
mod forgetting;
mod full;
#[allow(dead_code, reason = "it is the archives' as well")]
#[path = "../archives/house.rs"]
mod house;
mod killed;
#[path = "../../../objects/tests/support/killed.rs"]
mod killing;
mod measuring;
mod memory;
#[allow(dead_code, reason = "it is the analyses' as well")]
#[path = "../analysis/registry.rs"]
mod registry;
#[allow(dead_code, reason = "it is the vulnerabilities' as well")]
#[path = "../vulnerabilities/scene.rs"]
mod scene;
#[allow(dead_code, reason = "it is the object storages' as well")]
#[path = "../../../objects/tests/support/servers.rs"]
mod servers;
mod soak;
#[path = "../../../objects/tests/support/suite.rs"]
mod suite;
mod vacuum;
mod way;
