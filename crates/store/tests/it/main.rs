//! The store on both engines.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod accounts;
mod analyses;
mod archives;
mod audit_records;
mod clearing;
mod deliveries;
mod endpoints;
mod evaluations;
mod events;
mod images;
mod imports;
mod jobs;
mod notices;
mod opening;
mod plans;
mod policies;
mod purge;
mod queried_images;
mod registries;
mod registry_pauses;
mod schedules;
mod services;
mod subscriptions;
mod tag_mappings;
mod watches;

use windlass_store::{AccountName, Moment, Store, accounts as store_accounts};

/// An account to own things.
async fn team(store: &Store, name: &str) -> AccountName {
    let name = AccountName::parse(name).unwrap();
    let tx = store.begin().await.unwrap();
    store_accounts::insert(&tx, &name, store_accounts::Kind::User, None, Moment(0)).await.unwrap();
    tx.commit().await.unwrap();
    name
}
