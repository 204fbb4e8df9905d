//! Storages for tests: a folder, a table of chunks in memory, and real servers where their programs are found.
#![allow(dead_code, reason = "each test program uses some of it")]

pub(crate) mod killed;
pub(crate) mod servers;
pub(crate) mod suite;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures::{
    FutureExt, StreamExt, TryStreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use tokio::io::AsyncWriteExt as _;
use windlass_objects::{Content, Driver, Entry, Fault, FaultKind, Location, ObjectKey, Objects, Options};

use suite::noise;

/// Options whose attempts are over soon.
pub(crate) fn impatient() -> Options {
    Options {
        timeout: Duration::from_secs(2),
        transfer_timeout: Duration::from_secs(2),
        attempts: 3,
        pause: Duration::from_millis(10),
        longest_pause: Duration::from_millis(20),
        part: 5 << 20,
        ..Options::default()
    }
}

/// Options for real servers, which may be slow on a busy machine; content of a few parts.
pub(crate) fn patient() -> Options {
    Options { part: 5 << 20, ..Options::default() }
}

pub(crate) async fn folder(path: &Path) -> Objects {
    Objects::open(&Location::folder(path).unwrap(), impatient()).await.unwrap()
}

/// Where a folder has an object: documented, since people look there when they mend things.
pub(crate) fn file_of(folder: &Path, key: &ObjectKey) -> std::path::PathBuf {
    let hex = key.hex();
    folder.join(&hex[..2]).join(&hex[2..4]).join(format!("{hex}.zst"))
}

/// Bytes that do not compress, made as they are read: whole MiB of them.
pub(crate) fn stream(length: u64) -> impl tokio::io::AsyncRead + Send + Unpin {
    let (mut writer, reader) = tokio::io::duplex(64 << 10);
    tokio::spawn(async move {
        let block = noise(1 << 20, 7);
        for number in 0..length >> 20 {
            // Each block differs, beyond what zstd looks back.
            let block: Vec<u8> = block.iter().map(|byte| byte ^ (number as u8).wrapping_mul(167)).collect();
            writer.write_all(&block).await.unwrap();
        }
    });
    reader
}

/// Most memory the process has taken, in bytes; nothing where the system does not tell.
pub(crate) fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

/// A driver as a database has it: rows of (path, number, bytes), written in one transaction.
#[derive(Default)]
pub(crate) struct Chunks {
    rows: Mutex<BTreeMap<String, (SystemTime, Vec<Bytes>)>>,
    /// Names the store; two with the same name are the same place.
    pub(crate) name: &'static str,
    /// As many more puts go well.
    pub(crate) puts_left: Option<AtomicUsize>,
    /// Largest chunk that was ever handed over.
    pub(crate) largest: AtomicUsize,
    pub(crate) puts: AtomicUsize,
}

pub(crate) const CHUNK: usize = 64 << 10;

impl Chunks {
    pub(crate) fn named(name: &'static str) -> Arc<Self> {
        Arc::new(Self { name, ..Self::default() })
    }

    /// With room for so many puts.
    pub(crate) fn with_room(name: &'static str, puts: usize) -> Arc<Self> {
        Arc::new(Self { name, puts_left: Some(AtomicUsize::new(puts)), ..Self::default() })
    }

    pub(crate) fn corrupt(&self, key: &ObjectKey, stored: &'static [u8]) {
        let hex = key.hex();
        let path = format!("{}/{}/{hex}.zst", &hex[..2], &hex[2..4]);
        self.rows.lock().unwrap().insert(path, (SystemTime::now(), vec![Bytes::from_static(stored)]));
    }
}

pub(crate) fn over(chunks: &Arc<Chunks>) -> Objects {
    Objects::over(chunks.clone(), impatient())
}

impl Driver for Chunks {
    fn place(&self) -> String {
        format!("db:{}", self.name)
    }

    fn put<'a>(&'a self, path: &'a str, mut content: Content<'a>) -> BoxFuture<'a, Result<(), Fault>> {
        async move {
            let mut rows = Vec::new();
            while let Some(mut piece) = content.try_next().await? {
                self.largest.fetch_max(piece.len(), Ordering::Relaxed);
                while !piece.is_empty() {
                    rows.push(piece.split_to(piece.len().min(CHUNK)));
                }
            }
            if let Some(left) = &self.puts_left
                && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err()
            {
                return Err(Fault::new(FaultKind::Full, "the quota is used up"));
            }
            self.puts.fetch_add(1, Ordering::Relaxed);
            self.rows.lock().unwrap().insert(path.to_owned(), (SystemTime::now(), rows));
            Ok(())
        }
        .boxed()
    }

    fn get<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Content<'static>, Fault>> {
        let rows = self.rows.lock().unwrap().get(path).map(|(_, rows)| rows.clone());
        let content = rows.map(|rows| stream::iter(rows.into_iter().map(Ok)).boxed());
        async { content.ok_or_else(|| Fault::new(FaultKind::Missing, "no such row")) }.boxed()
    }

    fn size<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<u64>, Fault>> {
        let rows = self.rows.lock().unwrap();
        let size = rows.get(path).map(|(_, rows)| rows.iter().map(|row| row.len() as u64).sum());
        async move { Ok(size) }.boxed()
    }

    fn delete<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        self.rows.lock().unwrap().remove(path);
        async { Ok(()) }.boxed()
    }

    fn list(&self) -> BoxStream<'_, Result<Entry, Fault>> {
        let rows = self.rows.lock().unwrap();
        let entry = |(path, (modified, rows)): (&String, &(SystemTime, Vec<Bytes>))| Entry {
            path: path.clone(),
            size: rows.iter().map(|row| row.len() as u64).sum(),
            modified: Some(*modified),
        };
        let entries: Vec<_> = rows.iter().map(entry).map(Ok).collect();
        stream::iter(entries).boxed()
    }
}
