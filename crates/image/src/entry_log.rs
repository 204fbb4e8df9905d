//! A layer's entries in the order they were met, packed into one buffer.
//!
//! An image may have millions of entries, and all of them are in memory until the layers are squashed. A log holds a
//! typical entry in some thirty bytes: paths share their beginning with the path before, numbers take as many bytes as
//! they need, and nothing is allocated for each entry.

use crate::{DigestSet, Entry, EntryKind};

/// What an entry does to the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Adds what the entry holds.
    Add,
    /// Hides the path in lower layers.
    Whiteout,
    /// Hides the children of the path in lower layers.
    Opaque,
}

/// One record as it is read back; valid until the next is read.
#[derive(Debug)]
pub(crate) struct Record<'c> {
    pub(crate) action: Action,
    /// Meaningless but for its path unless the action is `Add`.
    pub(crate) entry: &'c Entry,
    /// One behind the other, in the order of the log's set.
    pub(crate) digests: Option<&'c [u8]>,
    /// The next of the layer's facts belong to this entry.
    pub(crate) has_facts: bool,
}

#[derive(Debug)]
pub(crate) struct EntryLog {
    digests: DigestSet,
    bytes: Vec<u8>,
    previous: Vec<u8>,
    previous_modified: i64,
    has_whiteouts: bool,
}

const KIND: u8 = 0b0000_1111;
const HAS_FACTS: u8 = 0b0001_0000;
const HAS_DIGESTS: u8 = 0b0010_0000;
const WHITEOUT: u8 = 7;
const OPAQUE: u8 = 8;

impl EntryLog {
    /// A log of files with these digests, or none.
    pub(crate) fn new(digests: DigestSet) -> Self {
        Self { digests, bytes: Vec::new(), previous: Vec::new(), previous_modified: 0, has_whiteouts: false }
    }

    /// Which digests files of this log have.
    pub(crate) fn digests(&self) -> DigestSet {
        self.digests
    }

    /// Adds an entry; digests are one behind the other, in the order of the log's set.
    pub(crate) fn push(&mut self, entry: &Entry, digests: Option<&[u8]>, has_facts: bool) {
        let kind = match entry.kind {
            EntryKind::File => 0,
            EntryKind::Directory => 1,
            EntryKind::Symlink(_) => 2,
            EntryKind::HardLink(_) => 3,
            EntryKind::CharacterDevice => 4,
            EntryKind::BlockDevice => 5,
            EntryKind::Fifo => 6,
        };
        let digest_flag = if digests.is_some() { HAS_DIGESTS } else { 0 };
        self.push_path(kind | digest_flag | if has_facts { HAS_FACTS } else { 0 }, &entry.path);
        self.push_number(u64::from(entry.mode));
        self.push_number(entry.uid);
        self.push_number(entry.gid);
        self.push_number(zigzag(entry.modified.wrapping_sub(self.previous_modified)));
        self.previous_modified = entry.modified;
        match &entry.kind {
            EntryKind::File => self.push_number(entry.size),
            EntryKind::Symlink(target) | EntryKind::HardLink(target) => {
                self.push_number(target.len() as u64);
                self.bytes.extend_from_slice(target);
            }
            _ => {}
        }
        if let Some(digests) = digests {
            self.bytes.extend_from_slice(digests);
        }
    }

    /// Notes that `path` is hidden in lower layers.
    pub(crate) fn push_whiteout(&mut self, path: &[u8]) {
        self.has_whiteouts = true;
        self.push_path(WHITEOUT, path);
    }

    /// Notes that the children of `path` are hidden in lower layers.
    pub(crate) fn push_opaque(&mut self, path: &[u8]) {
        self.has_whiteouts = true;
        self.push_path(OPAQUE, path);
    }

    /// Whether anything is hidden in lower layers.
    pub(crate) fn has_whiteouts(&self) -> bool {
        self.has_whiteouts
    }

    /// Gives back memory that was set aside for more entries.
    pub(crate) fn finish(&mut self) {
        self.previous = Vec::new();
        self.bytes.shrink_to_fit();
    }

