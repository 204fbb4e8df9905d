//! The daemon as a scanner.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::OnceLock,
    time::Duration,
};

use windlass_analysis::{MalwareScanner, MalwareStream, NotScanned};

use crate::{Address, connection::Connection, reply};

/// Bytes of content sent at once.
const CHUNK: usize = 64 << 10;

/// How to talk to a daemon.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Larger files are not sent, but reported as not scanned. Default: 100 MiB, the daemon's own `StreamMaxLength`; a
    /// daemon with a smaller one says so itself.
    pub max_file_size: u64,
    /// Longest wait for a connection, for the daemon to take bytes, and for its verdict. Default: 5 minutes, because
    /// archives take long.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_file_size: 100 << 20, patience: Duration::from_mins(5) }
    }
}

/// Why a daemon cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClamdError {
    #[error("no clamd answers at {address}: is it running, and may this user connect to it?")]
    Unreachable { address: Address, source: io::Error },
    #[error("what answers at {address} is no clamd: it said {reply:?}")]
    NotClamd { address: Address, reply: String },
}

/// A daemon that has answered. Files are sent over a connection each.
#[derive(Debug)]
pub struct Clamd {
    address: Address,
    options: Options,
    metadata: BTreeMap<String, String>,
    /// Why the daemon can no longer be used: the first failure ends the talk, for the next would wait as long.
    failure: OnceLock<String>,
}

impl Clamd {
    /// Asks a daemon for its version.
    ///
    /// # Errors
    /// Where none answers.
    pub fn connect(address: Address, options: Options) -> Result<Self, ClamdError> {
        let ask = || {
            let mut connection = Connection::open(&address, options.patience)?;
            let sent = connection.write_all(b"zVERSION\0");
            // Whoever hangs up at once may have said why.
            match (connection.reply()?, sent) {
                (reply, Err(error)) if reply.is_empty() => Err(error),
                (reply, _) => Ok(reply),
            }
        };
        match ask() {
            Ok(reply) if reply.starts_with("ClamAV ") => {
                Ok(Self { metadata: about(&reply), address, options, failure: OnceLock::new() })
            }
            Ok(reply) => Err(ClamdError::NotClamd { address, reply: reply.chars().take(200).collect() }),
            Err(source) => Err(ClamdError::Unreachable { address, source }),
        }
    }

    fn failed(&self, error: &io::Error) -> NotScanned {
        let why = match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                format!("no answer within {:?}", self.options.patience)
            }
            _ => error.to_string(),
        };
        NotScanned::Scanner(format!("clamd at {} failed: {why}", self.address))
    }

    /// Remembers a failure that concerns all files.
    fn noted(&self, reason: NotScanned) -> NotScanned {
        if let NotScanned::Scanner(reason) = &reason {
            let _ = self.failure.set(reason.clone());
        }
        reason
    }
}

/// Of `ClamAV 1.4.1/27500/Mon Nov 24 09:24:11 2025`; without an official database only the first part is there.
fn about(version: &str) -> BTreeMap<String, String> {
    let names = ["engine_version", "db_version_daily", "db_date_daily"];
    names.into_iter().zip(version.splitn(3, '/')).map(|(name, part)| (name.to_owned(), part.to_owned())).collect()
}

impl MalwareScanner for Clamd {
    fn name(&self) -> &'static str {
        "clamav"
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        self.metadata.clone()
    }

    fn begin(&self, size: u64) -> Result<Box<dyn MalwareStream + '_>, NotScanned> {
        if let Some(failure) = self.failure.get() {
            return Err(NotScanned::Scanner(failure.clone()));
        }
        let limit = self.options.max_file_size;
        if size > limit {
            return Err(NotScanned::File(format!("it has {size} bytes; files of up to {limit} bytes are scanned")));
        }
        let open = || {
            let mut connection = Connection::open(&self.address, self.options.patience)?;
            connection.write_all(b"zINSTREAM\0")?;
            Ok(connection)
        };
        let connection = open().map_err(|error: io::Error| self.noted(self.failed(&error)))?;
        Ok(Box::new(Stream { daemon: self, connection, buffer: Vec::with_capacity(CHUNK), failure: None }))
    }
}

struct Stream<'d> {
    daemon: &'d Clamd,
    connection: Connection,
    buffer: Vec<u8>,
    /// A daemon that has heard enough hangs up; what it said before is the reason.
    failure: Option<io::Error>,
}

impl Stream<'_> {
    /// Sends what is buffered behind its length.
    fn send(&mut self) {
        let length = (self.buffer.len() as u32).to_be_bytes();
        let sent = self.connection.write_all(&length).and_then(|()| self.connection.write_all(&self.buffer));
        self.failure = sent.err();
        self.buffer.clear();
    }
}

impl MalwareStream for Stream<'_> {
    fn scan(&mut self, mut bytes: &[u8]) {
        while self.failure.is_none() && !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
            if self.buffer.len() == CHUNK {
                self.send();
            }
        }
    }

    fn verdict(mut self: Box<Self>) -> Result<Vec<String>, NotScanned> {
        if self.failure.is_none() && !self.buffer.is_empty() {
            self.send();
        }
        if self.failure.is_none() {
            // An empty chunk ends the stream.
            self.send();
        }
        let verdict = match (self.connection.reply(), self.failure) {
            (Ok(reply), None) => reply::verdict(&reply),
            (Ok(reply), Some(_)) if !reply.is_empty() => reply::verdict(&reply),
            (_, Some(error)) | (Err(error), None) => Err(self.daemon.failed(&error)),
        };
        verdict.map(|found| found.into_iter().collect()).map_err(|reason| self.daemon.noted(reason))
    }
}
