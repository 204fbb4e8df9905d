//! Arch Linux: `vercmp` of pacman, `lib/libalpm/version.c`.
//!
//! A cousin of RPM's comparison without `~` and `^`: here letters at the end make a version older (`1.0rc` < `1.0`) and
//! the number of separating characters counts. A missing epoch is 0. Where separators stand at an end or several in a
//! row, vercmp goes in circles (`7.0` < `7..x` < `7.` < `7.0`), and so do we.

use std::cmp::Ordering;

use super::Order;
use crate::digits;

pub(super) const ORDER: Order = Order {
    name: "pacman",
    aliases: &["alpm"],
    package_types: &["alpm"],
    check,
    compare: |a, b| {
        let (a, b) = (Evr::split(a), Evr::split(b));
        a.compare_version(&b).then_with(|| match (a.release, b.release) {
            (Some(a), Some(b)) => compare_segments(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        })
    },
    // As vercmp: a version without release stands for all its releases. That is right for a constraint, but would make
    // 1-1 < 1-2 and yet both equal to 1, so it is not the total order.
    against: |installed, named, _| {
        let (installed, named) = (Evr::split(installed), Evr::split(named));
        installed.compare_version(&named).then_with(|| match (installed.release, named.release) {
            (Some(a), Some(b)) => compare_segments(a, b),
            _ => Ordering::Equal,
        })
    },
};

/// Epoch, version and release: `[epoch:]version[-release]`.
struct Evr<'a> {
    epoch: Option<&'a [u8]>,
    version: &'a [u8],
    release: Option<&'a [u8]>,
}

impl<'a> Evr<'a> {
    fn split(text: &'a [u8]) -> Evr<'a> {
        let (epoch, rest) = match text.iter().position(|&byte| byte == b':') {
            Some(at) => (Some(&text[..at]), &text[at + 1..]),
            None => (None, text),
        };
        match rest.iter().rposition(|&byte| byte == b'-') {
            Some(at) => Evr { epoch, version: &rest[..at], release: Some(&rest[at + 1..]) },
            None => Evr { epoch, version: rest, release: None },
        }
    }

    fn compare_version(&self, other: &Evr<'_>) -> Ordering {
        digits::compare(self.epoch.unwrap_or_default(), other.epoch.unwrap_or_default())
            .then_with(|| compare_segments(self.version, other.version))
    }
}

fn check(text: &[u8]) -> Result<(), &'static str> {
    let evr = Evr::split(text);
    if !evr.epoch.is_none_or(digits::is_number) {
        return Err("the epoch before \":\" is not a number");
    }
    if evr.version.is_empty() {
        return Err("there is no version before the release");
    }
    Ok(())
}

fn compare_segments(mut a: &[u8], mut b: &[u8]) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let separates = |byte: u8| !byte.is_ascii_alphanumeric();
    let is_letter = |byte: u8| byte.is_ascii_alphabetic();
    while !a.is_empty() && !b.is_empty() {
        let (separators_a, separators_b);
        (separators_a, a) = digits::split_while(a, separates);
        (separators_b, b) = digits::split_while(b, separates);
        if a.is_empty() || b.is_empty() {
            break;
        }
        let lengths = separators_a.len().cmp(&separators_b.len());
        if lengths.is_ne() {
            return lengths;
        }
        let number_a = a[0].is_ascii_digit();
        let number_b = b[0].is_ascii_digit();
        if number_a != number_b {
            return number_a.cmp(&number_b);
        }
        let order = if number_a {
            let ((run_a, rest_a), (run_b, rest_b)) = (digits::split_digits(a), digits::split_digits(b));
            (a, b) = (rest_a, rest_b);
            digits::compare(run_a, run_b)
        } else {
            let ((run_a, rest_a), (run_b, rest_b)) =
                (digits::split_while(a, is_letter), digits::split_while(b, is_letter));
            (a, b) = (rest_a, rest_b);
            run_a.cmp(run_b)
        };
        if order.is_ne() {
            return order;
        }
    }
    // More is newer, unless more means letters.
    match (a, b) {
        ([], []) => Ordering::Equal,
        ([first, ..], _) => {
            if is_letter(*first) {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
        ([], [first, ..]) => {
            if is_letter(*first) {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Format::Pacman;
    use crate::orders::testing::{assert_ascending, assert_equal, assert_invalid};
    use crate::{Options, satisfies};

    #[test]
    fn the_example_of_the_manual_is_in_order() {
        assert_ascending(Pacman, &["1.0a", "1.0b", "1.0beta", "1.0p", "1.0pre", "1.0rc", "1.0", "1.0.a", "1.0.1"]);
        assert_ascending(Pacman, &["1", "1.0", "1.1", "1.1.1", "1.2", "2.0", "3.0.0"]);
        assert_ascending(Pacman, &["9.99-1", "1:0.1-1"]);
        assert_equal(Pacman, &["1.0-1", "0:1.0-1", "1.00-01"]);
    }

    #[test]
    fn a_constraint_without_release_stands_for_all_releases() {
        assert_ascending(Pacman, &["1.0", "1.0-1", "1.0-2"]);
        for (constraint, expected) in [("<= 1.0", true), ("< 1.0", false), ("< 1.0-2", true), ("< 1.0-1", false)] {
            assert_eq!(satisfies("1.0-1", Pacman, constraint, Pacman, &Options::default()), Ok(expected));
        }
    }

    #[test]
    fn an_epoch_is_a_number() {
        assert_invalid(Pacman, &["a:1", ":1", "1:", "-1"]);
    }
}
