use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

/// No row of a sound database comes near this.
const LONGEST_VALUE: i32 = 64 << 20;

/// Connections to one immutable file, as many as threads ever asked at once.
#[derive(Debug)]
pub(crate) struct Connections {
    uri: String,
    idle: Mutex<Vec<Connection>>,
}

impl Connections {
    pub(super) fn new(path: &Path) -> Self {
        Self { uri: immutable_uri(path), idle: Mutex::default() }
    }

    /// Runs `work` on a connection that no other thread uses meanwhile.
    pub(crate) fn with<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open(&self.uri)?,
        };
        let answer = work(&connection);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        answer
    }
}

fn open(uri: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri, flags)?;
    // The schema may come from anywhere: nothing in it may run functions with effects, and no cell is trusted.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // With statistics in the file, SQLite otherwise plans a statement anew for the values of each question.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST_VALUE)?;
    connection.execute_batch("pragma cell_size_check = on; pragma mmap_size = 2147418112; pragma query_only = on")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// `file:` URI of the path; SQLite then skips locks and journals, which is sound for files that are only ever replaced.
fn immutable_uri(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
    let mut uri = String::from("file:");
    for byte in absolute.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => uri.push(char::from(*byte)),
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri.push_str("?mode=ro&immutable=1");
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_uri_characters_stays_a_path() {
        assert_eq!(
            immutable_uri(Path::new("/tmp/a b?c#d%/x.db")),
            "file:/tmp/a%20b%3Fc%23d%25/x.db?mode=ro&immutable=1"
        );
    }
}
