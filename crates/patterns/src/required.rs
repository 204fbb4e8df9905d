//! What a text must hold to be worth a look: most texts are told apart by it, faster than by the expression.

use memchr::memmem::Finder;
use regex_syntax::hir::{Hir, HirKind};

/// The longest literal that every match of the expression holds; `None` where there is none, or where it is no
/// expression.
pub(crate) fn literal(expression: &str) -> Option<Finder<'static>> {
    let parsed = regex_syntax::parse(expression).ok()?;
    longest(&parsed).map(|literal| Finder::new(literal).into_owned())
}

/// The nesting of expressions is bounded by their parser.
fn longest(hir: &Hir) -> Option<&[u8]> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(&literal.0),
        HirKind::Capture(capture) => longest(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => longest(&repetition.sub),
        HirKind::Concat(parts) => parts.iter().filter_map(longest).max_by_key(|literal| literal.len()),
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) | HirKind::Repetition(_) | HirKind::Alternation(_) => {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn no_match_lacks_what_is_required(expression in "([ab.^$]|[(][ab]|[)][*+?]?|[|]|[ab][*+?]){0,10}", text in "[ab]{0,8}") {
            let Ok(regex) = regex::Regex::new(&expression) else { return Ok(()) };
            if regex.is_match(&text) {
                prop_assert!(literal(&expression).is_none_or(|literal| literal.find(text.as_bytes()).is_some()));
            }
        }
    }

    #[test]
    fn the_longest_part_that_no_match_lacks_is_found() {
        for (expression, expected) in [
            (r".*\.pem$", Some(".pem")),
            (r".*/id_(rsa|dsa)$", Some("/id_")),
            ("(a.*test)+b?", Some("test")),
            ("(?:ab){2}", Some("ab")),
            ("(?:ab)*", None),
            ("ab|cd", None),
            ("(?i)ab", None),
            (".*", None),
            ("(", None),
        ] {
            let found = literal(expression).map(|finder| String::from_utf8_lossy(finder.needle()).into_owned());
            assert_eq!(found.as_deref(), expected, "{expression}");
        }
    }
}
