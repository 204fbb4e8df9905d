//! A layer after its bytes have passed by.

use crate::{Digest, entry_log::EntryLog};

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
    pub(crate) log: EntryLog,
    /// Facts of the entries flagged to have some, in their order.
    pub(crate) facts: Vec<F>,
}
