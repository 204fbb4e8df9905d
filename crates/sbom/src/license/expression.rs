//! From a licence statement to an SPDX expression.

use super::names;

/// Longer statements are prose, not expressions.
const LONGEST: usize = 1024;

/// The statement as a valid SPDX expression, or `None` where any part of it is not known for certain.
pub(super) fn normalise(value: &str) -> Option<String> {
    if value.is_empty() || value.len() > LONGEST {
        return None;
    }
    if let Some(id) = names::of_phrase(value) {
        return Some(id);
    }
    let tokens = tokens(value);
    let mut expression = String::with_capacity(value.len());
    let mut at = 0;
    while at < tokens.len() {
        let (text, used) = term(&tokens[at..])?;
        let glued = expression.is_empty() || expression.ends_with('(') || text == ")";
        if !glued {
            expression.push(' ');
        }
        expression.push_str(&text);
        at += used;
    }
    spdx::Expression::parse(&expression).is_ok().then_some(expression)
}

/// The SPDX spelling of what the tokens start with, and how many of them it takes: the longest known name first.
fn term(tokens: &[&str]) -> Option<(String, usize)> {
    let word = *tokens.first()?;
    let operator = match word {
        "(" | ")" => Some(word),
        "/" => Some("OR"),
        _ => ["AND", "OR", "WITH"].into_iter().find(|operator| operator.eq_ignore_ascii_case(word)),
    };
    if let Some(operator) = operator {
        return Some((operator.to_owned(), 1));
    }
    if names::starts_a_phrase(word) {
        let words = tokens.iter().take_while(|token| !matches!(**token, "(" | ")" | "/")).count();
        for count in (2..=words.min(names::LONGEST_PHRASE)).rev() {
            if let Some(id) = names::of_phrase(&tokens[..count].join(" ")) {
                return Some((id, count));
            }
        }
    }
    Some((names::of_phrase(word).or_else(|| reference_or_exception(word))?, 1))
}

/// `LicenseRef-…`, which has no list, and exceptions, which only follow a `WITH`.
fn reference_or_exception(word: &str) -> Option<String> {
    if word.starts_with("LicenseRef-") || word.starts_with("DocumentRef-") {
        return Some(word.to_owned());
    }
    let exceptions = spdx::identifiers::EXCEPTIONS;
    exceptions.iter().find(|(id, _)| id.eq_ignore_ascii_case(word)).map(|(id, _)| (*id).to_owned())
}

/// Words, and the characters that are tokens by themselves.
fn tokens(value: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    for mut word in value.split_whitespace() {
        while let Some(at) = word.find(['(', ')', '/']) {
            if at > 0 {
                tokens.push(&word[..at]);
            }
            tokens.push(&word[at..=at]);
            word = &word[at + 1..];
        }
        if !word.is_empty() {
            tokens.push(word);
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalised(value: &str) -> String {
        normalise(value).unwrap_or_default()
    }

    #[test]
    fn expressions_are_spelt_as_spdx_spells_them() {
        for (value, expected) in [
            ("MIT", "MIT"),
            ("mit", "MIT"),
            ("apache-2.0 or mit", "Apache-2.0 OR MIT"),
            ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
            ("(mit  AND (bsd-3-clause OR zlib))", "(MIT AND (BSD-3-Clause OR Zlib))"),
            ("Apache-2.0 with llvm-exception", "Apache-2.0 WITH LLVM-exception"),
            ("GPL-2.0+ WITH Classpath-exception-2.0", "GPL-2.0-or-later WITH Classpath-exception-2.0"),
            ("LicenseRef-acme AND MIT", "LicenseRef-acme AND MIT"),
            ("Apache-2.0+", "Apache-2.0+"),
        ] {
            assert_eq!(normalised(value), expected, "{value}");
        }
    }

    #[test]
    fn the_spellings_of_package_managers_are_understood() {
        for (value, expected) in [
            ("GPLv2+", "GPL-2.0-or-later"),
            ("GPL2+", "GPL-2.0-or-later"),
            ("GPL-2", "GPL-2.0-only"),
            ("GPL-2.0", "GPL-2.0-only"),
            ("LGPLv2+ and MIT", "LGPL-2.0-or-later AND MIT"),
            ("LGPL-2.1+", "LGPL-2.1-or-later"),
            ("GPLv3+ and GFDL-1.3+", "GPL-3.0-or-later AND GFDL-1.3-or-later"),
            ("ASL 2.0", "Apache-2.0"),
            ("ASL 2.0 and GPL v2 or later", "Apache-2.0 AND GPL-2.0-or-later"),
            ("Apache License, Version 2.0", "Apache-2.0"),
            ("The MIT License (MIT)", "MIT"),
            ("GNU General Public License v3 or later (GPLv3+)", "GPL-3.0-or-later"),
            ("GPL (>= 2)", "GPL-2.0-or-later"),
            ("BSD 3-Clause", "BSD-3-Clause"),
            ("MPLv2.0", "MPL-2.0"),
        ] {
            assert_eq!(normalised(value), expected, "{value}");
        }
    }

    #[test]
    fn what_could_mean_several_licences_stays_a_name() {
        for value in
            ["BSD", "GPL", "public domain", "MIT AND", "GPLv9", "((MIT)", "see LICENSE", "GPLv3+ with exceptions"]
        {
            assert_eq!(normalised(value), "", "{value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_out_is_a_valid_expression(value in "[A-Za-z0-9+.()/ -]{0,60}|\\PC{0,40}") {
            if let Some(expression) = normalise(&value) {
                spdx::Expression::parse(&expression).expect("valid");
                proptest::prop_assert_eq!(normalise(&expression), Some(expression));
            }
        }
    }
}
