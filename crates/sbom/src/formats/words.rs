//! The model's words, read back.

use crate::{CpeSource, Evidence, FileKind, LicenseKind, RelationshipKind};

pub(super) fn evidence(word: &str) -> Evidence {
    if word == Evidence::Supporting.as_str() { Evidence::Supporting } else { Evidence::Primary }
}

pub(super) fn license_kind(word: &str) -> LicenseKind {
    if word == LicenseKind::Concluded.as_str() { LicenseKind::Concluded } else { LicenseKind::Declared }
}

/// What another program generated is as little trusted as what this one does; what has no source was declared.
pub(super) fn cpe_source(word: &str) -> CpeSource {
    let known = [CpeSource::Declared, CpeSource::Classifier, CpeSource::Dictionary, CpeSource::Generated];
    match known.into_iter().find(|source| source.as_str() == word) {
        Some(source) => source,
        None if word.ends_with("-generated") => CpeSource::Generated,
        None => CpeSource::Declared,
    }
}

/// `None` for the kinds that are not kept: sockets, and what only other programs know.
pub(super) fn file_kind(word: &str) -> Option<FileKind> {
    [
        FileKind::RegularFile,
        FileKind::HardLink,
        FileKind::SymbolicLink,
        FileKind::CharacterDevice,
        FileKind::BlockDevice,
        FileKind::Directory,
        FileKind::Fifo,
    ]
    .into_iter()
    .find(|kind| kind.as_str() == word)
}

/// `None` for relations that follow from the rest of the document (`contains`, `evident-by`).
pub(super) fn relationship_kind(word: &str) -> Option<RelationshipKind> {
    [RelationshipKind::DependencyOf, RelationshipKind::OwnershipByFileOverlap]
        .into_iter()
        .find(|kind| kind.as_str() == word)
}
