//! rpm packages, from any of the databases rpm has had (`spec/analysis.md` §5.2).
//!
//! A database is SQLite, NDB or a Berkeley DB hash, told apart by how the file begins; each holds one header a package.
//! Distroless images of Mariner and Azure Linux keep a table of names and versions instead.

mod bdb;
mod entry;
mod header;
mod manifest;
mod ndb;

use std::collections::HashSet;

use windlass_sbom::{Distro, License, Metadata, Package, PackageType, metadata::RpmEntry, package_url};

use self::{entry::Key, header::Header};
use super::{
    introductions::Introductions,
    providers::Providers,
    sqlite::{self, SqliteError, Table, Value, Wal},
};
use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Found, Unreadable, View};

pub(crate) struct Rpm;

/// What one file says.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) enum RpmFact {
    Database(Database),
    /// The write-ahead log of a SQLite database; kept only where it holds anything.
    Log(Wal),
    /// Packages that are listed without headers.
    Manifest(Vec<RpmEntry>),
}

/// The packages of one database file.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Database {
    rows: Rows,
    /// What could not be read of it.
    troubles: Vec<String>,
}

#[derive(serde::Serialize, serde::Deserialize)]
enum Rows {
    Headers(Vec<Header>),
    /// By page, so that a log can be laid over them; `None` where the database has no packages yet.
    Sqlite(Option<Table<Row>>),
}

/// A header, or why it is none.
type Row = Result<Header, String>;

/// Where databases are.
const FOLDERS: [&str; 3] = ["var/lib/rpm", "usr/share/rpm", "usr/lib/sysimage/rpm"];

/// ostree keeps the database under a second name, and layers may hold either as a hard link to the other.
const OSTREE_FOLDER: &str = "usr/lib/sysimage/rpm-ostree-base-db";

const MANIFEST: &str = "var/lib/rpmmanifest/container-manifest-2";

/// The table of packages in SQLite: a number and the header.
const TABLE: &str = "Packages";
const HEADER_COLUMN: usize = 1;

/// What is said of one database, at most; a broken one may be broken in thousands of places.
const MAX_TROUBLES: usize = 5;

impl Cataloger for Rpm {
    type Facts = RpmFact;

    fn name(&self) -> &'static str {
        "rpm-db-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        let in_folder = FOLDERS.iter().chain(&[OSTREE_FOLDER]).any(|folder| file.directory_ends_with(folder));
        (in_folder && matches!(file.name(), b"Packages" | b"Packages.db" | b"rpmdb.sqlite" | b"rpmdb.sqlite-wal"))
            || file.path_ends_with(MANIFEST)
    }

    fn read(&self, file: &Candidate<'_>, content: &mut Content) -> Result<Option<RpmFact>, Unreadable> {
        if file.name() == b"container-manifest-2" {
            return Ok(Some(RpmFact::Manifest(manifest::entries(&content.text()?))));
        }
        if file.name().ends_with(b"-wal") {
            let log = Wal::read(&content.bytes()?).map_err(Unreadable::new)?;
            return Ok((!log.is_empty()).then_some(RpmFact::Log(log)));
        }
        if content.size() == 0 {
            return Ok(Some(RpmFact::Database(Database { rows: Rows::Sqlite(None), troubles: Vec::new() })));
        }
        Ok(Some(RpmFact::Database(Database::read(file.head, content.stream()?)?)))
    }

    fn assemble(&self, view: &View<'_, RpmFact>, catalog: &mut Catalog) {
        let mut added: Vec<usize> = Vec::new();
        for found in view.files().filter(|found| is_evidence(&found.path)) {
            match found.facts {
                RpmFact::Database(database) => added.extend(add_database(view, &found, database, catalog)),
                RpmFact::Manifest(entries) => {
                    let copies = view.versions(&found.path).filter_map(|(layer, facts)| match facts {
                        RpmFact::Manifest(entries) => Some((layer, entries.iter().map(entry_key))),
                        _ => None,
                    });
                    let introductions = Introductions::of(copies);
                    for entry in entries {
                        let layer = introductions.layer(&entry_key(entry), found.layer);
                        added.push(catalog.add(package(view, &found, layer, entry.clone(), None)));
                    }
                }
                RpmFact::Log(_) => {}
            }
        }
        connect(&added, catalog);
    }
}

