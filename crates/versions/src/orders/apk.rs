//! Alpine: `src/version.c` of apk-tools.
//!
//! `digits{.digits}{letter{digits}}{_suffix{digits}}{~hash}{-r digits}`. A number after a dot that starts with `0` is compared
//! as text, like a fraction. A leading `v`, which apk itself refuses, is dropped.

use std::cmp::Ordering;

use super::Order;
use super::semantic::strip_v;
use crate::digits;

pub(super) const ORDER: Order = Order {
    name: "apk",
    aliases: &[],
    package_types: &["apk"],
    check,
    compare: |a, b| compare(Tokens::of(a), Tokens::of(b)),
    against: |installed, named, _| {
        // Records do not name commits: one that does not is about the version, whatever commit it was built from.
        let skip_hash = !named.contains(&b'~');
        compare(Tokens { skip_hash, ..Tokens::of(installed) }, Tokens::of(named))
    },
};

/// What may follow in a version, in the only order it may do so; of two versions that differ in what comes next, the
/// one with the earlier kind is newer (save prerelease suffixes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    FirstNumber,
    Number,
    Letter,
    Suffix,
    SuffixNumber,
    Hash,
    Revision,
    End,
}

/// Suffixes in ascending order, with the release between the two lists.
const PRERELEASE_SUFFIXES: [&[u8]; 4] = [b"alpha", b"beta", b"pre", b"rc"];
const LATER_SUFFIXES: [&[u8]; 5] = [b"cvs", b"svn", b"git", b"hg", b"p"];

#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    kind: Kind,
    value: &'a [u8],
    /// Of a suffix: negative for a prerelease, positive for the others.
    rank: i8,
}

struct Tokens<'a> {
    rest: &'a [u8],
    last: Option<Kind>,
    skip_hash: bool,
}

impl<'a> Tokens<'a> {
    fn of(text: &'a [u8]) -> Tokens<'a> {
        Tokens { rest: strip_v(text), last: None, skip_hash: false }
    }

    /// The next token; `Err` where the text breaks the grammar.
    fn next(&mut self) -> Result<Token<'a>, &'static str> {
        let Some(last) = self.last else {
            return self.number(Kind::FirstNumber, self.rest);
        };
        match *self.rest {
            [] => Ok(Token { kind: Kind::End, value: b"", rank: 0 }),
            [b'a'..=b'z', ref rest @ ..] if last <= Kind::Number => {
                let (value, _) = self.rest.split_at(1);
                Ok(self.take(Kind::Letter, value, rest))
            }
            // OpenBSD's portable releases: `3.3.3p1`.
            [b'0'..=b'9', ..] if last == Kind::Letter => self.number(Kind::FirstNumber, self.rest),
            [b'.', ref rest @ ..] if last <= Kind::Number => self.number(Kind::Number, rest),
            [b'0'..=b'9', ..] if last == Kind::Suffix => self.number(Kind::SuffixNumber, self.rest),
            [b'_', ref rest @ ..] if last <= Kind::SuffixNumber => {
                let (value, rest) = digits::split_while(rest, |byte| byte.is_ascii_lowercase());
                let Some(rank) = suffix_rank(value) else {
                    return Err("the suffix after \"_\" is unknown to apk");
                };
                Ok(Token { rank, ..self.take(Kind::Suffix, value, rest) })
            }
            [b'~', ref rest @ ..] if last < Kind::Hash => match digits::split_while(rest, is_hash) {
                ([], _) => Err("there is no commit hash after \"~\""),
                (hash, rest) => {
                    let token = self.take(Kind::Hash, hash, rest);
                    if self.skip_hash { self.next() } else { Ok(token) }
                }
            },
            [b'-', b'r', ref rest @ ..] if last < Kind::Revision => self.number(Kind::Revision, rest),
            _ => Err("it is not made of numbers, a letter, suffixes and a revision \"-rN\", in this order"),
        }
    }

    fn number(&mut self, kind: Kind, text: &'a [u8]) -> Result<Token<'a>, &'static str> {
        match digits::split_digits(text) {
            ([], _) => Err("a number is missing"),
            (number, rest) => Ok(self.take(kind, number, rest)),
        }
    }

    fn take(&mut self, kind: Kind, value: &'a [u8], rest: &'a [u8]) -> Token<'a> {
        self.rest = rest;
        self.last = Some(kind);
        Token { kind, value, rank: 0 }
    }
}

