//! Regular expressions as users of policies write them: Python's syntax, in bounded time.
//!
//! Policy bundles and analyser settings carry patterns that were written for Python's `re.match`: they match from the
//! start of a text and need not reach its end, `.` is any character but a newline, and look-around and back-references
//! are allowed. A [`Pattern`] runs on the linear-time engine wherever it can be written there, else on a backtracking one that
//! gives up after a fixed number of steps; which of them it is cannot be told from the result.

mod python;
mod required;

/// Steps after which the backtracking engine gives up on one text.
const STEP_LIMIT: usize = 1_000_000;
/// Bytes that a compiled pattern may take.
const SIZE_LIMIT: usize = 10 << 20;
/// Longest pattern that is read, in bytes.
const LENGTH_LIMIT: usize = 64 << 10;

/// A pattern that is matched at the start of a text.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    engine: Engine,
}

#[derive(Clone, Debug)]
enum Engine {
    /// Asked only about texts that hold what every match must.
    Linear(regex::Regex, Option<memchr::memmem::Finder<'static>>),
    Backtracking(Box<fancy_regex::Regex>),
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
#[error("the pattern needs more than {STEP_LIMIT} steps on this text; write it without nested repetitions")]
pub struct StepLimitExceeded;

impl Pattern {
    /// Reads a pattern in Python's syntax.
    ///
    /// # Errors
    /// Where it is no regular expression, longer than 64 KiB, or too large once compiled.
    pub fn new(source: &str) -> Result<Self, InvalidPattern> {
        let invalid = |reason: String| InvalidPattern { pattern: source.to_owned(), reason };
        if source.len() > LENGTH_LIMIT {
            return Err(invalid(format!("it is longer than {LENGTH_LIMIT} bytes")));
        }
        let translated = format!(r"\A(?:{})", python::translate(source));
        let linear = regex::RegexBuilder::new(&translated).size_limit(SIZE_LIMIT).build();
        let engine = match linear {
            Ok(regex) => Engine::Linear(regex, required::literal(&translated)),
            Err(regex::Error::CompiledTooBig(_)) => return Err(invalid("it is too large once compiled".into())),
            Err(_) => {
                let built = fancy_regex::RegexBuilder::new(&translated)
                    .backtrack_limit(STEP_LIMIT)
                    .delegate_size_limit(SIZE_LIMIT)
                    .build();
                Engine::Backtracking(Box::new(built.map_err(|error| invalid(error.to_string()))?))
            }
        };
        Ok(Self { source: source.to_owned(), engine })
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
        match &self.engine {
            Engine::Linear(regex, required) => {
                let may_match = required.as_ref().is_none_or(|literal| literal.find(text.as_bytes()).is_some());
                Ok(may_match && regex.is_match(text))
            }
            Engine::Backtracking(regex) => regex.is_match(text).map_err(|_| StepLimitExceeded),
        }
    }
}
