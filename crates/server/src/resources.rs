//! The resources of the API: one file each.

mod accounts;
mod api_keys;
mod archives;
mod artifacts;
mod audit;
mod changes;
mod content;
mod evaluations;
mod events;
mod feeds;
mod images;
mod imports;
mod jobs;
mod metadata;
mod notifications;
mod oauth;
mod policies;
mod queries;
mod registries;
mod registry_events;
mod repositories;
mod roles;
mod sboms;
mod schedules;
mod service;
mod storage;
mod subscriptions;
mod summaries;
mod system;
mod users;
mod vulnerabilities;
mod webhooks;

use crate::{metrics::Metrics, operation::Operation};

/// The operations that are about a process alone.
pub(crate) fn of_process(metrics: &Metrics) -> Vec<Operation> {
    service::operations(metrics)
}

/// Every operation there is.
pub(crate) fn all(metrics: &Metrics) -> Vec<Operation> {
    [
        service::operations(metrics),
        system::operations(),
        jobs::operations(),
        schedules::operations(),
        storage::operations(),
        accounts::operations(),
        users::operations(),
        roles::operations(),
        api_keys::operations(),
        oauth::operations(),
        audit::operations(),
        images::operations(),
        imports::operations(),
        summaries::operations(),
        content::operations(),
        changes::operations(),
        metadata::operations(),
        artifacts::operations(),
        sboms::operations(),
        vulnerabilities::operations(),
        evaluations::operations(),
        archives::operations(),
        policies::operations(),
        subscriptions::operations(),
        repositories::operations(),
        registries::operations(),
        registry_events::operations(),
        events::operations(),
        notifications::operations(),
        webhooks::operations(),
        feeds::operations(),
        queries::operations(),
        policies::operations(),
        evaluations::operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
