//! The list of sources.

use std::fmt;
use std::path::Path;

use windlass_advisories::Record;

use crate::error::{FeedError, Stop};
use crate::input::Input;
use crate::provider::ProviderId;
use crate::sink::Sink;
use crate::summary::Summary;
use crate::{alpine, debian, eol, epss, kev, nvd, osv, time};

/// A kind of advisory data: what it is called, what it accepts, how it is read.
pub struct SourceKind {
    /// Its name, and that of the command line's option (`--osv`).
    pub name: &'static str,
    /// One sentence for people: where the data comes from.
    pub about: &'static str,
    /// The files it reads; all may be compressed (gzip, Zstandard) or in archives (zip, tar).
    pub accepts: &'static str,
    /// The providers whose records it can yield.
    pub providers: &'static [ProviderId],
    pub(crate) read: fn(&Input, &mut Sink<'_>) -> Result<(), FeedError>,
}

impl fmt::Debug for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SourceKind").field(&self.name).finish()
    }
}

/// Every source. The NVD comes first, because a database builder takes severities from it for those that have none, and
/// release dates last, because they complete releases that others have named (`spec/matching.md` §10).
static SOURCES: &[SourceKind] =
    &[nvd::SOURCE, osv::SOURCE, debian::SOURCE, alpine::SOURCE, kev::SOURCE, epss::SOURCE, eol::SOURCE];

/// Every source, in the order in which a database should be built from them.
pub fn sources() -> &'static [SourceKind] {
    SOURCES
}

/// The source of that name.
pub fn source(name: &str) -> Option<&'static SourceKind> {
    SOURCES.iter().find(|kind| kind.name == name)
}

/// Reads all files of the paths (files or directories) and hands each record to `emit`, in an order that depends on the
/// input alone. Holds one record at a time, except for Debian's tracker and Alpine's secdb, which are turned around from
/// packages to vulnerabilities in memory.
///
/// # Errors
/// A file that cannot be opened or read to its end, a path that holds no file, and whatever `emit` returns.
pub fn read(
    kind: &SourceKind,
    paths: &[&Path],
    emit: &mut dyn FnMut(ProviderId, Record) -> Result<(), Stop>,
) -> Result<Summary, FeedError> {
    let input = Input::gather(kind.name, kind.accepts, paths)?;
    let digest = input.digest()?;
    let mut emit = |provider, record| emit(provider, record);
    let mut sink = Sink::new(kind.name, &mut emit);
    (kind.read)(&input, &mut sink)?;
    let fallback = input.date_in_names().and_then(|day| time::utc(&day));
    Ok(sink.finish(&digest, fallback.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_sources_are_options_and_each_is_found_by_its_own() {
        for kind in sources() {
            assert!(kind.name.bytes().all(|byte| byte.is_ascii_lowercase()), "{kind:?}");
            assert_eq!(source(kind.name).map(|found| found.name), Some(kind.name));
            assert!(!kind.providers.is_empty());
        }
        assert!(source("rumours").is_none());
    }
}
