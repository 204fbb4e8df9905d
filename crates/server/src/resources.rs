//! The resources of the API: one file each.

mod accounts;
mod images;
mod service;
mod summaries;

use crate::operation::Operation;

/// Every operation there is.
pub(crate) fn all() -> Vec<Operation> {
    [service::operations(), accounts::operations(), images::operations(), summaries::operations()]
        .into_iter()
        .flatten()
        .collect()
}
