//! Version orders and constraints.
//!
//! Input: a byte that chooses the format of the package, one for that of the constraint, then up to three lines: two
//! versions and a constraint.

#![no_main]

use std::cmp::Ordering;

use libfuzzer_sys::fuzz_target;
use windlass_versions::{Constraint, Format, Options, Version, satisfies, suggested_fix};

fuzz_target!(|data: &[u8]| {
    let [package_format, constraint_format, text @ ..] = data else { return };
    let (package_format, constraint_format) = (format(*package_format), format(*constraint_format));
    let text = String::from_utf8_lossy(text);
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (left, right, constraint) = (line(), line(), line());

    if let (Ok(a), Ok(b)) = (Version::parse(left, package_format), Version::parse(right, package_format)) {
        let order = a.compare(&b).expect("both are of one format");
        assert_eq!(order, b.compare(&a).expect("both are of one format").reverse(), "{package_format}: {a:?} {b:?}");
        assert_eq!(a.compare(&a), Ok(Ordering::Equal), "{package_format}: {a:?}");
    }

    let options = Options::default();
    let result = satisfies(left, package_format, constraint, constraint_format, &options);
    match Constraint::parse(constraint, constraint_format) {
        Ok(parsed) => {
            if let Ok(version) = Version::parse(left, package_format) {
                assert_eq!(parsed.matches(&version, &options), result, "{package_format}: {version:?} {parsed:?}");
            }
        }
        Err(_) => assert!(result.is_err(), "{constraint:?} breaks the grammar and was evaluated"),
    }
    let _ = suggested_fix(left, package_format, &[right, constraint], &options);
});

/// Letters choose in the order of the list, so that the committed inputs can be read and written by hand.
fn format(byte: u8) -> Format {
    Format::ALL[usize::from(byte.wrapping_sub(b'a')) % Format::ALL.len()]
}
