//! Digests of file content: which of them a walk computes, and how those of one file are kept.

use std::{
    fmt,
    io::{self, Read},
};

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// An algorithm by which package managers and policies know files. Only SHA-256 proves anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DigestAlgorithm {
    Md5,
    Sha1,
    Sha256,
}

impl DigestAlgorithm {
    /// All of them, in the order in which digests of a file are kept and listed.
    pub const ALL: [Self; 3] = [Self::Md5, Self::Sha1, Self::Sha256];

    /// `md5`, `sha1`, `sha256`
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    /// Bytes of a digest.
    fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

/// Which digests of every regular file a walk computes, all in the one pass over its content. Default: none.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct DigestSet(u8);

impl DigestSet {
    pub const SHA256: Self = Self(1 << DigestAlgorithm::Sha256 as u8);

    pub fn contains(self, algorithm: DigestAlgorithm) -> bool {
        self.0 & (1 << algorithm as u8) != 0
    }

    /// As a number that [`DigestSet::from_bits`] reads.
    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    pub(crate) fn from_bits(bits: u8) -> Option<Self> {
        let all: Self = DigestAlgorithm::ALL.into_iter().collect();
        (bits & !all.0 == 0).then_some(Self(bits))
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = DigestAlgorithm> {
        DigestAlgorithm::ALL.into_iter().filter(move |algorithm| self.contains(*algorithm))
    }

    /// Bytes of all digests of one file.
    pub(crate) fn length(self) -> usize {
        self.iter().map(DigestAlgorithm::length).sum()
    }
}

impl FromIterator<DigestAlgorithm> for DigestSet {
    fn from_iter<I: IntoIterator<Item = DigestAlgorithm>>(algorithms: I) -> Self {
        Self(algorithms.into_iter().fold(0, |set, algorithm| set | 1 << algorithm as u8))
    }
}

impl fmt::Debug for DigestSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// The digests of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digests<'t> {
    set: DigestSet,
    /// One behind the other, in the order of the algorithms.
    bytes: &'t [u8],
}

impl<'t> Digests<'t> {
    /// `bytes` is as long as the set says.
    pub(crate) fn new(set: DigestSet, bytes: &'t [u8]) -> Self {
        debug_assert_eq!(bytes.len(), set.length());
        Self { set, bytes }
    }

    /// Every digest that was computed, raw.
    pub fn iter(self) -> impl Iterator<Item = (DigestAlgorithm, &'t [u8])> {
        let mut rest = self.bytes;
        self.set.iter().map(move |algorithm| {
            let (digest, after) = rest.split_at(algorithm.length());
            rest = after;
            (algorithm, digest)
        })
    }

    /// The raw digest, if the walk computed it.
    pub fn get(self, algorithm: DigestAlgorithm) -> Option<&'t [u8]> {
        self.iter().find_map(|(other, digest)| (other == algorithm).then_some(digest))
    }
}

/// Digests in the making.
pub(crate) struct Hashers {
    md5: Option<Md5>,
    sha1: Option<Sha1>,
    sha256: Option<Sha256>,
}

impl Hashers {
    /// `None` if nobody wants a digest.
    pub(crate) fn new(set: DigestSet) -> Option<Self> {
        (!set.is_empty()).then(|| Self {
            md5: set.contains(DigestAlgorithm::Md5).then(Md5::new),
            sha1: set.contains(DigestAlgorithm::Sha1).then(Sha1::new),
            sha256: set.contains(DigestAlgorithm::Sha256).then(Sha256::new),
        })
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
        if let Some(sha1) = &mut self.sha1 {
            sha1.update(bytes);
        }
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
    }

    /// One behind the other, in the order of the algorithms.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(68);
        bytes.extend(self.md5.into_iter().flat_map(Md5::finalize));
        bytes.extend(self.sha1.into_iter().flat_map(Sha1::finalize));
        bytes.extend(self.sha256.into_iter().flat_map(Sha256::finalize));
        bytes
    }
}

/// Content that is hashed as it passes by.
pub(crate) struct Hashing<R> {
    pub(crate) content: R,
    pub(crate) hashers: Option<Hashers>,
}

impl<R> Hashing<R> {
    pub(crate) fn new(content: R, wanted: DigestSet) -> Self {
        Self { content, hashers: Hashers::new(wanted) }
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        if let Some(hashers) = &mut self.hashers {
            hashers.update(&buffer[..read]);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests(set: DigestSet) -> Vec<(DigestAlgorithm, String)> {
        let Some(mut hashers) = Hashers::new(set) else { return Vec::new() };
        hashers.update(b"a");
        hashers.update(b"bc");
        let bytes = hashers.finish();
        Digests::new(set, &bytes).iter().map(|(algorithm, raw)| (algorithm, hex::encode(raw))).collect()
    }

    #[test]
    fn what_is_asked_for_is_computed_and_nothing_else() {
        use DigestAlgorithm::{Md5, Sha1, Sha256};
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned();
        let sha1 = "a9993e364706816aba3e25717850c26c9cd0d89d".to_owned();
        let md5 = "900150983cd24fb0d6963f7d28e17f72".to_owned();
        assert_eq!(digests(DigestSet::default()), []);
        assert_eq!(digests(DigestSet::SHA256), [(Sha256, sha256.clone())]);
        assert_eq!(digests([Sha1, Md5].into_iter().collect()), [(Md5, md5.clone()), (Sha1, sha1.clone())]);
        assert_eq!(digests(DigestAlgorithm::ALL.into_iter().collect()), [(Md5, md5), (Sha1, sha1), (Sha256, sha256)]);
    }

    #[test]
    fn a_digest_that_was_not_computed_is_not_there() {
        let bytes = [7; 32];
        let digests = Digests::new(DigestSet::SHA256, &bytes);
        assert_eq!(digests.get(DigestAlgorithm::Sha256), Some(&bytes[..]));
        assert_eq!(digests.get(DigestAlgorithm::Md5), None);
    }
}
