//! The commands, one file each.

pub(crate) mod account;
pub(crate) mod archive;
pub(crate) mod completions;
pub(crate) mod db;
pub(crate) mod enterprise;
pub(crate) mod evaluate;
pub(crate) mod event;
pub(crate) mod explain_change;
pub(crate) mod image;
pub(crate) mod notification;
pub(crate) mod objects;
pub(crate) mod policies;
pub(crate) mod policy;
pub(crate) mod query;
pub(crate) mod registry;
pub(crate) mod repo;
pub(crate) mod sbom;
pub(crate) mod scan;
pub(crate) mod serve;
pub(crate) mod subscription;
pub(crate) mod system;
