//! Gentoo: the Package Manager Specification, section 3.3 (version comparison).
//!
//! `digits{.digits}{letter}{_suffix{digits}}{-r digits}`. After the first number, one that starts with `0` makes the
//! comparison a fractional one: as text, without trailing zeros.

use std::cmp::Ordering;

use super::Order;
use super::semantic::split_components;
use crate::digits;

pub(super) const ORDER: Order = Order {
    name: "portage",
    aliases: &[],
    package_types: &["portage"],
    check,
    compare,
    against: |installed, named, _| compare(installed, named),
};

struct Parts<'a> {
    components: &'a [u8],
    letter: Option<u8>,
    /// Each with the underscore before it.
    suffixes: &'a [u8],
    revision: &'a [u8],
}

impl<'a> Parts<'a> {
    fn split(text: &'a [u8]) -> Parts<'a> {
        let (components, rest) = split_components(text);
        let (letter, rest) = match rest {
            [letter @ b'a'..=b'z', rest @ ..] => (Some(*letter), rest),
            _ => (None, rest),
        };
        let (suffixes, revision) = digits::split_while(rest, |byte| byte != b'-');
        Parts { components, letter, suffixes, revision }
    }

    fn suffixes(&self) -> impl Iterator<Item = (Option<i8>, &'a [u8])> {
        self.suffixes.split(|&byte| byte == b'_').skip(1).map(|suffix| {
            let (word, number) = digits::split_while(suffix, |byte| byte.is_ascii_lowercase());
            (rank(word), number)
        })
    }

    fn revision_number(&self) -> &'a [u8] {
        self.revision.strip_prefix(b"-r").unwrap_or_default()
    }
}

fn check(text: &[u8]) -> Result<(), &'static str> {
    let parts = Parts::split(text);
    if parts.components.is_empty() {
        return Err("it does not start with a number");
    }
    if !(parts.suffixes.is_empty() || parts.suffixes.starts_with(b"_")) {
        return Err("the numbers are followed by more than one letter");
    }
    if parts.suffixes().any(|(rank, number)| rank.is_none() || !(number.is_empty() || digits::is_number(number))) {
        return Err("a suffix is not one of _alpha, _beta, _pre, _rc and _p with a number");
    }
    if !(parts.revision.is_empty() || digits::is_number(parts.revision_number())) {
        return Err("the revision is not \"-r\" with a number");
    }
    Ok(())
}

fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (Parts::split(a), Parts::split(b));
    compare_components(a.components, b.components)
        .then_with(|| a.letter.cmp(&b.letter))
        .then_with(|| compare_suffixes(a.suffixes(), b.suffixes()))
        .then_with(|| digits::compare(a.revision_number(), b.revision_number()))
}

fn compare_components(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (a.split(|&byte| byte == b'.'), b.split(|&byte| byte == b'.'));
    let first = digits::compare(a.next().unwrap_or_default(), b.next().unwrap_or_default());
    if first.is_ne() {
        return first;
    }
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (Some(a), Some(b)) if a.starts_with(b"0") || b.starts_with(b"0") => {
                without_trailing_zeros(a).cmp(without_trailing_zeros(b))
            }
            (Some(a), Some(b)) => digits::compare(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// No suffix stands between `_rc` and `_p`, and a suffix without number is numbered 0.
fn compare_suffixes<'a>(
    mut a: impl Iterator<Item = (Option<i8>, &'a [u8])>,
    mut b: impl Iterator<Item = (Option<i8>, &'a [u8])>,
) -> Ordering {
    loop {
        let (left, right) = (a.next(), b.next());
        if left.is_none() && right.is_none() {
            return Ordering::Equal;
        }
        let rank = |suffix: &Option<(Option<i8>, &[u8])>| suffix.map_or(0, |(rank, _)| rank.unwrap_or_default());
        let number = |suffix: &Option<(Option<i8>, &'a [u8])>| suffix.map_or(b"".as_slice(), |(_, number)| number);
        let order = rank(&left).cmp(&rank(&right)).then_with(|| digits::compare(number(&left), number(&right)));
        if order.is_ne() {
            return order;
        }
    }
}

fn rank(suffix: &[u8]) -> Option<i8> {
    Some(match suffix {
        b"alpha" => -4,
        b"beta" => -3,
        b"pre" => -2,
        b"rc" => -1,
        b"p" => 1,
        _ => return None,
    })
}

fn without_trailing_zeros(run: &[u8]) -> &[u8] {
    let zeros = run.iter().rev().take_while(|&&byte| byte == b'0').count();
    &run[..run.len() - zeros]
}

#[cfg(test)]
mod tests {
    use crate::Format::Portage;
    use crate::orders::testing::{assert_ascending, assert_equal, assert_invalid};

    #[test]
    fn suffixes_letters_and_revisions_are_in_order() {
        assert_ascending(
            Portage,
            &[
                "1.2_alpha",
                "1.2_alpha1",
                "1.2_beta",
                "1.2_pre",
                "1.2_rc1",
                "1.2_rc1-r1",
                "1.2",
                "1.2-r1",
                "1.2-r10",
                "1.2_p",
                "1.2_p1",
                "1.2a",
                "1.2b_p1",
                "1.2.0",
                "1.2.1",
                "1.10",
                "2",
            ],
        );
    }

    #[test]
    fn numbers_with_leading_zeros_are_fractions() {
        assert_ascending(Portage, &["1.01", "1.012", "1.02", "1.1", "1.2", "1.10"]);
        assert_equal(Portage, &["1.010", "1.01", "1.01-r0"]);
        assert_equal(Portage, &["01.1", "1.1"]);
    }

    #[test]
    fn other_texts_are_no_versions() {
        assert_invalid(Portage, &["a", "1.", "1.2ab", "1_foo", "1_p1a", "1-1", "1-r", "1-r1_p1", "1__p"]);
    }
}
