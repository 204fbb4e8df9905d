//! Where images come from: archives, layouts, registries, daemons, directories.
//!
//! [`resolve`] turns what a user typed into an [`Input`]: an image whose documents are verified and whose layers can be
//! opened, a folder, or a bill of materials. Nothing is unpacked: a layer of an archive is a range of its file.
//!
//! [`registry`] is what a service needs beside that: the same client, asked to describe an image, to watch a tag, to list
//! tags and to check credentials.
//!
//! Everything here blocks its thread. A layer of a registry is requested when it is opened and flows as fast as it is
//! read; asynchronous callers go through their runtime's blocking threads, also to make and to drop a client.
//!
//! Inputs are hostile. Documents have size limits ([`limits`]), indexes a depth, digests are a type that cannot hold a
//! path, and names inside an archive never touch the file system.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod archive;
mod daemon;
mod directory;
mod docker;
mod docker_archive;
mod documents;
mod environment;
mod error;
pub mod limits;
mod location;
mod oci_archive;
mod oci_dir;
mod platform;
mod podman;
mod reference;
pub mod registry;
mod sbom;
mod selection;
mod slice;
mod source;
mod spool;
mod suggestion;
#[cfg(feature = "testing")]
pub mod testing;

pub use daemon::{DaemonOptions, Endpoint};
pub use error::Error;
pub use platform::{
    describe as describe_platform, host as host_platform, normalise as normalise_platform, parse_platform,
};
pub use reference::Reference;
pub use registry::{Credential, RegistryOptions, Secret};
pub use source::{Bill, Input, Options, resolve, schemes};
