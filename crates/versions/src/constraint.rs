//! Constraints, and whether a version satisfies one.

use std::fmt;

use crate::format::Format;
use crate::grammar::{Unit, Units};
use crate::options::Options;
use crate::version::{InvalidVersion, Version, check, verdict};

/// A constraint whose grammar was checked once. Shows as the text it was parsed from.
///
/// Its versions are not tied to the format: the same constraint may be read in the package's format or its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Constraint {
    text: Box<str>,
    format: Format,
}

impl Constraint {
    pub fn parse(text: &str, format: Format) -> Result<Constraint, InvalidConstraint> {
        Units::of(text).try_for_each(|unit| unit.map(drop))?;
        Ok(Constraint { text: text.into(), format })
    }

    /// Whether the version satisfies the constraint; the rule of [`satisfies`].
    pub fn matches(&self, version: &Version, options: &Options) -> Result<bool, EvaluationError> {
        let package = Installed { text: version.as_str(), format: version.format(), verdict: Ok(()) };
        evaluate(&package, &self.text, self.format, *options)
    }

    /// Whether the constraint is empty and so names every version (or none, see [`satisfies`]).
    pub fn is_unconstrained(&self) -> bool {
        is_unconstrained(&self.text)
    }

    pub fn format(&self) -> Format {
        self.format
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// Whether an installed package's version satisfies a constraint.
///
/// Each comparison is made in the package's own format; where the package's or the constraint's version cannot be read
/// in it, in the constraint's format. So `npm` packages (fuzzy) are compared fuzzily with records typed `semver`, and
/// a record of unknown type is read as Debian versions for a Debian package.
///
/// An empty constraint is satisfied by every version, except that an empty list of Microsoft knowledge base articles
/// names no article and is satisfied by none.
///
/// # Errors
///
/// When the constraint breaks the grammar, or when one of its comparisons can be made in neither format. All
/// comparisons are checked, even those that could not change the result, so that a bad record does not go unnoticed
/// on most packages and surprise on a few.
pub fn satisfies(
    package_version: &str,
    package_format: Format,
    constraint: &str,
    constraint_format: Format,
    options: &Options,
) -> Result<bool, EvaluationError> {
    let verdict = verdict(package_version, package_format);
    let package = Installed { text: package_version, format: package_format, verdict };
    evaluate(&package, constraint, constraint_format, *options)
}

/// Why a constraint could not be evaluated for a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    #[error(transparent)]
    Constraint(#[from] InvalidConstraint),
    #[error(transparent)]
    Incomparable(#[from] Box<Incomparable>),
}

/// A comparison that can be made neither in the package's format nor in the constraint's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot compare package version {version:?} with constraint {constraint:?}: {in_package_format}")]
pub struct Incomparable {
    pub version: String,
    pub constraint: String,
    /// What was wrong in the package's format.
    pub in_package_format: InvalidVersion,
    /// What was wrong in the constraint's format, when that is another one.
    pub in_constraint_format: Option<InvalidVersion>,
}

/// A constraint text that breaks the grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read constraint {text:?}: at byte {offset}, {reason}; {remedy}")]
pub struct InvalidConstraint {
    pub text: String,
    /// In bytes from the start of the text.
    pub offset: usize,
    pub reason: &'static str,
    pub remedy: &'static str,
}

/// A package's version, with the verdict on it in its own format.
struct Installed<'a> {
    text: &'a str,
    format: Format,
    verdict: Result<(), &'static str>,
}

fn evaluate(
    package: &Installed<'_>,
    constraint: &str,
    constraint_format: Format,
    options: Options,
) -> Result<bool, EvaluationError> {
    if is_unconstrained(constraint) {
        return Ok(constraint_format != Format::Kb);
    }
    let mut earlier_group_holds = false;
    let mut group_holds = true;
    for unit in Units::of(constraint) {
        let unit = unit?;
        if unit.opens_group {
            earlier_group_holds |= group_holds;
            group_holds = true;
        }
        group_holds &= unit_holds(package, &unit, constraint, constraint_format, options)?;
    }
    Ok(earlier_group_holds || group_holds)
}

fn unit_holds(
    package: &Installed<'_>,
    unit: &Unit<'_>,
    constraint: &str,
    constraint_format: Format,
    options: Options,
) -> Result<bool, EvaluationError> {
    let format = if package.verdict.is_ok() && verdict(unit.version, package.format).is_ok() {
        package.format
    } else if verdict(package.text, constraint_format).is_ok() && verdict(unit.version, constraint_format).is_ok() {
        constraint_format
    } else {
        return Err(incomparable(package, unit, constraint, constraint_format));
    };
    let (installed, named) = (package.text.trim().as_bytes(), unit.version.trim().as_bytes());
    Ok(unit.operator.holds((format.order().against)(installed, named, options)))
}

/// Tells the first thing wrong in each format.
#[cold]
fn incomparable(
    package: &Installed<'_>,
    unit: &Unit<'_>,
    constraint: &str,
    constraint_format: Format,
) -> EvaluationError {
    let fault = |format| check(package.text, format).and_then(|()| check(unit.version, format)).err();
    let incomparable = Incomparable {
        version: package.text.into(),
        constraint: constraint.into(),
        in_package_format: fault(package.format).expect("invariant: the comparison failed in the package's format"),
        in_constraint_format: (constraint_format != package.format).then(|| fault(constraint_format)).flatten(),
    };
    Box::new(incomparable).into()
}

fn is_unconstrained(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn satisfied(version: &str, format: Format, constraint: &str, constraint_format: Format) -> bool {
        satisfies(version, format, constraint, constraint_format, &Options::default()).unwrap()
    }

    #[test]
    fn alternatives_hold_when_all_of_their_comparisons_hold() {
        let constraint = ">= 1.0, < 1.4 || >= 2.0, < 2.2 || = 3.0";
        for (version, expected) in
            [("0.9", false), ("1.0", true), ("1.4", false), ("2.1", true), ("2.2", false), ("3.0", true), ("4", false)]
        {
            assert_eq!(satisfied(version, Format::Semantic, constraint, Format::Semantic), expected, "{version}");
            let parsed = Constraint::parse(constraint, Format::Semantic).unwrap();
            let version = Version::parse(version, Format::Semantic).unwrap();
            assert_eq!(parsed.matches(&version, &Options::default()), Ok(expected));
        }
    }

    #[test]
    fn an_empty_constraint_names_every_version_but_no_article() {
        assert!(satisfied("1.0", Format::Deb, "", Format::Deb));
        assert!(satisfied("anything at all", Format::Python, " ", Format::Python));
        assert!(!satisfied("KB1", Format::Kb, "", Format::Kb));
        assert!(Constraint::parse(" ", Format::Deb).unwrap().is_unconstrained());
        assert!(!Constraint::parse("< 1", Format::Deb).unwrap().is_unconstrained());
    }

    #[test]
    fn the_packages_own_format_is_tried_first() {
        // Debian orders `~rc1` before the release; the fuzzy order would not have to.
        assert!(satisfied("1.0~rc1", Format::Deb, "< 1.0", Format::Fuzzy));
        assert!(satisfied("1.0.post1", Format::Python, "> 1.0", Format::Fuzzy));
        // An npm package is compared fuzzily although the record says semver.
        assert!(satisfied("1.0.2k", Format::Fuzzy, "< 1.0.2l", Format::Semantic));
    }

    #[test]
    fn the_constraints_format_is_tried_when_the_packages_fails() {
        assert!(Version::parse("2.0.0-foo.1", Format::Python).is_err());
        assert!(satisfied("2.0.0-foo.1", Format::Python, "< 2.0.0", Format::Semantic));
        assert!(satisfied("2.0.0", Format::Python, "> 2.0.0-foo.1", Format::Semantic));
    }

    #[test]
    fn what_can_be_compared_in_neither_format_is_an_error_naming_both() {
        let error =
            satisfies("(devel)", Format::Go, "< 1.0", Format::Semantic, &Options::default()).unwrap_err().to_string();
        assert!(error.contains("(devel)") && error.contains("< 1.0"), "{error}");
        let error = satisfies("", Format::Fuzzy, "< 1.0", Format::Deb, &Options::default()).unwrap_err();
        assert!(error.to_string().contains("it is empty"), "{error}");
    }

    #[test]
    fn a_bad_alternative_is_noticed_even_when_an_earlier_one_holds() {
        let satisfied = |constraint| satisfies("1.0", Format::Rpm, constraint, Format::Rpm, &Options::default());
        assert!(matches!(satisfied("= 1.0 || < x:1"), Err(EvaluationError::Incomparable(_))));
        assert!(matches!(satisfied("= 1.0 || < 1 2"), Err(EvaluationError::Constraint(_))));
    }

    #[test]
    fn unusual_white_space_is_no_part_of_a_version() {
        assert!(satisfied("1.0\u{b}", Format::Deb, "<\u{b}1.1", Format::Deb));
        assert!(satisfied("\u{a0}1.0", Format::Rpm, "= '1.0\u{a0}'", Format::Deb));
        assert!(satisfies("1.0", Format::Deb, "< \u{b}", Format::Deb, &Options::default()).is_err());
    }

    #[test]
    fn a_broken_constraint_says_where_and_what_to_do() {
        assert_eq!(
            Constraint::parse("< 1.0 ||", Format::Deb).unwrap_err().to_string(),
            r#"cannot read constraint "< 1.0 ||": at byte 8, `||` is followed by nothing; name a version after it, or remove it"#
        );
    }
}
