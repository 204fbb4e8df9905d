use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh64::Xxh64;

use crate::{Error, Result, SCHEMA, file};

const FILE: &str = "import.json";
/// The file has three short members.
const LONGEST: u64 = 64 << 10;

/// Where an installed database came from and what its bytes were then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportMetadata {
    /// `xxh64:` and sixteen hexadecimal digits.
    pub digest: String,
    /// An address, or `manual import`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The schema of the program that made the indexes.
    pub client_version: String,
}

impl ImportMetadata {
    pub(super) fn of(digest: String, source: &str) -> Self {
        Self { digest, source: source.to_owned(), client_version: SCHEMA.to_string() }
    }
}

pub(super) fn read(folder: &Path) -> Result<Option<ImportMetadata>> {
    let path = folder.join(FILE);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file("open", &path)(error)),
    };
    let mut json = Vec::new();
    file.take(LONGEST).read_to_end(&mut json).map_err(Error::file("read", &path))?;
    let metadata = serde_json::from_slice(&json).map_err(|error| Error::Damaged { path, reason: error.to_string() })?;
    Ok(Some(metadata))
}

pub(super) fn write(folder: &Path, metadata: &ImportMetadata) -> Result<()> {
    let path = folder.join(FILE);
    let mut json =
        serde_json::to_vec_pretty(metadata).map_err(|source| Error::Json { what: FILE.to_owned(), source })?;
    json.push(b'\n');
    let written = fs::File::create(&path).and_then(|mut file| file.write_all(&json).and_then(|()| file.sync_all()));
    written.map_err(Error::file("write", &path))
}

/// The digest of a file, as `import.json` spells it.
pub(super) fn digest(path: &Path) -> Result<String> {
    let failed = || Error::file("read", path);
    let mut file = File::open(path).map_err(failed())?;
    let mut hasher = Xxh64::new(0);
    file::blocks(&mut file, failed(), |block| {
        hasher.update(block);
        Ok(())
    })?;
    Ok(format!("xxh64:{:016x}", hasher.digest()))
}

/// Whether two digests are the same; some writers leave leading zeros out.
pub(super) fn same(a: &str, b: &str) -> bool {
    let value = |text: &str| u64::from_str_radix(text.strip_prefix("xxh64:")?, 16).ok();
    value(a).is_some() && value(a) == value(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_numbers() {
        assert!(same("xxh64:00ab", "xxh64:ab"));
        assert!(!same("xxh64:ab", "xxh64:ac"));
        assert!(!same("ab", "ab"), "without the algorithm's name it is no digest");
    }

    #[test]
    fn the_digest_is_the_published_algorithm() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty");
        fs::write(&path, b"").unwrap();
        assert_eq!(digest(&path).unwrap(), "xxh64:ef46db3751d8e999");
    }
}
