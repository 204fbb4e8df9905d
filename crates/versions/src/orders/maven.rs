//! Maven: `ComparableVersion` of Maven 3.8 and 3.9.
//!
//! A version is a list of numbers and qualifiers; a hyphen, or a change between digits and letters, opens a list
//! within the list, always as its last item. A trailing `.jre8` or `.jdk17`, which names a variant of one release, is
//! dropped first. Where a word stands between dots, Maven goes in circles (`1` < `1.x.1` < `1-beta` < `1`), and so do we.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::Order;
use crate::digits;

pub(super) const ORDER: Order = Order {
    name: "maven",
    aliases: &["java-archive", "jenkins-plugin"],
    package_types: &["java-archive"],
    check: |_| Ok(()),
    compare,
    against: |installed, named, _| compare(installed, named),
};

/// As lists are only ever opened at the end of a list, a version is a sequence in which `Open` stands for a list that
/// holds all later items.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Item<'a> {
    Number(&'a [u8]),
    Qualifier(Qualifier<'a>),
    Open,
}

/// Known qualifiers in ascending order, then all others by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Qualifier<'a> {
    Alpha,
    Beta,
    Milestone,
    Candidate,
    Snapshot,
    Release,
    ServicePack,
    Other(&'a [u8]),
}

fn compare(a: &[u8], b: &[u8]) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let (a, b) = (lower_case(without_runtime(a)), lower_case(without_runtime(b)));
    compare_items(&parse(&a), &parse(&b))
}

fn compare_items(a: &[Item<'_>], b: &[Item<'_>]) -> Ordering {
    for at in 0..a.len().max(b.len()) {
        let order = match (a.get(at), b.get(at)) {
            (Some(a), Some(b)) => a.compare(b),
            (Some(_), None) => return compare_with_nothing(&a[at..]),
            (None, _) => return compare_with_nothing(&b[at..]).reverse(),
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

impl Item<'_> {
    /// A qualifier is below a list, which is below a number.
    fn compare(&self, other: &Item<'_>) -> Ordering {
        match (self, other) {
            (Item::Number(a), Item::Number(b)) => digits::compare(a, b),
            (Item::Qualifier(a), Item::Qualifier(b)) => a.cmp(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Item::Qualifier(_) => 0,
            Item::Open => 1,
            Item::Number(_) => 2,
        }
    }

    fn is_null(&self) -> bool {
        match self {
            Item::Number(run) => digits::is_zero(run),
            Item::Qualifier(qualifier) => *qualifier == Qualifier::Release,
            Item::Open => false,
        }
    }
}

/// What remains of the longer version decides by its first item that means something.
fn compare_with_nothing(items: &[Item<'_>]) -> Ordering {
    let decides = |item: &Item<'_>| match item {
        Item::Number(run) => digits::compare(run, b"0"),
        Item::Qualifier(qualifier) => qualifier.cmp(&Qualifier::Release),
        Item::Open => Ordering::Equal,
    };
    items.iter().map(decides).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn parse(text: &[u8]) -> Vec<Item<'_>> {
    let mut items = Vec::with_capacity(8);
    let mut start = 0;
    let mut in_digits = false;
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'.' | b'-' => {
                items.push(if at == start { Item::Number(b"") } else { item(&text[start..at], in_digits) });
                start = at + 1;
                if byte == b'-' {
                    open(&mut items);
                }
            }
            b'0'..=b'9' => {
                if !in_digits && at > start {
                    // `.X1` reads as `-X1`.
                    open(&mut items);
                    items.push(Item::Qualifier(Qualifier::read(&text[start..at], true)));
                    start = at;
                    open(&mut items);
                }
                in_digits = true;
            }
            _ => {
                if in_digits && at > start {
                    items.push(Item::Number(&text[start..at]));
                    start = at;
                    open(&mut items);
                }
                in_digits = false;
            }
        }
    }
    if start < text.len() {
        if !in_digits {
            open(&mut items);
        }
        items.push(item(&text[start..], in_digits));
    }
    normalise(items)
}

fn item(text: &[u8], is_number: bool) -> Item<'_> {
    if is_number { Item::Number(text) } else { Item::Qualifier(Qualifier::read(text, false)) }
}

