//! The key that secrets are encrypted with: from the environment, or a file of the data folder that is made at the first
//! start. Processes that share a database must share it.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::Context as _;
use windlass_operations::Cipher;

const VARIABLE: &str = "WINDLASS_SECRET_KEY";
const FILE: &str = "secret.key";

/// Whether the key that is there, if any, is one.
pub(super) fn check(data_dir: &Path) -> anyhow::Result<()> {
    let is_given = std::env::var_os(VARIABLE).is_some();
    if is_given || data_dir.join(FILE).exists() { load(data_dir).map(drop) } else { Ok(()) }
}

/// Reads the key, or makes one.
pub(super) fn load(data_dir: &Path) -> anyhow::Result<Cipher> {
    if let Some(key) = std::env::var_os(VARIABLE) {
        // One that is no text is no key either.
        return Cipher::parse(&key.to_string_lossy()).with_context(|| VARIABLE.to_owned());
    }
    let path = data_dir.join(FILE);
    if !path.exists() {
        create(&path).with_context(|| format!("{} cannot be made", path.display()))?;
    }
    let key = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    Cipher::parse(&key).with_context(|| path.display().to_string())
}

/// Writes a new key beside its place and links it there: of processes that start at once, one makes it.
fn create(path: &Path) -> std::io::Result<()> {
    let unfinished = path.with_extension(format!("{}.new", std::process::id()));
    let mut file: File = File::options().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(Cipher::generate_key().as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&unfinished, path);
    fs::remove_file(&unfinished)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
