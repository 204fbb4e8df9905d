//! Python: PEP 440 with all its alternative spellings, as the `packaging` library reads them.
//!
//! `[v][N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local]`.

use std::cmp::Ordering;

use super::Order;
use super::semantic::split_components;
use crate::digits;

pub(super) const ORDER: Order = Order {
    name: "python",
    aliases: &["pypi", "pep440"],
    package_types: &["python"],
    check: |text| Pep440::parse(text).map(drop),
    compare: |a, b| Pep440::compared(a, b, |a, b| a.compare_public(b).then_with(|| compare_locals(a.local, b.local))),
    // A specifier without a local segment is about all builds of the version.
    against: |installed, named, _| {
        Pep440::compared(installed, named, |installed, named| {
            installed.compare_public(named).then_with(|| match named.local {
                b"" => Ordering::Equal,
                local => compare_locals(installed.local, local),
            })
        })
    },
};

#[derive(Default)]
struct Pep440<'a> {
    epoch: &'a [u8],
    release: &'a [u8],
    prerelease: Option<(Phase, &'a [u8])>,
    /// The number of the post-release, empty for 0.
    post: Option<&'a [u8]>,
    dev: Option<&'a [u8]>,
    local: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Alpha,
    Beta,
    Candidate,
}

/// The spellings of each phase; of two that start alike, the longer comes first.
const PHASES: [(&[u8], Phase); 8] = [
    (b"alpha", Phase::Alpha),
    (b"a", Phase::Alpha),
    (b"beta", Phase::Beta),
    (b"b", Phase::Beta),
    (b"preview", Phase::Candidate),
    (b"pre", Phase::Candidate),
    (b"rc", Phase::Candidate),
    (b"c", Phase::Candidate),
];

impl<'a> Pep440<'a> {
    fn parse(text: &'a [u8]) -> Result<Pep440<'a>, &'static str> {
        let text = text.strip_prefix(b"v").or_else(|| text.strip_prefix(b"V")).unwrap_or(text);
        let (epoch, text) = match digits::split_digits(text) {
            (epoch, [b'!', rest @ ..]) if !epoch.is_empty() => (epoch, rest),
            _ => (b"".as_slice(), text),
        };
        let (release, rest) = split_components(text);
        if release.is_empty() {
            return Err("it does not start with a number");
        }
        if rest.is_empty() {
            return Ok(Pep440 { epoch, release, ..Pep440::default() });
        }
        let (prerelease, rest) = split_phase(rest);
        let (post, rest) = split_post(rest);
        let (dev, rest) = match split_word(rest, b"dev") {
            Some((number, rest)) => (Some(number), rest),
            None => (None, rest),
        };
        let local = match rest {
            [] => rest,
            [b'+', local @ ..] if is_local(local) => local,
            [b'+', ..] => return Err("the local segment after \"+\" is not made of letters and digits"),
            _ => return Err("it has a part that PEP 440 does not know"),
        };
        Ok(Pep440 { epoch, release, prerelease, post, dev, local })
    }

    /// Applies an order to two texts; one that is no version counts as 0.
    fn compared(a: &[u8], b: &[u8], order: impl Fn(&Pep440<'_>, &Pep440<'_>) -> Ordering) -> Ordering {
        order(&Pep440::parse(a).unwrap_or_default(), &Pep440::parse(b).unwrap_or_default())
    }

    fn compare_public(&self, other: &Pep440<'_>) -> Ordering {
        let dots = |byte: &u8| *byte == b'.';
        digits::compare(self.epoch, other.epoch)
            .then_with(|| digits::compare_lists(self.release.split(dots), other.release.split(dots)))
            .then_with(|| self.stage().cmp(&other.stage()))
            .then_with(|| digits::compare(self.prerelease.unwrap_or(FINAL).1, other.prerelease.unwrap_or(FINAL).1))
            .then_with(|| compare_optional(self.post, other.post))
            // A development release comes before what it develops.
            .then_with(|| match (self.dev, other.dev) {
                (Some(a), Some(b)) => digits::compare(a, b),
                (a, b) => b.is_some().cmp(&a.is_some()),
            })
    }

    /// `1.0.dev1` < `1.0a1` < `1.0b1` < `1.0rc1` < `1.0`, `1.0.post1`.
    fn stage(&self) -> u8 {
        match self.prerelease {
            None if self.post.is_none() && self.dev.is_some() => 0,
            Some((phase, _)) => 1 + phase as u8,
            None => 4,
        }
    }
}

const FINAL: (Phase, &[u8]) = (Phase::Candidate, b"");

