//! Debian: Debian Policy, section 5.6.12, as `dpkg --compare-versions` does it.
//!
//! `[epoch:]upstream[-revision]`; a missing epoch is 0 and a missing revision equals `0`. dpkg warns of versions that
//! do not start with a digit or hold unusual characters, but it compares them, and so does this order.

use std::cmp::Ordering;

use super::Order;
use crate::digits;

pub(super) const ORDER: Order = Order {
    name: "deb",
    aliases: &["dpkg"],
    package_types: &["deb"],
    check,
    compare,
    against: |installed, named, _| compare(installed, named),
};

fn check(text: &[u8]) -> Result<(), &'static str> {
    let (epoch, rest) = split_epoch(text);
    if !epoch.is_none_or(digits::is_number) {
        return Err("the epoch before \":\" is not a number");
    }
    match split_revision(rest) {
        ([], _) => return Err("there is no upstream version"),
        (_, []) if rest.ends_with(b"-") => return Err("there is no revision after \"-\""),
        _ => {}
    }
    if rest.iter().any(u8::is_ascii_whitespace) {
        return Err("it contains white space");
    }
    Ok(())
}

fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let ((epoch_a, a), (epoch_b, b)) = (split_epoch(a), split_epoch(b));
    let ((upstream_a, revision_a), (upstream_b, revision_b)) = (split_revision(a), split_revision(b));
    digits::compare(epoch_a.unwrap_or_default(), epoch_b.unwrap_or_default())
        .then_with(|| compare_part(upstream_a, upstream_b))
        .then_with(|| compare_part(revision_a, revision_b))
}

fn split_epoch(text: &[u8]) -> (Option<&[u8]>, &[u8]) {
    match text.iter().position(|&byte| byte == b':') {
        Some(at) => (Some(&text[..at]), &text[at + 1..]),
        None => (None, text),
    }
}

fn split_revision(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().rposition(|&byte| byte == b'-') {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, b""),
    }
}

/// Alternates between runs of non-digits and runs of digits, both of which may be empty.
fn compare_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !(a.is_empty() && b.is_empty()) {
        let (text_a, rest_a) = digits::split_while(a, |byte| !byte.is_ascii_digit());
        let (text_b, rest_b) = digits::split_while(b, |byte| !byte.is_ascii_digit());
        let (number_a, rest_a) = digits::split_digits(rest_a);
        let (number_b, rest_b) = digits::split_digits(rest_b);
        let order = compare_text(text_a, text_b).then_with(|| digits::compare(number_a, number_b));
        if order.is_ne() {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
    Ordering::Equal
}

fn compare_text(a: &[u8], b: &[u8]) -> Ordering {
    let weights = |text: &[u8], at: usize| text.get(at).map_or(0, |&byte| weight(byte));
    (0..a.len().max(b.len()))
        .map(|at| weights(a, at).cmp(&weights(b, at)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// `~` sorts before the end of the part (0), letters before everything else.
fn weight(byte: u8) -> i32 {
    match byte {
        b'~' => -1,
        _ if byte.is_ascii_alphabetic() => i32::from(byte),
        _ => i32::from(byte) + 256,
    }
}

#[cfg(test)]
mod tests {
    use crate::Format::Deb;
    use crate::orders::testing::{assert_ascending, assert_equal, assert_invalid};

    #[test]
    fn tilde_sorts_before_the_end_and_letters_before_other_characters() {
        assert_ascending(Deb, &["1.0~~", "1.0~~a", "1.0~", "1.0~rc1", "1.0", "1.0a", "1.0+b", "1.0.1"]);
        assert_ascending(Deb, &["1.0-1~bpo1", "1.0-1", "1.0-1ubuntu1", "1.0-1+deb12u1", "1.0-2", "1.0-10"]);
        assert_ascending(Deb, &["9.99", "1:0.1", "1:0.2~a", "2:0"]);
        assert_ascending(Deb, &["2.36-9+deb12u3", "2.36-9+deb12u4", "2.36-9+deb12u10"]);
        assert_ascending(Deb, &["1.2-3", "1.2-3.1", "1.2.3-1"]);
    }

    #[test]
    fn missing_parts_and_leading_zeros_make_no_difference() {
        assert_equal(Deb, &["1.0", "0:1.0", "1.0-0", "1.00", "01.0"]);
        assert_equal(Deb, &["1.0a", "1.0a0"]);
    }

    #[test]
    fn texts_dpkg_refuses_are_no_versions() {
        assert_invalid(Deb, &["a:1", ":1", "1:", "-1", "1-", "1 2"]);
    }
}
