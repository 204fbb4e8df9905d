//! Reads a tar archive once, front to back, from any buffered stream.
//!
//! Only what describes an entry is ever in memory, and nothing is allocated by a length that the archive states: names
//! and extended headers grow as their bytes arrive, up to a limit.

mod block;
mod content;
mod records;
mod sparse;

use std::io::{self, BufRead};

use crate::{
    budgets::{Budget, BudgetExceeded, Budgets},
    error::TarProblem,
};
pub use block::{BLOCK, Block, text};
pub(crate) use content::Content;
pub use records::Records;
use sparse::Region;

/// Why an archive cannot be read on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TarFailure {
    #[error(transparent)]
    Problem(TarProblem),
    #[error(transparent)]
    Budget(BudgetExceeded),
    #[error(transparent)]
    Stream(io::Error),
}

/// The types of entry that containers know; names are as written, not cleaned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemberKind {
    File,
    Directory,
    Symlink,
    HardLink,
    CharacterDevice,
    BlockDevice,
    Fifo,
}

/// An entry's description.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: Vec<u8>,
    pub(crate) link: Vec<u8>,
    pub(crate) kind: MemberKind,
    pub(crate) mode: u32,
    pub(crate) uid: u64,
    pub(crate) gid: u64,
    pub(crate) modified: i64,
    /// Bytes of content, holes included.
    pub(crate) size: u64,
    /// Bytes of the extended headers that belong to it.
    pub(crate) extended_bytes: u64,
    regions: Option<Vec<Region>>,
}

pub(crate) struct Archive<S> {
    stream: S,
    extended_header_limit: u64,
    /// Zeros that may still be made up for the holes of sparse files.
    holes_left: u64,
    holes_limit: u64,
    /// Bytes taken from the stream.
    offset: u64,
    /// Content of the current entry that has not been taken yet, and the padding behind it.
    stored: u64,
    padding: u64,
    extended: Vec<u8>,
    member: Member,
    failure: Option<TarFailure>,
}

impl<S: BufRead> Archive<S> {
    pub(crate) fn new(stream: S, budgets: &Budgets) -> Self {
        Self {
            stream,
            extended_header_limit: budgets.extended_header_bytes,
            holes_left: budgets.layer_bytes,
            holes_limit: budgets.layer_bytes,
            offset: 0,
            stored: 0,
            padding: 0,
            extended: Vec::new(),
            member: Member {
                name: Vec::new(),
                link: Vec::new(),
                kind: MemberKind::File,
                mode: 0,
                uid: 0,
                gid: 0,
                modified: 0,
                size: 0,
                extended_bytes: 0,
                regions: None,
            },
            failure: None,
        }
    }

    /// Goes to the next entry, past what is left of the current one; `false` at the archive's end.
    pub(crate) fn advance(&mut self) -> Result<bool, TarFailure> {
        self.skip(self.stored + self.padding, "a file's content")?;
        (self.stored, self.padding) = (0, 0);
        let mut records = Records::default();
        let (mut long_name, mut long_link) = (None, None);
        self.member.extended_bytes = 0;
        loop {
            let Some(block) = self.header()? else { return Ok(false) };
            let size = match block.size() {
                Some(size) if size >= 0 => size as u64,
                Some(_) => return Err(self.problem("an entry has a negative size")),
                None => return Err(self.problem("an entry's size is not a number")),
            };
            match block.typeflag() {
                b'x' => {
                    self.read_extended(size)?;
                    records = Records::parse(&self.extended).map_err(|what| self.problem(what))?;
                }
                b'L' => {
                    self.read_extended(size)?;
                    long_name = Some(block::text(&self.extended).to_vec());
                }
                b'K' => {
                    self.read_extended(size)?;
                    long_link = Some(block::text(&self.extended).to_vec());
                }
                // Records for all entries: container runtimes do not apply them, so neither do we.
                b'g' => self.skip(padded(size), "a global header")?,
                _ => {
                    self.describe(&block, size, &mut records, long_name, long_link)?;
                    return Ok(true);
                }
            }
        }
    }

    pub(crate) fn member(&self) -> &Member {
        &self.member
    }

    /// The stream, to read what is behind the archive's end.
    pub(crate) fn into_stream(self) -> S {
        self.stream
    }

