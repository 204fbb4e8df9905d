//! The content of one selected file, read from its layer once and shared by the catalogers that selected it.

use std::{
    borrow::Cow,
    io::{self, Read, Seek, SeekFrom},
};

use windlass_image::Spool;

use crate::Unreadable;

/// A file's bytes, in memory while they are few, else in an anonymous temporary file.
pub struct Content {
    spool: Spool,
    size: u64,
}

impl Content {
    /// What [`Content::bytes`] and [`Content::text`] hold at the most; no package manager's text file is larger.
    pub const TEXT_LIMIT: u64 = 64 << 20;

    pub(crate) fn new(spool: Spool, size: u64) -> Self {
        Self { spool, size }
    }

    /// Bytes in the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The whole content.
    ///
    /// # Errors
    /// Where there is more than [`Content::TEXT_LIMIT`], or the temporary file cannot be read.
    pub fn bytes(&mut self) -> Result<Cow<'_, [u8]>, Unreadable> {
        if self.size > Self::TEXT_LIMIT {
            return Err(Unreadable::new(format!(
                "it is {} bytes long; files of this kind are read up to {} bytes",
                self.size,
                Self::TEXT_LIMIT
            )));
        }
        if self.spool.as_slice().is_some() {
            return Ok(Cow::Borrowed(self.spool.as_slice().expect("just seen")));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(self.size).unwrap_or_default());
        self.stream()?.read_to_end(&mut bytes).map_err(Unreadable::new)?;
        Ok(Cow::Owned(bytes))
    }

    /// The whole content as text; bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    /// As [`Content::bytes`].
    pub fn text(&mut self) -> Result<Cow<'_, str>, Unreadable> {
        Ok(match self.bytes()? {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        })
    }

    /// The content for random access, positioned at its start.
    ///
    /// # Errors
    /// Where the temporary file cannot be read.
    pub fn stream(&mut self) -> Result<&mut Spool, Unreadable> {
        self.spool.seek(SeekFrom::Start(0)).map_err(Unreadable::new)?;
        Ok(&mut self.spool)
    }

    /// Bytes from `offset` on, as many as `buffer` holds or the file still has.
    ///
    /// # Errors
    /// Where the temporary file cannot be read.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.spool.read_at(buffer, offset)
    }
}
