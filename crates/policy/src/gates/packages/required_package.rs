//! Trigger `required_package`: a package that must be installed, perhaps in some version.

use std::cmp::Ordering;

use windlass_sbom::PackageType;
use windlass_versions::{Format, Version};

use crate::{
    About, Arguments, Check, Failure, PackageFact, Parameter, Profile, Trigger,
    gate::{Inputs, Origin},
    package::judged_named,
    parameter::Kind,
};

pub(super) const TRIGGER: Trigger = Trigger {
    name: "required_package",
    description: "Fires if a package is not installed, or not in the version that is asked for.",
    parameters: &[
        Parameter::new("name", Kind::Text, "The package's name.").key("pkg_name").required().example("libssl"),
        Parameter::new("version", Kind::Text, "The version to compare with; any version will do when unset.")
            .key("pkg_version")
            .example("1.10.3rc3"),
        Parameter::new(
            "version_match_type",
            Kind::OneOf(&["exact", "minimum"]),
            "Whether it must be this very version, which is meant when unset, or may be a later one.",
        )
        .key("version_comparison")
        .example("exact"),
    ],
    reads: Inputs::PACKAGES,
    origin: Origin::Original,
    compile: required_package,
};

fn required_package(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let name = arguments.text_or("name", "").to_owned();
    let version = arguments.text("version").map(str::to_owned);
    let is_minimum = arguments.text("version_match_type") == Some("minimum");
    Ok(Check::new(move |context, firings| {
        let mut installed = judged_named(context, &name).peekable();
        if installed.peek().is_none() {
            firings.fire(match version.as_deref() {
                None | Some("") => format!("Required input package ({name}) is not present in container image"),
                Some(version) => {
                    format!("Required input package ({name},{version}) is not present in container image")
                }
            });
            return Ok(());
        }
        let Some(version) = &version else { return Ok(()) };
        // The original looked at the first package of the name and at no other.
        let looked_at = if context.profile == Profile::Native { usize::MAX } else { 1 };
        for fact in installed.take(looked_at).filter(|fact| fact.full_version != version) {
            let present = fact.full_version;
            let message = if !is_minimum {
                // It says the name where a version is expected.
                format!(
                    "Required input package ({name}) is present ({present}), but not at the version specified in policy \
                     ({name})"
                )
            } else if is_lower(fact, version, context.profile)? {
                format!(
                    "Required min-version input package ({name}) is present ({present}), but is lower version than what \
                     is specified in policy ({version})"
                )
            } else {
                continue;
            };
            firings.fire(message).about(About::Package(fact.index));
        }
        Ok(())
    }))
}

/// Whether an installed version is lower than the required one, in the order of its package manager. The original
/// compared packages of distributions only, and without their release.
fn is_lower(fact: &PackageFact<'_>, required: &str, profile: Profile) -> Result<bool, Failure> {
    let installed = match profile {
        Profile::Native => fact.full_version,
        Profile::Compat => fact.version,
    };
    if installed == required {
        return Ok(false);
    }
    let is_known = matches!(fact.package.kind, PackageType::Deb | PackageType::Rpm | PackageType::Apk);
    if profile == Profile::Compat && !is_known {
        return Err(Failure::new("unsupported distro, cannot compare package versions"));
    }
    let format = Format::of_package_type(fact.package.kind.as_str());
    let version = |text| Version::parse(text, format).map_err(|error| Failure::new(error.to_string()));
    let order = version(installed)?.compare(&version(required)?).map_err(|error| Failure::new(error.to_string()))?;
    Ok(order == Ordering::Less)
}

#[cfg(test)]
mod tests {
    use windlass_sbom::{Package, PackageType, Sbom};

    use crate::{
        Profile,
        testing::{Case, Fired},
    };

    fn image() -> Sbom {
        let package = |kind, name: &str, version: &str| Package::new(kind, name, version);
        Sbom {
            packages: vec![
                package(PackageType::Rpm, "bash", "4.4-5"),
                package(PackageType::Deb, "curl", "7.88.1-10"),
                package(PackageType::Apk, "musl", "1.2.2-r3"),
                package(PackageType::Npm, "left", "1.0.0"),
                package(PackageType::Npm, "left", "3.0.0"),
                package(PackageType::Rpm, "odd", "x:1-1"),
            ],
            ..Sbom::default()
        }
    }