impl Database {
    /// Reads a database in whichever format it is.
    pub(crate) fn read(head: &[u8], source: impl std::io::Read + std::io::Seek) -> Result<Self, Unreadable> {
        let mut headers = Vec::new();
        let mut troubles = Vec::new();
        let mut unread = 0;
        let mut broken = |reason: String| {
            if troubles.len() < MAX_TROUBLES {
                troubles.push(reason);
            } else {
                unread += 1;
            }
        };
        // Both callbacks may find fault, so broken headers are sorted out afterwards.
        let mut rows: Vec<Row> = Vec::new();
        let mut each = |blob: &[u8]| rows.push(row(blob));
        let database = if sqlite::is_sqlite(head) {
            Rows::Sqlite(Table::read(source, TABLE, record).map_err(Unreadable::new)?)
        } else if ndb::is_ndb(head) {
            ndb::values(source, &mut each, &mut broken).map_err(Unreadable::new)?;
            Rows::Headers(Vec::new())
        } else if bdb::is_bdb(head) {
            bdb::values(source, &mut each, &mut broken).map_err(Unreadable::new)?;
            Rows::Headers(Vec::new())
        } else {
            return Err(Unreadable::new("it is neither an SQLite, an NDB nor a Berkeley DB hash database"));
        };
        for row in rows {
            match row {
                Ok(header) => headers.push(header),
                Err(reason) => broken(reason),
            }
        }
        if let Rows::Sqlite(Some(table)) = &database {
            table.rows().into_iter().filter_map(|row| row.as_ref().err()).for_each(|reason| broken(reason.clone()));
        }
        if unread > 0 {
            troubles.push(format!("{unread} more packages cannot be read"));
        }
        let rows = if matches!(database, Rows::Headers(_)) { Rows::Headers(headers) } else { database };
        Ok(Self { rows, troubles })
    }

    pub(crate) fn headers(&self) -> Vec<&Header> {
        match &self.rows {
            Rows::Headers(headers) => headers.iter().collect(),
            Rows::Sqlite(Some(table)) => table.rows().into_iter().filter_map(|row| row.as_ref().ok()).collect(),
            Rows::Sqlite(None) => Vec::new(),
        }
    }

    /// The table with the log laid over it, `None` where there is none in either.
    fn overlaid(&self, log: &Wal) -> Result<Option<Table<Row>>, SqliteError> {
        match &self.rows {
            Rows::Sqlite(Some(table)) => table.overlaid(log, record).map(Some),
            Rows::Sqlite(None) => Table::read_log(log, TABLE, record),
            Rows::Headers(_) => Ok(None),
        }
    }
}

/// Whether a file is where rpm looks for it, rather than a hard link to such a file from elsewhere.
fn is_evidence(path: &str) -> bool {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    path.ends_with(&format!("/{MANIFEST}")) || FOLDERS.iter().any(|known| folder.ends_with(&format!("/{known}")))
}

fn row(blob: &[u8]) -> Row {
    Header::read(blob).map_err(|invalid| invalid.to_string())
}

fn record(_: i64, record: &[u8]) -> Row {
    match sqlite::column(record, HEADER_COLUMN) {
        Some(Value::Blob(blob)) => row(blob),
        _ => Err("a row of the table of packages holds no header".into()),
    }
}

/// Reads a database and everything in its headers.
pub(crate) fn read_everything(bytes: &[u8]) {
    let head = &bytes[..bytes.len().min(Candidate::HEAD)];
    if let Ok(database) = Database::read(head, std::io::Cursor::new(bytes)) {
        for header in database.headers() {
            let _ = (entry::key(header), entry::entry(header, |_| true), entry::license(header));
        }
    }
}

/// Reads a header and everything in it.
pub(crate) fn read_header(bytes: &[u8]) {
    if let Ok(header) = Header::read(bytes) {
        let _ = entry::entry(&header, |_| true);
    }
}

