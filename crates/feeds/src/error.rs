//! Why a source could not be read.

use std::io;
use std::path::{Path, PathBuf};

/// The receiver of records wants no more: a full disk, a closed database, an interrupt.
pub type Stop = Box<dyn std::error::Error + Send + Sync>;

/// Trouble with a whole file; trouble with a record is a [`Problem`](crate::Problem) and does not end the reading.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    #[error("cannot read {} for the {source_name} source: {reason}; check the path and its permissions", path.display())]
    Unreadable { source_name: &'static str, path: PathBuf, reason: io::Error },
    #[error(
        "{document} of the {source_name} source breaks off or is damaged: {reason}; download it again, as half of it would \
         look like a complete source"
    )]
    Damaged { source_name: &'static str, document: String, reason: String },
    #[error(
        "{} holds nothing that the {source_name} source can read; it accepts {accepts}",
        path.display()
    )]
    Empty { source_name: &'static str, path: PathBuf, accepts: &'static str },
    #[error("stopped reading the {source_name} source: {reason}")]
    Stopped {
        source_name: &'static str,
        #[source]
        reason: Stop,
    },
}

impl FeedError {
    pub(crate) fn unreadable(source_name: &'static str, path: &Path, reason: io::Error) -> Self {
        Self::Unreadable { source_name, path: path.to_path_buf(), reason }
    }

    pub(crate) fn damaged(source_name: &'static str, document: &str, reason: &dyn std::fmt::Display) -> Self {
        Self::Damaged { source_name, document: document.to_owned(), reason: reason.to_string() }
    }
}
