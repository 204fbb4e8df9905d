//! The best guess for versions of unknown kind, and the order of npm, Rust, .NET and PHP packages.
//!
//! Every text is a version here. It is read as numbers joined by dots or underscores, then a rest, and the rest tells
//! three cases apart: a prerelease (a SemVer one, or a word such as `rc` or `snapshot`) sorts below the bare numbers,
//! anything else (`1.0.2k`, `4.2.8p15`) above them. So SemVer texts sort as SemVer says, and OpenSSL's letters, patch
//! levels and service packs as their makers mean them. Letters compare without regard to case.

use std::cmp::Ordering;

use super::Order;
use super::semantic::{compare_prereleases, strip_v};
use crate::digits;

pub(super) const ORDER: Order = Order {
    name: "unknown",
    aliases: &["fuzzy"],
    package_types: &[],
    check: |_| Ok(()),
    compare,
    against: |installed, named, _| compare(installed, named),
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest<'a> {
    Prerelease(&'a [u8]),
    Nothing,
    Other(&'a [u8]),
}

fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let ((numbers_a, rest_a), (numbers_b, rest_b)) = (split_numbers(strip_v(a)), split_numbers(strip_v(b)));
    let joins = |byte: &u8| matches!(byte, b'.' | b'_');
    digits::compare_lists(numbers_a.split(joins), numbers_b.split(joins))
        .then_with(|| Rest::read(rest_a).compare(Rest::read(rest_b)))
}

/// Splits off the leading digit runs that are joined by single dots or underscores.
fn split_numbers(text: &[u8]) -> (&[u8], &[u8]) {
    let (_, mut rest) = digits::split_digits(text);
    if rest.len() == text.len() {
        return (b"", text);
    }
    while let [b'.' | b'_', after @ ..] = rest
        && digits::starts_number(after)
    {
        (_, rest) = digits::split_digits(after);
    }
    text.split_at(text.len() - rest.len())
}

impl<'a> Rest<'a> {
    fn read(text: &'a [u8]) -> Rest<'a> {
        let (before_build, _) = digits::split_while(text, |byte| byte != b'+');
        let (separators, after) = digits::split_while(before_build, |byte| matches!(byte, b'-' | b'.' | b'_' | b'~'));
        let is_semver = separators == b"-"
            && !after.is_empty()
            && after.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
        match before_build {
            [] => Rest::Nothing,
            _ if is_semver || separators == b"~" || names_prerelease(after) => Rest::Prerelease(after),
            _ => Rest::Other(text),
        }
    }

    fn compare(self, other: Rest<'_>) -> Ordering {
        match (self, other) {
            (Rest::Prerelease(a), Rest::Prerelease(b)) => {
                compare_prereleases(a, b, |byte: u8| byte.to_ascii_lowercase())
            }
            (Rest::Other(a), Rest::Other(b)) => compare_runs(a, b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    fn rank(self) -> u8 {
        match self {
            Rest::Prerelease(_) => 0,
            Rest::Nothing => 1,
            Rest::Other(_) => 2,
        }
    }
}

/// Whether the text starts with a whole word for a version that is not final yet.
fn names_prerelease(text: &[u8]) -> bool {
    let (word, _) = digits::split_while(text, |byte| byte.is_ascii_alphabetic());
    [b"alpha".as_slice(), b"beta", b"rc", b"pre", b"preview", b"dev", b"snapshot"]
        .into_iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}

/// Compares run by run: digits by value, letters as text, digits above letters, and more above fewer.
fn compare_runs(mut a: &[u8], mut b: &[u8]) -> Ordering {
    let separates = |byte: u8| byte.is_ascii() && !byte.is_ascii_alphanumeric();
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
    loop {
        (_, a) = digits::split_while(a, separates);
        (_, b) = digits::split_while(b, separates);
        let order = match (a, b) {
            ([], _) | (_, []) => return b.is_empty().cmp(&a.is_empty()),
            ([b'0'..=b'9', ..], [b'0'..=b'9', ..]) => {
                let ((run_a, rest_a), (run_b, rest_b)) = (digits::split_digits(a), digits::split_digits(b));
                (a, b) = (rest_a, rest_b);
                digits::compare(run_a, run_b)
            }
            ([b'0'..=b'9', ..], _) => return Ordering::Greater,
            (_, [b'0'..=b'9', ..]) => return Ordering::Less,
            _ => {
                let ((run_a, rest_a), (run_b, rest_b)) =
                    (digits::split_while(a, is_letter), digits::split_while(b, is_letter));
                (a, b) = (rest_a, rest_b);
                run_a.iter().map(u8::to_ascii_lowercase).cmp(run_b.iter().map(u8::to_ascii_lowercase))
            }
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Format::Fuzzy;
    use crate::orders::testing::{assert_ascending, assert_equal};

    #[test]
    fn semver_texts_sort_as_semver_says() {
        assert_ascending(
            Fuzzy,
            &[
                "1.0.0-alpha",
                "1.0.0-alpha.1",
                "1.0.0-beta.2",
                "1.0.0-beta.11",
                "1.0.0-rc.1",
                "1.0.0",
                "1.0.1",
                "1.10.0",
            ],
        );
        assert_equal(Fuzzy, &["v1.0.0", "1.0", "1.0.0+build", "1.0.0.0"]);
    }

    #[test]
    fn letters_and_patch_levels_come_after_the_release() {
        assert_ascending(Fuzzy, &["1.0.1u", "1.0.2-beta1", "1.0.2", "1.0.2a", "1.0.2k", "1.0.2zg", "1.1.0"]);
        assert_ascending(Fuzzy, &["4.2.8", "4.2.8p9", "4.2.8p15", "4.2.9"]);
        assert_ascending(Fuzzy, &["95SE", "98", "98SP1", "98SP2"]);
        assert_ascending(Fuzzy, &["3.7.0", "16.3.2", "2000"]);
        assert_ascending(Fuzzy, &["1.8.0", "1.8.0_291", "1.8.0_302"]);
    }

    #[test]
    fn words_for_unfinished_versions_come_before_it() {
        assert_ascending(Fuzzy, &["1.0.0.dev3", "1.0.0RC1", "1.0.0", "1.0.0.Final"]);
        assert_ascending(Fuzzy, &["2.0~beta", "2.0-SNAPSHOT", "2.0"]);
    }

    #[test]
    fn numbers_are_above_words_and_case_makes_no_difference() {
        assert_ascending(Fuzzy, &["trunk", "1"]);
        assert_ascending(Fuzzy, &["r999", "r1234"]);
        assert_equal(Fuzzy, &["1.0K", "1.0k"]);
    }
}
