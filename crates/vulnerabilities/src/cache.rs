//! The folder that a database is installed in.
//!
//! ```text
//! <root>/6/vulnerability.db     the database, with its indexes
//! <root>/6/import.json          its digest and where it came from
//! <root>/6/last_update_check    when a newer one was last looked for
//! ```
//!
//! A new database is prepared in a folder of its own beside `6`, on the same file system, and takes its place in one
//! step at the end; whatever fails before that leaves the old one as it was.

mod install;
mod metadata;
mod status;
mod swap;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::{Database, Error, Result, SCHEMA, archive};
pub(crate) use install::spool;
pub use metadata::ImportMetadata;
pub use status::{Integrity, ProviderStatus, Status};

const LAST_UPDATE_CHECK: &str = "last_update_check";

/// A folder with at most one installed database for each model of the schema.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The cache at `root`, which need not exist yet.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the database is, or would be.
    pub fn database_path(&self) -> PathBuf {
        self.folder().join(archive::DATABASE)
    }

    /// Opens the installed database. Its digest is not checked, which would take longer than most scans:
    /// [`Cache::status`] does.
    pub fn open(&self) -> Result<Database> {
        self.recover()?;
        Database::open(&self.database_path())
    }

    /// What `import.json` says, if there is one.
    pub fn import_metadata(&self) -> Result<Option<ImportMetadata>> {
        metadata::read(&self.folder())
    }

    /// Removes the installed database; true if there was one.
    pub fn delete(&self) -> Result<bool> {
        let folder = self.folder();
        match fs::remove_dir_all(&folder) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::file("remove", &folder)(error)),
        }
    }

    /// When a newer database was last looked for; `None` if never or if the note cannot be read.
    pub fn last_update_check(&self) -> Option<Timestamp> {
        let note = fs::read_to_string(self.folder().join(LAST_UPDATE_CHECK)).ok()?;
        note.trim().parse().ok()
    }

    pub(crate) fn note_update_check(&self, now: Timestamp) -> Result<()> {
        let path = self.folder().join(LAST_UPDATE_CHECK);
        let second = Timestamp::from_second(now.as_second()).unwrap_or(now);
        fs::write(&path, second.to_string()).map_err(Error::file("write", &path))
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.root.join(SCHEMA.model.to_string())
    }

    /// Puts back what an exchange interrupted half-way had moved aside.
    fn recover(&self) -> Result<()> {
        let folder = self.folder();
        let aside = swap::aside(&folder);
        if !folder.exists() && aside.exists() {
            fs::rename(&aside, &folder).map_err(Error::file("put back", &folder))?;
        }
        Ok(())
    }

    /// Lets one process at a time change the cache; the lock ends with the file returned.
    pub(crate) fn lock(&self) -> Result<File> {
        fs::create_dir_all(&self.root).map_err(Error::file("create the folder", &self.root))?;
        let path = self.root.join(".lock");
        let file =
            File::options().create(true).truncate(false).write(true).open(&path).map_err(Error::file("open", &path))?;
        file.lock().map_err(Error::file("lock", &path))?;
        Ok(file)
    }
}
