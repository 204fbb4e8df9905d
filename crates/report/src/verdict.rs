//! What a scan comes to in one word.

use windlass_matching::{Outcome, Severity, State};

/// The answer at the end of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing found, everything compared.
    Clean,
    /// Nothing found that fails the gate.
    Pass,
    /// Nothing found, but not everything could be compared.
    Unknown,
    /// A finding is at least as bad as the gate allows.
    Fail,
}

impl Verdict {
    /// The verdict under a gate, or without one.
    pub fn of(outcome: &Outcome, fail_on: Option<Severity>) -> Self {
        match outcome.state() {
            _ if fail_on.is_some_and(|threshold| outcome.reaches(threshold)) => Self::Fail,
            State::Clean => Self::Clean,
            State::Unknown => Self::Unknown,
            State::Vulnerable => Self::Pass,
        }
    }

    /// `CLEAN`, `PASS`, `UNKNOWN`, `FAIL`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "CLEAN",
            Self::Pass => "PASS",
            Self::Unknown => "UNKNOWN",
            Self::Fail => "FAIL",
        }
    }
}

/// The sentence that goes with the verdict.
pub(crate) fn sentence(outcome: &Outcome, fail_on: Option<Severity>) -> String {
    let verdict = Verdict::of(outcome, fail_on);
    let word = verdict.as_str();
    let incomplete = if outcome.coverage.is_complete() { "" } else { "; not everything could be compared" };
    match (verdict, fail_on) {
        (Verdict::Fail, Some(threshold)) => {
            let count = outcome.findings.iter().filter(|finding| finding.severity() >= threshold).count();
            format!("{word}: {} of severity {threshold} or worse{incomplete}", crate::text::count(count, "finding"))
        }
        (Verdict::Pass, Some(threshold)) => {
            format!("{word}: {}, none of severity {threshold} or worse{incomplete}", found(outcome))
        }
        (Verdict::Clean, _) => format!("{word}: nothing found, every package was compared"),
        (Verdict::Unknown, _) => format!("{word}: nothing found, but not everything could be compared"),
        (Verdict::Pass | Verdict::Fail, _) => format!("VULNERABLE: {} (no gate was set){incomplete}", found(outcome)),
    }
}

fn found(outcome: &Outcome) -> String {
    crate::text::count(outcome.findings.len(), "finding")
}
