//! Whether a text begins with a match does not depend on how long the match can be made: `/root/.*` is found where
//! `/root/` is, and sooner.

use regex_syntax::hir::{Hir, HirKind, Repetition};

/// What every text begins with that begins with a match of the expression, and no other: without what may be left out at
/// its end.
pub(crate) fn fewest(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Capture(capture) => fewest(&capture.sub),
        HirKind::Repetition(Repetition { min: 0, .. }) => Hir::empty(),
        HirKind::Repetition(Repetition { min: 1, sub, .. }) => fewest(sub),
        HirKind::Repetition(repetition) => {
            Hir::repetition(Repetition { max: Some(repetition.min), ..repetition.clone() })
        }
        HirKind::Concat(parts) => {
            let mut parts = parts.clone();
            while let Some(last) = parts.pop() {
                let last = fewest(&last);
                if !matches!(last.kind(), HirKind::Empty) {
                    parts.push(last);
                    break;
                }
            }
            Hir::concat(parts)
        }
        HirKind::Alternation(branches) => {
            let branches: Vec<Hir> = branches.iter().map(fewest).collect();
            let is_empty = |branch: &Hir| matches!(branch.kind(), HirKind::Empty);
            if branches.iter().any(is_empty) { Hir::empty() } else { Hir::alternation(branches) }
        }
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => hir.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_may_be_left_out_at_the_end_is() {
        let parse = |expression| regex_syntax::parse(expression).unwrap();
        for (expression, expected) in [
            ("/root/.*", "/root/"),
            ("a(b|c*)", "a"),
            ("ab*(c?d*)*", "a"),
            ("[ab]+", "[ab]"),
            ("a{3,}", "a{3}"),
            ("a.*$", "a.*$"),
        ] {
            assert_eq!(fewest(&parse(expression)), parse(expected), "{expression}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn a_text_begins_with_the_short_expression_where_it_begins_with_the_long_one(
            rest in r"([ab.^$]|\\b|[(][ab]|[)][*+?]?|[|]|[ab][*+?]|[ab]\{2,3\}){0,10}",
            text in "[ab ]{0,8}",
        ) {
            let expression = format!(r"\A(?:{rest})");
            let Ok(long) = regex::Regex::new(&expression) else { return Ok(()) };
            let short = fewest(&regex_syntax::parse(&expression).unwrap());
            let engine = regex_automata::meta::Builder::new().build_from_hir(&short).unwrap();
            prop_assert_eq!(engine.is_match(&text), long.is_match(&text), "{:?}", short);
        }
    }
}
