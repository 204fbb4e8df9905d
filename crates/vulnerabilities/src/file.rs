//! Files that appear whole or not at all, and are gone through block by block.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use crate::{Error, Result};

/// What a file is called that is not whole yet, before a random end.
const UNFINISHED: &str = ".vulnerability-";

/// A file written beside its target, which it replaces on [`Replacement::commit`]. Dropped before that, it is removed; where
/// the process is ended instead, the next one that writes into the folder removes it.
pub(crate) struct Replacement {
    target: PathBuf,
    temporary: TempPath,
    /// Locked for as long as somebody works on the file.
    _lock: File,
}

impl Replacement {
    pub(crate) fn beside(target: &Path) -> Result<Self> {
        // A device or a pipe must not be replaced by a file.
        if fs::metadata(target).is_ok_and(|there| !there.is_file()) {
            return Err(Error::file("replace", target)(io::Error::other("it is not a regular file")));
        }
        let folder = folder_of(target);
        fs::create_dir_all(folder).map_err(Error::file("create the folder", folder))?;
        remove_abandoned(folder);
        let (lock, temporary) = NamedTempFile::with_prefix_in(UNFINISHED, folder)
            .map_err(Error::file("write a file in", folder))?
            .into_parts();
        // Where files cannot be locked, nobody takes this one for abandoned either.
        let _ = lock.lock();
        Ok(Self { target: target.to_owned(), temporary, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.temporary
    }

    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Brings the bytes to the disk, then the name; returns the size.
    pub(crate) fn commit(self) -> Result<u64> {
        let size = sync(&self.temporary)?;
        let folder = folder_of(&self.target);
        self.temporary.persist(&self.target).map_err(|error| Error::file("put in place", &self.target)(error.error))?;
        sync_folder(folder)?;
        Ok(size)
    }
}

/// Removes unfinished files that nobody works on any more.
fn remove_abandoned(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(UNFINISHED.as_bytes())
            && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok())
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Brings a file's bytes to the disk and returns how many there are. The file is made readable for others, as files
/// made in the ordinary way are.
pub(crate) fn sync(path: &Path) -> Result<u64> {
    let file = File::options().read(true).write(true).open(path).map_err(Error::file("open", path))?;
    make_readable(&file).map_err(Error::file("make readable", path))?;
    file.sync_all().map_err(Error::file("bring to disk", path))?;
    Ok(file.metadata().map_err(Error::file("examine", path))?.len())
}

/// Brings names in a folder to the disk, where the system lets one open folders.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(folder).and_then(|opened| opened.sync_all()).map_err(Error::file("bring to disk", folder))?;
    }
    Ok(())
}

#[cfg(unix)]
fn make_readable(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &File) -> std::io::Result<()> {
    Ok(())
}

const BLOCK: usize = 1 << 18;

/// Hands what `reader` yields to `take`, block by block; `unreadable` makes an error of a failure to read.
pub(crate) fn blocks<E>(
    reader: &mut dyn Read,
    unreadable: impl FnOnce(io::Error) -> E,
    mut take: impl FnMut(&[u8]) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let mut block = vec![0; BLOCK];
    loop {
        match reader.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(count) => take(&block[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