/// Adds the packages of a database, the pages of its log included.
fn add_database<'a>(
    view: &View<'a, RpmFact>,
    found: &Found<'a, RpmFact>,
    database: &Database,
    catalog: &mut Catalog,
) -> Vec<usize> {
    for trouble in &database.troubles {
        catalog.unknown(&found.path, Rpm.name(), trouble);
    }
    let log = view.file(&format!("{}-wal", found.path)).and_then(|log| match log.facts {
        RpmFact::Log(wal) => Some((log.layer, wal)),
        _ => None,
    });
    let mut latest = found.layer;
    let overlaid = match log {
        Some((layer, log)) => database.overlaid(log).inspect(|_| latest = layer.max(latest)).unwrap_or_else(|error| {
            catalog.unknown(&found.path, Rpm.name(), error);
            None
        }),
        None => None,
    };
    let headers = match &overlaid {
        Some(table) => table.rows().into_iter().filter_map(|row| row.as_ref().ok()).collect(),
        None => database.headers(),
    };
    let copies = view.versions(&found.path).filter_map(|(layer, facts)| match facts {
        RpmFact::Database(database) => Some((layer, database.headers().into_iter().map(entry::key))),
        _ => None,
    });
    let introductions: Introductions<Key> = Introductions::of(copies);
    let mut added = Vec::with_capacity(headers.len());
    for header in headers {
        let exists = |path: &str| view.exists(path) || view.is_symlink(path);
        let Some(entry) = entry::entry(header, exists) else {
            catalog.unknown(&found.path, Rpm.name(), "a package without a name");
            continue;
        };
        let layer = introductions.layer(&entry::key(header), latest);
        added.push(catalog.add(package(view, found, layer, entry, entry::license(header).as_deref())));
    }
    added
}

fn package(
    view: &View<'_, RpmFact>,
    found: &Found<'_, RpmFact>,
    layer: usize,
    entry: RpmEntry,
    license: Option<&str>,
) -> Package {
    let mut package = Package::new(PackageType::Rpm, entry.name.clone(), entry::full_version(&entry));
    package.found_by = Rpm.name().into();
    package.locations.push(view.location(found));
    package.introduced_by = view.layer(layer);
    package.licenses.extend(license.map(License::declared));
    package.purl = purl(&entry, view.distro());
    package.metadata = Metadata::Rpm(Box::new(entry));
    package
}

fn entry_key(entry: &RpmEntry) -> (&str, &str, &str, &str) {
    (&entry.name, &entry.version, &entry.release, &entry.architecture)
}

fn purl(entry: &RpmEntry, distro: Option<&Distro>) -> Option<String> {
    let namespace = match distro.map_or("", |distro| distro.id.as_str()) {
        "rhel" | "hummingbird" => "redhat",
        id if id.starts_with("opensuse") => "opensuse",
        id => id,
    };
    let qualifiers = [
        ("arch", entry.architecture.as_str()),
        ("distro", &distro.and_then(Distro::qualifier).unwrap_or_default()),
        ("epoch", &entry.epoch.map(|epoch| epoch.to_string()).unwrap_or_default()),
        ("upstream", &entry.source_rpm),
    ];
    package_url(PackageType::Rpm, namespace, &entry.name, &entry::version_release(entry), &qualifiers)
}

/// Packages need capabilities, which may be names that others provide or paths of files that others own.
fn connect(added: &[usize], catalog: &mut Catalog) {
    let entries: Vec<(usize, &RpmEntry)> = added
        .iter()
        .filter_map(|&number| match &catalog.packages[number].metadata {
            Metadata::Rpm(entry) => Some((number, entry.as_ref())),
            _ => None,
        })
        .collect();
    let paths: HashSet<&str> = entries
        .iter()
        .flat_map(|(_, entry)| &entry.requires)
        .map(String::as_str)
        .filter(|r| r.starts_with('/'))
        .collect();
    let mut providers = Providers::default();
    for &(number, entry) in &entries {
        providers.offer(&entry.name, number);
        entry.provides.iter().for_each(|provided| providers.offer(provided, number));
        let owned = entry.files.iter().map(|file| file.path.as_str());
        owned.filter(|path| paths.contains(path)).for_each(|path| providers.offer(path, number));
    }
    let needs: Vec<(usize, Vec<usize>)> = entries
        .iter()
        .map(|&(number, entry)| (number, providers.needed(number, entry.requires.iter().map(String::as_str))))
        .collect();
    for (number, needed) in needs {
        for needed in needed {
            catalog.depends(number, needed);
        }
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
