//! Assertions the tests of all orders share.

use std::cmp::Ordering;

use crate::{Format, Version};

fn parse(format: Format, text: &str) -> Version {
    Version::parse(text, format).unwrap_or_else(|error| panic!("{error}"))
}

/// Every version is below every later one, asked both ways round.
pub(crate) fn assert_ascending(format: Format, versions: &[&str]) {
    for (index, lower) in versions.iter().enumerate() {
        for higher in &versions[index + 1..] {
            assert_order(format, lower, Ordering::Less, higher);
        }
    }
}

/// Every version is equal to every other.
pub(crate) fn assert_equal(format: Format, versions: &[&str]) {
    for a in versions {
        for b in versions {
            assert_order(format, a, Ordering::Equal, b);
        }
    }
}

pub(crate) fn assert_invalid(format: Format, texts: &[&str]) {
    for text in texts {
        assert!(Version::parse(text, format).is_err(), "{text:?} was read as a {format} version");
    }
}

fn assert_order(format: Format, a: &str, order: Ordering, b: &str) {
    let (a, b) = (parse(format, a), parse(format, b));
    assert_eq!(a.compare(&b), Ok(order), "{format}: {a} against {b}");
    assert_eq!(b.compare(&a), Ok(order.reverse()), "{format}: {b} against {a}");
}
