//! What is looked for beside packages, where it is asked for; one file each.
//!
//! To add one: write the file, add what chooses it to [`Analysers`] and its line to [`chosen`].

use std::sync::Arc;

use crate::Registered;

mod entropy;
mod hints;
mod lines;
mod malware;
mod patterns;
mod relaxed;
mod retrieve;
mod search;
mod secrets;

pub use malware::{MalwareScanner, MalwareStream, NotScanned};
pub use patterns::{InvalidPattern, Patterns};
pub use retrieve::RetrieveFiles;
pub use search::Search;
pub use secrets::SecretRules;

/// Which analysers take part, and how; none by default.
#[derive(Clone, Default)]
pub struct Analysers {
    /// Files whose lines match patterns of the user.
    pub content_search: Option<Search>,
    /// Files that seem to hold secrets.
    pub secret_search: Option<Search>,
    /// Files whose content is kept.
    pub retrieve_files: Option<RetrieveFiles>,
    /// Who scans every file for malware.
    pub malware: Option<Arc<dyn MalwareScanner>>,
    /// Whether packages that the image lists in `/anchore_hints.json` are believed.
    pub hints: bool,
}

/// The analysers that take part.
pub(crate) fn chosen(analysers: &Analysers) -> Vec<Registered> {
    let Analysers { content_search, secret_search, retrieve_files, malware, hints } = analysers.clone();
    let mut chosen = Vec::new();
    chosen.extend(content_search.map(|search| Registered::analyser(search::ContentSearch::content(search))));
    chosen.extend(secret_search.map(|search| Registered::analyser(search::ContentSearch::secrets(search))));
    chosen.extend(retrieve_files.map(|files| Registered::analyser(retrieve::Retrieve::new(&files))));
    chosen.extend(malware.map(|scanner| Registered::analyser(malware::Malware(scanner))));
    chosen.extend(hints.then(|| Registered::new(hints::Hints)));
    chosen
}
