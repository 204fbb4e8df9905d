//! A file of pages of one size, read at random.

use std::io::{self, Read, Seek, SeekFrom};

/// The pages of a file, numbered from zero; a file that ends within a page ends before it.
pub(crate) struct Pages<R> {
    source: R,
    size: u32,
    count: u32,
}

impl<R: Read + Seek> Pages<R> {
    /// Pages of `size` bytes.
    pub(crate) fn new(mut source: R, size: u32) -> io::Result<Self> {
        let length = source.seek(SeekFrom::End(0))?;
        let count = u32::try_from(length / u64::from(size.max(1))).unwrap_or(u32::MAX);
        Ok(Self { source, size, count })
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Fills `page` with the page of that number; false where the file has none.
    pub(crate) fn read(&mut self, number: u32, page: &mut Vec<u8>) -> io::Result<bool> {
        if number >= self.count {
            return Ok(false);
        }
        page.resize(self.size as usize, 0);
        self.source.seek(SeekFrom::Start(u64::from(number) * u64::from(self.size)))?;
        self.source.read_exact(page)?;
        Ok(true)
    }
}
