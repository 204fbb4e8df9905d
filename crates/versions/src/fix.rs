//! Which of several fixed versions to suggest.

use std::cmp::Ordering;

use crate::format::Format;
use crate::options::Options;
use crate::version::check;

/// The fixed version a user should move to: the lowest one above the installed version, else the lowest one.
///
/// Versions that cannot be read in the package's format are suggested only when no other is left. Among equals the
/// first wins.
pub fn suggested_fix<'a, S: AsRef<str>>(
    package_version: &str,
    format: Format,
    fixes: &'a [S],
    options: &Options,
) -> Option<&'a str> {
    let order = format.order();
    let installed = check(package_version, format).is_ok().then(|| package_version.trim().as_bytes());
    let rank = |fix: &str| match installed {
        _ if check(fix, format).is_err() => Rank::Unreadable,
        Some(installed) if (order.against)(installed, fix.trim().as_bytes(), *options).is_ge() => Rank::NotAbove,
        _ => Rank::Above,
    };
    // Not a sort: only the best one matters.
    fixes
        .iter()
        .map(|fix| (rank(fix.as_ref()), fix.as_ref()))
        .reduce(|best, next| {
            let by_version = || match best.0 {
                Rank::Unreadable => Ordering::Equal,
                _ => (order.compare)(next.1.trim().as_bytes(), best.1.trim().as_bytes()),
            };
            if next.0.cmp(&best.0).then_with(by_version).is_lt() { next } else { best }
        })
        .map(|(_, fix)| fix)
}

/// Best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Above,
    NotAbove,
    Unreadable,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggested(version: &str, fixes: &[&'static str]) -> Option<&'static str> {
        let fixes: Vec<&'static str> = fixes.to_vec();
        let suggested = suggested_fix(version, Format::Python, &fixes, &Options::default())?.to_owned();
        fixes.into_iter().find(|fix| *fix == suggested)
    }

    #[test]
    fn the_lowest_fix_above_the_installed_version_is_suggested() {
        assert_eq!(suggested("2.1", &["3.0", "1.5", "2.2", "2.10"]), Some("2.2"));
        assert_eq!(suggested("2.2", &["1.5", "2.2", "2.10"]), Some("2.10"));
    }

    #[test]
    fn without_a_fix_above_the_lowest_is_suggested() {
        assert_eq!(suggested("9", &["3.0", "1.5", "2.2"]), Some("1.5"));
    }

    #[test]
    fn unreadable_fixes_come_last() {
        assert_eq!(suggested("9", &["after the flood", "1.5"]), Some("1.5"));
        assert_eq!(suggested("9", &["after the flood", "never"]), Some("after the flood"));
        assert_eq!(suggested("9", &["after the flood"]), Some("after the flood"));
        assert_eq!(suggested("9", &[]), None);
    }

    #[test]
    fn an_unreadable_installed_version_gets_the_lowest_fix() {
        assert_eq!(suggested("?", &["3.0", "1.5"]), Some("1.5"));
    }
}
