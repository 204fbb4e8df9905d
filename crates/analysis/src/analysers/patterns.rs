//! Search patterns, compiled once.

use std::{fmt, sync::Arc};

use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use super::{entropy, relaxed::relaxed};

/// Patterns longer than this are refused.
const MAX_LENGTH: usize = 8 << 10;
/// Steps back that a pattern with look-around or references may take on one line.
const BACKTRACK_LIMIT: usize = 200_000;

/// Patterns to search lines for, each a regular expression in Python's syntax that may have a name (`NAME=regex`).
/// Cloning is cheap.
#[derive(Clone)]
pub struct Patterns(Arc<Compiled>);

struct Compiled {
    patterns: Vec<Pattern>,
    /// Finds in one pass over many lines which patterns need a closer look.
    prefilter: RegexSet,
    /// The pattern that each member of the prefilter stands for.
    filtered: Vec<usize>,
    /// Patterns that no prefilter stands for.
    unfiltered: Vec<usize>,
}

/// A pattern that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the search pattern {pattern:?} cannot be used: {reason}")]
pub struct InvalidPattern {
    /// As it was given.
    pub pattern: String,
    pub reason: String,
}

impl Patterns {
    /// Compiles patterns written as `NAME=regex` or as a bare regex. What stands before the first `=` is a name if it is
    /// made of ASCII letters, digits, `_`, `-` and `.` only. Each is matched from the start of a line, `.` does not match
    /// the end of one, and classes know ASCII only.
    ///
    /// # Errors
    /// For the first pattern that is no regular expression, is longer than 8 KiB or takes too much memory.
    pub fn parse<I: IntoIterator<Item: AsRef<str>>>(patterns: I) -> Result<Self, InvalidPattern> {
        patterns.into_iter().map(|pattern| Pattern::parse(pattern.as_ref())).collect::<Result<_, _>>().map(Self::new)
    }

    pub(super) fn new(patterns: Vec<Pattern>) -> Self {
        let needs: Vec<_> =
            patterns.iter().enumerate().map(|(index, pattern)| (index, relaxed(&pattern.regex))).collect();
        let set = |needs: &[(usize, Option<String>)]| {
            RegexSetBuilder::new(needs.iter().filter_map(|(_, need)| need.as_ref())).unicode(false).build()
        };
        // Patterns that are small each may be too large together; then every line is looked at closely.
        let (prefilter, needs) = match set(&needs) {
            Ok(prefilter) => (prefilter, needs),
            Err(_) => (RegexSet::empty(), needs.into_iter().map(|(index, _)| (index, None)).collect()),
        };
        let which = |filtered: bool| {
            needs.iter().filter(|(_, need)| need.is_some() == filtered).map(|(index, _)| *index).collect()
        };
        let (filtered, unfiltered) = (which(true), which(false));
        Self(Arc::new(Compiled { patterns, prefilter, filtered, unfiltered }))
    }

    pub(super) fn get(&self, index: usize) -> &Pattern {
        &self.0.patterns[index]
    }

    /// Which patterns may match a line of this text; all that do are among them.
    pub(super) fn candidates(&self, text: &[u8]) -> Vec<usize> {
        let hits = self.0.prefilter.matches(text).into_iter().map(|member| self.0.filtered[member]);
        hits.chain(self.0.unfiltered.iter().copied()).collect()
    }
}

impl fmt::Debug for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.patterns.iter().map(|pattern| (&pattern.name, &pattern.regex))).finish()
    }
}

/// One compiled pattern.
pub(super) struct Pattern {
    /// Empty where there is none.
    pub(super) name: String,
    /// As it was written.
    pub(super) regex: String,
    matcher: Matcher,
}

enum Matcher {
    Linear(Regex),
    /// For look-around and references.
    Backtracking(fancy_regex::Regex),
    /// Matches where the first group looks as random as so many bits per byte.
    Random(Regex, f64),
}

impl Pattern {
    fn parse(written: &str) -> Result<Self, InvalidPattern> {
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        };
        let (name, regex) = written.split_once('=').filter(|(name, _)| is_name(name)).unwrap_or(("", written));
        let invalid = |reason: String| InvalidPattern { pattern: written.chars().take(200).collect(), reason };
        if written.len() > MAX_LENGTH {
            return Err(invalid(format!("it is {} bytes long; the limit is {MAX_LENGTH}", written.len())));
        }
        let matcher = Matcher::compile(regex).map_err(invalid)?;
        Ok(Self { name: name.to_owned(), regex: regex.to_owned(), matcher })
    }

    /// A rule of our own, which may match anywhere in a line, and only where its first group looks random if `bits` are
    /// asked for.
    ///
    /// # Panics
    /// If the rule is no regular expression of the linear engine; a test compiles all of them.
    pub(super) fn rule(name: &str, regex: &str, bits: Option<f64>) -> Self {
        let compiled = linear(regex).unwrap_or_else(|error| panic!("the rule {name} is wrong: {error}"));
        let matcher = match bits {
            Some(bits) => Matcher::Random(compiled, bits),
            None => Matcher::Linear(compiled),
        };
        Self { name: name.to_owned(), regex: regex.to_owned(), matcher }
    }

    /// Whether the pattern matches in a line, which is given with the newline at its end.
    ///
    /// # Errors
    /// Where the line would take a backtracking pattern more steps than it may have.
    pub(super) fn matches(&self, line: &[u8]) -> Result<bool, fancy_regex::Error> {
        match &self.matcher {
            Matcher::Linear(regex) => Ok(regex.is_match(line)),
            Matcher::Backtracking(regex) => regex.is_match(line),
            Matcher::Random(regex, bits) => {
                let mut groups = regex.captures_iter(line).filter_map(|found| found.get(1));
                Ok(groups.any(|group| entropy::looks_random(group.as_bytes(), *bits)))
            }
        }
    }

    /// What a person calls it.
    pub(super) fn label(&self) -> &str {
        if self.name.is_empty() { &self.regex } else { &self.name }
    }
}

