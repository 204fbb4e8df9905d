//! RubyGems: `Gem::Version`.
//!
//! Segments are numbers or words, words below numbers; zeros that end the number part or the version do not count, and
//! `-` reads as `.pre.`. A platform at the end (`-x86_64-linux`, `-java`), which is no part of a version but of a gem's
//! full name, is dropped.

use std::cmp::Ordering;

use super::Order;
use crate::digits;

pub(super) const ORDER: Order = Order {
    name: "gem",
    aliases: &["rubygems"],
    package_types: &["gem"],
    check,
    compare,
    against: |installed, named, _| compare(installed, named),
};

/// What the platform part of a gem's full name starts with.
const PLATFORMS: [&[u8]; 20] = [
    b"aarch64",
    b"amd64",
    b"arm",
    b"dalvik",
    b"darwin",
    b"i386",
    b"i686",
    b"java",
    b"jruby",
    b"linux",
    b"mingw",
    b"mswin",
    b"powerpc",
    b"ppc",
    b"riscv",
    b"s390",
    b"sparc",
    b"universal",
    b"x64",
    b"x86",
];

fn check(text: &[u8]) -> Result<(), &'static str> {
    let text = without_platform(text);
    let (version, prerelease) = match text.iter().position(|&byte| byte == b'-') {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    if !version.first().is_some_and(u8::is_ascii_digit) {
        return Err("it does not start with a number");
    }
    let (first, rest) = digits::split_digits(version);
    if !rest.is_empty() && (first.is_empty() || !rest.starts_with(b".")) {
        return Err("the first number is not followed by a dot");
    }
    let dotted = |part: &[u8], hyphen: bool| {
        part.split(|&byte| byte == b'.').all(|segment| {
            !segment.is_empty() && segment.iter().all(|&byte| byte.is_ascii_alphanumeric() || (hyphen && byte == b'-'))
        })
    };
    if !dotted(version, false) || !prerelease.is_none_or(|prerelease| dotted(prerelease, true)) {
        return Err("it is not made of letters and digits between single dots");
    }
    Ok(())
}

fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (canonical(without_platform(a)), canonical(without_platform(b)));
    loop {
        let (left, right) = (a.next(), b.next());
        if left.is_none() && right.is_none() {
            return Ordering::Equal;
        }
        let (left, right) = (left.unwrap_or(b"0"), right.unwrap_or(b"0"));
        let order = match (left[0].is_ascii_digit(), right[0].is_ascii_digit()) {
            (true, true) => digits::compare(left, right),
            (false, false) => left.cmp(right),
            (number_left, number_right) => number_left.cmp(&number_right),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// The segments, without the zeros that end the numbers before the first word.
fn canonical(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let first_word = text.iter().position(|&byte| byte == b'-' || byte.is_ascii_alphabetic()).unwrap_or(text.len());
    let (numbers, words) = text.split_at(first_word);
    let significant =
        Segments(numbers).enumerate().filter(|(_, run)| !digits::is_zero(run)).last().map_or(0, |(index, _)| index + 1);
    Segments(numbers).take(significant).chain(Segments(words))
}

/// Runs of digits, runs of letters, and `pre` for each hyphen; never an empty one.
struct Segments<'a>(&'a [u8]);

impl<'a> Iterator for Segments<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (_, text) = digits::split_while(self.0, |byte| byte != b'-' && !byte.is_ascii_alphanumeric());
        let (segment, rest) = match text {
            [] => (None, text),
            [b'-', rest @ ..] => (Some(b"pre".as_slice()), rest),
            [b'0'..=b'9', ..] => {
                let (run, rest) = digits::split_digits(text);
                (Some(run), rest)
            }
            _ => {
                let (run, rest) = digits::split_while(text, |byte| byte.is_ascii_alphabetic());
                (Some(run), rest)
            }
        };
        self.0 = rest;
        segment
    }
}

fn without_platform(text: &[u8]) -> &[u8] {
    let starts_platform =
        |&at: &usize| text[at] == b'-' && PLATFORMS.iter().any(|platform| text[at + 1..].starts_with(platform));
    (1..text.len()).find(starts_platform).map_or(text, |at| &text[..at])
}

#[cfg(test)]
mod tests {
    use crate::Format::Gem;
    use crate::orders::testing::{assert_ascending, assert_equal, assert_invalid};

    #[test]
    fn words_make_prereleases() {
        assert_ascending(Gem, &["1.0.0.a", "1.0.0.beta1", "1.0.0.beta2", "1.0.0.rc1", "1.0.0", "1.0.1", "1.10"]);
        assert_ascending(Gem, &["1.8.2.a", "1.8.2.a9", "1.8.2.a10", "1.8.2.b", "1.8.2"]);
        assert_ascending(Gem, &["1.0-1", "1.0", "1.0.1"]);
    }

    #[test]
    fn zeros_at_the_end_and_platforms_make_no_difference() {
        assert_equal(Gem, &["1", "1.0", "1.0.0", "1-java", "1.0-x86_64-linux-gnu", "1.0.0-arm64-darwin"]);
        assert_equal(Gem, &["1.a", "1.0.a", "1.0.0.a", "1.a.0"]);
        assert_equal(Gem, &["1.0-1", "1.pre.1"]);
    }

    #[test]
    fn other_texts_are_no_versions() {
        assert_invalid(Gem, &["a", "1..2", ".1", "1.", "1_0", "1 0", "1-", "-1"]);
    }
}
