//! syft-json: written as major version 16, read in every shape since the first (`spec/analysis.md` §13.1).

mod legacy;
mod read;
mod write;

pub(super) use read::{Input, read};
pub(super) use write::write;
