//! SemVer 2.0, read leniently: any number of components, a leading `v`, and a prerelease that lacks its hyphen
//! (`1.0rc1`) or has a dot instead (`4.0.0.beta2`, as Ruby projects write). Build metadata is ignored.

use std::cmp::Ordering;

use super::Order;
use crate::digits;

pub(super) const ORDER: Order = Order {
    name: "semantic",
    aliases: &["semver", "npm", "nuget", "composer", "hex", "pub", "swift", "conan", "cocoapods", "hackage"],
    package_types: &[],
    check: |text| parse(text, Hyphen::Optional).map(drop),
    compare,
    against: |installed, named, _| compare(installed, named),
};

/// A version's components and prerelease, as they are written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Parts<'a> {
    /// Digit runs joined by dots.
    pub(super) components: &'a [u8],
    /// Identifiers joined by dots, without the hyphen before them; empty for a release.
    pub(super) prerelease: &'a [u8],
}

/// Whether a prerelease has to be set off by a hyphen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hyphen {
    Required,
    Optional,
}

pub(super) fn parse(text: &[u8], hyphen: Hyphen) -> Result<Parts<'_>, &'static str> {
    let (components, rest) = split_components(strip_v(text));
    if components.is_empty() {
        return Err("it does not start with a number");
    }
    let (suffix, build) = match rest.iter().position(|&byte| byte == b'+') {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    if !build.is_none_or(|build| !build.is_empty() && build.iter().all(|&byte| is_identifier(byte) || byte == b'+')) {
        return Err("the build metadata after \"+\" is not made of letters, digits, \"-\" and \".\"");
    }
    let prerelease = match suffix {
        [] => return Ok(Parts { components, prerelease: b"" }),
        [b'-', prerelease @ ..] => prerelease,
        [b'.', prerelease @ ..] if hyphen == Hyphen::Optional && names_prerelease(prerelease) => prerelease,
        [first, ..] if hyphen == Hyphen::Optional && (first.is_ascii_alphabetic() || *first == b'~') => suffix,
        _ => return Err("the numbers are followed by something that is no prerelease"),
    };
    if prerelease.split(|&byte| byte == b'.').any(<[u8]>::is_empty) {
        return Err("the prerelease has an empty identifier");
    }
    if !prerelease.iter().copied().all(is_identifier) {
        return Err("the prerelease is not made of letters, digits, \"-\" and \".\"");
    }
    Ok(Parts { components, prerelease })
}

impl Parts<'_> {
    pub(super) fn compare(&self, other: &Parts<'_>) -> Ordering {
        compare_components(self.components, other.components)
            .then_with(|| compare_prereleases(self.prerelease, other.prerelease, |byte| byte))
    }
}

fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let parts = |text| parse(text, Hyphen::Optional).unwrap_or_default();
    parts(a).compare(&parts(b))
}

pub(super) fn compare_components(a: &[u8], b: &[u8]) -> Ordering {
    digits::compare_lists(a.split(|&byte| byte == b'.'), b.split(|&byte| byte == b'.'))
}

/// SemVer 2.0, item 11, with `fold` applied to the letters: no prerelease is above any, numbers are below words.
pub(super) fn compare_prereleases(a: &[u8], b: &[u8], fold: impl Fn(u8) -> u8) -> Ordering {
    if a.is_empty() || b.is_empty() {
        return a.is_empty().cmp(&b.is_empty());
    }
    let (mut a, mut b) = (a.split(|&byte| byte == b'.'), b.split(|&byte| byte == b'.'));
    loop {
        let order = match (a.next(), b.next()) {
            (Some(a), Some(b)) => match (digits::is_number(a), digits::is_number(b)) {
                (true, true) => digits::compare(a, b),
                (false, false) => a.iter().copied().map(&fold).cmp(b.iter().copied().map(&fold)),
                (number_a, number_b) => number_b.cmp(&number_a),
            },
            (None, None) => return Ordering::Equal,
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Without a `v` that stands before a digit.
pub(super) fn strip_v(text: &[u8]) -> &[u8] {
    match text {
        [b'v' | b'V', rest @ ..] if digits::starts_number(rest) => rest,
        _ => text,
    }
}

/// Splits off the leading digit runs that are joined by single dots.
pub(super) fn split_components(text: &[u8]) -> (&[u8], &[u8]) {
    let (_, mut rest) = digits::split_digits(text);
    if rest.len() == text.len() {
        return (b"", text);
    }
    while let [b'.', after @ ..] = rest
        && digits::starts_number(after)
    {
        (_, rest) = digits::split_digits(after);
    }
    text.split_at(text.len() - rest.len())
}

fn names_prerelease(text: &[u8]) -> bool {
    let starts_with = |word: &[u8]| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    [b"alpha".as_slice(), b"beta", b"rc"].into_iter().any(starts_with)
}

fn is_identifier(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'~')
}

#[cfg(test)]
mod tests {
    use crate::Format::Semantic;
    use crate::orders::testing::{assert_ascending, assert_equal, assert_invalid};

    #[test]
    fn the_example_of_the_specification_is_in_order() {
        assert_ascending(
            Semantic,
            &[
                "1.0.0-alpha",
                "1.0.0-alpha.1",
                "1.0.0-alpha.beta",
                "1.0.0-beta",
                "1.0.0-beta.2",
                "1.0.0-beta.11",
                "1.0.0-rc.1",
                "1.0.0",
            ],
        );
        assert_ascending(Semantic, &["1.9.0", "1.10.0", "1.11.0", "2"]);
    }

    #[test]
    fn spellings_of_one_version_are_equal() {
        assert_equal(Semantic, &["1", "v1.0", "V1.0.0", "1.0.0.0", "1.0.0+build.5", "01.0"]);
        assert_equal(Semantic, &["4.0.0-rc1", "4.0.0.rc1", "4.0.0rc1", "4-rc1"]);
        assert_ascending(Semantic, &["4.0.0.beta2", "4.0.0.rc1", "4.0.0", "4.0.0.1"]);
    }

    #[test]
    fn other_texts_are_no_versions() {
        assert_invalid(Semantic, &["x", "1.0.0.Final", "1.0-", "1.0-a..b", "1_2", "1.", "1.0+", "v", "-1"]);
    }
}
