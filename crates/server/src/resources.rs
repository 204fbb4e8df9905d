//! The resources of the API: one file each.

mod accounts;
mod artifacts;
mod content;
mod images;
mod metadata;
mod sboms;
mod events;
mod registries;
mod repositories;
mod service;
mod subscriptions;
mod summaries;
mod api_keys;
mod audit;
mod oauth;
mod roles;
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
    ]
    .into_iter()
    .flatten()
    .collect()
}
