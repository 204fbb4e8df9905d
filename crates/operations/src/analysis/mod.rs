//! Analyses: how they are made, kept and read.
//!
//! An image is read once for everything that anybody may ask about it. What comes of it are documents in object storage
//! and one row that names them; the row is shared by all accounts that hold the image, and found again by
//! [`settings::analysis_key`]. What an account says of its image (tags, annotations, the Dockerfile) is not part of it.

mod bills;
mod documents;
mod failure;
mod imported;
mod job;
mod layers;
mod perform;
mod reading;
mod settings;
#[cfg(any(test, feature = "testing"))]
mod testing;

pub use documents::ArtifactType;
pub use reading::{BillFormat, StoredDocument};
pub use settings::AnalysisSettings;

pub(crate) use bills::Bills;
pub(crate) use documents::is_document_kind;
pub(crate) use imported::proved;
pub(crate) use job::AnalysisRequest;
pub(crate) use reading::analysis_of;
