//! Regular expressions as users of policies write them: Python's syntax, in bounded time.
//!
//! Policy bundles and analyser settings carry patterns that were written for Python's `re.match`: they match from the
//! start of a text and need not reach its end, `.` is any character but a newline, and look-around and back-references
//! are allowed. A [`Pattern`] runs on the linear-time engine wherever it can be written there, else on a backtracking one that
//! gives up after a fixed number of steps; which of them it is cannot be told from the result.

mod emit;
mod escapes;
mod fewest;
mod flags;
mod linear;
mod look_ahead;
mod parse;
mod search;
mod set;
mod syntax;
mod text_list;
mod tokens;
mod walk;

use emit::{Texts, emit};
use linear::Linear;
use parse::Parsed;

pub use set::{Matching, PatternSet};
pub use text_list::TextList;

/// Steps back after which the backtracking engine gives up on a text of at most [`SHORT`] bytes; on a longer one it may
/// take fewer, since each may lead over the whole text.
const STEP_LIMIT: usize = 1_000_000;
const SHORT: usize = 1 << 10;
/// Bytes that a compiled pattern may take.
const SIZE_LIMIT: usize = 10 << 20;
/// Depth of what the parser's own limit lets through.
const NEST_LIMIT: u32 = 1000;
/// Longest pattern that is read, in bytes.
const LENGTH_LIMIT: usize = 64 << 10;

/// A pattern that is matched at the start of a text.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    engine: Engine,
    /// For texts that are empty or not ASCII, where `engine` takes other boundaries of words than Python.
    exact: Option<Engine>,
}

#[derive(Clone, Debug)]
enum Engine {
    /// Conditions that hold together; the first is not negated.
    Linear(Vec<Linear>),
    /// With the expression, for texts that are long.
    Backtracking(Box<fancy_regex::Regex>, String),
}

/// A text that is no regular expression, or none that can be run in bounded time and memory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pattern:?} is no regular expression that can be used: {reason}")]
pub struct InvalidPattern {
    pub pattern: String,
    pub reason: String,
}

/// The pattern took too long on a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the pattern takes too many steps on this text; write it without look-around, references or nested repetitions"
)]
pub struct StepLimitExceeded;

impl Pattern {
    /// Reads a pattern in Python's syntax.
    ///
    /// # Errors
    /// Where it is no regular expression, in the words of Python's `re.error`; where it is longer than 64 KiB, or too
    /// large once compiled.
    pub fn new(source: &str) -> Result<Self, InvalidPattern> {
        let invalid = |reason: String| InvalidPattern { pattern: source.to_owned(), reason };
        if source.len() > LENGTH_LIMIT {
            return Err(invalid(format!("the pattern is longer than {LENGTH_LIMIT} bytes")));
        }
        let parsed = parse::parse(source).map_err(|error| invalid(error.0))?;
        let any = Engine::new(&parsed, Texts::Any).map_err(invalid)?;
        let ascii = if parsed.has_boundaries { Engine::linear(&parsed, Texts::Ascii) } else { None };
        let (engine, exact) = match ascii {
            None => (any, None),
            Some(ascii) => (ascii.map_err(invalid)?, Some(any)),
        };
        Ok(Self { source: source.to_owned(), engine, exact })
    }

    /// The text it was read from.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Whether `text` begins with a match.
    ///
    /// # Errors
    /// Where the backtracking engine gave up.
    pub fn matches_start(&self, text: &str) -> Result<bool, StepLimitExceeded> {
        match &self.exact {
            Some(exact) if text.is_empty() || !text.is_ascii() => exact.is_match(text),
            _ => self.engine.is_match(text),
        }
    }

    /// What it comes to on the linear engine; empty where it needs the other one.
    pub(crate) fn conditions(&self) -> &[Linear] {
        match &self.engine {
            Engine::Linear(conditions) => conditions,
            Engine::Backtracking(..) => &[],
        }
    }

    /// Whether its conditions say nothing of texts that are empty or not ASCII.
    pub(crate) fn is_odd_apart(&self) -> bool {
        self.exact.is_some()
    }
}

impl Engine {
    fn new(parsed: &Parsed, texts: Texts) -> Result<Self, String> {
        if let Some(linear) = Self::linear(parsed, texts) {
            return linear;
        }
        let text = emit(&parsed.node, parsed.has_references, texts).text;
        let regex = backtracking(&text, STEP_LIMIT).map_err(|error| error.to_string())?;
        Ok(Self::Backtracking(Box::new(regex), text))
    }

    /// `None` where the linear engine cannot run it.
    fn linear(parsed: &Parsed, texts: Texts) -> Option<Result<Self, String>> {
        if parsed.has_references {
            return None;
        }
        let emitted = emit(&parsed.node, false, texts);
        if !emitted.needs_backtracking {
            return Some(Linear::new(&emitted.text, false).map(|only| Self::Linear(vec![only])));
        }
        let conditions = look_ahead::conditions(&parsed.node).into_iter().map(|condition| {
            let emitted = emit(&condition.node, false, texts);
            (!emitted.needs_backtracking).then(|| Linear::new(&emitted.text, condition.is_negated).ok())?
        });
        let conditions: Vec<Linear> = conditions.collect::<Option<_>>()?;
        (!conditions.is_empty()).then_some(Ok(Self::Linear(conditions)))
    }

