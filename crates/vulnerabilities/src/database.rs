//! Reads a database: opened once, asked by many threads.

mod cache;
mod connections;
mod decorations;
mod layout;
mod lookups;
mod packages;
mod preflight;
mod problem;
mod products;
mod queries;
mod statements;
pub(crate) mod tables;
mod vulnerabilities;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use windlass_advisories::{
    OperatingSystem, OperatingSystemId, OperatingSystemOverride, PackageBlob, VulnerabilityHandle,
};

use crate::{Error, SCHEMA, SchemaVersion, time};
use cache::Cache;
use connections::Connections;
use layout::Layout;
use problem::Problem;
use products::Products;
use queries::PackageQueries;
pub use statements::{Affected, GroupScope, RecordGroup, Subject};

/// An installed vulnerability database, open for reading. It is immutable while open: an update puts a new file in
/// its place and never writes to this one.
#[derive(Debug)]
pub struct Database {
    path: PathBuf,
    schema: SchemaVersion,
    built: Timestamp,
    layout: Layout,
    connections: Connections,
    affected: PackageQueries,
    unaffected: PackageQueries,
    blobs: Cache<PackageBlob>,
    vulnerabilities: Cache<VulnerabilityHandle>,
    products: Products,
    operating_systems: OnceLock<Arc<[(OperatingSystemId, OperatingSystem)]>>,
    overrides: OnceLock<Arc<[OperatingSystemOverride]>>,
    ecosystems: OnceLock<tables::Ecosystems>,
    epss_date: OnceLock<String>,
}

impl Database {
    /// Opens the file at `path`, which must have its indexes: see [`crate::hydrate`].
    ///
    /// # Errors
    /// The file is missing, is something else, is cut short, has another model than 6, lacks tables that every v6
    /// database has, or lacks the indexes.
    pub fn open(path: &Path) -> crate::Result<Self> {
        let database = Self::open_any(path)?;
        if database.layout.lacks_lookup_indexes() {
            return Err(Error::NotHydrated { path: path.to_owned() });
        }
        Ok(database)
    }

    /// Opens a file that may lack its indexes, to look at rather than to match with.
    pub(crate) fn open_any(path: &Path) -> crate::Result<Self> {
        preflight::check(path)?;
        let connections = Connections::new(path);
        let (layout, schema, built) = connections
            .with(|connection| {
                let layout = Layout::read(connection)?;
                let metadata = if layout.has_table("db_metadata") { tables::metadata(connection)? } else { None };
                Ok((layout, metadata))
            })
            .map_err(|error| damaged_or_unreadable(path, error))
            .and_then(|(layout, metadata)| {
                let not_a_database = |reason: String| Error::NotADatabase { path: path.to_owned(), reason };
                if !layout.has_table("db_metadata") {
                    return Err(not_a_database("it has no table db_metadata".to_owned()));
                }
                let (schema, built) =
                    metadata.ok_or_else(|| not_a_database("its table db_metadata is empty".to_owned()))?;
                if !SCHEMA.can_read(schema) {
                    return Err(Error::OtherModel { path: path.to_owned(), found: schema });
                }
                if let Some(missing) = layout.missing() {
                    return Err(not_a_database(format!("it has no {missing}")));
                }
                let built =
                    time::instant(&built).ok_or_else(|| not_a_database(format!("{built:?} is no build time")))?;
                Ok((layout, schema, built))
            })?;
        Ok(Self {
            path: path.to_owned(),
            schema,
            built,
            affected: PackageQueries::affected(&layout),
            unaffected: PackageQueries::unaffected(&layout),
            layout,
            connections,
            blobs: Cache::default(),
            vulnerabilities: Cache::default(),
            products: Products::default(),
            operating_systems: OnceLock::new(),
            overrides: OnceLock::new(),
            ecosystems: OnceLock::new(),
            epss_date: OnceLock::new(),
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The layout that the file has, which may be older or newer than the one this crate writes.
    pub fn schema(&self) -> SchemaVersion {
        self.schema
    }

    /// When the file was built.
    pub fn built_at(&self) -> Timestamp {
        self.built
    }

    /// The number of vulnerability records of each provider, ordered by provider.
    pub fn record_counts(&self) -> crate::Result<Vec<(String, u64)>> {
        self.connections
            .with(|connection| tables::record_counts(connection, &self.layout))
            .map_err(Error::sqlite("count the records of", &self.path))
    }

    /// Reads every page, since opening looks at the first ones alone.
    ///
    /// # Errors
    /// A page is not what its place in the file asks for.
    pub(crate) fn demand_sound(&self) -> crate::Result<()> {
        let damaged = |reason: String| Error::Damaged { path: self.path.clone(), reason };
        let found = self
            .connections
            .with(|connection| connection.query_row("pragma quick_check(1)", [], |row| row.get::<_, String>(0)));
        match found.map_err(|error| damaged_or_unreadable(&self.path, error))? {
            found if found == "ok" => Ok(()),
            // Above what is wrong stands the name of the schema.
            found => Err(damaged(found.lines().last().unwrap_or_default().to_owned())),
        }
    }

    pub(crate) fn connections(&self) -> &Connections {
        &self.connections
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }
}

/// What `cell` holds, read first if nobody did; two threads may read at once, and one answer is kept.
fn remembered<T, E>(cell: &OnceLock<T>, read: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
    if let Some(known) = cell.get() {
        return Ok(known);
    }
    let value = read()?;
    Ok(cell.get_or_init(|| value))
}

fn damaged_or_unreadable(path: &Path, error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Error::Damaged { path: path.to_owned(), reason: error.to_string() }
        }
        _ => Error::sqlite("open", path)(error),
    }
}
