//! What is known of each program: the names its file has, how the file states its version, and what it is then called
//! (`spec/analysis.md` §7).
//!
//! Patterns see bytes, not text. In them `{v}` stands for the usual version, three numbers with dots; `{v+}` for one that
//! may be a preview; any other shape is written out as the group `version`. Every repetition is bounded, so that no match
//! is longer than the overlap of two windows.

mod databases;
mod go_programs;
mod java;
mod languages;
mod servers;
mod tools;

use super::classifier::Classifier;

/// Every row, in the order in which alternatives are tried.
pub(super) fn rows() -> impl Iterator<Item = &'static Classifier> {
    let groups = [languages::ROWS, java::ROWS, databases::ROWS, servers::ROWS, go_programs::ROWS, tools::ROWS];
    groups.into_iter().flatten()
}
