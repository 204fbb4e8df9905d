//! The shapes of the v1 API, and how results are put into them.
//!
//! The API is that of Anchore Engine 1.1.0, to the letter, because its clients are not going to change
//! (`spec/api.md`). One module is one resource: the types of its requests and responses with their JSON names, and the
//! functions that make them of what Windlass knows. There is no I/O and no clock here; who serves the API brings both.
//!
//! - [`content`], [`metadata`] and [`artifacts`] tell a bill of materials, [`vulnerabilities`] what matching found in
//!   it, [`evaluations`] what a policy says of it.
//! - The other modules are records and requests.
//!
//! Comments on types and fields are the descriptions of the OpenAPI document; constraints on the types of requests are
//! what bodies are checked against.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

pub mod accounts;
pub mod api_keys;
pub mod archives;
pub mod artifacts;
pub mod audit;
mod base64_lines;
pub mod changes;
pub mod content;
pub mod error;
pub mod evaluations;
pub mod events;
pub mod feeds;
mod given;
pub mod images;
pub mod imports;
pub mod jobs;
pub mod metadata;
pub mod notifications;
pub mod oauth;
pub mod policies;
mod pull_string;
pub mod queries;
pub mod registries;
pub mod registry_hooks;
pub mod repositories;
pub mod roles;
pub mod schedules;
pub mod services;
pub mod storage;
pub mod subscriptions;
pub mod timestamp;
pub mod vulnerabilities;
pub mod webhooks;
mod words;

pub use pull_string::{DigestReference, InvalidPullString, PullString, TagReference};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Keys and values that users attach to images; a value is a text or null.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Annotations(pub BTreeMap<String, Value>);
