//! The comparisons of texts that several triggers offer under the same words (`spec/policy.md` §4.2.1, §4.7).

use crate::{Failure, arguments::split, rule_pattern::RulePattern};

/// What a text is held against.
#[derive(Debug)]
pub(crate) struct TextCheck {
    test: Test,
    /// Whether the check holds where the test does not.
    is_negated: bool,
}

#[derive(Debug)]
enum Test {
    Equals(String),
    Like(RulePattern),
    In(Vec<String>),
}

impl TextCheck {
    /// The check behind `=`, `like`, `in` and their negations `!=`, `not_like`, `not_in`; `None` for any other word.
    pub(crate) fn new(word: &str, value: &str) -> Option<Self> {
        let test = match word {
            "=" | "!=" => Test::Equals(value.to_owned()),
            "like" | "not_like" => Test::Like(RulePattern::new(value)),
            "in" | "not_in" => Test::In(split(value)),
            _ => return None,
        };
        Some(Self { test, is_negated: word == "!=" || word.starts_with("not_") })
    }

    /// Whether it holds for a text.
    ///
    /// # Errors
    /// Where a pattern cannot be used.
    pub(crate) fn holds(&self, text: &str) -> Result<bool, Failure> {
        let is_so = match &self.test {
            Test::Equals(value) => value == text,
            Test::Like(pattern) => pattern.matches_start(text)?,
            Test::In(items) => items.iter().any(|item| item == text),
        };
        Ok(is_so != self.is_negated)
    }

    /// Whether it holds where there is nothing to compare.
    pub(crate) fn holds_for_nothing(&self) -> bool {
        self.is_negated
    }
}
