//! One folder takes the place of another.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Where the old folder stands while file systems that cannot exchange two names have neither in place.
pub(super) fn aside(folder: &Path) -> PathBuf {
    let mut name = OsString::from(folder.as_os_str());
    name.push(".previous");
    PathBuf::from(name)
}

/// Puts `new` in the place of `folder`, and removes what was there. Nobody sees neither: the names are exchanged in one
/// step where the system can do it; elsewhere the old folder is moved aside first, where an interruption leaves it to be
/// put back.
pub(super) fn replace(new: &Path, folder: &Path) -> io::Result<()> {
    if !folder.exists() {
        return fs::rename(new, folder);
    }
    if exchange(new, folder).is_ok() {
        // What was old now has the name of the new; failing to remove it costs space, not correctness.
        let _ = fs::remove_dir_all(new);
        return Ok(());
    }
    let aside = aside(folder);
    if aside.exists() {
        fs::remove_dir_all(&aside)?;
    }
    fs::rename(folder, &aside)?;
    if let Err(error) = fs::rename(new, folder) {
        fs::rename(&aside, folder)?;
        return Err(error);
    }
    let _ = fs::remove_dir_all(&aside);
    Ok(())
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
