//! SPDX 2.3 JSON, read from any 2.x (`spec/analysis.md` §13.3).

mod licenses;
mod read;
mod write;

pub(super) use read::{Input, read};
pub(super) use write::write;

/// What SPDX says where nothing is claimed.
const NO_ASSERTION: &str = "NOASSERTION";
/// Prefix of the identifiers of packages.
const PACKAGE_PREFIX: &str = "SPDXRef-Package-";
/// Prefix of the identifier of the artifact itself.
const ROOT_PREFIX: &str = "SPDXRef-DocumentRoot-";
/// Starts the annotations that say what could not be read.
const UNKNOWN_COMMENT: &str = "could not be read: ";
/// Starts the comment that names the layer of a file.
const LAYER_COMMENT: &str = "layerID: ";
