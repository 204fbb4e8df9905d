//! What reading a source came to.

use std::collections::BTreeMap;
use std::fmt;

use windlass_advisories::Provider;

/// How many problems are kept word for word; the rest are only counted.
const NAMED_PROBLEMS: usize = 50;
/// How many kinds of skipped things are told apart; hostile input must not grow the report without bound.
const SKIPPED_KINDS: usize = 200;
/// A name or reason longer than this is cut.
const TEXT_LENGTH: usize = 300;

/// What came out of a source's files, and what did not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Who the records are from, ordered by id, with the date of their newest data.
    pub providers: Vec<Provider>,
    /// Records handed out.
    pub records: u64,
    /// What the source holds but cannot be matched, by kind, with counts. Part of the data's nature, not a fault.
    pub skipped: BTreeMap<String, u64>,
    /// Records, or parts of records, that could not be read.
    pub problems: Problems,
}

impl Summary {
    pub(crate) fn skip(&mut self, kind: &str) {
        let kind = shortened(kind);
        if let Some(count) = self.skipped.get_mut(&kind) {
            *count += 1;
        } else if self.skipped.len() < SKIPPED_KINDS {
            self.skipped.insert(kind, 1);
        } else {
            *self.skipped.entry("of other kinds".into()).or_default() += 1;
        }
    }
}

/// Faults in the data: all are counted, the first ones named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    count: u64,
    first: Vec<Problem>,
}

impl Problems {
    pub(crate) fn add(&mut self, file: &str, record: &str, reason: &str) {
        self.count += 1;
        if self.first.len() < NAMED_PROBLEMS {
            self.first.push(Problem { file: shortened(file), record: shortened(record), reason: shortened(reason) });
        }
    }

    /// All of them.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The first fifty, in the order of the input.
    pub fn first(&self) -> &[Problem] {
        &self.first
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// One fault: where, in what, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, with the member if it is an archive: `npm/all.zip/GHSA-….json`.
    pub file: String,
    /// The record's id or key; empty if it could not be told.
    pub record: String,
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.record.as_str() {
            "" => write!(f, "{}: {}", self.file, self.reason),
            record => write!(f, "{}: {record}: {}", self.file, self.reason),
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(TEXT_LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_counted_and_the_first_fifty_are_named() {
        let mut problems = Problems::default();
        for number in 0..60 {
            problems.add("all.zip", &format!("GHSA-{number}"), "no id");
        }
        assert_eq!(problems.count(), 60);
        assert_eq!(problems.first().len(), 50);
        assert_eq!(problems.first()[0].to_string(), "all.zip: GHSA-0: no id");
    }

    #[test]
    fn a_hostile_name_cannot_flood_the_report() {
        let mut summary = Summary::default();
        for number in 0..1000 {
            summary.skip(&format!("{number}{}", "é".repeat(5000)));
            summary.skip(&format!("{number}{}", "é".repeat(5000)));
        }
        assert_eq!(summary.skipped.len(), SKIPPED_KINDS + 1);
        assert_eq!(summary.skipped["of other kinds"], 1600);
        assert!(summary.skipped.keys().all(|kind| kind.len() < 1000));
    }
}
