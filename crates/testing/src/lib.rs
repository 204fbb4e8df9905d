//! Tests that need a server or another program are skipped where it is not installed, aloud. Where everything has to be there,
//! as in `.ci/run`, `WINDLASS_REQUIRE_SERVERS` makes that a failure. Tests of data that are no part of the repository are skipped
//! where nobody says where these are, aloud as well.

mod disk;

use std::{env, ffi::OsStr, path::PathBuf};

pub use disk::SmallDisk;

/// Set to anything but `0`, no test may be skipped for want of a server.
const REQUIRED: &str = "WINDLASS_REQUIRE_SERVERS";

/// Says that something is not there and that what needs it is skipped.
///
/// # Panics
/// Where nothing may be skipped, with what is missing and how it comes here.
#[track_caller]
#[expect(clippy::print_stderr, reason = "the tests' runner shows it")]
pub fn skipped(missing: &str, remedy: &str) {
    assert!(!is_required(env::var_os(REQUIRED).as_deref()), "{missing}, and {REQUIRED} is set: {remedy}");
    eprintln!("SKIPPED: {missing}; {remedy}");
}

/// The folder with data that are no part of the repository, which a variable names. Nothing, and a loud line, where it names
/// none.
///
/// # Panics
/// Where it names what is no folder.
#[track_caller]
#[expect(clippy::print_stderr, reason = "the tests' runner shows it")]
pub fn shared(variable: &str) -> Option<PathBuf> {
    let Some(folder) = env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from) else {
        eprintln!("SKIPPED: {variable} names no folder");
        return None;
    };
    assert!(folder.is_dir(), "{variable} is {}, which is no folder", folder.display());
    Some(folder)
}

fn is_required(variable: Option<&OsStr>) -> bool {
    variable.is_some_and(|value| !value.is_empty() && value != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_required_where_somebody_says_so() {
        for (value, expected) in [(None, false), (Some(""), false), (Some("0"), false), (Some("1"), true)] {
            assert_eq!(is_required(value.map(OsStr::new)), expected, "{value:?}");
        }
    }
}
