//! A version text that is known to be one.

use std::cmp::Ordering;
use std::fmt;

use crate::format::Format;

/// A version in a format, checked once. Shows as the text it was parsed from.
///
/// Two versions that are written differently may be the same version (`1.0` and `1.0.0` in most formats); ask
/// [`Version::compare`], as `==` compares format and text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version {
    text: Box<str>,
    format: Format,
}

impl Version {
    pub fn parse(text: &str, format: Format) -> Result<Version, InvalidVersion> {
        check(text, format)?;
        Ok(Version { text: text.into(), format })
    }

    /// The order of the format: antisymmetric always, but transitive only as far as the ecosystem's own (Maven's and
    /// pacman's fail on a few odd texts). Pick a minimum with it; `sort_by` may panic on what is no total order.
    pub fn compare(&self, other: &Version) -> Result<Ordering, FormatMismatch> {
        if self.format != other.format {
            return Err(FormatMismatch { left: self.clone(), right: other.clone() });
        }
        Ok((self.format.order().compare)(self.as_str().trim().as_bytes(), other.as_str().trim().as_bytes()))
    }

    pub fn format(&self) -> Format {
        self.format
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// A text that is no version of the format it was said to have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {text:?} as a {format} version: {reason}; compare it in another format, or correct its source")]
pub struct InvalidVersion {
    pub text: String,
    pub format: Format,
    pub reason: &'static str,
}

/// Two versions without a common order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot compare {} version {left} with {} version {right}: parse both in one format",
    left.format(),
    right.format()
)]
pub struct FormatMismatch {
    pub left: Version,
    pub right: Version,
}

/// Checks a text without keeping it.
pub(crate) fn check(text: &str, format: Format) -> Result<(), InvalidVersion> {
    verdict(text, format).map_err(|reason| InvalidVersion { text: text.into(), format, reason })
}

/// The same, with the reason alone.
pub(crate) fn verdict(text: &str, format: Format) -> Result<(), &'static str> {
    match text.trim().as_bytes() {
        [] => Err("it is empty"),
        trimmed => (format.order().check)(trimmed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_keeps_the_text_it_came_from() {
        let version = Version::parse("v1.0.0-RC.1+build", Format::Semantic).unwrap();
        assert_eq!(version.to_string(), "v1.0.0-RC.1+build");
    }

    #[test]
    fn versions_of_two_formats_have_no_order() {
        let deb = Version::parse("1.0", Format::Deb).unwrap();
        let rpm = Version::parse("1.0", Format::Rpm).unwrap();
        assert_eq!(
            deb.compare(&rpm).unwrap_err().to_string(),
            "cannot compare deb version 1.0 with rpm version 1.0: parse both in one format"
        );
    }

    #[test]
    fn an_invalid_version_says_what_is_wrong_with_it() {
        let error = Version::parse("x:1.0", Format::Rpm).unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"cannot read "x:1.0" as a rpm version: the epoch before ":" is not a number; compare it in another format, or correct its source"#
        );
        for &format in Format::ALL {
            assert_eq!(Version::parse(" ", format).unwrap_err().reason, "it is empty");
        }
    }
}