impl Token<'_> {
    /// Compares with a token of the same kind.
    fn compare(&self, other: &Token<'_>) -> Ordering {
        match self.kind {
            Kind::Number if self.value.starts_with(b"0") || other.value.starts_with(b"0") => {
                self.value.cmp(other.value)
            }
            Kind::FirstNumber | Kind::Number | Kind::SuffixNumber | Kind::Revision => {
                digits::compare(self.value, other.value)
            }
            Kind::Suffix => self.rank.cmp(&other.rank),
            Kind::Letter | Kind::Hash | Kind::End => self.value.cmp(other.value),
        }
    }
}

fn check(text: &[u8]) -> Result<(), &'static str> {
    let mut tokens = Tokens::of(text);
    while tokens.next()?.kind != Kind::End {}
    Ok(())
}

fn compare(mut a: Tokens<'_>, mut b: Tokens<'_>) -> Ordering {
    loop {
        let (Ok(left), Ok(right)) = (a.next(), b.next()) else {
            return a.rest.cmp(b.rest);
        };
        if left.kind == right.kind {
            let order = left.compare(&right);
            if order.is_ne() || left.kind == Kind::End {
                return order;
            }
        } else if left.rank < 0 {
            return Ordering::Less;
        } else if right.rank < 0 {
            return Ordering::Greater;
        } else {
            return right.kind.cmp(&left.kind);
        }
    }
}

fn suffix_rank(suffix: &[u8]) -> Option<i8> {
    let position = |list: &[&[u8]]| list.iter().position(|known| *known == suffix).map(|at| at as i8);
    position(&PRERELEASE_SUFFIXES)
        .map(|at| at - PRERELEASE_SUFFIXES.len() as i8)
        .or_else(|| position(&LATER_SUFFIXES).map(|at| at + 1))
}

fn is_hash(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use crate::Format::Apk;
    use crate::orders::testing::{assert_ascending, assert_equal, assert_invalid};
    use crate::{Options, satisfies};

    #[test]
    fn suffixes_letters_and_revisions_are_in_order() {
        assert_ascending(
            Apk,
            &[
                "1.2_alpha",
                "1.2_alpha1",
                "1.2_beta",
                "1.2_pre2",
                "1.2_rc1",
                "1.2_rc1-r1",
                "1.2",
                "1.2-r1",
                "1.2-r10",
                "1.2_cvs1",
                "1.2_svn1",
                "1.2_git20200101",
                "1.2_hg1",
                "1.2_p1",
                "1.2_p1-r1",
                "1.2_p1_p1",
                "1.2a",
                "1.2b",
                "1.2.0",
                "1.2.1",
                "1.10",
            ],
        );
    }

    #[test]
    fn numbers_with_leading_zeros_are_fractions() {
        assert_ascending(Apk, &["1.01", "1.0101", "1.02", "1.09", "1.1", "1.2", "1.10"]);
        assert_ascending(Apk, &["1.0", "1.00"]);
        assert_equal(Apk, &["01.1", "1.1", "v1.1"]);
        assert_equal(Apk, &["1-r01", "1-r1"]);
        assert_ascending(Apk, &["3.3.3", "3.3.3p1-r2", "3.3.3p1-r3", "3.3.3p2", "3.3.3p10", "3.3.4"]);
    }

    #[test]
    fn a_record_without_commit_is_about_every_commit() {
        assert_ascending(Apk, &["1.2", "1.2~abc", "1.2~abd", "1.2_p1"]);
        for (version, expected) in [("1.2~abcdef-r0", true), ("1.2~abcdef-r1", false)] {
            assert_eq!(satisfies(version, Apk, "< 1.2-r1", Apk, &Options::default()), Ok(expected), "{version}");
        }
    }

    #[test]
    fn what_apk_refuses_is_no_version() {
        assert_invalid(Apk, &["a", "1.", "1_foo", "1-r", "1-1", "1.2ab", "1~", "1-r1_p1", "1.2a.3", "1 2", "1.2-r1~a"]);
    }
}
