//! Regular expressions that rules give.

use windlass_patterns::Pattern;

use crate::Failure;

/// A pattern of a rule. One that cannot be used fails when it is first applied, so that a rule which looks at nothing
/// does not fail: the original compiled patterns as late as that.
#[derive(Debug)]
pub(crate) struct RulePattern(Result<Pattern, Failure>);

impl RulePattern {
    pub(crate) fn new(text: &str) -> Self {
        Self(Pattern::new(text).map_err(|invalid| Failure::new(invalid.reason)))
    }

    /// # Errors
    /// Where it is no regular expression.
    pub(crate) fn usable(&self) -> Result<&Pattern, Failure> {
        self.0.as_ref().map_err(Clone::clone)
    }

    /// Whether `text` begins with a match.
    ///
    /// # Errors
    /// Where it is no regular expression, or takes too long on this text.
    pub(crate) fn matches_start(&self, text: &str) -> Result<bool, Failure> {
        Ok(self.usable()?.matches_start(text)?)
    }
}
