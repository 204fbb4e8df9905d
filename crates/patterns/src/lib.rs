//! Regular expressions as users of policies write them: Python's syntax, in bounded time.
//!
//! Policy bundles and analyser settings carry patterns that were written for Python's `re.match`: they match from the
//! start of a text and need not reach its end, `.` is any character but a newline, and look-around and back-references
//! are allowed. A [`Pattern`] runs on the linear-time engine wherever it can be written there, else on a backtracking one that
//! gives up after a fixed number of steps; which of them it is cannot be told from the result.

mod emit;
mod escapes;
mod flags;
mod lines;
mod parse;
mod search;
mod syntax;
mod tokens;

use std::sync::OnceLock;

use emit::{Emitted, Texts, emit};

pub use lines::Lines;

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
    Linear {
        matching: Box<regex::Regex>,
        /// Finds what `matching` matches, and sooner; in texts of several lines it may find more.
        searching: Option<Box<regex::Regex>>,
        /// Finds, among many lines, those that may begin with what `matching` matches.
        searching_lines: OnceLock<Option<Box<regex::Regex>>>,
    },
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
        let any = emit(&parsed, Texts::Any);
        let ascii = Some(emit(&parsed, Texts::Ascii)).filter(|ascii| ascii.has_boundaries && !ascii.needs_backtracking);
        let compile = |emitted: &Emitted| Engine::new(emitted).map_err(invalid);
        let (engine, exact) = match ascii {
            None => (compile(&any)?, None),
            Some(ascii) => (compile(&ascii)?, Some(compile(&any)?)),
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

    /// What to look for in many lines at once, where that is faster than to try each.
    pub(crate) fn searching_lines(&self) -> Option<&regex::Regex> {
        match &self.engine {
            Engine::Linear { matching, searching_lines, .. } if self.exact.is_none() => {
                let compile = || lines::searching(matching.as_str()).and_then(|text| linear(&text).ok());
                searching_lines.get_or_init(compile).as_deref()
            }
            Engine::Linear { .. } | Engine::Backtracking(..) => None,
        }
    }
}

impl Engine {
    fn new(emitted: &Emitted) -> Result<Self, String> {
        let text = &emitted.text;
        if emitted.needs_backtracking {
            let regex = backtracking(text, STEP_LIMIT).map_err(|error| error.to_string())?;
            return Ok(Self::Backtracking(Box::new(regex), text.clone()));
        }
        match linear(text) {
            Ok(matching) => {
                let parsed = regex_syntax::parse(text).ok();
                let searched = parsed.as_ref().and_then(search::instead_of);
                let searching = searched.and_then(|hir| linear(&hir.to_string()).ok());
                Ok(Self::Linear { matching, searching, searching_lines: OnceLock::new() })
            }
            Err(regex::Error::CompiledTooBig(_)) => Err("the pattern is too large once compiled".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn is_match(&self, text: &str) -> Result<bool, StepLimitExceeded> {
        match self {
            Self::Linear { matching, searching: None, .. } => Ok(matching.is_match(text)),
            // What is not found anywhere does not match either; what is found may be found on a later line.
            Self::Linear { matching, searching: Some(searching), .. } => {
                Ok(searching.is_match(text) && (!text.contains('\n') || matching.is_match(text)))
            }
            Self::Backtracking(regex, _) if text.len() <= SHORT => regex.is_match(text).map_err(|_| StepLimitExceeded),
            Self::Backtracking(_, expression) => {
                let regex = backtracking(expression, STEP_LIMIT * SHORT / text.len());
                regex.and_then(|regex| regex.is_match(text)).map_err(|_| StepLimitExceeded)
            }
        }
    }
}

fn linear(expression: &str) -> Result<Box<regex::Regex>, regex::Error> {
    regex::RegexBuilder::new(expression).size_limit(SIZE_LIMIT).nest_limit(NEST_LIMIT).build().map(Box::new)
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