    /// What ended a read of the content, if one did.
    pub(crate) fn take_failure(&mut self) -> Option<TarFailure> {
        self.failure.take()
    }

    /// The next header block that is not part of the end: two blocks of zeros, or the stream's end.
    fn header(&mut self) -> Result<Option<Block>, TarFailure> {
        let Some(block) = self.block()? else { return Ok(None) };
        if block.is_zero() {
            return match self.block()? {
                Some(block) if !block.is_zero() => Err(self.problem("a block of zeros is followed by more entries")),
                _ => Ok(None),
            };
        }
        if block.checksum_holds() { Ok(Some(block)) } else { Err(self.problem("a header's checksum does not match")) }
    }

    fn describe(
        &mut self,
        block: &Block,
        size: u64,
        records: &mut Records,
        long_name: Option<Vec<u8>>,
        long_link: Option<Vec<u8>>,
    ) -> Result<(), TarFailure> {
        // The order of precedence is GNU long name, pax record, header.
        self.member.name.clear();
        match long_name.or_else(|| records.path.take()) {
            Some(name) => self.member.name = name,
            None => block.name_into(&mut self.member.name),
        }
        self.member.link.clear();
        match long_link.or_else(|| records.link.take()) {
            Some(link) => self.member.link = link,
            None => self.member.link.extend_from_slice(block.link()),
        }
        let field = |record: Option<i64>, field: Option<i64>| record.or(field);
        let (Some(mode), Some(uid), Some(gid), Some(modified)) = (
            block.mode(),
            field(records.uid, block.uid()),
            field(records.gid, block.gid()),
            field(records.modified, block.modified()),
        ) else {
            return Err(self.problem("a header holds an invalid number"));
        };
        let size = match records.size {
            Some(size) => u64::try_from(size).map_err(|_| self.problem("an entry has a negative size"))?,
            None => size,
        };
        self.member.kind = match block.typeflag() {
            b'1' => MemberKind::HardLink,
            b'2' => MemberKind::Symlink,
            b'3' => MemberKind::CharacterDevice,
            b'4' => MemberKind::BlockDevice,
            b'5' => MemberKind::Directory,
            b'6' => MemberKind::Fifo,
            // Before there was a type for folders they were files whose name ends with a slash.
            0 if self.member.name.ends_with(b"/") => MemberKind::Directory,
            // POSIX: unknown types are regular files.
            _ => MemberKind::File,
        };
        self.member.mode = mode as u32 & 0o7777;
        // Old writers store the owner -2; the kernel's ids have 32 bits.
        self.member.uid = u64::try_from(uid).unwrap_or(u64::from(uid as u32));
        self.member.gid = u64::try_from(gid).unwrap_or(u64::from(gid as u32));
        self.member.modified = modified;
        self.member.regions = None;
        if self.member.kind != MemberKind::File {
            // A size of anything but a file is not the size of content.
            self.member.size = 0;
            return Ok(());
        }
        self.member.size = size;
        self.stored = size;
        self.padding = padded(size) - size;
        self.read_sparse_map(block, records)
    }

    /// Reads the map of a sparse file, wherever it is, so that `member` describes the expanded file.
    fn read_sparse_map(&mut self, block: &Block, records: &mut Records) -> Result<(), TarFailure> {
        let mut map = Vec::new();
        let mut real_size = records.sparse.real_size;
        if block.typeflag() == b'S' {
            let Some(sparse) = block.gnu_sparse() else {
                return Err(self.problem("a sparse file's header is invalid"));
            };
            real_size = Some(sparse.real_size);
            let invalid = "a sparse file's map holds an invalid number";
            sparse::push_gnu_pairs(sparse.regions, &mut map).ok_or_else(|| self.problem(invalid))?;
            let mut more = sparse.extended;
            while more {
                let Some(block) = self.block()? else { return Err(self.truncated("a sparse file's map")) };
                let (pairs, another) = block.gnu_sparse_extension();
                sparse::push_gnu_pairs(pairs, &mut map).ok_or_else(|| self.problem(invalid))?;
                self.limit_extended(map.len() as u64 * 12)?;
                more = another;
            }
        } else if records.sparse.map_in_content {
            map = self.map_in_content()?;
        } else if let Some(numbers) = records.sparse.map.take() {
            map = numbers;
        } else {
            return Ok(());
        }
        if let Some(name) = records.sparse.name.take() {
            self.member.name = name;
        }
        let real_size = match real_size {
            Some(size) => u64::try_from(size).map_err(|_| self.problem("an entry has a negative size"))?,
            None => self.member.size,
        };
        let regions = sparse::regions(&map, real_size, self.stored)
            .ok_or_else(|| self.problem("a sparse file's map does not fit its content"))?;
        self.member.size = real_size;
        self.member.regions = Some(regions);
        Ok(())
    }