    fn is_match(&self, text: &str) -> Result<bool, StepLimitExceeded> {
        match self {
            Self::Linear(conditions) => Ok(conditions.iter().all(|condition| condition.holds(text))),
            Self::Backtracking(regex, _) if text.len() <= SHORT => regex.is_match(text).map_err(|_| StepLimitExceeded),
            Self::Backtracking(_, expression) => {
                let regex = backtracking(expression, STEP_LIMIT * SHORT / text.len());
                regex.and_then(|regex| regex.is_match(text)).map_err(|_| StepLimitExceeded)
            }
        }
    }
}

fn backtracking(expression: &str, step_limit: usize) -> Result<fancy_regex::Regex, fancy_regex::Error> {
    fancy_regex::RegexBuilder::new(expression).backtrack_limit(step_limit).delegate_size_limit(SIZE_LIMIT).build()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    fn reason(pattern: &str) -> String {
        Pattern::new(pattern).map(|pattern| format!("{pattern:?}")).expect_err("no pattern").reason
    }

    #[test]
    fn a_pattern_that_backtracks_without_end_is_given_up_soon() {
        let pattern = Pattern::new(r"(a|aa)+\1c").expect("a pattern");
        let started = Instant::now();
        assert_eq!(pattern.matches_start(&"a".repeat(5_000)), Err(StepLimitExceeded));
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        assert_eq!(pattern.matches_start("aaac"), Ok(true));
    }

    #[test]
    fn steps_that_lead_over_a_long_text_are_dearer() {
        let pattern = Pattern::new(".*(?=.*b)").expect("a pattern");
        let started = Instant::now();
        assert_eq!(pattern.matches_start(&"a".repeat(10_000)), Ok(false));
        assert_eq!(pattern.matches_start(&"a".repeat(2_000_000)), Err(StepLimitExceeded));
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    }

    #[test]
    fn nested_repetitions_alone_take_linear_time() {
        let pattern = Pattern::new("(a*)*(a|aa)+$").expect("a pattern");
        assert_eq!(pattern.matches_start(&("a".repeat(50_000) + "b")), Ok(false));
    }

    #[test]
    fn patterns_are_bounded_in_length_depth_and_size() {
        assert_eq!(reason(&"a".repeat(LENGTH_LIMIT + 1)), "the pattern is longer than 65536 bytes");
        let nested = |depth| "(".repeat(depth) + &")".repeat(depth);
        assert_eq!(reason(&nested(61)), "more than 60 groups inside each other at position 60");
        assert_eq!(reason(&"(".repeat(LENGTH_LIMIT)), "more than 60 groups inside each other at position 60");
        for deep in [nested(60), nested(60) + r"\1", "(?:a|".repeat(60) + &")*".repeat(60)] {
            assert!(Pattern::new(&deep).is_ok(), "{deep}: {}", reason(&deep));
        }
        assert_eq!(reason(r"(?:\w{500}){500}"), "the pattern is too large once compiled");
        assert!(reason(r"(?:(a)\w{500}){500}\1").len() < 200);
    }

    #[test]
    fn flags_for_the_whole_pattern_may_stand_anywhere_as_they_could_in_old_pythons() {
        for (pattern, text, expected) in [
            ("a(?i)b", "AB", true),
            ("(a(?i))", "A", true),
            ("a b(?x)", "ab", true),
            ("(?x)a # (?i)", "A", false),
            ("#(?i)\na(?x)", "a", true),
            ("#(?i)\na(?x)", "A", false),
            ("(?x)#(\na", "a", true),
        ] {
            let compiled = Pattern::new(pattern).expect(pattern);
            assert_eq!(compiled.matches_start(text), Ok(expected), "{pattern} {text}");
        }
    }

    #[test]
    fn named_characters_are_refused_with_a_remedy() {
        assert_eq!(reason(r"a\N{DASH}"), r"named characters such as \N{DASH} are not read; write \uXXXX at position 1");
    }

    #[test]
    fn a_repetition_of_a_repetition_stays_one_where_it_is_searched_for() {
        let pattern = Pattern::new(".*(?:a{2,3})?b").expect("a pattern");
        assert_eq!(pattern.matches_start("b"), Ok(true));
    }

    #[test]
    fn look_ahead_at_a_fixed_place_takes_linear_time() {
        let pattern = Pattern::new("(?!b)(a*)*(?:a|aa)+$").expect("a pattern");
        assert_eq!(pattern.conditions().len(), 2);
        assert_eq!(pattern.matches_start(&("a".repeat(50_000) + "b")), Ok(false));
        assert_eq!(pattern.matches_start("aaa"), Ok(true));
        for backtracking in [r"a*(?!b)c", r"(a)(?!\1)", "(?:a(?!b))*c", "(?<!a)b"] {
            assert_eq!(Pattern::new(backtracking).expect("a pattern").conditions().len(), 0, "{backtracking}");
        }
    }

    #[test]
    fn a_pattern_keeps_its_text() {
        assert_eq!(Pattern::new("a|b").expect("a pattern").as_str(), "a|b");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn no_text_is_too_odd_for_a_pattern(pattern in any::<String>(), text in any::<String>()) {
            if let Ok(pattern) = Pattern::new(&pattern) {
                let _ = pattern.matches_start(&text);
            }
        }

        #[test]
        fn no_mixture_of_signs_is_too_odd_for_a_pattern(
            pattern in r"([(][?]?[:=!<>P(#imsxauL-]?|[)|]|\[\^?|\]|[a-c1-3^$.*+?{},=<>!# -]|\\[a-zA-Z0-9\\]|é){0,14}",
            text in "[a-c1-3 \né]{0,6}",
        ) {
            if let Ok(pattern) = Pattern::new(&pattern) {
                let _ = pattern.matches_start(&text);
            }
        }
    }
}
