//! The content of one entry as a stream, with the holes of sparse files filled in.

use std::io::{self, BufRead, Read};

use super::{Archive, TarFailure, sparse::Region};
use crate::{
    budgets::{Budget, BudgetExceeded},
    error::TarProblem,
};

/// Content of the entry the archive is at. What is not read is passed over when the archive advances.
pub(crate) struct Content<'a, S> {
    archive: &'a mut Archive<S>,
    regions: Option<Vec<Region>>,
    /// Where in the expanded file the next byte is, and which region is at or behind it.
    position: u64,
    region: usize,
}

impl<S: BufRead> Archive<S> {
    /// The current entry's content; nothing if it is not a regular file or was read before.
    pub(crate) fn content(&mut self) -> Content<'_, S> {
        let regions = self.member.regions.take();
        Content { archive: self, regions, position: 0, region: 0 }
    }
}

impl<S: BufRead> Content<'_, S> {
    /// Hands all that is left to `sink`, in the largest pieces there are.
    pub(crate) fn drain(&mut self, mut sink: impl FnMut(&[u8])) -> Result<(), TarFailure> {
        const ZEROS: [u8; 4096] = [0; 4096];
        loop {
            match self.next_piece() {
                Piece::End => return Ok(()),
                Piece::Hole(length) => {
                    let length = length.min(ZEROS.len() as u64);
                    self.archive.charge_hole(length)?;
                    sink(&ZEROS[..length as usize]);
                    self.position += length;
                }
                Piece::Stored(length) => {
                    let chunk = self.archive.stored_chunk(length)?;
                    let taken = chunk.len();
                    sink(chunk);
                    self.advance(taken);
                }
            }
        }
    }

    fn next_piece(&self) -> Piece {
        let Some(regions) = &self.regions else {
            return if self.archive.stored == 0 { Piece::End } else { Piece::Stored(self.archive.stored) };
        };
        match regions.get(self.region) {
            Some(region) if self.position < region.offset => Piece::Hole(region.offset - self.position),
            Some(region) => Piece::Stored(region.offset + region.length - self.position),
            None if self.position < self.archive.member.size => Piece::Hole(self.archive.member.size - self.position),
            None => Piece::End,
        }
    }

    fn advance(&mut self, taken: usize) {
        self.archive.consume(taken);
        self.archive.stored -= taken as u64;
        self.position += taken as u64;
        let region = self.regions.as_ref().and_then(|regions| regions.get(self.region));
        if region.is_some_and(|region| self.position == region.offset + region.length) {
            self.region += 1;
        }
    }
}

enum Piece {
    Stored(u64),
    Hole(u64),
    End,
}

impl<S: BufRead> Archive<S> {
    /// Some of the next `length` bytes of stored content, not consumed; never empty.
    fn stored_chunk(&mut self, length: u64) -> Result<&[u8], TarFailure> {
        let offset = self.offset;
        let chunk = self.stream.fill_buf().map_err(TarFailure::Stream)?;
        if chunk.is_empty() {
            return Err(TarFailure::Problem(TarProblem { offset, what: "a file's content", truncated: true }));
        }
        Ok(&chunk[..chunk.len().min(usize::try_from(length).unwrap_or(usize::MAX))])
    }
}

impl<S> Archive<S> {
    /// Holes cost nothing to store, so they have a budget of their own, as large as the layer's.
    fn charge_hole(&mut self, length: u64) -> Result<(), TarFailure> {
        let exceeded = BudgetExceeded { budget: Budget::LayerBytes, limit: self.holes_limit };
        self.holes_left = self.holes_left.checked_sub(length).ok_or(TarFailure::Budget(exceeded))?;
        Ok(())
    }

    /// Keeps the failure for the walk; the reader that met it learns only that there was one.
    fn fail(&mut self, failure: TarFailure) -> io::Error {
        let error = io::Error::new(io::ErrorKind::InvalidData, failure.to_string());
        self.failure = Some(failure);
        error
    }
}

impl<S: BufRead> Read for Content<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        match self.next_piece() {
            Piece::End => Ok(0),
            Piece::Hole(length) => {
                let taken = buffer.len().min(usize::try_from(length).unwrap_or(usize::MAX));
                self.archive.charge_hole(taken as u64).map_err(|failure| self.archive.fail(failure))?;
                buffer[..taken].fill(0);
                self.position += taken as u64;
                Ok(taken)
            }
            Piece::Stored(length) => {
                let taken = match self.archive.stored_chunk(length) {
                    Ok(chunk) => {
                        let taken = chunk.len().min(buffer.len());
                        buffer[..taken].copy_from_slice(&chunk[..taken]);
                        taken
                    }
                    Err(failure) => return Err(self.archive.fail(failure)),
                };
                self.advance(taken);
                Ok(taken)
            }
        }
    }
}
