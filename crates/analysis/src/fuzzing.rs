//! Doors for fuzz targets: each reads bytes as one of the databases would be read, and lets go of the result.

use std::io::Cursor;

use crate::catalogers::{apk_installed, dpkg_copyright, dpkg_status, rpm, sqlite};

/// Any rpm database; the format is told by how the bytes begin.
pub fn rpm_database(bytes: &[u8]) {
    rpm::read_everything(bytes);
}

/// The header of one rpm package.
pub fn rpm_header(bytes: &[u8]) {
    rpm::read_header(bytes);
}

/// A SQLite database and, behind the length of the database in its first four bytes, its write-ahead log.
pub fn sqlite(bytes: &[u8]) {
    let Some((length, rest)) = bytes.split_first_chunk() else { return };
    let (database, log) = rest.split_at((u32::from_le_bytes(*length) as usize).min(rest.len()));
    let content = |_: i64, record: &[u8]| sqlite::column(record, 1).is_some();
    let table = sqlite::Table::read(Cursor::new(database), "Packages", content);
    let Ok(log) = sqlite::Wal::read(log) else { return };
    let overlaid = match table {
        Ok(Some(table)) => table.overlaid(&log, content).map(Some),
        _ => sqlite::Table::read_log(&log, "Packages", content),
    };
    if let Ok(Some(table)) = overlaid {
        table.rows();
    }
}

/// apk's `installed` file.
pub fn apk(bytes: &[u8]) {
    for package in apk_installed::packages(&String::from_utf8_lossy(bytes)) {
        package.files();
    }
}

/// dpkg's status file, lists of files and copyright files.
pub fn dpkg(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    dpkg_status::installed(&text);
    dpkg_copyright::license_names(&text);
    for line in text.lines() {
        dpkg_status::checksum(line);
        dpkg_status::config_file(line);
        dpkg_status::relation_name(line);
    }
}