/// Opens a list, unless the current one is still empty.
fn open(items: &mut Vec<Item<'_>>) {
    if !matches!(items.last(), None | Some(Item::Open)) {
        items.push(Item::Open);
    }
}

/// Drops the items that mean nothing at the end of each list: those before a nested list, and the empty lists.
fn normalise(items: Vec<Item<'_>>) -> Vec<Item<'_>> {
    let mut kept = Vec::with_capacity(items.len());
    let mut at_end = true;
    for item in items.into_iter().rev() {
        match item {
            Item::Open => {
                at_end = true;
                // A list that lost all its items is gone itself; one that holds only a list is not.
                if !kept.is_empty() {
                    kept.push(item);
                }
            }
            _ if at_end && item.is_null() => {}
            _ => {
                at_end = false;
                kept.push(item);
            }
        }
    }
    kept.reverse();
    kept
}

impl<'a> Qualifier<'a> {
    /// Single letters are short for a phase only when a digit follows: `a1`, but not `a`.
    fn read(text: &'a [u8], before_digit: bool) -> Qualifier<'a> {
        match text {
            b"a" if before_digit => Qualifier::Alpha,
            b"b" if before_digit => Qualifier::Beta,
            b"m" if before_digit => Qualifier::Milestone,
            b"alpha" => Qualifier::Alpha,
            b"beta" => Qualifier::Beta,
            b"milestone" => Qualifier::Milestone,
            b"rc" | b"cr" => Qualifier::Candidate,
            b"snapshot" => Qualifier::Snapshot,
            b"" | b"ga" | b"final" | b"release" => Qualifier::Release,
            b"sp" => Qualifier::ServicePack,
            other => Qualifier::Other(other),
        }
    }
}

fn lower_case(text: &[u8]) -> Cow<'_, [u8]> {
    if text.iter().any(u8::is_ascii_uppercase) { text.to_ascii_lowercase().into() } else { text.into() }
}

/// Without `.jreN` or `.jdkN` at the end.
fn without_runtime(text: &[u8]) -> &[u8] {
    let Some(at) = text.iter().rposition(|&byte| byte == b'.') else { return text };
    match text[at + 1..].split_at_checked(3) {
        Some((word, number))
            if (word.eq_ignore_ascii_case(b"jre") || word.eq_ignore_ascii_case(b"jdk"))
                && digits::is_number(number)
                && at > 0 =>
        {
            &text[..at]
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use crate::Format::Maven;
    use crate::orders::testing::{assert_ascending, assert_equal};

    #[test]
    fn qualifiers_are_in_order() {
        assert_ascending(
            Maven,
            &[
                "1-alpha2snapshot",
                "1-alpha2",
                "1-alpha-123",
                "1-beta-2",
                "1-beta123",
                "1-m2",
                "1-m11",
                "1-rc",
                "1-cr2",
                "1-rc123",
                "1-SNAPSHOT",
                "1",
                "1-sp",
                "1-sp2",
                "1-sp123",
                "1-abc",
                "1-def",
                "1-pom-1",
                "1-1-snapshot",
                "1-1",
                "1-2",
                "1-123",
            ],
        );
    }

    #[test]
    fn numbers_are_in_order() {
        assert_ascending(
            Maven,
            &[
                "2.0", "2.0.a", "2-1", "2.0.2", "2.0.123", "2.1.0", "2.1-a", "2.1b", "2.1-c", "2.1-1", "2.1.0.1",
                "2.2", "2.123", "11.a2", "11.a11", "11.b2", "11.b11", "11.m2", "11.m11", "11", "11.a", "11b", "11c",
                "11m",
            ],
        );
        assert_ascending(Maven, &["2.14.1", "2.15.0", "2.17.0-rc1", "2.17.0", "20230227"]);
    }

    #[test]
    fn spellings_of_one_version_are_equal() {
        assert_equal(Maven, &["1", "1.0", "1.0.0", "1-0", "1.0-0", "1.ga", "1-final", "1.0.RELEASE", "1."]);
        assert_equal(Maven, &["1a1", "1-alpha-1", "1.0alpha1", "1-A1"]);
        assert_equal(Maven, &["1x", "1-x", "1.0.0-x", "1.0.0x", "1.x", "1.X"]);
        assert_equal(Maven, &["12.10.2", "12.10.2.jre11", "12.10.2.JDK17"]);
    }
}
