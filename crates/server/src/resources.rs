//! The resources of the API: one file each.

mod accounts;
mod api_keys;
mod audit;
mod oauth;
mod roles;
mod service;
mod users;

use crate::operation::Operation;

/// Every operation there is.
pub(crate) fn all() -> Vec<Operation> {
    [
        service::operations(),
        accounts::operations(),
        users::operations(),
        api_keys::operations(),
        roles::operations(),
        oauth::operations(),
        audit::operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
