//! Accounts (`spec/api.md` A4.16).

use crate::operation::Operation;

pub(crate) fn operations() -> Vec<Operation> {
    Vec::new()
}
