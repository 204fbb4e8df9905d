use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Lifecycle, Listing};
use crate::database::Database;
use crate::file::Replacement;
use crate::{Compression, Error, Result, archive};

/// Writes the database at `database` to the archive `to`, which [`crate::Cache::import`] takes, and returns the listing
/// that announces it: published beside the archive as `latest.json`, it makes the folder a source for updates.
pub fn export(database: &Path, to: &Path, compression: Compression) -> Result<Listing> {
    let opened = Database::open_any(database)?;
    let (schema, built) = (opened.schema(), opened.built_at());
    drop(opened);
    let file = Replacement::beside(to)?;
    let modified = u64::try_from(built.as_second()).unwrap_or_default();
    archive::pack(database, file.path(), compression, modified).map_err(Error::file("write the archive", to))?;
    let mut hasher = Sha256::new();
    File::open(file.path())
        .and_then(|mut file| io::copy(&mut file, &mut hasher))
        .map_err(Error::file("read the archive", to))?;
    file.commit()?;
    Ok(Listing {
        lifecycle: Lifecycle::Active,
        schema,
        built,
        path: to.file_name().and_then(OsStr::to_str).unwrap_or_default().to_owned(),
        checksum: format!("sha256:{:x}", hasher.finalize()),
    })
}
