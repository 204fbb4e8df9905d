//! What an analyser is: a look at bytes that pass by, for what a list of packages cannot tell.

use serde::{Serialize, de::DeserializeOwned};

use crate::{AnalysisError, Candidate, Catalog, Unreadable, View};

/// Watches the content of files for something policies ask for.
///
/// Where a [`Cataloger`](crate::Cataloger) selects a few files and reads each as it likes, an analyser may look at every
/// file, so it gets the bytes in pieces as they stream by and nothing is kept for it.
pub trait Analyser: Sync + Send + 'static {
    /// What is kept of one file: owned, small, and a function of that file alone.
    type Facts: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// The name by which unknowns call it: `secret-search`.
    fn name(&self) -> &'static str;

    /// Who watches this regular file; `None` if nobody needs to. Called for every file of every layer.
    fn watch(&self, file: &Candidate<'_>) -> Option<Box<dyn Watch<Facts = Self::Facts> + '_>>;

    /// Adds what the surviving files tell to the inspection.
    ///
    /// # Errors
    /// Where an answer cannot be given although it was asked for.
    fn conclude(&self, view: &View<'_, Self::Facts>, catalog: &mut Catalog) -> Result<(), AnalysisError>;
}

/// Sees one file from its first byte to its last.
pub trait Watch {
    type Facts;

    /// The next bytes.
    fn see(&mut self, bytes: &[u8]);

    /// What was learned, now that all bytes were seen; `Ok(None)` if nothing.
    ///
    /// # Errors
    /// Where the file could not be looked at; the reason becomes an unknown of the bill of materials if the file is part
    /// of the final image.
    fn finish(self: Box<Self>) -> Result<Option<Self::Facts>, Unreadable>;
}
