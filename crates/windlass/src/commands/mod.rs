//! The commands, one file each.

pub(crate) mod completions;
pub(crate) mod db;
pub(crate) mod policy;
pub(crate) mod sbom;
pub(crate) mod scan;
