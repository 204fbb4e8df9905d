//! Why an image could not be walked.

use std::{fmt, io};

use crate::{Digest, budgets::BudgetExceeded};

/// Which layer an error is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerName {
    /// From 0, lowest first; people read it counted from 1.
    pub index: usize,
    /// Digest of the stored bytes, or of the uncompressed ones where the format has no other.
    pub digest: Digest,
}

impl fmt::Display for LayerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "layer {} ({})", self.index + 1, self.digest)
    }
}

/// A walk ends with the first of these, lowest layer first.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    #[error("cannot read layers of an unknown media type: {}", listed(.0))]
    MediaTypes(Vec<(LayerName, String)>),

    #[error("cannot open {layer}")]
    Open { layer: LayerName, source: io::Error },

    #[error("cannot read {layer}")]
    Read { layer: LayerName, source: io::Error },

    #[error("{layer} is broken: its {compression} stream cannot be decompressed")]
    Decompress { layer: LayerName, compression: &'static str, source: io::Error },

    #[error("{layer} is broken: the manifest says that it has {expected} bytes, but it has {}{actual}", more(*.at_least))]
    Size { layer: LayerName, expected: u64, actual: u64, at_least: bool },

    #[error("{layer} is not what the manifest describes: its stored bytes have the digest {actual}, not {expected}")]
    Digest { layer: LayerName, expected: Digest, actual: Digest },

    #[error(
        "{layer} is not what the config describes: its uncompressed bytes have the digest {actual}, not {expected}"
    )]
    DiffId { layer: LayerName, expected: Digest, actual: Digest },

    #[error("{layer} is broken: it is not a readable tar archive")]
    Tar { layer: LayerName, source: TarProblem },

    #[error("{} holds {exceeded}", holder(.layer.as_ref()))]
    Budget {
        /// `None` where all layers together exceed it.
        layer: Option<LayerName>,
        exceeded: BudgetExceeded,
    },

    #[error("cannot read {path:?} in {layer}")]
    Reader { layer: LayerName, path: String, source: io::Error },

    #[error("cannot read the folder {path:?}")]
    Folder { path: String, source: io::Error },

    #[error("the walk was cancelled")]
    Cancelled,
}

/// What is wrong with a tar archive, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TarProblem {
    /// Bytes of the uncompressed archive that were read before it was noticed.
    pub offset: u64,
    pub(crate) what: &'static str,
    pub(crate) truncated: bool,
}

impl fmt::Display for TarProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.truncated {
            write!(f, "the archive ends within {} (after {} bytes)", self.what, self.offset)
        } else {
            write!(f, "{} (at byte {})", self.what, self.offset)
        }
    }
}

impl std::error::Error for TarProblem {}

fn listed(layers: &[(LayerName, String)]) -> String {
    layers.iter().map(|(layer, media_type)| format!("{layer} is {media_type:?}")).collect::<Vec<_>>().join(", ")
}

fn more(at_least: bool) -> &'static str {
    if at_least { "at least " } else { "" }
}

fn holder(layer: Option<&LayerName>) -> String {
    layer.map_or_else(|| "the image".to_owned(), LayerName::to_string)
}
