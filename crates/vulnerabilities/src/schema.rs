//! The layout of the file: Grype database v6, schema 6.1.9 (`spec/matching.md` §9.2).
//!
//! Collation belongs to the indexes, not to the columns: every look-up by name therefore says `collate nocase` itself.

mod indexes;
mod tables;
mod version;

pub(crate) use indexes::{AFFECTED_BY_PACKAGE, INDEXES, Index, Purpose, UNAFFECTED_BY_PACKAGE};
pub(crate) use tables::{REQUIRED_COLUMNS, TABLES};
pub use version::{InvalidSchemaVersion, SchemaVersion};

/// What this crate writes, and the newest layout it knows.
pub const SCHEMA: SchemaVersion = SchemaVersion { model: 6, revision: 1, addition: 9 };
