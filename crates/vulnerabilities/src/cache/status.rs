use std::fs;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use windlass_advisories::{Advisories, Provider};

use super::{Cache, metadata};
use crate::database::Database;
use crate::{Error, Result, SchemaVersion};

/// What is installed.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    pub path: PathBuf,
    pub bytes: u64,
    pub schema: SchemaVersion,
    pub built: Timestamp,
    /// Between the build and the time asked about; negative where the clock is wrong.
    pub age: SignedDuration,
    /// Where it came from, if that is noted.
    pub source: Option<String>,
    pub integrity: Integrity,
    /// False for a database as distributed, which must be imported to be used.
    pub indexed: bool,
    /// Ordered by id.
    pub providers: Vec<ProviderStatus>,
    pub last_update_check: Option<Timestamp>,
}

/// A source in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderStatus {
    pub provider: Provider,
    pub records: u64,
}

/// Whether the file is the one that was installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Integrity {
    /// Its digest is the one noted at installation.
    Valid,
    /// It was altered since.
    Altered { expected: String, found: String },
    /// Nothing was noted: the file was put there by hand.
    Unknown,
}

impl Cache {
    /// Reads the whole installed database to say what it is and whether it is intact, as of `now`.
    pub fn status(&self, now: Timestamp) -> Result<Status> {
        self.recover()?;
        let path = self.database_path();
        let database = Database::open_any(&path)?;
        let counts = database.record_counts()?;
        let providers = database
            .providers()
            .map_err(|error| Error::Damaged { path: path.clone(), reason: error.to_string() })?
            .into_iter()
            .map(|provider| {
                let records = counts.iter().find(|(id, _)| *id == provider.id).map_or(0, |(_, count)| *count);
                ProviderStatus { provider, records }
            })
            .collect();
        let noted = self.import_metadata()?;
        let integrity = match &noted {
            None => Integrity::Unknown,
            Some(noted) => {
                let found = metadata::digest(&path)?;
                if metadata::same(&noted.digest, &found) {
                    Integrity::Valid
                } else {
                    Integrity::Altered { expected: noted.digest.clone(), found }
                }
            }
        };
        Ok(Status {
            bytes: fs::metadata(&path).map_err(Error::file("examine", &path))?.len(),
            schema: database.schema(),
            built: database.built_at(),
            age: now.duration_since(database.built_at()),
            source: noted.map(|noted| noted.source).filter(|source| !source.is_empty()),
            integrity,
            indexed: !database.layout().lacks_lookup_indexes(),
            providers,
            last_update_check: self.last_update_check(),
            path,
        })
    }
}