fn compare_optional(a: Option<&[u8]>, b: Option<&[u8]>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => digits::compare(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

fn split_phase(text: &[u8]) -> (Option<(Phase, &[u8])>, &[u8]) {
    for (word, phase) in PHASES {
        if let Some((number, rest)) = split_word(text, word) {
            return (Some((phase, number)), rest);
        }
    }
    (None, text)
}

/// `.post1`, `-rev1`, `r1`, or `-1`.
fn split_post(text: &[u8]) -> (Option<&[u8]>, &[u8]) {
    if let [b'-', after @ ..] = text
        && digits::starts_number(after)
    {
        let (number, rest) = digits::split_digits(after);
        return (Some(number), rest);
    }
    for word in [b"post".as_slice(), b"rev", b"r"] {
        if let Some((number, rest)) = split_word(text, word) {
            return (Some(number), rest);
        }
    }
    (None, text)
}

/// `[-_.]?word[-_.]?number?` in any case: the number and what follows.
fn split_word<'a>(text: &'a [u8], word: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let text = skip_separator(text);
    if !text.get(..word.len())?.eq_ignore_ascii_case(word) {
        return None;
    }
    let rest = &text[word.len()..];
    match digits::split_digits(skip_separator(rest)) {
        // A separator without number may as well belong to the next word; both readings mean the same.
        ([], after) => Some((b"", after)),
        split => Some(split),
    }
}

fn skip_separator(text: &[u8]) -> &[u8] {
    match text {
        [b'-' | b'_' | b'.', rest @ ..] => rest,
        _ => text,
    }
}

fn local_segments(local: &[u8]) -> impl Iterator<Item = &[u8]> {
    local.split(|byte| matches!(byte, b'-' | b'_' | b'.'))
}

fn is_local(text: &[u8]) -> bool {
    local_segments(text).all(|segment| !segment.is_empty() && segment.iter().all(u8::is_ascii_alphanumeric))
}

/// No local segment is below any; numbers are above words; more segments are above fewer.
fn compare_locals(a: &[u8], b: &[u8]) -> Ordering {
    if a.is_empty() || b.is_empty() {
        return b.is_empty().cmp(&a.is_empty());
    }
    let (mut a, mut b) = (local_segments(a), local_segments(b));
    loop {
        let order = match (a.next(), b.next()) {
            (Some(a), Some(b)) => match (digits::is_number(a), digits::is_number(b)) {
                (true, true) => digits::compare(a, b),
                (false, false) => a.iter().map(u8::to_ascii_lowercase).cmp(b.iter().map(u8::to_ascii_lowercase)),
                (number_a, number_b) => number_a.cmp(&number_b),
            },
            (None, None) => return Ordering::Equal,
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Format::Python;
    use crate::orders::testing::{assert_ascending, assert_equal, assert_invalid};
    use crate::{Options, satisfies};

    #[test]
    fn the_phases_of_a_release_are_in_order() {
        assert_ascending(
            Python,
            &[
                "1.0.dev456",
                "1.0a1",
                "1.0a2.dev456",
                "1.0a12.dev456",
                "1.0a12",
                "1.0b1.dev456",
                "1.0b2",
                "1.0b2.post345.dev456",
                "1.0b2.post345",
                "1.0rc1.dev456",
                "1.0rc1",
                "1.0",
                "1.0+abc.5",
                "1.0+abc.7",
                "1.0+5",
                "1.0.post456.dev34",
                "1.0.post456",
                "1.0.15",
                "1.1.dev1",
                "1!0.1",
            ],
        );
    }

    #[test]
    fn all_spellings_of_a_version_are_equal() {
        assert_equal(Python, &["1.0a1", "v1.0.0-alpha1", "1.0_ALPHA_1", "1.0.alpha.1", "1a1", "0!1.0a1"]);
        assert_equal(Python, &["1.0rc1", "1.0c1", "1.0-pre1", "1.0.preview-1"]);
        assert_equal(Python, &["1.0.post1", "1.0-1", "1.0-r1", "1.0rev1", "1.0post1"]);
        assert_equal(Python, &["1.0a", "1.0a0", "1.0a-", "1.0.a."]);
        assert_equal(Python, &["1.0+ubuntu-1", "1.0+ubuntu.1", "1.0+UBUNTU_01"]);
    }

    #[test]
    fn a_local_segment_matters_only_to_a_constraint_that_has_one() {
        for (constraint, expected) in
            [("= 1.0", true), ("<= 1.0", true), ("> 1.0", false), ("= 1.0+abc", true), ("= 1.0+abd", false)]
        {
            let result = satisfies("1.0+abc", Python, constraint, Python, &Options::default());
            assert_eq!(result, Ok(expected), "{constraint}");
        }
    }

    #[test]
    fn other_texts_are_no_versions() {
        assert_invalid(Python, &["1.0-foo", "french toast", "1.0+", "1.0+a+b", "1.0+_x", "1.", "1.0a1b1", "!1", "1!"]);
    }
}
