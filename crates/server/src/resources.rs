//! The resources of the API: one file each.

mod accounts;
mod api_keys;
mod artifacts;
mod audit;
mod content;
mod evaluations;
mod events;
mod images;
mod metadata;
mod oauth;
mod policies;
mod registries;
mod repositories;
mod roles;
mod sboms;
mod service;
mod subscriptions;
mod summaries;
mod users;

use crate::operation::Operation;

/// Every operation there is.
pub(crate) fn all() -> Vec<Operation> {
    [
        service::operations(),
        accounts::operations(),
        images::operations(),
        summaries::operations(),
        content::operations(),
        metadata::operations(),
        artifacts::operations(),
        sboms::operations(),
        users::operations(),
        api_keys::operations(),
        roles::operations(),
        oauth::operations(),
        audit::operations(),
        subscriptions::operations(),
        repositories::operations(),
        registries::operations(),
        events::operations(),
        policies::operations(),
        evaluations::operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
