//! One layer on its way through two threads: decompression, and everything else.

use std::thread;

use crate::{
    Digest, DigestSet, Layer, LayerName, Reader, WalkError, WalkedLayer,
    budgets::{Budget, BudgetExceeded, Meter},
    entries::{EntryFailure, EntryWalk, Walked},
    pipe::{Filler, pipe},
    stored::{Compression, Decoder, Stored, StoredFailure},
    tar::{Archive, TarFailure},
    walk::{joined, name},
};

pub(crate) struct LayerWalk<'w> {
    pub(crate) layer: &'w Layer,
    pub(crate) index: usize,
    pub(crate) meter: &'w Meter<'w>,
    pub(crate) file_digests: DigestSet,
    pub(crate) stop: &'w (dyn Fn() -> bool + Sync),
}

/// The stored bytes when all of them were read.
struct StoredBytes {
    read: u64,
    /// `None` if they were not compressed: then the digest of the uncompressed bytes is theirs too.
    digest: Option<[u8; 32]>,
}

impl LayerWalk<'_> {
    pub(crate) fn run<R: Reader>(&self, reader: &R) -> Result<WalkedLayer<R::Facts>, WalkError> {
        let source = self.layer.source.open().map_err(|source| WalkError::Open { layer: self.name(), source })?;
        let (stored, compression) =
            Stored::new(source, self.layer.size).map_err(|source| WalkError::Read { layer: self.name(), source })?;
        let (filler, chunks) = pipe();
        thread::scope(|scope| {
            let decompression = scope.spawn(|| self.decompress(stored, compression, filler));
            let mut archive = Archive::new(chunks, self.meter.budgets);
            let mut walked = Walked::new(self.file_digests);
            let entries = EntryWalk { meter: self.meter, file_digests: self.file_digests, stop: self.stop };
            let broken = match entries.read(&mut archive, reader, &mut walked) {
                Ok(()) => None,
                Err(EntryFailure::Tar(TarFailure::Problem(problem))) => Some(problem),
                Err(failure) => return Err(self.entry_error(failure)),
            };
            // What is behind the archive belongs to the layer's digest; and if the archive is broken, whether it is the
            // one that was promised is the more important news.
            let mut chunks = archive.into_stream();
            chunks.drain();
            let (bytes, digest) = chunks.finish();
            let stored = joined(decompression)?;
            self.verify(&stored, digest)?;
            if let Some(source) = broken {
                return Err(WalkError::Tar { layer: self.name(), source });
            }
            Ok(walked.finish(self.layer.diff_id.clone(), stored.digest.unwrap_or(digest), stored.read, bytes))
        })
    }

    /// Sends all uncompressed bytes into the pipe; ends early, without an error, if nobody takes them.
    fn decompress(
        &self,
        stored: Stored,
        compression: Compression,
        mut filler: Filler,
    ) -> Result<StoredBytes, WalkError> {
        let broken = |source| WalkError::Decompress { layer: self.name(), compression: compression.name(), source };
        let mut decoder = Decoder::new(stored, compression).map_err(broken)?;
        let mut bytes = 0_u64;
        while let Some(mut buffer) = filler.buffer() {
            let filled = match decoder.fill(&mut buffer) {
                Ok(0) => break,
                Ok(filled) => filled,
                Err(error) => return Err(self.stored_error(decoder.into_stored(), broken(error))),
            };
            bytes += filled as u64;
            self.charge(bytes, filled as u64, decoder.stored().read())?;
            if (self.stop)() {
                return Err(WalkError::Cancelled);
            }
            buffer.truncate(filled);
            if !filler.send(buffer) {
                break;
            }
        }
        let mut stored = decoder.into_stored();
        if let Err(source) = stored.drain() {
            return Err(self.stored_error(stored, WalkError::Read { layer: self.name(), source }));
        }
        let read = stored.read();
        let digest = stored.finish();
        if let Some(actual) = digest {
            self.verify_stored(read, actual)?;
        }
        Ok(StoredBytes { read, digest })
    }

    fn charge(&self, bytes: u64, more: u64, stored: u64) -> Result<(), WalkError> {
        let budgets = self.meter.budgets;
        let ratio = if bytes > budgets.ratio_floor { bytes / stored.max(1) } else { 0 };
        budgets
            .check(Budget::LayerBytes, bytes)
            .and_then(|()| budgets.check(Budget::Ratio, ratio))
            .and_then(|()| self.meter.charge_bytes(more))
            .map_err(|exceeded| self.budget_error(exceeded))
    }

    /// The reason why decompression failed: the stored bytes may not be those that were promised in the first place.
    fn stored_error(&self, mut stored: Stored, otherwise: WalkError) -> WalkError {
        if stored.failure().is_none() && stored.drain().is_ok() {
            let read = stored.read();
            let digest = stored.finish();
            return digest.and_then(|actual| self.verify_stored(read, actual).err()).unwrap_or(otherwise);
        }
        let actual = stored.read();
        match stored.take_failure() {
            Some(StoredFailure::Source(source)) => WalkError::Read { layer: self.name(), source },
            Some(StoredFailure::TooLong) => {
                WalkError::Size { layer: self.name(), expected: self.layer.size, actual, at_least: true }
            }
            None => otherwise,
        }
    }

    fn verify(&self, stored: &StoredBytes, uncompressed: [u8; 32]) -> Result<(), WalkError> {
        if stored.digest.is_none() {
            self.verify_stored(stored.read, uncompressed)?;
        }
        let actual = Digest::from_sha256(&uncompressed);
        if actual == self.layer.diff_id {
            return Ok(());
        }
        Err(WalkError::DiffId { layer: self.name(), expected: self.layer.diff_id.clone(), actual })
    }

    fn verify_stored(&self, read: u64, digest: [u8; 32]) -> Result<(), WalkError> {
        let expected = self.layer.size;
        if expected != 0 && read != expected {
            return Err(WalkError::Size { layer: self.name(), expected, actual: read, at_least: false });
        }
        let actual = Digest::from_sha256(&digest);
        match &self.layer.digest {
            Some(expected) if *expected != actual => {
                Err(WalkError::Digest { layer: self.name(), expected: expected.clone(), actual })
            }
            _ => Ok(()),
        }
    }

    fn entry_error(&self, failure: EntryFailure) -> WalkError {
        match failure {
            EntryFailure::Tar(TarFailure::Problem(source)) => WalkError::Tar { layer: self.name(), source },
            EntryFailure::Tar(TarFailure::Budget(exceeded)) => self.budget_error(exceeded),
            EntryFailure::Tar(TarFailure::Stream(source)) => WalkError::Read { layer: self.name(), source },
            EntryFailure::Reader { path, source } => {
                WalkError::Reader { layer: self.name(), path: String::from_utf8_lossy(&path).into_owned(), source }
            }
            EntryFailure::Cancelled => WalkError::Cancelled,
        }
    }

    fn budget_error(&self, exceeded: BudgetExceeded) -> WalkError {
        let layer = (!exceeded.budget.is_shared()).then(|| self.name());
        WalkError::Budget { layer, exceeded }
    }

    fn name(&self) -> LayerName {
        name(self.index, self.layer)
    }
}
