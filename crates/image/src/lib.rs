//! A container image as data: layers walked once, squashed into one tree.
//!
//! Every byte of a layer passes by exactly once: it is hashed as it arrives, decompressed, hashed again, split into tar
//! entries, and each file's content is offered to a [`Reader`], which keeps whatever small *facts* it needs. Layers are
//! walked in parallel; nothing is unpacked to disk. [`Tree`] then lays the layers over each other (whiteouts, opaque
//! folders, links) so that the facts of the files that survive can be found by path.
//!
//! All input is hostile. [`Budgets`] bound what a walk may consume, and a layer that exceeds one ends in an error that
//! names the budget, never in a crash or a path outside the root.

mod artifact;
mod budgets;
mod digests;
mod directory;
mod entries;
mod entry_log;
mod error;
mod layer;
mod layer_walk;
mod media_type;
mod mounts;
mod path;
mod pipe;
mod reader;
mod spool;
mod stored;
pub mod tar;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tree;
mod walk;

pub use artifact::{Digest, Image, InvalidDigest, Layer, LayerSource, Platform};
pub use budgets::{Budget, BudgetExceeded, Budgets};
pub use digests::{DigestAlgorithm, DigestSet, Digests};
pub use directory::{DirectoryOptions, Exclude, Unreadable, WalkedDirectory, walk_directory};
pub use error::{LayerName, TarProblem, WalkError};
pub use layer::WalkedLayer;
pub use media_type::is_layer_media_type;
pub use reader::{Entry, EntryKind, Reader};
pub use spool::Spool;
pub use tree::{Node, NodeId, NodeKind, Resolved, Tree};
pub use walk::{CancelCheck, WalkOptions, walk, walk_unknown};
