//! SQLite's write-ahead log: pages that were committed but not yet written back into the database.

use std::collections::BTreeMap;

use super::SqliteError;
use crate::bytes::Bytes;

/// The last committed form of each page in a log.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Wal {
    page_size: u32,
    pages: BTreeMap<u32, Bytes>,
}

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

impl Wal {
    /// Reads a log. Frames after the last commit, and frames left from an earlier use of the file, do not count: salt and
    /// checksum tell them.
    ///
    /// # Errors
    /// Where it does not begin like a log. An empty file is an empty log.
    pub(crate) fn read(log: &[u8]) -> Result<Self, SqliteError> {
        let mut wal = Self { page_size: 0, pages: BTreeMap::new() };
        if log.is_empty() {
            return Ok(wal);
        }
        let (header, mut frames) = log.split_at_checked(HEADER).ok_or(SqliteError::Wal("it is too short"))?;
        let big_endian = match word(header, 0) {
            0x377f_0682 => false,
            0x377f_0683 => true,
            _ => return Err(SqliteError::Wal("it does not begin as a log does")),
        };
        wal.page_size = word(header, 8);
        if !wal.page_size.is_power_of_two() || !(512..=65_536).contains(&wal.page_size) {
            return Err(SqliteError::PageSize(wal.page_size));
        }
        let salts = &header[16..24];
        let mut sum = checksum((0, 0), &header[..24], big_endian);
        if sum != (word(header, 24), word(header, 28)) {
            // A log that was begun and never used.
            return Ok(wal);
        }
        let mut pending: BTreeMap<u32, &[u8]> = BTreeMap::new();
        while let Some((frame, rest)) = frames.split_at_checked(FRAME_HEADER + wal.page_size as usize) {
            frames = rest;
            let (header, page) = frame.split_at(FRAME_HEADER);
            sum = checksum(checksum(sum, &header[..8], big_endian), page, big_endian);
            if &header[8..16] != salts || sum != (word(header, 16), word(header, 20)) {
                break;
            }
            pending.insert(word(header, 0), page);
            if word(header, 4) != 0 {
                wal.pages.extend(std::mem::take(&mut pending).into_iter().map(|(number, page)| (number, page.into())));
            }
        }
        Ok(wal)
    }

    /// Whether nothing was committed.
    pub(crate) fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    pub(super) fn page_size(&self) -> u32 {
        self.page_size
    }

    pub(super) fn page(&self, number: u32) -> Option<&[u8]> {
        self.pages.get(&number).map(|page| &**page)
    }
}

/// Continues the log's running checksum over a multiple of eight bytes, in the word order that its header names.
fn checksum((mut first, mut second): (u32, u32), bytes: &[u8], big_endian: bool) -> (u32, u32) {
    for pair in bytes.chunks_exact(8) {
        let word = |at| {
            let bytes = *pair[at..].first_chunk().expect("a chunk has eight bytes");
            if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
        };
        first = first.wrapping_add(word(0)).wrapping_add(second);
        second = second.wrapping_add(word(4)).wrapping_add(first);
    }
    (first, second)
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(*bytes[at..].first_chunk().expect("callers look within headers whose length was checked"))
}
