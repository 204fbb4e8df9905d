//! What is offered of each entry while a layer streams by, and who looks at it.

use std::io;

/// A tar entry (or a file of a directory source) as it is met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Cleaned, without a leading slash; may hold bytes that are not UTF-8. The root itself is never an entry.
    pub path: Vec<u8>,
    pub kind: EntryKind,
    /// Permission bits with setuid, setgid and sticky (`0o7777` at most).
    pub mode: u32,
    pub uid: u64,
    pub gid: u64,
    /// Bytes of content; 0 for anything but a regular file.
    pub size: u64,
    /// Seconds since 1970.
    pub modified: i64,
}

/// What an entry is; links carry their target as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    File,
    Directory,
    Symlink(Vec<u8>),
    /// A cleaned path from the root.
    HardLink(Vec<u8>),
    CharacterDevice,
    BlockDevice,
    Fifo,
}

/// Looks at the content of regular files while a layer is walked and keeps facts about them.
///
/// It sees one file at a time, in no particular order, from several threads, without knowing whether a later layer
/// replaces or deletes the file: facts must depend on the entry and its content alone.
pub trait Reader: Sync {
    /// What is kept of a file; small, because every layer's facts are in memory until the walk ends.
    type Facts: Send;

    /// Reads as much of `content` as it needs (the rest is skipped) and returns what it learned, if anything.
    ///
    /// An error means that the layer itself could not be read and ends the walk; trouble with what a file *says* is a
    /// fact about that file.
    fn read(&self, entry: &Entry, content: &mut dyn io::Read) -> io::Result<Option<Self::Facts>>;
}
