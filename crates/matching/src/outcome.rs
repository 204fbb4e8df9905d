//! Everything a scan has to say.

use windlass_advisories::FixState;

use crate::{Coverage, Finding, IgnoredFinding, PackageAlert, Severity, State, UnmatchedStatement};

/// What was found, what was left out, and what the answer is worth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// In the order that was asked for.
    pub findings: Vec<Finding>,
    /// Same order.
    pub ignored: Vec<IgnoredFinding>,
    pub coverage: Coverage,
    /// Sorted by package.
    pub alerts: Vec<PackageAlert>,
    /// VEX statements that apply to nothing here, in the order of the documents.
    pub unmatched_statements: Vec<UnmatchedStatement>,
}

impl Outcome {
    /// Whether any finding is at least that bad (`--fail-on`).
    pub fn reaches(&self, threshold: Severity) -> bool {
        self.findings.iter().any(|finding| finding.severity() >= threshold)
    }

    /// Clean, vulnerable, or not known to be either.
    pub fn state(&self) -> State {
        match (self.findings.is_empty(), self.coverage.is_complete()) {
            (false, _) => State::Vulnerable,
            (true, true) => State::Clean,
            (true, false) => State::Unknown,
        }
    }

    /// How many findings of each severity, worst first, and how many of these have a fix.
    pub fn count_by_severity(&self) -> Vec<(Severity, usize, usize)> {
        let count = |severity: &Severity| {
            let of_it = || self.findings.iter().filter(|finding| finding.severity() == *severity);
            (*severity, of_it().count(), of_it().filter(|finding| finding.fix.state == FixState::Fixed).count())
        };
        Severity::ALL.iter().rev().map(count).collect()
    }
}
