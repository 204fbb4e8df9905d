//! Taking a database in.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{Cache, ImportMetadata, metadata, swap};
use crate::database::Database;
use crate::{Budget, Error, Indexes, Progress, Result, Watch, archive, file, hydrate};

/// What a folder being prepared is called, before a random end.
const INCOMING: &str = ".incoming-";

impl Cache {
    /// Installs the database in `path`: a database file, or an archive of one. `checksum` (`sha256:` and hexadecimal
    /// digits, or the digits alone) is what the file must have. `source` is noted beside the database.
    ///
    /// # Errors
    /// The file is missing, is neither, has another checksum, holds what does not belong there, or exceeds the budget;
    /// what it holds is not a database of this model, or damaged. The database installed before stays in every such case.
    pub fn import(
        &self,
        path: &Path,
        source: &str,
        checksum: Option<&str>,
        budget: Budget,
        watch: Watch<'_>,
    ) -> Result<ImportMetadata> {
        let _lock = self.lock()?;
        self.recover()?;
        let incoming = self.incoming()?;
        self.install(path, source, checksum, budget, &incoming, watch)
    }

    /// Installs the database that `reader` yields: the bytes of a file that [`Cache::import`] takes. `name` is what
    /// errors call it.
    pub fn import_from(
        &self,
        reader: &mut dyn Read,
        name: &str,
        checksum: Option<&str>,
        budget: Budget,
        watch: Watch<'_>,
    ) -> Result<ImportMetadata> {
        let _lock = self.lock()?;
        self.recover()?;
        let incoming = self.incoming()?;
        let spooled = incoming.path().join("download");
        spool(reader, name, &spooled, budget, None, watch)?;
        self.install(&spooled, name, checksum, budget, &incoming, watch)
    }

    /// A folder to prepare a database in. Whatever others left of theirs is removed: the lock says they are gone.
    pub(crate) fn incoming(&self) -> Result<TempDir> {
        let failed = || Error::file("prepare", &self.root);
        for entry in fs::read_dir(&self.root).map_err(failed())?.flatten() {
            if entry.file_name().as_encoded_bytes().starts_with(INCOMING.as_bytes()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        tempfile::Builder::new().prefix(INCOMING).tempdir_in(&self.root).map_err(failed())
    }

    pub(crate) fn install(
        &self,
        path: &Path,
        source: &str,
        checksum: Option<&str>,
        budget: Budget,
        incoming: &TempDir,
        watch: Watch<'_>,
    ) -> Result<ImportMetadata> {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or(source).to_owned();
        if let Some(expected) = checksum {
            watch(Progress::Hashing);
            verify(path, &name, expected)?;
        }
        let folder = incoming.path().join("6");
        fs::create_dir(&folder).map_err(Error::file("create the folder", &folder))?;
        let database = folder.join(archive::DATABASE);
        if is_database(path)? {
            fs::copy(path, &database).map_err(Error::file("copy", path))?;
        } else {
            archive::unpack(path, &name, &database, budget, watch)?;
        }
        file::sync(&database)?;
        // It is what it claims to be, and whole, before any work is spent on it and before anything is lost.
        watch(Progress::Checking);
        Database::open_any(&database)
            .and_then(|incoming| incoming.demand_sound())
            .map_err(|error| blame(error, &name))?;
        if Database::open(&database).is_err() {
            hydrate(&database, Indexes::Lookup, watch).map_err(|error| blame(error, &name))?;
            Database::open(&database).map_err(|error| blame(error, &name))?;
        }
        watch(Progress::Hashing);
        let metadata = ImportMetadata::of(metadata::digest(&database)?, source);
        metadata::write(&folder, &metadata)?;
        file::sync(&database)?;
        file::sync_folder(&folder)?;
        watch(Progress::Installing);
        let installed = self.folder();
        swap::replace(&folder, &installed).map_err(Error::file("install", &installed))?;
        file::sync_folder(&self.root)?;
        Ok(metadata)
    }
}

/// Writes what `reader` yields to the new file `to`.
pub(crate) fn spool(
    reader: &mut dyn Read,
    name: &str,
    to: &Path,
    budget: Budget,
    total: Option<u64>,
    watch: Watch<'_>,
) -> Result<()> {
    let too_large = || Error::Archive {
        name: name.to_owned(),
        reason: format!("it is larger than the {} bytes allowed", budget.archive),
    };
    if total.is_some_and(|total| total > budget.archive) {
        return Err(too_large());
    }
    let unreadable = |source| Error::UnreadableArchive { name: name.to_owned(), source };
    let mut file = File::create(to).map_err(Error::file("create", to))?;
    let mut received = 0;
    file::blocks(reader, unreadable, |block| {
        received += block.len() as u64;
        if received > budget.archive {
            return Err(too_large());
        }
        file.write_all(block).map_err(Error::file("write", to))?;
        watch(Progress::Downloading { received, total });
        Ok(())
    })?;
    match total {
        Some(total) if total != received => {
            Err(unreadable(io::Error::new(io::ErrorKind::UnexpectedEof, format!("{received} of {total} bytes came"))))
        }
        _ => Ok(()),
    }
}

fn verify(path: &Path, name: &str, expected: &str) -> Result<()> {
    let mut file = File::open(path).map_err(Error::file("open", path))?;
    let mut hasher = Sha256::new();
    io::copy(&mut file, &mut hasher).map_err(Error::file("read", path))?;
    let found = format!("{:x}", hasher.finalize());
    if expected.strip_prefix("sha256:").unwrap_or(expected).eq_ignore_ascii_case(&found) {
        return Ok(());
    }
    Err(Error::Checksum { name: name.to_owned(), expected: expected.to_owned(), found: format!("sha256:{found}") })
}

fn is_database(path: &Path) -> Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::Missing { path: path.to_owned() }),
        Err(error) => return Err(Error::file("open", path)(error)),
    };
    let mut start = Vec::new();
    file.take(16).read_to_end(&mut start).map_err(Error::file("read", path))?;
    Ok(start == b"SQLite format 3\0")
}

/// The reader knows the file it gave, not the copy that is being prepared.
fn blame(error: Error, name: &str) -> Error {
    match error {
        Error::NotADatabase { reason, .. } => Error::NotADatabase { path: name.into(), reason },
        Error::Damaged { reason, .. } => Error::Damaged { path: name.into(), reason },
        Error::OtherModel { found, .. } => Error::OtherModel { path: name.into(), found },
        other => other,
    }
}