    /// All entries, as [`EntryLog::from_bytes`] takes them.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A log that was kept; whether it is sound is told by [`EntryLog::facts`].
    pub(crate) fn from_bytes(digests: DigestSet, bytes: Vec<u8>) -> Self {
        let mut log = Self { bytes, ..Self::new(digests) };
        let mut has_whiteouts = false;
        let mut cursor = log.cursor();
        while let Some(record) = cursor.next() {
            has_whiteouts |= record.action != Action::Add;
        }
        log.has_whiteouts = has_whiteouts;
        log
    }

    /// How many entries have facts; `None` where the log ends within an entry.
    pub(crate) fn facts(&self) -> Option<u64> {
        let mut cursor = self.cursor();
        let mut facts = 0;
        while let Some(record) = cursor.next() {
            facts += u64::from(record.has_facts);
        }
        (!cursor.is_cut).then_some(facts)
    }

    /// Reads from the first entry on.
    pub(crate) fn cursor(&self) -> Cursor<'_> {
        let digests_length = self.digests.length();
        Cursor { rest: &self.bytes, is_cut: false, digests_length, entry: blank(), modified: 0 }
    }

    fn push_path(&mut self, tag: u8, path: &[u8]) {
        let shared = self.previous.iter().zip(path).take_while(|(a, b)| a == b).count();
        self.bytes.push(tag);
        self.push_number(shared as u64);
        self.push_number((path.len() - shared) as u64);
        self.bytes.extend_from_slice(&path[shared..]);
        self.previous.truncate(shared);
        self.previous.extend_from_slice(&path[shared..]);
    }

    fn push_number(&mut self, number: u64) {
        push_number(&mut self.bytes, number);
    }
}

#[derive(Debug)]
pub(crate) struct Cursor<'l> {
    rest: &'l [u8],
    /// An entry was longer than what was left.
    is_cut: bool,
    digests_length: usize,
    entry: Entry,
    modified: i64,
}

impl<'l> Cursor<'l> {
    /// The next record, `None` after the last.
    pub(crate) fn next(&mut self) -> Option<Record<'_>> {
        let (&tag, rest) = self.rest.split_first()?;
        self.rest = rest;
        let shared = self.number() as usize;
        let own = self.number() as usize;
        let own = self.take(own);
        self.entry.path.truncate(shared);
        self.entry.path.extend_from_slice(own);
        let action = match tag & KIND {
            WHITEOUT => Action::Whiteout,
            OPAQUE => Action::Opaque,
            _ => Action::Add,
        };
        if action != Action::Add {
            return Some(Record { action, entry: &self.entry, digests: None, has_facts: false });
        }
        self.entry.mode = self.number() as u32;
        self.entry.uid = self.number();
        self.entry.gid = self.number();
        self.modified = self.modified.wrapping_add(unzigzag(self.number()));
        self.entry.modified = self.modified;
        self.entry.size = 0;
        self.entry.kind = match tag & KIND {
            0 => {
                self.entry.size = self.number();
                EntryKind::File
            }
            1 => EntryKind::Directory,
            2 => EntryKind::Symlink(self.target()),
            3 => EntryKind::HardLink(self.target()),
            4 => EntryKind::CharacterDevice,
            5 => EntryKind::BlockDevice,
            _ => EntryKind::Fifo,
        };
        let digests = (tag & HAS_DIGESTS != 0).then(|| self.take(self.digests_length));
        Some(Record { action, entry: &self.entry, digests, has_facts: tag & HAS_FACTS != 0 })
    }

    fn target(&mut self) -> Vec<u8> {
        let length = self.number() as usize;
        self.take(length).to_vec()
    }

    fn number(&mut self) -> u64 {
        take_number(&mut self.rest).unwrap_or_else(|| {
            self.is_cut = true;
            self.rest = &[];
            0
        })
    }

    fn take(&mut self, length: usize) -> &'l [u8] {
        let (taken, after) = self.rest.split_at_checked(length).unwrap_or_else(|| {
            self.is_cut = true;
            (&[], &[])
        });
        self.rest = after;
        taken
    }
}

/// Writes a number in as many bytes as it needs, seven bits in each, the lowest first.
pub(crate) fn push_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Reads what [`push_number`] wrote; `None` where it is cut off.
pub(crate) fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    Some(number)
}

/// An entry to be filled in.
pub(crate) fn blank() -> Entry {
    Entry { path: Vec::new(), kind: EntryKind::File, mode: 0, uid: 0, gid: 0, size: 0, modified: 0 }
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}
