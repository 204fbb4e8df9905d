//! How packages and files relate (`spec/analysis.md` §10.2).

use crate::PackageId;

/// A directed statement: `parent` … `child`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Relationship {
    pub kind: RelationshipKind,
    pub parent: PackageId,
    pub child: PackageId,
    /// For overlaps: the files that both claim; sorted.
    pub files: Vec<String>,
}

/// What is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RelationshipKind {
    /// The parent is needed by the child.
    DependencyOf,
    /// The parent owns a file that proves the child.
    OwnershipByFileOverlap,
}

impl RelationshipKind {
    /// The word used in syft-json documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DependencyOf => "dependency-of",
            Self::OwnershipByFileOverlap => "ownership-by-file-overlap",
        }
    }
}
