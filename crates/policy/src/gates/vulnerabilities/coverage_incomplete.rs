//! Trigger `coverage_incomplete`: what could not be looked up, so that no finding means nothing.

use windlass_matching::GroupStanding;

use crate::{
    About, Check, Trigger,
    gate::{Inputs, Origin},
};

pub(super) const TRIGGER: Trigger = Trigger {
    name: "coverage_incomplete",
    description: "Fires for each group of packages that could not be compared with vulnerability data, for each file that \
                  could not be read and for each record that could not be compared; and once if nothing was found that \
                  could have been.",
    parameters: &[],
    reads: Inputs::FINDINGS.with(Inputs::ALL_FINDINGS),
    origin: Origin::Windlass,
    compile: |_| {
        Ok(Check::new(|context, firings| {
            let coverage = &context.image.outcome.coverage;
            let packages = &context.image.sbom.packages;
            if coverage.groups.is_empty() {
                firings.fire("No package was found that could be looked up");
            }
            for group in &coverage.groups {
                let GroupStanding::Unknown(gap) = &group.standing else { continue };
                let (number, kind, examples) = (group.packages, group.kind, group.examples.join(", "));
                firings
                    .fire(format!("{number} packages of type {kind} could not be looked up: {gap} ({examples})"))
                    .id(format!("{kind}+{gap}"));
            }
            for unknown in &coverage.unreadable {
                let (path, reason) = (&unknown.path, &unknown.reason);
                firings.fire(format!("{path} could not be read: {reason}")).id(format!("unreadable+{path}"));
            }
            for record in &coverage.incomparable {
                let Some(package) = packages.get(record.package) else { continue };
                let (id, name, reason) = (&record.vulnerability, &package.name, &record.reason);
                firings
                    .fire(format!("{id} could not be compared with {name} {}: {reason}", package.version))
                    .id(format!("incomparable+{id}+{name}"))
                    .about(About::Package(record.package));
            }
            for failure in &coverage.failures {
                let Some(package) = packages.get(failure.package) else { continue };
                let (name, reason) = (&package.name, &failure.reason);
                firings
                    .fire(format!("{name} {} could not be looked up: {reason}", package.version))
                    .id(format!("failed+{name}"))
                    .about(About::Package(failure.package));
            }
            Ok(())
        }))
    },
};

#[cfg(test)]
mod tests {
    use windlass_matching::{Coverage, Gap, GroupCoverage, GroupStanding, PackageFailure, RecordError};
    use windlass_sbom::{PackageType, Unknown};

    use crate::{gates::vulnerabilities::testing::image, testing::Fired};

    fn group(kind: PackageType, standing: GroupStanding) -> GroupCoverage {
        GroupCoverage { kind, standing, packages: 2, examples: vec!["a".into(), "b".into()] }
    }

    fn fired(coverage: Coverage) -> Vec<Fired> {
        let mut case_of = image();
        case_of.outcome.coverage = coverage;
        case_of.case().fired("vulnerabilities", "coverage_incomplete", &[])
    }

    #[test]
    fn everything_that_was_not_compared_is_told_with_the_reason() {
        let coverage = Coverage {
            groups: vec![
                group(PackageType::Deb, GroupStanding::Matched(Vec::new())),
                group(PackageType::GoModule, GroupStanding::Unknown(Gap::NoVersion)),
            ],
            unreadable: vec![Unknown {
                path: "/x.jar".into(),
                found_by: "java".into(),
                reason: "it is cut short".into(),
            }],
            incomparable: vec![RecordError {
                vulnerability: "CVE-9".into(),
                package: 1,
                reason: "no version".into(),
                provider: "nvd".into(),
            }],
            failures: vec![PackageFailure { package: 2, reason: "it broke".into() }],
            ..Coverage::default()
        };
        assert_eq!(
            fired(coverage),
            [
                Fired::new(
                    "go-module+the version is unknown",
                    "2 packages of type go-module could not be looked up: the version is unknown (a, b)"
                ),
                Fired::new("unreadable+/x.jar", "/x.jar could not be read: it is cut short"),
                Fired::new("incomparable+CVE-9+lodash", "CVE-9 could not be compared with lodash 1: no version"),
                Fired::new("failed+x", "x 1 could not be looked up: it broke"),
            ]
        );
    }

    #[test]
    fn an_image_in_which_nothing_was_found_is_not_known_to_be_clean() {
        assert_eq!(fired(Coverage::default())[0].message, "No package was found that could be looked up");
        let complete = Coverage {
            groups: vec![group(PackageType::Deb, GroupStanding::Matched(Vec::new()))],
            ..Coverage::default()
        };
        assert_eq!(fired(complete), []);
    }
}
