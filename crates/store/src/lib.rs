//! What the service keeps in SQL: one code for SQLite and PostgreSQL.
//!
//! A [`Store`] is an open database. What belongs to an account is reached through [`Store::account`] alone, which names
//! the account once for all queries made through it, so that no query can forget it; what belongs to nobody (jobs,
//! schedules, shared analyses, vulnerability data) hangs on the [`Store`] itself. One resource is one file: its rows and
//! every query on them.
//!
//! Rules that hold everywhere:
//! - Moments are [`Moment`]s, microseconds; the clock is an argument.
//! - All effects of one change (row, event, job) are written in one transaction ([`Store::begin`]).
//! - SQLite has one writer at a time: writes go through one connection, and begin as writes, so that they wait for each
//!   other instead of failing. PostgreSQL's connections are one pool.
//! - Bulk documents are in object storage; here is what queries need.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod account;
pub mod accounts;
pub mod analyses;
pub mod api_keys;
pub mod archive_rules;
pub mod archive_transitions;
pub mod archived_images;
pub mod audit_records;
mod connect;
pub mod deliveries;
mod delivery_attempts;
mod delivery_notices;
pub mod endpoints;
mod error;
pub mod evaluations;
pub mod events;
pub mod finding_changes;
pub mod findings;
pub mod image_tags;
pub mod images;
pub mod imports;
pub mod jobs;
pub mod layer_facts;
mod migrations;
mod moment;
mod names;
pub mod notices;
pub mod object_candidates;
pub mod object_chunks;
pub mod object_moves;
pub mod object_references;
pub mod package_versions;
pub mod policies;
mod purge;
pub mod queried_images;
pub mod quotas;
pub mod registries;
pub mod registry_hooks;
pub mod registry_pauses;
pub mod repository_tags;
pub mod retention;
pub mod role_bindings;
pub mod schedules;
pub mod services;
pub mod settings;
mod statistics;
pub mod storage_usage;
pub mod subscriptions;
pub mod tag_changes;
pub mod tag_mappings;
pub mod tag_states;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod totals;
pub mod unused;
pub mod users;
pub mod vulnerability_data;
pub mod vulnerability_records;
pub mod watches;

use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait as _};

pub use account::Account;
pub use connect::{Address, Connections, InvalidAddress, Store, Transaction};
pub use error::{Error, Result};
pub use moment::Moment;
pub use names::{AccountName, InvalidName, Username};

/// Rows that are written or looked for with one statement: SQLite takes 32,766 values, PostgreSQL 65,535.
pub(crate) const BATCH: usize = 1000;

/// Writes rows in their order, many with one statement.
pub(crate) async fn insert_all<A: ActiveModelTrait>(
    on: &impl ConnectionTrait,
    rows: impl IntoIterator<Item = A>,
) -> Result<()> {
    let mut rows = rows.into_iter();
    loop {
        let part: Vec<A> = rows.by_ref().take(BATCH).collect();
        if part.is_empty() {
            return Ok(());
        }
        A::Entity::insert_many(part).exec_without_returning(on).await?;
    }
}
