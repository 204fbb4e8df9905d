//! What can be said of a file before SQLite sees it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::{Error, Result};

const HEADER: usize = 100;
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Refuses what is missing, is no SQLite database, or is shorter than its header says: a file cut short would
/// otherwise open, and fail at some look-up or, worse, leave rows out.
pub(super) fn check(path: &Path) -> Result<()> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::Missing { path: path.to_owned() }),
        Err(error) => return Err(Error::file("open", path)(error)),
    };
    let metadata = file.metadata().map_err(Error::file("examine", path))?;
    let not_a_database = |reason: &str| Error::NotADatabase { path: path.to_owned(), reason: reason.to_owned() };
    if metadata.is_dir() {
        return Err(not_a_database("it is a directory"));
    }
    let mut header = Vec::with_capacity(HEADER);
    file.by_ref().take(HEADER as u64).read_to_end(&mut header).map_err(Error::file("read", path))?;
    if let Some(reason) = foreign(&header) {
        return Err(not_a_database(reason));
    }
    let damaged = |reason: String| Error::Damaged { path: path.to_owned(), reason };
    if header.len() < HEADER {
        return Err(damaged(format!("it ends after {} bytes", header.len())));
    }
    let pages = u64::from(big_endian(&header, 28));
    let page_size = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        size => u64::from(size),
    };
    // The page count counts only where the version it was written for is the file's (SQLite file format, §1.3.7).
    let count_is_valid = pages > 0 && big_endian(&header, 24) == big_endian(&header, 92);
    if count_is_valid && metadata.len() < pages * page_size {
        return Err(damaged(format!("it has {} bytes of {}", metadata.len(), pages * page_size)));
    }
    Ok(())
}

fn foreign(header: &[u8]) -> Option<&'static str> {
    if header.is_empty() {
        Some("it is empty")
    } else if header.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Some("it is a zstd archive")
    } else if header.starts_with(&[0x1f, 0x8b]) {
        Some("it is a gzip archive")
    } else if header.starts_with(&[0xfd, b'7', b'z', b'X', b'Z', 0]) {
        Some("it is an xz archive")
    } else if !header.starts_with(&MAGIC[..header.len().min(MAGIC.len())]) {
        Some("it is not a SQLite file")
    } else {
        None
    }
}

fn big_endian(header: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
}
