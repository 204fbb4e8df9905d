//! What a storage must be able to do, and how it says that it could not.

use std::{
    io,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures::{future::BoxFuture, stream::BoxStream};

use crate::ObjectKey;

/// An object is written in less time than this, or its writer is dead.
pub const ABANDONED: Duration = Duration::from_hours(24);

/// Bytes in pieces of the sender's choice, each small enough to be held in memory. After an error nothing follows.
pub type Content<'a> = BoxStream<'a, Result<Bytes, Fault>>;

/// A place that keeps bytes under paths: `/`-separated printable ASCII of at most 255 bytes.
///
/// [`Objects`](crate::Objects) has one. The crate brings those that OpenDAL speaks to; a database implements it over a table
/// of chunks. Nothing is known here of keys, compression or checksums.
pub trait Driver: Send + Sync + 'static {
    /// What to call the place in messages, without secrets; two drivers with the same name are the same place.
    fn place(&self) -> String;

    /// Keeps `content` under `path`, in place of what was there. Whole or not at all: until this has ended well, and for ever if
    /// it fails, if `content` ends in an error, or if the process dies, readers see what was there before. When it has ended
    /// well, the bytes survive a loss of power.
    fn put<'a>(&'a self, path: &'a str, content: Content<'a>) -> BoxFuture<'a, Result<(), Fault>>;

    /// The bytes under `path`. That there are none is an error of kind [`FaultKind::Missing`], at once or as the first item.
    fn get<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Content<'static>, Fault>>;

    /// How many bytes there are under `path`; nothing if there is no such path.
    fn size<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<u64>, Fault>>;

    /// Removes what is under `path`, which need not exist.
    fn delete<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Fault>>;

    /// Every path, in any order.
    fn list(&self) -> BoxStream<'_, Result<Entry, Fault>>;

    /// Removes what puts left that were begun before a moment and cannot be going on any more, and tells how many such things
    /// there were. Nobody sees them, but they take room. A place that writes whole or not at all has none.
    fn end_unfinished(&self, before: SystemTime) -> BoxFuture<'_, Result<u64, Fault>> {
        let _ = before;
        Box::pin(async { Ok(0) })
    }
}

/// Who must be told before content is taken to be kept already: whoever removes objects that nobody refers to.
///
/// What is put is referred to a while later, and what is there is not written again. Without a claim, an object could be
/// found to be there, removed, and then referred to.
pub trait Claims: Send + Sync + 'static {
    /// What to call in messages where claims are kept.
    fn place(&self) -> String;

    /// The object is about to be looked for, and then to be referred to. When this has ended well, it is not being removed, and
    /// it is not removed for long enough to write what refers to it.
    fn claim<'a>(&'a self, object: &'a ObjectKey) -> BoxFuture<'a, Result<(), Fault>>;
}

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub path: String,
    /// Stored bytes.
    pub size: u64,
    /// When it was written, where the place knows.
    pub modified: Option<SystemTime>,
}

/// Why a place could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Fault {
    pub kind: FaultKind,
    /// For the reader of a message: one line, without secrets.
    pub reason: String,
}

/// What kind of trouble it is, which decides what can be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// There is nothing under the path.
    Missing,
    /// Credentials are missing, wrong, or not enough.
    Denied,
    /// The bucket does not exist, or an option makes no sense.
    Misconfigured,
    /// No connection, or an answer that says to come back later, after all attempts.
    Unreachable,
    /// No answer in time, after all attempts.
    TimedOut,
    /// No space or quota left.
    Full,
    Other,
}

impl Fault {
    pub fn new(kind: FaultKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into() }
    }
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        let kind = match fault.kind {
            FaultKind::Missing => io::ErrorKind::NotFound,
            FaultKind::Denied => io::ErrorKind::PermissionDenied,
            FaultKind::TimedOut => io::ErrorKind::TimedOut,
            FaultKind::Full => io::ErrorKind::StorageFull,
            FaultKind::Misconfigured | FaultKind::Unreachable | FaultKind::Other => io::ErrorKind::Other,
        };
        Self::new(kind, fault)
    }
}

impl From<&io::Error> for Fault {
    fn from(error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => FaultKind::Missing,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => FaultKind::Denied,
            io::ErrorKind::TimedOut => FaultKind::TimedOut,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FaultKind::Full,
            io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset | io::ErrorKind::NotConnected => {
                FaultKind::Unreachable
            }
            _ => FaultKind::Other,
        };
        Self::new(kind, error.to_string())
    }
}
