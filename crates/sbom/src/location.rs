//! Where in the artifact something was found.

use std::sync::Arc;

/// A path, the layer that holds it, and what it proves.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// The real path, with a leading slash; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// The path as it was asked for, where a link leads to `path`; otherwise equal to it.
    pub access_path: String,
    /// Diff ID of the layer that holds the visible copy; `None` for directories.
    pub layer: Option<Arc<str>>,
    pub evidence: Evidence,
}

/// What a location says of a package.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence {
    /// The database entry, lock file or binary that proves the package is there.
    #[default]
    Primary,
    /// A licence or checksum file beside it.
    Supporting,
}

impl Evidence {
    /// `primary` or `supporting`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Supporting => "supporting",
        }
    }
}

impl Location {
    /// A place without a link on the way.
    pub fn new(path: impl Into<String>, layer: Option<Arc<str>>, evidence: Evidence) -> Self {
        let path = path.into();
        Self { access_path: path.clone(), path, layer, evidence }
    }
}
