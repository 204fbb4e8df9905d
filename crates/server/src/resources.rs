//! The resources of the API: one file each.

mod accounts;
mod events;
mod images;
mod registries;
mod repositories;
mod service;
mod subscriptions;
mod summaries;

use crate::operation::Operation;

/// Every operation there is.
pub(crate) fn all() -> Vec<Operation> {
    [
        service::operations(),
        accounts::operations(),
        images::operations(),
        summaries::operations(),
        subscriptions::operations(),
        repositories::operations(),
        registries::operations(),
        events::operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
