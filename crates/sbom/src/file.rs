//! Files of the artifact, as far as they are listed.

use crate::Location;

/// One file and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub location: Location,
    pub kind: FileKind,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    pub uid: u64,
    pub gid: u64,
    pub size: u64,
    /// Target as written; empty for anything but a link.
    pub link_target: String,
    pub digests: Vec<FileDigest>,
}

/// What a file is; the words of syft-json.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileKind {
    RegularFile,
    HardLink,
    SymbolicLink,
    CharacterDevice,
    BlockDevice,
    Directory,
    Fifo,
}

impl FileKind {
    /// The word used in syft-json documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RegularFile => "RegularFile",
            Self::HardLink => "HardLink",
            Self::SymbolicLink => "SymbolicLink",
            Self::CharacterDevice => "CharacterDevice",
            Self::BlockDevice => "BlockDevice",
            Self::Directory => "Directory",
            Self::Fifo => "FIFONode",
        }
    }
}

/// A digest of a file's content: algorithm (`sha256`, `sha1`, `md5`) and lower-case hexadecimal value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct FileDigest {
    pub algorithm: String,
    pub value: String,
}
