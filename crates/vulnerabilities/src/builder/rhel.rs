//! The minor releases of Red Hat Enterprise Linux (`spec/matching.md` §10, RHEL expansion).
//!
//! Readers look for the row of a host's own minor release and take the major-only row where there is none; they never
//! join the two. As soon as one record has a row for 9.4, every other record about RHEL 9 must have it too, or hosts on
//! 9.4 lose it. So each record about a whole major release is written for all its minors.

use windlass_advisories::{OperatingSystem, PackageStatement};

/// The last minor release of each major one, past or planned (Red Hat's life-cycle pages).
const LAST_MINOR: &[(&str, u32)] = &[("5", 11), ("6", 10), ("7", 9), ("8", 10), ("9", 10), ("10", 10)];

/// The statements with those about a whole RHEL release repeated for its minor releases. A minor that the same record
/// speaks of itself, for the same package, module and architecture, keeps what is said of it there.
pub fn expand_rhel_minors(packages: &[PackageStatement]) -> Vec<PackageStatement> {
    packages
        .iter()
        .flat_map(|statement| {
            releases(statement, packages)
                .into_iter()
                .map(|operating_system| PackageStatement { operating_system, ..statement.clone() })
        })
        .collect()
}

/// The releases that a statement is written for: its own, after the minors it stands for.
pub(super) fn releases(statement: &PackageStatement, siblings: &[PackageStatement]) -> Vec<Option<OperatingSystem>> {
    let Some((release, last_minor)) = whole_release(statement) else { return vec![statement.operating_system.clone()] };
    let spelled_out: Vec<&str> = siblings
        .iter()
        .filter(|sibling| same_subject(statement, sibling))
        .filter_map(|sibling| sibling.operating_system.as_ref())
        .filter(|other| {
            other.release_id == release.release_id
                && other.major_version == release.major_version
                && other.channel.is_empty()
        })
        .map(|other| other.minor_version.as_str())
        .collect();
    (0..=last_minor)
        .map(|minor| minor.to_string())
        .filter(|minor| !spelled_out.contains(&minor.as_str()))
        .chain([String::new()])
        .map(|minor_version| Some(OperatingSystem { minor_version, ..release.clone() }))
        .collect()
}

fn whole_release(statement: &PackageStatement) -> Option<(&OperatingSystem, u32)> {
    let release = statement.operating_system.as_ref()?;
    let whole = statement.ecosystem == "rpm"
        && release.release_id == "rhel"
        && release.minor_version.is_empty()
        && release.label_version.is_empty()
        && release.channel.is_empty();
    let (_, last_minor) = LAST_MINOR.iter().find(|(major, _)| *major == release.major_version)?;
    whole.then_some((release, *last_minor))
}

fn same_subject(a: &PackageStatement, b: &PackageStatement) -> bool {
    let conditions = |statement: &PackageStatement| {
        statement.blob.qualifiers.clone().map(|qualifiers| (qualifiers.rpm_modularity, qualifiers.architecture))
    };
    a.standing == b.standing && a.ecosystem == b.ecosystem && a.name == b.name && conditions(a) == conditions(b)
}

#[cfg(test)]
mod tests {
    use windlass_advisories::{PackageBlob, Qualifiers, Standing};

    use super::*;

    fn about(
        ecosystem: &str,
        release_id: &str,
        version: &str,
        channel: &str,
        module: Option<&str>,
    ) -> PackageStatement {
        let (major, minor) = version.split_once('.').unwrap_or((version, ""));
        let qualifiers =
            module.map(|module| Qualifiers { rpm_modularity: Some(module.into()), ..Qualifiers::default() });
        PackageStatement {
            standing: Standing::Affected,
            ecosystem: ecosystem.into(),
            name: "openssl".into(),
            operating_system: Some(OperatingSystem {
                name: "redhat".into(),
                release_id: release_id.into(),
                major_version: major.into(),
                minor_version: minor.into(),
                channel: channel.into(),
                ..OperatingSystem::default()
            }),
            blob: PackageBlob { qualifiers, ..PackageBlob::default() },
        }
    }

    fn minors(statements: &[PackageStatement]) -> Vec<&str> {
        statements.iter().filter_map(|s| s.operating_system.as_ref()).map(|os| os.minor_version.as_str()).collect()
    }

    #[test]
    fn a_major_release_is_written_for_each_minor_and_itself() {
        let written = expand_rhel_minors(&[about("rpm", "rhel", "7", "", Some(""))]);
        assert_eq!(minors(&written), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", ""]);
    }

    #[test]
    fn the_span_is_that_of_the_major() {
        for (major, rows) in [("5", 13), ("6", 12), ("7", 11), ("8", 12), ("9", 12), ("10", 12), ("4", 1), ("11", 1)] {
            assert_eq!(expand_rhel_minors(&[about("rpm", "rhel", major, "", None)]).len(), rows, "RHEL {major}");
        }
    }

    #[test]
    fn a_minor_spoken_of_by_the_record_keeps_its_own_statement() {
        let written =
            expand_rhel_minors(&[about("rpm", "rhel", "9", "", Some("")), about("rpm", "rhel", "9.4", "", Some(""))]);
        assert_eq!(minors(&written), ["0", "1", "2", "3", "5", "6", "7", "8", "9", "10", "", "4"]);
    }

    #[test]
    fn another_module_or_channel_does_not_count_as_spoken_of() {
        let base = about("rpm", "rhel", "9", "", Some(""));
        for other in [about("rpm", "rhel", "9.4", "", Some("nodejs:18")), about("rpm", "rhel", "9.4", "eus", Some(""))]
        {
            assert_eq!(expand_rhel_minors(&[base.clone(), other]).len(), 12 + 1);
        }
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for statement in [
            about("rpm", "rhel", "9.4", "", None),
            about("rpm", "rhel", "9", "eus", None),
            about("rpm", "ol", "9", "", None),
            about("deb", "rhel", "9", "", None),
        ] {
            assert_eq!(expand_rhel_minors(std::slice::from_ref(&statement)), [statement]);
        }
    }
}
