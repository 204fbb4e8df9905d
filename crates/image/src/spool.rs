//! Content kept for random access: in memory while it is small, else in an anonymous temporary file.

use std::{
    fs::File,
    io::{self, BufReader, Cursor, Read, Seek, SeekFrom, Write},
    os::unix::fs::FileExt,
};

/// Bytes copied out of a stream. A temporary file has no name, so it is gone when the spool is, whatever happens.
#[derive(Debug)]
pub struct Spool {
    store: Store,
    length: u64,
}

#[derive(Debug)]
enum Store {
    Memory(Cursor<Vec<u8>>),
    File(BufReader<File>),
}

impl Spool {
    /// Content up to this many bytes stays in memory.
    pub const MEMORY: usize = 4 << 20;

    /// Copies `content` to its end, positioned at its start. `expected` is how long it says it is, which is used to
    /// reserve memory but not believed.
    ///
    /// # Errors
    /// Where `content` cannot be read or the temporary file cannot be written.
    pub fn copy(content: &mut dyn Read, expected: u64) -> io::Result<Self> {
        let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(Self::MEMORY).min(Self::MEMORY) + 1);
        content.take(Self::MEMORY as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() <= Self::MEMORY {
            return Ok(Self { length: bytes.len() as u64, store: Store::Memory(Cursor::new(bytes)) });
        }
        let mut file = tempfile::tempfile()?;
        file.write_all(&bytes)?;
        // The buffer that is there goes on to serve the rest.
        let mut length = bytes.len() as u64;
        bytes.truncate(256 << 10);
        loop {
            match content.read(&mut bytes)? {
                0 => break,
                n => {
                    file.write_all(&bytes[..n])?;
                    length += n as u64;
                }
            }
        }
        file.seek(SeekFrom::Start(0))?;
        Ok(Self { store: Store::File(BufReader::with_capacity(64 << 10, file)), length })
    }

    /// As [`Spool::copy`], but `None` for content of more than `limit` bytes, which then is not read to its end.
    ///
    /// # Errors
    /// Where `content` cannot be read or the temporary file cannot be written.
    pub fn copy_up_to(content: &mut dyn Read, expected: u64, limit: u64) -> io::Result<Option<Self>> {
        let spool = Self::copy(&mut content.take(limit.saturating_add(1)), expected.min(limit))?;
        Ok((spool.length <= limit).then_some(spool))
    }

    /// Fills `buffer` from `offset` on without moving the position; fewer bytes only at the end. How many there were.
    ///
    /// # Errors
    /// Where the temporary file cannot be read.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let wanted = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = &mut buffer[..wanted];
        match &self.store {
            Store::Memory(bytes) if wanted > 0 => buffer.copy_from_slice(&bytes.get_ref()[offset as usize..][..wanted]),
            Store::File(file) if wanted > 0 => file.get_ref().read_exact_at(buffer, offset)?,
            _ => {}
        }
        Ok(wanted)
    }

    /// Bytes in it.
    pub fn len(&self) -> u64 {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// All of it, where it is in memory.
    pub fn as_slice(&self) -> Option<&[u8]> {
        match &self.store {
            Store::Memory(bytes) => Some(bytes.get_ref()),
            Store::File(_) => None,
        }
    }
}

impl Read for Spool {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.store {
            Store::Memory(bytes) => bytes.read(buffer),
            Store::File(file) => file.read(buffer),
        }
    }
}

impl Seek for Spool {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.store {
            Store::Memory(bytes) => bytes.seek(to),
            Store::File(file) => file.seek(to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spooled_reads_back_from_anywhere_wherever_it_is_kept() {
        for length in [0, 1, Spool::MEMORY, Spool::MEMORY + 1, Spool::MEMORY * 2 + 12_345] {
            let content: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let mut spool = Spool::copy(&mut content.as_slice(), 3).expect("spooled");
            assert_eq!(spool.len(), length as u64);
            assert_eq!(spool.as_slice().is_some(), length <= Spool::MEMORY);
            spool.seek(SeekFrom::Start(length as u64 / 2)).expect("sought");
            let mut rest = Vec::new();
            spool.read_to_end(&mut rest).expect("read");
            assert!(rest == content[length / 2..], "{length} bytes");
        }
    }

    #[test]
    fn bytes_are_read_at_any_offset_without_moving() {
        for length in [10, Spool::MEMORY + 10] {
            let content: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let mut spool = Spool::copy(&mut content.as_slice(), 0).expect("spooled");
            let mut bytes = [0; 8];
            assert_eq!(spool.read_at(&mut bytes, length as u64 - 4).expect("read"), 4);
            assert_eq!(bytes[..4], content[length - 4..]);
            assert_eq!(spool.read_at(&mut bytes, length as u64).expect("read"), 0);
            assert_eq!(spool.read_at(&mut bytes, u64::MAX).expect("read"), 0);
            assert_eq!(spool.read(&mut bytes[..1]).expect("read"), 1);
            assert_eq!(bytes[0], 0, "the position is still at the start");
        }
    }

    #[test]
    fn content_above_a_limit_is_not_kept() {
        let copy =
            |length: usize, limit| Spool::copy_up_to(&mut vec![7; length].as_slice(), 0, limit).expect("spooled");
        assert!(copy(5, 4).is_none());
        assert_eq!(copy(4, 4).expect("kept").as_slice(), Some(&[7; 4][..]));
        let endless = Spool::copy_up_to(&mut io::repeat(7), u64::MAX, 5 << 20).expect("spooled");
        assert!(endless.is_none());
    }

    #[test]
    fn a_stream_that_breaks_is_an_error() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        assert!(Spool::copy(&mut Broken, 10).is_err());
    }
}
