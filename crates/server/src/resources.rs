//! The resources of the API: one file each.

mod accounts;
mod service;

use crate::operation::Operation;

/// Every operation there is.
pub(crate) fn all() -> Vec<Operation> {
    [service::operations(), accounts::operations()].into_iter().flatten().collect()
}
