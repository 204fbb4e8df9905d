use std::io;
use std::path::{Path, PathBuf};

use crate::schema::{SCHEMA, SchemaVersion};

/// Why something about a vulnerability database could not be done. [`Error::hint`] says what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("there is no vulnerability database at {}", path.display())]
    Missing { path: PathBuf },

    #[error("{} is not a vulnerability database: {reason}", path.display())]
    NotADatabase { path: PathBuf, reason: String },

    #[error("the vulnerability database {} is damaged: {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },

    #[error("the vulnerability database {} has schema {found}, which this version cannot read (it reads v{}.x)", path.display(), SCHEMA.model)]
    OtherModel { path: PathBuf, found: SchemaVersion },

    #[error("the vulnerability database {} has no indexes, as distributed archives come", path.display())]
    NotHydrated { path: PathBuf },

    #[error("could not {action} {}", path.display())]
    File { action: &'static str, path: PathBuf, source: io::Error },

    #[error("could not {action} the vulnerability database {}", path.display())]
    Sqlite { action: &'static str, path: PathBuf, source: rusqlite::Error },

    #[error("the records of nvd must be added before those of any other provider")]
    NvdNotFirst,

    #[error("scores of two days in one database: EPSS of {first} and of {second}")]
    MixedEpssDates { first: String, second: String },

    #[error("could not write {what} as JSON")]
    Json { what: String, source: serde_json::Error },

    #[error("the archive {name} is refused: {reason}")]
    Archive { name: String, reason: String },

    #[error("could not read the archive {name}")]
    UnreadableArchive { name: String, source: io::Error },

    #[error("the archive {name} has checksum {found}, but {expected} was announced")]
    Checksum { name: String, expected: String, found: String },

    #[error("the listing {location} cannot be used: {reason}")]
    Listing { location: String, reason: String },

    #[error("could not fetch {location}")]
    Fetch { location: String, source: Box<dyn std::error::Error + Send + Sync> },

    #[error("the network may not be used, and there is no vulnerability database at {}", path.display())]
    Offline { path: PathBuf },
}

impl Error {
    /// What the person who reads the error can do about it, if there is anything to say.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Missing { .. } => "run `windlass db update`, or `windlass db import FILE` where there is no network",
            Self::NotADatabase { .. } => {
                "an archive (.tar.zst, .tar.gz) is taken by `windlass db import FILE`; raw sources are read by `windlass db build`"
            }
            Self::Damaged { .. } => "replace it with `windlass db update` or `windlass db import FILE`",
            Self::OtherModel { .. } => "update Windlass, or take a database of schema 6 with `windlass db update`",
            Self::NotHydrated { .. } => "`windlass db import FILE` makes the indexes and installs it",
            Self::NvdNotFirst => {
                "its severities fill in for records that have none; order providers by `Builder::order`"
            }
            Self::Checksum { .. } => "fetch it again; if it repeats, the archive was altered after it was published",
            Self::Offline { .. } => "import one with `windlass db import FILE`, or allow the network",
            Self::Fetch { .. } => {
                "check the address and the proxy settings; `windlass db import FILE` takes the archive from disk"
            }
            Self::File { .. }
            | Self::Sqlite { .. }
            | Self::MixedEpssDates { .. }
            | Self::Json { .. }
            | Self::Archive { .. }
            | Self::UnreadableArchive { .. }
            | Self::Listing { .. } => return None,
        })
    }

    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { action, path: path.to_owned(), source }
    }

    pub(crate) fn sqlite(action: &'static str, path: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Sqlite { action, path: path.to_owned(), source }
    }
}
