//! What holds for every order, on generated versions.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::cmp::Ordering;

use proptest::prelude::*;
use windlass_versions::{Constraint, Format, Options, Version, satisfies, suggested_fix};

/// Texts made of what version algorithms treat specially. Few atoms, so that two texts often share a beginning.
fn version_text() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        5 => "[0-9]{1,2}",
        5 => r"\.",
        2 => "[-_+~^:!]",
        1 => "[a-cA-Crpvx]",
        2 => prop::sample::select(vec![
            "alpha", "beta", "rc", "pre", "post", "dev", "sp", "ga", "final", "snapshot", "_alpha", "_p", "-r", ".pre.",
            "_rc1", "-java", ".jre8", "update", "-b08", "0", "00", "1.0", "git",
        ])
        .prop_map(str::to_owned),
    ];
    ("[0-9]?", prop::collection::vec(atom, 0..6)).prop_map(|(first, atoms)| first + &atoms.concat())
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![4 => version_text(), 1 => any::<String>(), 1 => "\\PC{0,8}"]
}

fn format() -> impl Strategy<Value = Format> {
    prop::sample::select(Format::ALL)
}

/// Three versions of one format; spelled alike often enough to be equal sometimes.
fn three_versions() -> impl Strategy<Value = [Version; 3]> {
    (format(), prop::collection::vec(version_text(), 12)).prop_filter_map(
        "fewer than three versions",
        |(format, texts)| {
            let mut versions = texts.iter().filter_map(|text| Version::parse(text, format).ok());
            Some([versions.next()?, versions.next()?, versions.next()?])
        },
    )
}

/// Whether the ecosystem's own comparator is transitive on such texts. Maven's is not where a word stands in a list of
/// numbers, nor pacman's where separators stand at an end or several in a row; we follow them there.
fn is_orderly(version: &Version) -> bool {
    let text = version.as_str();
    let starts_with_digit = |part: &str| part.starts_with(|first: char| first.is_ascii_digit());
    match version.format() {
        Format::Maven => starts_with_digit(text) && text.split('.').skip(1).all(starts_with_digit),
        Format::Pacman => text.split(|byte: char| !byte.is_ascii_alphanumeric()).all(|segment| !segment.is_empty()),
        _ => true,
    }
}

fn compare(a: &Version, b: &Version) -> Ordering {
    a.compare(b).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, max_local_rejects: u32::MAX, max_global_rejects: u32::MAX, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_format_is_a_total_order([a, b, c] in three_versions()) {
        prop_assume!([&a, &b, &c].into_iter().all(is_orderly));
        prop_assert_eq!(compare(&a, &a), Ordering::Equal);
        prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        let mut sorted = [&a, &b, &c];
        // Sorted by hand: the standard sort may panic on what is no order, and would hide which three it was.
        for (left, right) in [(0, 1), (1, 2), (0, 1)] {
            if compare(sorted[left], sorted[right]).is_gt() {
                sorted.swap(left, right);
            }
        }
        let [low, middle, high] = sorted;
        prop_assert!(compare(low, middle).is_le() && compare(middle, high).is_le(), "{:?}", sorted);
        let expected = compare(low, middle).then(compare(middle, high));
        prop_assert_eq!(compare(low, high), expected, "{:?}", sorted);
    }

    #[test]
    fn a_version_satisfies_exactly_one_of_below_and_not_below([a, b, _] in three_versions()) {
        let holds = |operator: &str| {
            let constraint = format!("{operator} \"{b}\"");
            satisfies(a.as_str(), a.format(), &constraint, b.format(), &Options::default()).unwrap()
        };
        prop_assert_eq!(holds("<"), !holds(">="));
        prop_assert_eq!(holds(">"), !holds("<="));
        prop_assert_eq!(holds("="), holds(">=") && holds("<="));
    }

    #[test]
    fn any_text_is_a_version_or_an_error(a in any_text(), b in any_text(), format in format()) {
        if let (Ok(a), Ok(b)) = (Version::parse(&a, format), Version::parse(&b, format)) {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        }
    }

    #[test]
    fn any_constraint_is_evaluated_or_an_error(
        version in any_text(),
        constraint in prop_oneof![any_text(), "([<>=]{0,2} ?[0-9a-z.~^:+-]{1,6}(,|\\|\\|| )?){1,4}"],
        package_format in format(),
        constraint_format in format(),
    ) {
        let options = Options::default();
        let direct = satisfies(&version, package_format, &constraint, constraint_format, &options);
        let parsed = Constraint::parse(&constraint, constraint_format);
        if let Ok(parsed) = &parsed {
            prop_assert_eq!(parsed.to_string(), constraint);
            if let Ok(version) = Version::parse(&version, package_format) {
                prop_assert_eq!(&parsed.matches(&version, &options), &direct);
            }
        }
        prop_assert!(parsed.is_ok() || direct.is_err());
    }

    #[test]
    fn the_suggested_fix_is_never_beaten([package, a, b] in three_versions()) {
        let fixes = [a.as_str(), b.as_str()];
        let suggested = suggested_fix(package.as_str(), package.format(), &fixes, &Options::default()).unwrap();
        let suggested = Version::parse(suggested, package.format()).unwrap();
        let above = |fix: &Version| {
            let constraint = format!("< \"{fix}\"");
            satisfies(package.as_str(), package.format(), &constraint, fix.format(), &Options::default()).unwrap()
        };
        for fix in [&a, &b] {
            prop_assert!(above(&suggested) || !above(fix), "{fix} is above {package}, {suggested} is not");
            if above(&suggested) == above(fix) {
                prop_assert!(compare(&suggested, fix).is_le(), "{fix} is below {suggested}");
            }
        }
    }
}
