//! Codenames of the releases that are looked up by them.

const CODENAMES: &[(&str, &str, &str, &str)] = &[
    ("debian", "7", "", "wheezy"),
    ("debian", "8", "", "jessie"),
    ("debian", "9", "", "stretch"),
    ("debian", "10", "", "buster"),
    ("debian", "11", "", "bullseye"),
    ("debian", "12", "", "bookworm"),
    ("debian", "13", "", "trixie"),
    ("debian", "14", "", "forky"),
    ("ubuntu", "12", "4", "precise"),
    ("ubuntu", "12", "10", "quantal"),
    ("ubuntu", "13", "4", "raring"),
    ("ubuntu", "13", "10", "saucy"),
    ("ubuntu", "14", "4", "trusty"),
    ("ubuntu", "14", "10", "utopic"),
    ("ubuntu", "15", "4", "vivid"),
    ("ubuntu", "15", "10", "wily"),
    ("ubuntu", "16", "4", "xenial"),
    ("ubuntu", "16", "10", "yakkety"),
    ("ubuntu", "17", "4", "zesty"),
    ("ubuntu", "17", "10", "artful"),
    ("ubuntu", "18", "4", "bionic"),
    ("ubuntu", "18", "10", "cosmic"),
    ("ubuntu", "19", "4", "disco"),
    ("ubuntu", "19", "10", "eoan"),
    ("ubuntu", "20", "4", "focal"),
    ("ubuntu", "20", "10", "groovy"),
    ("ubuntu", "21", "4", "hirsute"),
    ("ubuntu", "21", "10", "impish"),
    ("ubuntu", "22", "4", "jammy"),
    ("ubuntu", "22", "10", "kinetic"),
    ("ubuntu", "23", "4", "lunar"),
    ("ubuntu", "23", "10", "mantic"),
    ("ubuntu", "24", "4", "noble"),
    ("ubuntu", "24", "10", "oracular"),
    ("ubuntu", "25", "4", "plucky"),
    ("ubuntu", "25", "10", "questing"),
    ("ubuntu", "26", "4", "resolute"),
];

/// The codename of a release of Debian or Ubuntu; versions without leading zeros.
pub(super) fn of(name: &str, major: &str, minor: &str) -> Option<&'static str> {
    CODENAMES
        .iter()
        .find(|(distribution, of_major, of_minor, _)| {
            name.eq_ignore_ascii_case(distribution) && major == *of_major && minor == *of_minor
        })
        .map(|(.., codename)| *codename)
}
