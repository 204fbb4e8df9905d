//! RPM: `rpmvercmp` and the comparison of epoch, version and release, as RPM 4.15 and later.

use std::cmp::Ordering;

use super::Order;
use crate::digits;
use crate::options::{MissingEpoch, Options};

pub(super) const ORDER: Order = Order {
    name: "rpm",
    aliases: &[],
    package_types: &["rpm"],
    check,
    compare: |a, b| {
        let (a, b) = (Evr::split(a), Evr::split(b));
        digits::compare(a.epoch.unwrap_or_default(), b.epoch.unwrap_or_default()).then_with(|| a.compare(&b, true))
    },
    against,
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

    /// Version, then release; no release sorts below any.
    fn compare(&self, other: &Evr<'_>, caret: bool) -> Ordering {
        compare_segments(self.version, other.version, caret).then_with(|| match (self.release, other.release) {
            (Some(a), Some(b)) => compare_segments(a, b, caret),
            (a, b) => a.is_some().cmp(&b.is_some()),
        })
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

/// Where the constraint names no epoch, the package's is not looked at: several vendors drop epochs from advisories.
fn against(installed: &[u8], named: &[u8], options: Options) -> Ordering {
    let (installed, named) = (Evr::split(installed), Evr::split(named));
    let epochs = match (installed.epoch, named.epoch, options.missing_epoch) {
        (Some(a), Some(b), _) => digits::compare(a, b),
        (None, Some(b), MissingEpoch::Zero) => digits::compare(b"", b),
        _ => Ordering::Equal,
    };
    epochs.then_with(|| installed.compare(&named, !options.ignore_rpm_caret))
}

/// `rpmvercmp`: runs of letters and runs of digits, with any other characters between them; digits are newer than
/// letters, `~` is older than everything and the end, `^` newer than the end but older than everything else.
fn compare_segments(mut a: &[u8], mut b: &[u8], caret: bool) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let separates = |byte: u8| !(byte.is_ascii_alphanumeric() || byte == b'~' || (caret && byte == b'^'));
    loop {
        (_, a) = digits::split_while(a, separates);
        (_, b) = digits::split_while(b, separates);
        match (a, b) {
            ([b'~', rest_a @ ..], [b'~', rest_b @ ..]) | ([b'^', rest_a @ ..], [b'^', rest_b @ ..]) => {
                (a, b) = (rest_a, rest_b);
                continue;
            }
            ([b'~', ..], _) => return Ordering::Less,
            (_, [b'~', ..]) => return Ordering::Greater,
            ([], []) => return Ordering::Equal,
            ([], _) => return Ordering::Less,
            (_, []) => return Ordering::Greater,
            ([b'^', ..], _) => return Ordering::Less,
            (_, [b'^', ..]) => return Ordering::Greater,
            _ => {}
        }
        let order = match (a[0].is_ascii_digit(), b[0].is_ascii_digit()) {
            (true, true) => {
                let ((run_a, rest_a), (run_b, rest_b)) = (digits::split_digits(a), digits::split_digits(b));
                (a, b) = (rest_a, rest_b);
                digits::compare(run_a, run_b)
            }
            (false, false) => {
                let letter = |byte: u8| byte.is_ascii_alphabetic();
                let ((run_a, rest_a), (run_b, rest_b)) =
                    (digits::split_while(a, letter), digits::split_while(b, letter));
                (a, b) = (rest_a, rest_b);
                run_a.cmp(run_b)
            }
            (number_a, number_b) => number_a.cmp(&number_b),
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Format::Rpm;
    use crate::orders::testing::{assert_ascending, assert_equal, assert_invalid};
    use crate::{MissingEpoch, Options, satisfies};

    #[test]
    fn segments_tildes_and_carets_sort_as_in_rpm() {
        assert_ascending(Rpm, &["1.0~rc1", "1.0~rc2", "1.0", "1.0^", "1.0^git1", "1.0^git2", "1.0a", "1.0.1"]);
        assert_ascending(Rpm, &["1.0~rc1~git123", "1.0~rc1", "1.0~rc1^git1", "1.0^git1~pre", "1.0^git1"]);
        assert_ascending(Rpm, &["2.0", "2.0.1", "2.0.1a", "2.0.2"]);
        assert_ascending(Rpm, &["5.5p1", "5.5p2", "5.5p10"]);
        assert_ascending(Rpm, &["xyz.4", "8", "10xyz", "10.1xyz"]);
        assert_ascending(Rpm, &["1.1.1k-9.el8", "1.1.1k-9.el8_7", "1.1.1k-12.el8_9", "1:1.1.1-1"]);
    }

    #[test]
    fn separators_and_leading_zeros_make_no_difference() {
        assert_equal(Rpm, &["2.0.1", "2_0_1", "2.0.01", "0:2.0.1", "2.0..1", "2.0.1."]);
    }

    #[test]
    fn no_release_sorts_below_any() {
        assert_ascending(Rpm, &["1.0", "1.0-1", "1.0-2"]);
    }

    #[test]
    fn an_epoch_only_the_constraint_names_is_zero_or_taken_over() {
        let vulnerable = |version, missing_epoch| {
            satisfies(version, Rpm, "< 1:2.0-1", Rpm, &Options { missing_epoch, ..Options::default() }).unwrap()
        };
        assert!(vulnerable("3.0-1", MissingEpoch::Zero));
        assert!(!vulnerable("3.0-1", MissingEpoch::Auto));
        assert!(vulnerable("1.9-1", MissingEpoch::Auto));
        assert!(vulnerable("0:3.0-1", MissingEpoch::Auto));
    }

    #[test]
    fn an_epoch_only_the_package_has_is_ignored() {
        assert_eq!(satisfies("1:1.0-1", Rpm, "< 2.0-1", Rpm, &Options::default()), Ok(true));
    }

    #[test]
    fn the_caret_can_be_ignored_to_compare_with_older_scanners() {
        let older = Options { ignore_rpm_caret: true, ..Options::default() };
        assert_eq!(satisfies("1.0^1", Rpm, "< 1.0.1", Rpm, &Options::default()), Ok(true));
        assert_eq!(satisfies("1.0^1", Rpm, "< 1.0.1", Rpm, &older), Ok(false));
    }

    #[test]
    fn an_epoch_is_a_number() {
        assert_invalid(Rpm, &["a:1", ":1", "1:", "-1", "1:-1"]);
    }
}
