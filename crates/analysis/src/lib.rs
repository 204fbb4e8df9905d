//! From a walked image to a bill of materials: one cataloger a file.
//!
//! Analysis has two stages, because every byte is read once and only once:
//!
//! 1. **Read.** While the layers stream by, each file that a [`Cataloger`] selects is handed to it, and it keeps *facts*:
//!    the packages of a status file, the licences of a copyright file, the modules linked into an executable. Facts
//!    depend on that one file alone; neither the other files nor the distribution are known yet.
//! 2. **Assemble.** Once the layers are squashed, each cataloger sees the facts of the files that survived, joins them
//!    (a package with its file list, its licence, its layer) and adds packages to the [`Catalog`].
//!
//! An [`Analyser`] goes the same way: it watches bytes pass by for what policies ask beside packages (secrets, files to
//! keep, malware), keeps facts, and concludes from those of the files that survived. Analysers are off unless chosen.
//!
//! What belongs to no single ecosystem (ownership of files, CPEs, ids) is added to all packages afterwards. A new
//! ecosystem is one file under `catalogers/` and one line in [`catalogers::all`], a new analyser one under
//! `analysers/` and one line in [`analysers::chosen`].

mod analyse;
mod analyser;
mod analysers;
mod bytes;
mod candidate;
mod catalog;
mod cataloger;
mod catalogers;
mod content;
mod cpes;
mod finish;
#[doc(hidden)]
pub mod fuzzing;
mod kept;
mod ownership;
mod source;
#[cfg(test)]
mod testing;
mod view;

pub use analyse::{Analysis, AnalysisError, FileSelection, Options, analyse_directory, analyse_image};
pub use analyser::{Analyser, Watch};
pub use analysers::{
    Analysers, InvalidPattern, MalwareScanner, MalwareStream, NotScanned, Patterns, RetrieveFiles, Search, SecretRules,
};
pub use candidate::Candidate;
pub use catalog::Catalog;
pub use cataloger::{Cataloger, Evidence, Registered, Unreadable};
pub use catalogers::ArchiveBudgets;
pub use content::Content;
pub use kept::LayerFacts;
pub use view::{Found, View};
