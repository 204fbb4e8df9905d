//! One file or folder of a tree: as it is stored, and as it is seen.

use super::Tree;
use crate::{DigestAlgorithm, Digests};

/// Stands for no node, name, digest or facts.
pub(super) const NONE: u32 = u32::MAX;
pub(super) const ROOT: u32 = 0;

/// Names a node of the tree it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(super) u32);

/// What a node is; links carry their target as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind<'t> {
    File,
    Directory,
    Symlink(&'t [u8]),
    /// A regular file that shares its content, size, digest and facts with the file at this cleaned path of its own
    /// layer; an empty one if that path leads to no file.
    HardLink(&'t [u8]),
    CharacterDevice,
    BlockDevice,
    Fifo,
}

/// A file or folder as a container would see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node<'t> {
    pub id: NodeId,
    /// The last name of its path; empty for the root.
    pub name: &'t [u8],
    pub kind: NodeKind<'t>,
    /// A folder that no layer describes: its mode is taken to be 0755, its owner root, its time 0.
    pub implied: bool,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Ids above 32 bits, which Linux does not have, are the largest one.
    pub uid: u32,
    pub gid: u32,
    /// Bytes of content; 0 for anything but a file.
    pub size: u64,
    /// Seconds since 1970.
    pub modified: i64,
    /// Of the content, those that the walk computed.
    pub digests: Option<Digests<'t>>,
    /// Index of the layer that this copy is from.
    pub layer: usize,
}

impl<'t> Node<'t> {
    /// Whether it has content: a regular file or a hard link to one.
    pub fn is_file(&self) -> bool {
        matches!(self.kind, NodeKind::File | NodeKind::HardLink(_))
    }

    pub fn is_directory(&self) -> bool {
        self.kind == NodeKind::Directory
    }

    /// The raw digest of the content, if the walk computed it.
    pub fn digest(&self, algorithm: DigestAlgorithm) -> Option<&'t [u8]> {
        self.digests?.get(algorithm)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum SlotKind {
    File,
    Directory,
    Symlink,
    HardLink,
    CharacterDevice,
    BlockDevice,
    Fifo,
}

/// A node as it is stored, in 64 bytes.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) size: u64,
    pub(super) modified: i64,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) parent: u32,
    /// Where its name is among the names.
    pub(super) name: u32,
    /// Where the target of a link is among the names.
    pub(super) target: u32,
    /// While layers are squashed, the first child of a folder and the next node of the same folder; afterwards where
    /// the children of a folder begin, and how many they are.
    pub(super) first: u32,
    pub(super) next: u32,
    pub(super) layer: u32,
    pub(super) digest: u32,
    pub(super) facts: u32,
    pub(super) versions: u32,
    pub(super) mode: u16,
    pub(super) kind: SlotKind,
    pub(super) flags: u8,
}

/// A folder that no layer describes.
pub(super) const IMPLIED: u8 = 1;
/// Removed by a higher layer; kept for the facts of lower copies, should the path come back.
pub(super) const GONE: u8 = 2;
/// In its folder's list of children.
pub(super) const LINKED: u8 = 4;

impl Slot {
    /// A folder without a description.
    pub(super) fn implied(parent: u32, name: u32, layer: u32) -> Self {
        Self {
            size: 0,
            modified: 0,
            uid: 0,
            gid: 0,
            parent,
            name,
            target: NONE,
            first: NONE,
            next: NONE,
            layer,
            digest: NONE,
            facts: NONE,
            versions: NONE,
            mode: 0o755,
            kind: SlotKind::Directory,
            flags: IMPLIED,
        }
    }

    pub(super) fn is_folder(&self) -> bool {
        self.kind == SlotKind::Directory
    }

    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

impl<F> Tree<F> {
    pub(super) fn node(&self, id: u32) -> Node<'_> {
        let slot = &self.slots[id as usize];
        Node {
            id: NodeId(id),
            name: self.text(slot.name),
            kind: match slot.kind {
                SlotKind::File => NodeKind::File,
                SlotKind::Directory => NodeKind::Directory,
                SlotKind::Symlink => NodeKind::Symlink(self.text(slot.target)),
                SlotKind::HardLink => NodeKind::HardLink(self.text(slot.target)),
                SlotKind::CharacterDevice => NodeKind::CharacterDevice,
                SlotKind::BlockDevice => NodeKind::BlockDevice,
                SlotKind::Fifo => NodeKind::Fifo,
            },
            implied: slot.has(IMPLIED),
            mode: u32::from(slot.mode),
            uid: slot.uid,
            gid: slot.gid,
            size: slot.size,
            modified: slot.modified,
            digests: self.digests_at(slot.digest),
            layer: slot.layer as usize,
        }
    }

    fn digests_at(&self, at: u32) -> Option<Digests<'_>> {
        let length = self.digest_set.length();
        if at == NONE || length == 0 {
            return None;
        }
        let bytes = self.digests.get(at as usize * length..)?.get(..length)?;
        Some(Digests::new(self.digest_set, bytes))
    }

    /// A name or target; empty for none.
    pub(super) fn text(&self, at: u32) -> &[u8] {
        text(&self.names, at)
    }
}

/// Reads what `push_text` wrote.
pub(super) fn text(names: &[u8], at: u32) -> &[u8] {
    let Some(mut rest) = names.get(at as usize..) else { return &[] };
    let mut length = 0;
    let mut shift = 0;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if *byte < 0x80 {
            break;
        }
    }
    &rest[..length]
}

/// Appends a text behind its length, seven bits of it to a byte; where it is.
pub(super) fn push_text(names: &mut Vec<u8>, text: &[u8]) -> u32 {
    let at = names.len();
    let mut length = text.len();
    while length >= 0x80 {
        names.push(length as u8 | 0x80);
        length >>= 7;
    }
    names.push(length as u8);
    names.extend_from_slice(text);
    u32::try_from(at).unwrap_or(NONE)
}
