//! Advisory sources: raw files on disk read into records.
//!
//! A source is what a publisher of vulnerability data offers for download: OSV archives, Debian's security tracker,
//! Alpine's secdb, the NVD, CISA's list of exploited vulnerabilities, EPSS scores, release dates. [`sources`] lists them;
//! [`read`] turns the files of one into a stream of [`Record`](windlass_advisories::Record)s:
//!
//! ```no_run
//! let osv = windlass_feeds::source("osv").expect("a source of the list");
//! let mut names = Vec::new();
//! let summary = windlass_feeds::read(osv, &["downloads/osv".as_ref()], &mut |provider, record| {
//!     names.push((provider, record));
//!     Ok(())
//! })?;
//! println!("{} records, {} could not be read", summary.records, summary.problems.count());
//! # Ok::<(), windlass_feeds::FeedError>(())
//! ```
//!
//! Four rules hold for every source:
//!
//! * **A bad record costs one record.** It is counted, named with the reason in [`Problems`], and the rest is read. What
//!   a source holds on purpose but nobody can match (commit ranges, live kernel patches) is counted in
//!   [`Summary::skipped`]. Only a file that cannot be read to its end is an error: half a database must not look whole.
//! * **Input is hostile.** Files, records and directories are bounded (`input`), JSON nests at most 128 levels.
//! * **Output is the input's.** Directories and archives are read in the order of names; no clock, no network.
//! * **A source is one file and one line.** `source.rs` has the list; a source gets an `Input` and a `Sink` and knows
//!   nothing of decompression, archives or counting.

mod alpine;
mod debian;
mod eol;
mod epss;
mod error;
mod input;
mod json;
mod kev;
mod nvd;
mod osv;
mod provider;
mod releases;
mod severity;
mod sink;
mod source;
mod summary;
#[cfg(test)]
mod testing;
mod time;

pub use error::{FeedError, Stop};
pub use provider::ProviderId;
pub use source::{SourceKind, read, source, sources};
pub use summary::{Problem, Problems, Summary};

/// Reads one OSV document, as the `osv` source does, and returns what it says with the provider it belongs to.
///
/// For programs that get documents otherwise than as files; `None` if nothing in it can be matched.
///
/// # Errors
/// The reason why the text is not a usable OSV document.
pub fn osv_document(json: &[u8]) -> Result<Option<(ProviderId, windlass_advisories::Record)>, String> {
    let mut summary = Summary::default();
    osv::advisory(json, &mut summary).map(|found| {
        found.map(|(provider, advisory)| (provider, windlass_advisories::Record::Advisory(Box::new(advisory))))
    })
}
