//! Registries, subscriptions, repositories, events and what recurs, on both engines.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod events;
mod house;
mod limits;
mod liveness;
mod peer;
mod pushes;
mod recorded;
mod registries;
mod registry;
mod repositories;
mod schedules;
mod subscriptions;
mod tags;