impl Matcher {
    fn compile(regex: &str) -> Result<Self, String> {
        let anchored = format!(r"\A(?:{regex})");
        // The bare pattern first: brackets that do not belong together could fit the ones around it.
        if linear(regex).is_ok() {
            return linear(&anchored).map(Self::Linear).map_err(|error| error.to_string());
        }
        let backtracking = |regex: &str| {
            fancy_regex::RegexBuilder::new(regex)
                .bytes_mode(fancy_regex::BytesMode::Ascii)
                .multi_line(true)
                .backtrack_limit(BACKTRACK_LIMIT)
                .build()
                .map_err(|error| error.to_string())
        };
        backtracking(regex)?;
        backtracking(&anchored).map(Self::Backtracking)
    }
}

/// `$` matches before the newline that ends a line, as in Python.
fn linear(regex: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(regex).unicode(false).multi_line(true).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, line: &str) -> bool {
        let pattern = Pattern::parse(pattern).unwrap_or_else(|error| panic!("{error}"));
        pattern.matches(line.as_bytes()).expect("few steps")
    }

    #[test]
    fn a_pattern_matches_from_the_start_of_a_line() {
        assert!(matches("A=pass", "password\n"));
        assert!(!matches("A=pass", "the password\n"));
        assert!(matches(".*word$", "the password\n"));
        assert!(!matches("a.b", "a\nb"));
        assert!(matches("(?i)PASS", "pass"));
    }

    #[test]
    fn look_around_and_references_are_understood() {
        assert!(matches(r"X=.*(?<![A-Z])[A-Z]{3}(?![A-Z])", "a ABC\n"));
        assert!(!matches(r"X=.*(?<![A-Z])[A-Z]{3}(?![A-Z])", "a ABCD\n"));
        assert!(matches(r"(?P<q>['\x22]).*(?P=q)", "'a'\n"));
    }

    #[test]
    fn bytes_that_are_no_text_are_bytes() {
        for pattern in ["X=..ab", "X=(?!b)..ab"] {
            let pattern = Pattern::parse(pattern).expect("valid");
            assert!(pattern.matches(b"\xff\xfeab\n").expect("few steps"));
        }
    }

    #[test]
    fn a_name_is_what_looks_like_one() {
        let name = |written: &str| {
            let pattern = Pattern::parse(written).expect("valid");
            (pattern.name.clone(), pattern.regex.clone())
        };
        assert_eq!(name("KEY=a=b"), ("KEY".into(), "a=b".into()));
        assert_eq!(name(".*key=b"), (String::new(), ".*key=b".into()));
        assert_eq!(name("plain"), (String::new(), "plain".into()));
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_its_text_and_the_reason() {
        let error = Patterns::parse(["OK=a", "BAD=(a"]).expect_err("an open bracket").to_string();
        assert!(error.starts_with("the search pattern \"BAD=(a\" cannot be used: "), "{error}");
        assert!(Patterns::parse(["a)(b"]).is_err(), "brackets that would fit ours");
        let error = Patterns::parse(["x".repeat(9_000)]).expect_err("too long");
        assert_eq!(error.reason, "it is 9000 bytes long; the limit is 8192");
        assert!(Patterns::parse(["(?:a{1000}){1000}"]).is_err(), "too large");
    }

    #[test]
    fn a_pattern_that_goes_astray_gives_up() {
        let pattern = Pattern::parse(r"X=(a|b|ab)*(?=c)(?=.d)e").expect("valid");
        let line = "ab".repeat(100) + "cf cde";
        assert!(pattern.matches(line.as_bytes()).is_err());
    }

    #[test]
    fn the_prefilter_lets_every_match_through() {
        let patterns = Patterns::parse([r"A=.*key *= *(?!x)\w", r"B=(a)\1", "C=zzz"]).expect("valid");
        assert_eq!(patterns.candidates(b"first\nmy key = y\nlast"), [0, 1]);
        assert_eq!(patterns.candidates(b"nothing"), [1], "a reference has no prefilter");
        assert_eq!(patterns.candidates(b"yzzz"), [2, 1]);
    }
}
