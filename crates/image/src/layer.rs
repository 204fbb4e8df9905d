//! A layer after its bytes have passed by.

use std::io;

use crate::{
    Digest, DigestSet, Layer,
    entry_log::{EntryLog, push_number, take_number},
};

/// What a walk keeps of a layer: its entries in their order and the facts of its files, verified to be what the
/// documents describe.
#[derive(Debug)]
pub struct WalkedLayer<F> {
    /// Digest of the uncompressed bytes; `None` for a folder, which has no such bytes.
    pub diff_id: Option<Digest>,
    /// Digest of the stored bytes; `None` for a folder.
    pub digest: Option<Digest>,
    /// Bytes as stored.
    pub stored_bytes: u64,
    /// Bytes of the uncompressed archive, or of all files of a folder.
    pub bytes: u64,
    /// Entries met, whiteouts and duplicates included.
    pub entries: u64,
    /// Bytes of names, links and extended headers.
    pub(crate) metadata_bytes: u64,
    pub(crate) log: EntryLog,
    /// Facts of the entries flagged to have some, in their order.
    pub(crate) facts: Vec<F>,
}

/// How the bytes begin that are kept of a layer; another form has another one.
const MAGIC: &[u8] = b"windlass-layer-1\n";

impl<F> WalkedLayer<F> {
    /// What is kept of a layer, to be read back for another image that has it. `fact` writes one of its facts.
    ///
    /// # Errors
    /// Those of `fact`.
    pub fn write(&self, mut fact: impl FnMut(&F) -> io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
        let mut out = MAGIC.to_vec();
        for number in [self.bytes, self.entries, self.metadata_bytes, u64::from(self.log.digests().bits())] {
            push_number(&mut out, number);
        }
        push_bytes(&mut out, self.log.as_bytes());
        push_number(&mut out, self.facts.len() as u64);
        for known in &self.facts {
            push_bytes(&mut out, &fact(known)?);
        }
        Ok(out)
    }

    /// Reads a layer back that an image describes; `fact` reads one of its facts. `None` for what was not written so: such
    /// a layer is to be walked again.
    pub fn read(kept: &[u8], layer: &Layer, mut fact: impl FnMut(&[u8]) -> Option<F>) -> Option<Self> {
        let mut rest = kept.strip_prefix(MAGIC)?;
        let mut number = || take_number(&mut rest);
        let (bytes, entries, metadata_bytes) = (number()?, number()?, number()?);
        let digests = DigestSet::from_bits(u8::try_from(number()?).ok()?)?;
        let log = EntryLog::from_bytes(digests, take_bytes(&mut rest)?.to_vec());
        let count = take_number(&mut rest)?;
        let mut facts = Vec::new();
        for _ in 0..count {
            facts.push(fact(take_bytes(&mut rest)?)?);
        }
        let is_whole = rest.is_empty() && log.facts() == Some(count);
        is_whole.then(|| Self {
            diff_id: Some(layer.diff_id.clone()),
            digest: layer.digest.clone(),
            stored_bytes: layer.size,
            bytes,
            entries,
            metadata_bytes,
            log,
            facts,
        })
    }
}

fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    push_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn take_bytes<'k>(rest: &mut &'k [u8]) -> Option<&'k [u8]> {
    let length = usize::try_from(take_number(rest)?).ok()?;
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}
