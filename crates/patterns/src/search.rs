//! A match that may begin with anything is a search: `.*\.pem$` matches a line at its start where `\.pem$` is found
//! anywhere in it. Engines search much faster than they match, from the end or from a literal on.

use regex_syntax::hir::{Dot, Hir, HirKind, Look};

/// What is found in every text that an expression which begins with `\A.*` matches, and in no other of one line; `None`
/// for other expressions.
pub(crate) fn instead_of(expression: &Hir) -> Option<Hir> {
    let HirKind::Concat(parts) = expression.kind() else { return None };
    let [start, anything, rest @ ..] = parts.as_slice() else { return None };
    let is_start = matches!(start.kind(), HirKind::Look(Look::Start));
    (is_start && is_rest_of_line(anything)).then(|| Hir::concat(rest.to_vec()))
}

/// `.*`, greedy or not.
fn is_rest_of_line(hir: &Hir) -> bool {
    let HirKind::Repetition(repetition) = hir.kind() else { return false };
    repetition.min == 0 && repetition.max.is_none() && *repetition.sub == Hir::dot(Dot::AnyCharExceptLF)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn searched_for(expression: &str) -> Option<String> {
        instead_of(&regex_syntax::parse(expression).ok()?).map(|hir| hir.to_string())
    }

    #[test]
    fn only_what_begins_with_anything_is_searched_for() {
        for (expression, expected) in [
            (r"\A(?:.*\.pem)", Some(r"(?:\.pem)")),
            (r"\A.*?a", Some("a")),
            (r"\A.*", Some("")),
            (r"\A.+a", None),
            (r"\A(.*)a", None),
            (r"\A(?:.*a|b)", None),
            (r"\A(?s:.*)a", None),
            (".*a", None),
            ("(", None),
        ] {
            let searched = searched_for(expression).map(|text| text.replace("(?:)", ""));
            assert_eq!(searched.as_deref(), expected, "{expression}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn searching_and_matching_agree_on_a_line(
            rest in r"([ab.^$]|\\b|[(][ab]|[)][*+?]?|[|]|[ab][*+?]){0,10}",
            text in "[ab ]{0,8}",
        ) {
            let expression = format!(r"\A.*{rest}");
            let Ok(matching) = regex::Regex::new(&expression) else { return Ok(()) };
            if let Some(searched) = searched_for(&expression) {
                let searching = regex::Regex::new(&searched).unwrap();
                prop_assert_eq!(searching.is_match(&text), matching.is_match(&text), "{}", searched);
            }
        }
    }
}
