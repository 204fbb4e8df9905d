//! Patterns over names: registries, repositories, tags and trigger ids (`spec/policy.md` §2.2).

use windlass_patterns::Pattern;

use crate::Failure;

/// A pattern of a mapping or an allow-list item.
#[derive(Clone, Debug)]
pub(crate) enum Selector {
    /// Every text.
    Any,
    Literal(String),
    /// The literal parts between asterisks; the first and the last may be empty.
    Glob(Vec<String>),
    /// `regexp:` patterns match at the start; one that cannot be used fails when it is first asked.
    Regex(Result<Box<Pattern>, String>),
}

impl Selector {
    pub(crate) fn new(pattern: &str) -> Self {
        if let Some(regex) = pattern.trim_start().strip_prefix("regexp:") {
            return Self::Regex(Pattern::new(regex).map(Box::new).map_err(|error| error.to_string()));
        }
        match pattern {
            "*" => Self::Any,
            _ if pattern.contains('*') => Self::Glob(pattern.split('*').map(str::to_owned).collect()),
            _ => Self::Literal(pattern.to_owned()),
        }
    }

    /// Why it can never be used.
    pub(crate) fn error(&self) -> Option<&str> {
        match self {
            Self::Regex(Err(reason)) => Some(reason),
            _ => None,
        }
    }

    /// What every text it matches begins with.
    pub(crate) fn prefix(&self) -> &str {
        match self {
            Self::Any | Self::Regex(_) => "",
            Self::Literal(text) => text,
            Self::Glob(parts) => parts.first().map_or("", String::as_str),
        }
    }

    pub(crate) fn matches(&self, text: &str) -> Result<bool, Failure> {
        // The original's patterns end at a last newline, and an asterisk never spans one.
        let line = text.strip_suffix('\n').unwrap_or(text);
        match self {
            Self::Any => Ok(!line.contains('\n')),
            Self::Literal(literal) => Ok(literal == text || literal == line),
            Self::Glob(parts) => Ok(glob(parts, text) || glob(parts, line)),
            Self::Regex(Ok(pattern)) => pattern.matches_start(text).map_err(|error| Failure::new(error.to_string())),
            Self::Regex(Err(reason)) => Err(Failure::new(reason.clone())),
        }
    }
}

/// Each part must occur after the one before; the leftmost place is always good enough.
fn glob(parts: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = parts else { return false };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    let spans_lines = |skipped: &str| skipped.contains('\n');
    for part in middle {
        let Some(at) = rest.find(part.as_str()) else { return false };
        if spans_lines(&rest[..at]) {
            return false;
        }
        rest = &rest[at + part.len()..];
    }
    rest.strip_suffix(last.as_str()).is_some_and(|skipped| !spans_lines(skipped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allow_list_patterns_are_whole_and_textual() {
        // spec/policy.md §10.4
        for (pattern, expected) in [
            ("CVE-1+*", true),
            ("CVE-1+pkg", true),
            ("CVE-1*", true),
            ("*+pkg", true),
            ("CVE-*", true),
            ("CVE-1+p*g", true),
            ("regexp:.*pkg", true),
            (" regexp:.*pkg", true),
            ("*", true),
            ("CVE-1", false),
            ("cve-1+pkg", false),
            ("CVE-1+p*k", false),
            ("regexp:pkg", false),
        ] {
            assert_eq!(Selector::new(pattern).matches("CVE-1+pkg"), Ok(expected), "{pattern}");
        }
    }

    #[test]
    fn a_part_is_not_used_twice() {
        assert_eq!(Selector::new("ab*ba").matches("aba"), Ok(false));
        assert_eq!(Selector::new("a*b*c").matches("a-c-b-c"), Ok(true));
    }

    #[test]
    fn a_pattern_that_is_none_fails_when_it_is_asked() {
        assert!(Selector::new("regexp:(").matches("x").is_err());
        assert!(Selector::new("regexp:(").error().is_some());
    }
}
