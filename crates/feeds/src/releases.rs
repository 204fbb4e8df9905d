//! Distribution releases as the database keys them (`spec/matching.md` §9.2, "Typical operating_systems rows").

use windlass_advisories::OperatingSystem;

/// `name` is the canonical type, `release_id` the os-release ID; leading zeros of both versions go.
pub(crate) fn numbered(name: &str, release_id: &str, major: &str, minor: &str) -> OperatingSystem {
    OperatingSystem {
        name: name.into(),
        release_id: release_id.into(),
        major_version: without_leading_zeros(major),
        minor_version: without_leading_zeros(minor),
        ..OperatingSystem::default()
    }
}

/// A release without a number: `rolling`, `edge`, `unstable`.
pub(crate) fn labelled(name: &str, label: &str) -> OperatingSystem {
    OperatingSystem {
        name: name.into(),
        release_id: name.into(),
        label_version: label.into(),
        ..OperatingSystem::default()
    }
}

/// `12`, `6.0`, `3.1`. Releases since etch (4) are one major version, whatever their points.
pub(crate) fn debian(version: &str) -> Option<OperatingSystem> {
    let (major, minor) = split(version)?;
    let minor = if major.parse::<u32>().is_ok_and(|major| major < 4) { minor } else { "" };
    let mut release = numbered("debian", "debian", major, minor);
    let number = if minor.is_empty() { major.to_owned() } else { format!("{major}.{minor}") };
    if let Some((codename, _)) = DEBIAN.iter().find(|(_, known)| *known == number) {
        release.codename = (*codename).into();
    }
    Some(release)
}

/// The tracker's name for a release: `bookworm`, `sid`.
pub(crate) fn debian_codename(codename: &str) -> Option<OperatingSystem> {
    if codename == "sid" {
        return Some(labelled("debian", "unstable"));
    }
    DEBIAN.iter().find(|(known, _)| *known == codename).and_then(|(_, version)| debian(version))
}

/// `22.04`; `channel` is empty or `esm`.
pub(crate) fn ubuntu(version: &str, channel: &str) -> Option<OperatingSystem> {
    let (major, minor) = split(version)?;
    let mut release = numbered("ubuntu", "ubuntu", major, minor);
    release.channel = channel.into();
    if let Some((codename, _)) = UBUNTU.iter().find(|(_, known)| *known == version) {
        release.codename = (*codename).into();
    }
    Some(release)
}

/// `v3.19`, `3.19` or `edge`.
pub(crate) fn alpine(version: &str) -> Option<OperatingSystem> {
    if version == "edge" {
        return Some(labelled("alpine", "edge"));
    }
    let (major, minor) = split(version.strip_prefix('v').unwrap_or(version))?;
    Some(numbered("alpine", "alpine", major, minor))
}

/// Major and minor of a version made of digits and dots; further parts do not tell releases apart.
pub(crate) fn split(version: &str) -> Option<(&str, &str)> {
    let mut parts = version.split('.');
    let number = |part: &&str| !part.is_empty() && part.len() <= 9 && part.bytes().all(|byte| byte.is_ascii_digit());
    let major = parts.next().filter(number)?;
    let minor = match parts.next() {
        Some(minor) => Some(minor).filter(number)?,
        None => "",
    };
    parts.all(|part| number(&part)).then_some((major, minor))
}

fn without_leading_zeros(number: &str) -> String {
    let trimmed = number.trim_start_matches('0');
    if trimmed.is_empty() && !number.is_empty() { "0".into() } else { trimmed.into() }
}

const DEBIAN: &[(&str, &str)] = &[
    ("woody", "3.0"),
    ("sarge", "3.1"),
    ("etch", "4"),
    ("lenny", "5"),
    ("squeeze", "6"),
    ("wheezy", "7"),
    ("jessie", "8"),
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
];

const UBUNTU: &[(&str, &str)] = &[
    ("dapper", "6.06"),
    ("hardy", "8.04"),
    ("lucid", "10.04"),
    ("precise", "12.04"),
    ("trusty", "14.04"),
    ("utopic", "14.10"),
    ("vivid", "15.04"),
    ("wily", "15.10"),
    ("xenial", "16.04"),
    ("yakkety", "16.10"),
    ("zesty", "17.04"),
    ("artful", "17.10"),
    ("bionic", "18.04"),
    ("cosmic", "18.10"),
    ("disco", "19.04"),
    ("eoan", "19.10"),
    ("focal", "20.04"),
    ("groovy", "20.10"),
    ("hirsute", "21.04"),
    ("impish", "21.10"),
    ("jammy", "22.04"),
    ("kinetic", "22.10"),
    ("lunar", "23.04"),
    ("mantic", "23.10"),
    ("noble", "24.04"),
    ("oracular", "24.10"),
    ("plucky", "25.04"),
    ("questing", "25.10"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn row(release: Option<OperatingSystem>) -> String {
        release.map_or_else(
            || "none".into(),
            |os| {
                [os.name, os.release_id, os.major_version, os.minor_version, os.label_version, os.codename, os.channel]
                    .join("/")
            },
        )
    }

    #[test]
    fn releases_come_out_as_the_rows_of_the_database() {
        for (release, expected) in [
            (debian("12"), "debian/debian/12///bookworm/"),
            (debian("6.0"), "debian/debian/6///squeeze/"),
            (debian("3.0"), "debian/debian/3/0//woody/"),
            (debian_codename("sid"), "debian/debian///unstable//"),
            (debian_codename("forky"), "debian/debian/14///forky/"),
            (debian_codename("plasma"), "none"),
            (ubuntu("22.04", ""), "ubuntu/ubuntu/22/4//jammy/"),
            (ubuntu("16.04", "esm"), "ubuntu/ubuntu/16/4//xenial/esm"),
            (ubuntu("LTS", ""), "none"),
            (alpine("v3.19"), "alpine/alpine/3/19///"),
            (alpine("edge"), "alpine/alpine///edge//"),
            (alpine("v3."), "none"),
            (debian(""), "none"),
            (debian("99999999999999999999"), "none"),
        ] {
            assert_eq!(row(release), expected);
        }
    }
}