    fn checked(profile: Profile, name: &str, version: Option<&str>, word: &str) -> Result<Vec<Fired>, String> {
        let mut params = vec![("name", name), ("version_match_type", word)];
        params.extend(version.map(|version| ("version", version)));
        Case { profile, ..Case::new(&image()) }.evaluated("packages", "required_package", &params)
    }

    fn messages(profile: Profile, name: &str, version: &str, word: &str) -> Vec<String> {
        let fired = checked(profile, name, Some(version), word).unwrap();
        fired.into_iter().map(|fired| fired.message).collect()
    }

    #[test]
    fn a_package_must_be_there() {
        assert_eq!(
            checked(Profile::Compat, "zip", None, "exact").unwrap(),
            [Fired::new(
                "669d52b7fc3c2062708cf40253e53047",
                "Required input package (zip) is not present in container image"
            )]
        );
        let message = "Required input package (zip,3.0) is not present in container image";
        assert_eq!(messages(Profile::Compat, "zip", "3.0", "minimum"), [message]);
        let nameless = "Required input package (zip) is not present in container image";
        assert_eq!(messages(Profile::Compat, "zip", "", "exact"), [nameless]);
        assert_eq!(checked(Profile::Compat, "bash", None, "exact"), Ok(vec![]));
    }

    #[test]
    fn an_exact_version_is_compared_with_its_release() {
        assert_eq!(
            checked(Profile::Compat, "bash", Some("4.4"), "exact").unwrap(),
            [Fired::new(
                "c430ddec79fdb28c02971286a1fe9bf1",
                "Required input package (bash) is present (4.4-5), but not at the version specified in policy (bash)"
            )]
        );
        assert_eq!(checked(Profile::Compat, "bash", Some("4.4-5"), "exact"), Ok(vec![]));
        assert_eq!(checked(Profile::Compat, "bash", Some(""), "exact").unwrap().len(), 1);
    }

    #[test]
    fn a_minimum_is_compared_in_the_order_of_the_package_manager() {
        let lower = |name: &str, present: &str, version: &str| {
            vec![format!(
                "Required min-version input package ({name}) is present ({present}), but is lower version than what is \
                 specified in policy ({version})"
            )]
        };
        for (name, present, high, low) in [
            ("bash", "4.4-5", "4.10", "4.3"),
            ("curl", "7.88.1-10", "7.88.1-11", "7.88.1-9"),
            ("musl", "1.2.2-r3", "1.2.3", "1.2.2_rc1"),
        ] {
            assert_eq!(messages(Profile::Compat, name, high, "minimum"), lower(name, present, high));
            assert_eq!(messages(Profile::Compat, name, low, "minimum"), [""; 0]);
            assert_eq!(messages(Profile::Compat, name, present, "minimum"), [""; 0]);
        }
    }

    #[test]
    fn the_native_profile_compares_the_release_and_every_copy() {
        assert_eq!(messages(Profile::Native, "musl", "1.2.2-r4", "minimum").len(), 1);
        assert_eq!(messages(Profile::Native, "musl", "1.2.2-r2", "minimum").len(), 0);
        assert_eq!(messages(Profile::Native, "left", "2.0.0", "minimum").len(), 1);
        assert_eq!(messages(Profile::Native, "left", "4.0.0", "minimum").len(), 2);
        assert_eq!(messages(Profile::Compat, "left", "2.0.0", "exact").len(), 1);
        assert_eq!(messages(Profile::Native, "left", "2.0.0", "exact").len(), 2);
    }

    #[test]
    fn versions_without_a_common_order_are_a_problem() {
        let text = |name: &str, version: &str| checked(Profile::Compat, name, Some(version), "minimum").unwrap_err();
        assert!(text("left", "2.0.0").ends_with("due to: unsupported distro, cannot compare package versions"));
        assert_eq!(messages(Profile::Compat, "left", "1.0.0", "minimum"), [""; 0]);
        assert!(text("odd", "2").contains("cannot read \"x:1\" as a rpm version"), "{}", text("odd", "2"));
    }
}
