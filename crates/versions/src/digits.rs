//! Runs of decimal digits of any length, compared as numbers without being turned into one.
//!
//! Versions carry dates, build stamps and hostile input; a number type would overflow on some of them.

use std::cmp::Ordering;

/// Compares two runs of ASCII digits by value; the empty run is zero.
pub(crate) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (significant(a), significant(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Compares two lists of digit runs, the shorter one padded with zeros.
pub(crate) fn compare_lists<'a>(
    a: impl IntoIterator<Item = &'a [u8]>,
    b: impl IntoIterator<Item = &'a [u8]>,
) -> Ordering {
    let (mut a, mut b) = (a.into_iter(), b.into_iter());
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (left, right) => compare(left.unwrap_or_default(), right.unwrap_or_default()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// The run without leading zeros.
pub(crate) fn significant(run: &[u8]) -> &[u8] {
    let zeros = run.iter().take_while(|&&byte| byte == b'0').count();
    &run[zeros..]
}

pub(crate) fn is_zero(run: &[u8]) -> bool {
    significant(run).is_empty()
}

/// Splits off the leading bytes that fulfil `belongs`.
pub(crate) fn split_while(text: &[u8], belongs: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = text.iter().position(|&byte| !belongs(byte)).unwrap_or(text.len());
    text.split_at(end)
}

/// Splits off the leading ASCII digits.
pub(crate) fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    split_while(text, |byte| byte.is_ascii_digit())
}

pub(crate) fn starts_number(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_digit)
}

/// Whether the text is a non-empty run of digits.
pub(crate) fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length_compare_by_value() {
        assert_eq!(compare(b"007", b"7"), Ordering::Equal);
        assert_eq!(compare(b"10", b"9"), Ordering::Greater);
        assert_eq!(compare(b"", b"0"), Ordering::Equal);
        assert_eq!(compare(b"18446744073709551616", b"18446744073709551615"), Ordering::Greater);
    }

    #[test]
    fn shorter_lists_are_padded_with_zeros() {
        let list = |text: &'static str| text.split('.').map(str::as_bytes);
        assert_eq!(compare_lists(list("1.0.0"), list("1")), Ordering::Equal);
        assert_eq!(compare_lists(list("1.0.1"), list("1")), Ordering::Greater);
        assert_eq!(compare_lists(list("1"), list("1.0.1")), Ordering::Less);
    }
}
