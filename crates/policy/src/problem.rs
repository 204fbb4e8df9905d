//! What is wrong with a bundle or with an evaluation, in the words that clients compare (`spec/policy.md` §1.7).

use serde::Serialize;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub severity: ProblemSeverity,
    /// The name of the original's error class: `ParameterValueInvalidError`.
    pub problem_type: &'static str,
    pub details: String,
    /// What `details` leaves out: the culprit, what was probably meant, the remedy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// JSON pointer to what is wrong in the bundle as it was given; empty for the bundle as a whole.
    #[serde(skip)]
    pub pointer: String,
}

/// Whether a problem makes a bundle invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProblemSeverity {
    Error,
    Warn,
}

/// The type of problems with gates past their life.
pub(crate) const END_OF_LIFE: &str = "EndOfLifedError";

impl Problem {
    pub(crate) fn error(problem_type: &'static str, details: impl Into<String>, pointer: &str) -> Self {
        Self {
            severity: ProblemSeverity::Error,
            problem_type,
            details: details.into(),
            hint: None,
            pointer: pointer.to_owned(),
        }
    }

    /// Whether it keeps a verdict from being reached: anything but a rule of a gate past its life.
    pub(crate) fn stops(&self) -> bool {
        self.problem_type != END_OF_LIFE
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.problem_type, self.details)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

/// What a name was probably meant to be, among those that exist.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > 64 {
        return None;
    }
    let name = name.to_lowercase();
    let close = |candidate: &&str| strsim::jaro_winkler(&name, &candidate.to_lowercase());
    let best = known.into_iter().max_by(|a, b| close(a).total_cmp(&close(b)))?;
    (close(&best) > 0.8).then_some(best)
}
