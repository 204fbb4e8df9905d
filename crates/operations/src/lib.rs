//! What the service does, whoever asks for it: the API, a worker, or the clock.
//!
//! A [`Service`] is everything that one process works with: the store, object storage, the key that secrets are encrypted
//! with, settings, and the clock. A [`Tenant`] is the service as one account sees it: what it can do touches that
//! account's rows and no other's, since its store is that account's part. Each thing that can be done is a file of
//! functions on one of the two.
//!
//! Everything here is safe to be killed at any point: a change, the event that tells of it and the job that follows from
//! it are written in one transaction, and documents are in object storage before a row refers to them.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod account_settings;
pub mod analysis;
pub mod archive;
mod batches;
mod briefly;
mod changes;
mod cipher;
mod clock;
mod error;
pub mod evaluations;
mod event_log;
mod events;
pub mod identity;
pub mod images;
mod imports;
mod jobs;
pub mod keeping;
mod liveness;
mod measures;
pub mod notifications;
mod object_chunks;
pub mod policies;
mod recent;
mod reevaluation;
mod registries;
mod registry_access;
mod registry_hooks;
pub mod registry_pushes;
mod repositories;
mod request;
mod schedule_list;
mod scheduler;
mod service;
mod service_list;
mod settings;
mod subscriptions;
mod tenant;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod text;
mod threads;
pub mod vulnerabilities;
mod watching;
mod wildcards;
mod worker;

pub use batches::{Batches, Part};
pub use cipher::{Cipher, InvalidKey, random_id};
pub use clock::Clock;
pub use error::{Error, Result};
pub use event_log::EventFilter;
pub use events::Happening;
pub use object_chunks::ObjectChunks;
pub use registry_hooks::Proof;
pub use repositories::WatchRequest;
pub use request::for_request;
pub use scheduler::{Timer, timers};
pub use service::Service;
pub use settings::{Limits, OauthSettings, Settings};
pub use subscriptions::SubscriptionFilter;
pub use tenant::Tenant;
pub use vulnerabilities::VulnerabilitySettings;
