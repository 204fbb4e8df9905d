//! The resources of the API: one file each.

mod accounts;
mod artifacts;
mod content;
mod images;
mod metadata;
mod sboms;
mod service;
mod summaries;

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
    ]
    .into_iter()
    .flatten()
    .collect()
}