    /// A sparse 1.0 map: decimal numbers on lines of their own at the start of the content, padded to a block.
    fn map_in_content(&mut self) -> Result<Vec<i64>, TarFailure> {
        let mut map = Vec::new();
        let mut line = Vec::new();
        let mut expected = None;
        let mut used = 0_u64;
        while expected.is_none_or(|expected| (map.len() as u64) < expected) {
            if self.stored < BLOCK as u64 {
                return Err(self.problem("a sparse file's map is longer than its content"));
            }
            let Some(block) = self.block()? else { return Err(self.truncated("a sparse file's map")) };
            self.stored -= BLOCK as u64;
            used += BLOCK as u64;
            self.limit_extended(used)?;
            for byte in block.0 {
                if byte != b'\n' {
                    line.push(byte);
                    continue;
                }
                let number = records::decimal(&line)
                    .filter(|number| *number >= 0)
                    .ok_or_else(|| self.problem("a sparse file's map holds an invalid number"))?;
                line.clear();
                match expected {
                    None => expected = Some((number as u64).saturating_mul(2)),
                    Some(_) => map.push(number),
                }
                if expected.is_some_and(|expected| map.len() as u64 >= expected) {
                    break;
                }
            }
        }
        Ok(map)
    }

    fn read_extended(&mut self, size: u64) -> Result<(), TarFailure> {
        self.limit_extended(size)?;
        self.extended.clear();
        let mut left = size;
        while left > 0 {
            let chunk = self.stream.fill_buf().map_err(TarFailure::Stream)?;
            if chunk.is_empty() {
                return Err(self.truncated("an extended header"));
            }
            let taken = chunk.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            self.extended.extend_from_slice(&chunk[..taken]);
            self.consume(taken);
            left -= taken as u64;
        }
        self.member.extended_bytes += size;
        self.skip(padded(size) - size, "an extended header")
    }

    fn limit_extended(&self, bytes: u64) -> Result<(), TarFailure> {
        let limit = self.extended_header_limit;
        if bytes > limit {
            return Err(TarFailure::Budget(BudgetExceeded { budget: Budget::ExtendedHeaderBytes, limit }));
        }
        Ok(())
    }

    /// The next block, `None` at the stream's end.
    fn block(&mut self) -> Result<Option<Block>, TarFailure> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            let chunk = self.stream.fill_buf().map_err(TarFailure::Stream)?;
            if chunk.is_empty() {
                return if filled == 0 { Ok(None) } else { Err(self.truncated("a header")) };
            }
            let taken = chunk.len().min(BLOCK - filled);
            block[filled..filled + taken].copy_from_slice(&chunk[..taken]);
            self.consume(taken);
            filled += taken;
        }
        Ok(Some(Block(block)))
    }

    fn skip(&mut self, mut bytes: u64, within: &'static str) -> Result<(), TarFailure> {
        while bytes > 0 {
            let available = self.stream.fill_buf().map_err(TarFailure::Stream)?.len();
            if available == 0 {
                return Err(self.truncated(within));
            }
            let taken = available.min(usize::try_from(bytes).unwrap_or(usize::MAX));
            self.consume(taken);
            bytes -= taken as u64;
        }
        Ok(())
    }

    fn consume(&mut self, bytes: usize) {
        self.stream.consume(bytes);
        self.offset += bytes as u64;
    }

    fn problem(&self, what: &'static str) -> TarFailure {
        TarFailure::Problem(TarProblem { offset: self.offset, what, truncated: false })
    }

    fn truncated(&self, within: &'static str) -> TarFailure {
        TarFailure::Problem(TarProblem { offset: self.offset, what: within, truncated: true })
    }
}

/// A size rounded up to whole blocks; saturates, and the stream ends long before that.
fn padded(size: u64) -> u64 {
    size.checked_next_multiple_of(BLOCK as u64).unwrap_or(u64::MAX)
}
