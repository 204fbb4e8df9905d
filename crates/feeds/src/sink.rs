//! Where a source's reader puts what it finds.

use std::collections::BTreeMap;

use windlass_advisories::{Advisory, Provider, Record};

use crate::error::{FeedError, Stop};
use crate::provider::ProviderId;
use crate::summary::Summary;

/// Receives records, with the provider that vouches for each.
pub(crate) type Emit<'a> = dyn FnMut(ProviderId, Record) -> Result<(), Stop> + 'a;

pub(crate) struct Sink<'a> {
    pub(crate) source_name: &'static str,
    emit: &'a mut Emit<'a>,
    pub(crate) summary: Summary,
    /// The newest date seen in each provider's data.
    captured: BTreeMap<ProviderId, Option<String>>,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(source_name: &'static str, emit: &'a mut Emit<'a>) -> Self {
        Self { source_name, emit, summary: Summary::default(), captured: BTreeMap::new() }
    }

    pub(crate) fn emit(&mut self, provider: ProviderId, record: Record) -> Result<(), FeedError> {
        self.captured.entry(provider).or_default();
        self.summary.records += 1;
        (self.emit)(provider, record).map_err(|reason| FeedError::Stopped { source_name: self.source_name, reason })
    }

    pub(crate) fn advisory(&mut self, provider: ProviderId, advisory: Advisory) -> Result<(), FeedError> {
        self.emit(provider, Record::Advisory(Box::new(advisory)))
    }

    pub(crate) fn skip(&mut self, kind: &str) {
        self.summary.skip(kind);
    }

    pub(crate) fn problem(&mut self, file: &str, record: &str, reason: &str) {
        self.summary.problems.add(file, record, reason);
    }

    /// Notes that the provider's data reaches to this time (RFC 3339, UTC), which orders as text.
    pub(crate) fn captured(&mut self, provider: ProviderId, time: Option<&str>) {
        let newest = self.captured.entry(provider).or_default();
        if time > newest.as_deref() {
            *newest = time.map(str::to_owned);
        }
    }

    /// Closes the account. `fallback` dates providers whose data carries no date.
    pub(crate) fn finish(mut self, digest: &str, fallback: Option<&str>) -> Summary {
        self.summary.providers = self
            .captured
            .into_iter()
            .map(|(provider, captured)| Provider {
                id: provider.as_str().into(),
                version: "1".into(),
                processor: concat!("windlass-feeds@", env!("CARGO_PKG_VERSION")).into(),
                date_captured: captured.or_else(|| fallback.map(str::to_owned)),
                input_digest: digest.into(),
            })
            .collect();
        self.summary
    }
}
