//! Databases that are published: a listing that names the newest archive, and the archive.

mod export;
mod fetch;
mod http;
mod listing;
mod location;
mod update;

pub use export::export;
pub use fetch::{Body, Fetch, FetchError};
pub use http::Http;
pub use listing::{Lifecycle, Listing};
pub use location::DEFAULT_SOURCE;
pub use update::{Outcome, UpdateOptions, check, update};
