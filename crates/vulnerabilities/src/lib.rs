//! The vulnerability database: built, read, updated and imported.
//!
//! One SQLite file in the Grype database v6 layout (`spec/matching.md` §9). [`Database`] reads it and answers the
//! look-ups of [`windlass_advisories::Advisories`]; [`Builder`] writes one from records, the same bytes for the same
//! records; [`Cache`] is the folder a database is installed in: it takes files, archives and published listings, and
//! exchanges the old database for the new one in one step, so that an interrupted update leaves what was there.
//!
//! Nothing here asks for the time or opens a connection by itself: the clock is an argument, and the network is behind
//! [`Fetch`], which [`Http`] implements.

mod archive;
mod builder;
mod cache;
mod database;
mod diff;
mod distribution;
mod error;
mod file;
mod hydrate;
mod progress;
mod schema;
mod time;

pub use archive::{Budget, Compression};
pub use builder::{Builder, Finish, Summary, expand_rhel_minors};
pub use cache::{Cache, ImportMetadata, Integrity, ProviderStatus, Status};
pub use database::{Affected, Database, GroupScope, RecordGroup, Subject};
pub use diff::{Difference, Touched, changes, diff};
pub use distribution::{
    Body, DEFAULT_SOURCE, Fetch, FetchError, Http, Lifecycle, Listing, Outcome, UpdateOptions, check, export, update,
};
pub use error::Error;
pub use hydrate::{Indexes, hydrate};
pub use progress::{Progress, Watch};
pub use schema::{InvalidSchemaVersion, SCHEMA, SchemaVersion};

/// What everything here returns.
pub type Result<T> = std::result::Result<T, Error>;
