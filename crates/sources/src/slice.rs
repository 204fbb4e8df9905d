//! A range of an open file, readable by several threads at once.

use std::{fs::File, io, os::unix::fs::FileExt, sync::Arc};

use windlass_image::LayerSource;

/// Bytes `start..end` of a file. Reads carry their own position, so slices of one file do not disturb each other.
#[derive(Clone)]
pub(crate) struct Slice {
    file: Arc<File>,
    start: u64,
    end: u64,
}

impl Slice {
    pub(crate) fn new(file: Arc<File>, start: u64, length: u64) -> Self {
        Self { file, start, end: start.saturating_add(length) }
    }

    pub(crate) fn len(&self) -> u64 {
        self.end - self.start
    }

    pub(crate) fn reader(&self) -> SliceReader {
        SliceReader(self.clone())
    }
}

impl LayerSource for Slice {
    fn open(&self) -> io::Result<Box<dyn io::Read + Send>> {
        Ok(Box::new(self.reader()))
    }
}

pub(crate) struct SliceReader(Slice);

impl io::Read for SliceReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.0.len()).unwrap_or(usize::MAX).min(buffer.len());
        if left == 0 {
            return Ok(0);
        }
        let count = self.0.file.read_at(&mut buffer[..left], self.0.start)?;
        if count == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was read"));
        }
        self.0.start += count as u64;
        Ok(count)
    }
}
