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
mod reader;

pub use artifact::{Digest, Image, InvalidDigest, Layer, LayerSource, Platform};
pub use reader::{Entry, EntryKind, Reader};
