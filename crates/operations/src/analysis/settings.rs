//! What analyses look for, and what they may use.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use windlass_analysis::{
    Analysers, ArchiveBudgets, FileSelection, LayerFacts, MalwareScanner, Options, RetrieveFiles, Search, SecretRules,
};
use windlass_clamd::{Address, Clamd, ClamdError};
use windlass_image::{Budgets, Digest, DigestAlgorithm, WalkOptions};

use crate::Settings;

/// The defaults look for all that a policy may ask for, but for what only the operator knows.
#[derive(Clone, Debug)]
pub struct AnalysisSettings {
    /// Bytes and entries of images.
    pub budgets: Budgets,
    /// Bytes, entries and depth of the archives in them.
    pub archives: ArchiveBudgets,
    /// Longest time for one image, the transfer of its layers included.
    pub timeout: Duration,
    /// Patterns that the lines of files are searched for.
    pub content_search: Option<Search>,
    /// Files whose content is kept.
    pub retrieved_files: RetrieveFiles,
    /// The daemon that scans files for malware.
    pub clamd: Option<Address>,
    /// For how many days after their last use facts of layers are kept for other images; 0: they are not kept.
    pub keep_layers_days: u32,
}

impl Default for AnalysisSettings {
    fn default() -> Self {
        Self {
            budgets: Budgets::default(),
            archives: ArchiveBudgets::default(),
            timeout: Duration::from_hours(1),
            content_search: None,
            retrieved_files: RetrieveFiles::default(),
            clamd: None,
            keep_layers_days: 30,
        }
    }
}

/// The name that the analysis of an image goes by: equal names, equal results.
pub(crate) fn analysis_key(digest: &str, settings: &Settings) -> String {
    // All that what is found depends on; budgets decide only whether an image can be analysed.
    let AnalysisSettings { content_search, retrieved_files, clamd, .. } = &settings.analysis;
    let looked_for = format!("{content_search:?} {retrieved_files:?} {} {}", clamd.is_some(), settings.hints);
    let hash = Digest::of(looked_for.as_bytes());
    format!("{digest} windlass {} {}", env!("CARGO_PKG_VERSION"), &hash.hex()[..16])
}

/// What an analysis is made with. It ends early when `cancelled` becomes true. Connects to the malware scanner, if there
/// is to be one.
pub(super) fn analysis_options(
    settings: &Settings,
    layers: Option<Arc<dyn LayerFacts>>,
    cancelled: Arc<AtomicBool>,
) -> Result<Options, ClamdError> {
    let AnalysisSettings { budgets, archives, timeout, content_search, retrieved_files, clamd, .. } =
        settings.analysis.clone();
    let scanner = |address| Clamd::connect(address, windlass_clamd::Options::default());
    let malware = clamd.map(scanner).transpose()?.map(|clamd| Arc::new(clamd) as Arc<dyn MalwareScanner>);
    let deadline = Instant::now() + timeout;
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    Ok(Options {
        walk: WalkOptions {
            // All workers together take as many as there are.
            threads: NonZeroUsize::new(processors / settings.analysis_threads.max(1)).unwrap_or(NonZeroUsize::MIN),
            budgets,
            file_digests: DigestAlgorithm::ALL.into_iter().collect(),
            cancelled: Some(Arc::new(move || cancelled.load(Ordering::Relaxed) || Instant::now() > deadline)),
        },
        files: FileSelection::All,
        archives,
        analysers: Analysers {
            content_search,
            secret_search: Some(Search::secrets(SecretRules::Compatible)),
            retrieve_files: Some(retrieved_files),
            malware,
            hints: settings.hints,
        },
        layers,
    })
}

#[cfg(test)]
mod tests {
    use windlass_analysis::Patterns;

    use super::*;

    #[test]
    fn analyses_are_shared_by_who_looks_for_the_same() {
        let settings = Settings::default();
        let key = analysis_key("sha256:ab", &settings);
        assert!(key.starts_with("sha256:ab windlass "), "{key}");
        let mut other = settings.clone();
        other.analysis.timeout = Duration::from_secs(1);
        assert_eq!(analysis_key("sha256:ab", &other), key, "how long it may take changes nothing in it");
        let changes: [fn(&mut Settings); 4] = [
            |settings| settings.hints = true,
            |settings| settings.analysis.clamd = Some("tcp:127.0.0.1:3310".parse().unwrap()),
            |settings| settings.analysis.retrieved_files.paths.push("/etc/group".into()),
            |settings| settings.analysis.content_search = Some(Search::new(Patterns::parse(["X=y"]).unwrap())),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut other = settings.clone();
            change(&mut other);
            assert_ne!(analysis_key("sha256:ab", &other), key, "change {number}");
        }
    }
}
