//! Hashes content as it passes by.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

pub(crate) struct Hashing<R> {
    pub(crate) content: R,
    /// `None` if nobody wants the digest.
    pub(crate) hasher: Option<Sha256>,
}

impl<R> Hashing<R> {
    pub(crate) fn new(content: R, wanted: bool) -> Self {
        Self { content, hasher: wanted.then(Sha256::new) }
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..read]);
        }
        Ok(read)
    }
}
