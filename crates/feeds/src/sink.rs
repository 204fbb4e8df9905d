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
    ages: BTreeMap<ProviderId, Age>,
}

/// How far a provider's data reaches. Times are RFC 3339 in UTC, which orders as text.
#[derive(Default)]
struct Age {
    /// Said of the whole.
    stated: Option<String>,
    /// The newest times of single records, newest first.
    newest: Vec<String>,
}

/// So many records must reach a time for it to be the time of the data: publishers mistype a year now and then, and one
/// record of next year must not make stale data look fresh.
const WITNESSES: usize = 3;

impl<'a> Sink<'a> {
    pub(crate) fn new(source_name: &'static str, emit: &'a mut Emit<'a>) -> Self {
        Self { source_name, emit, summary: Summary::default(), ages: BTreeMap::new() }
    }

    pub(crate) fn emit(&mut self, provider: ProviderId, record: Record) -> Result<(), FeedError> {
        self.ages.entry(provider).or_default();
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

    /// Notes the time of one record of the provider.
    pub(crate) fn dated(&mut self, provider: ProviderId, time: Option<&str>) {
        let Some(time) = time else { return };
        let newest = &mut self.ages.entry(provider).or_default().newest;
        let place = newest.partition_point(|known| known.as_str() >= time);
        if place < WITNESSES {
            newest.insert(place, time.to_owned());
            newest.truncate(WITNESSES);
        }
    }

    /// Notes the time that a file says all of it is of.
    pub(crate) fn stated(&mut self, provider: ProviderId, time: Option<&str>) {
        let stated = &mut self.ages.entry(provider).or_default().stated;
        if time > stated.as_deref() {
            *stated = time.map(str::to_owned);
        }
    }

    /// Closes the account. `fallback` dates providers whose data carries no date.
    pub(crate) fn finish(mut self, digest: &str, fallback: Option<&str>) -> Summary {
        self.summary.providers = self
            .ages
            .into_iter()
            .map(|(provider, mut age)| Provider {
                id: provider.as_str().into(),
                version: "1".into(),
                processor: concat!("windlass-feeds@", env!("CARGO_PKG_VERSION")).into(),
                date_captured: age.stated.or_else(|| age.newest.pop()).or_else(|| fallback.map(str::to_owned)),
                input_digest: digest.into(),
            })
            .collect();
        self.summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{GITHUB, NVD};

    #[test]
    fn a_mistyped_year_does_not_make_data_fresh() {
        let mut emit = |_, _| Ok(());
        let mut sink = Sink::new("test", &mut emit);
        for time in ["2024-01-03T00:00:00Z", "2042-01-01T00:00:00Z", "2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z"] {
            sink.dated(GITHUB, Some(time));
            sink.dated(NVD, Some(time));
        }
        sink.stated(NVD, Some("2024-06-07T00:00:00Z"));
        let captured: Vec<_> =
            sink.finish("", None).providers.into_iter().map(|provider| provider.date_captured.unwrap()).collect();
        assert_eq!(captured, ["2024-01-02T00:00:00Z", "2024-06-07T00:00:00Z"]);
    }
}
