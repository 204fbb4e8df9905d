//! OSV's ecosystems as package types, version formats and distribution releases.

use windlass_advisories::OperatingSystem;

use crate::releases;

/// What an ecosystem's name says of the packages in it.
#[derive(Debug, PartialEq)]
pub(super) struct Target {
    /// The package type: `npm`, `java-archive`, `deb`.
    pub(super) package_type: &'static str,
    /// The word for the version format (`spec/matching.md` §5.1).
    pub(super) format: &'static str,
    /// `None` for language ecosystems.
    pub(super) release: Option<OperatingSystem>,
    /// Ubuntu Pro: fixes that only subscribers get.
    pub(super) subscription: bool,
}

/// How the part after the first `:` of an ecosystem is read.
enum Suffix {
    /// A repository (`Maven:https://…`), which does not matter to matching.
    Repository,
    /// A release, read by this function; `None` if it names no release.
    Release(fn(&str) -> Option<Release>),
}

struct Release {
    system: OperatingSystem,
    subscription: bool,
}

struct Ecosystem {
    name: &'static str,
    package_type: &'static str,
    format: &'static str,
    suffix: Suffix,
}

const fn language(name: &'static str, package_type: &'static str, format: &'static str) -> Ecosystem {
    Ecosystem { name, package_type, format, suffix: Suffix::Repository }
}

const fn distribution(
    name: &'static str,
    package_type: &'static str,
    format: &'static str,
    release: fn(&str) -> Option<Release>,
) -> Ecosystem {
    Ecosystem { name, package_type, format, suffix: Suffix::Release(release) }
}

const ECOSYSTEMS: &[Ecosystem] = &[
    language("Bitnami", "bitnami", "bitnami"),
    language("CRAN", "R-package", "semver"),
    language("ConanCenter", "conan", "semver"),
    language("DHI", "dhi", "semver"),
    language("GitHub Actions", "github-action", "semver"),
    language("Go", "go-module", "go"),
    language("Hackage", "hackage", "semver"),
    language("Hex", "hex", "semver"),
    language("Maven", "java-archive", "maven"),
    language("NuGet", "dotnet", "semver"),
    language("Packagist", "php-composer", "semver"),
    language("Pub", "dart-pub", "semver"),
    language("PyPI", "python", "python"),
    language("RubyGems", "gem", "gem"),
    language("SwiftURL", "swift", "semver"),
    language("crates.io", "rust-crate", "semver"),
    language("npm", "npm", "semver"),
    distribution("AlmaLinux", "rpm", "rpm", |version| major("almalinux", "", version)),
    distribution("Alpine", "apk", "apk", |version| releases::alpine(version).map(open)),
    distribution("Chainguard", "apk", "apk", |_| Some(open(releases::labelled("chainguard", "rolling")))),
    distribution("Debian", "deb", "dpkg", |version| releases::debian(version).map(open)),
    distribution("Echo", "deb", "dpkg", |_| Some(open(releases::labelled("echo", "rolling")))),
    distribution("MinimOS", "apk", "apk", |_| Some(open(releases::labelled("minimos", "rolling")))),
    distribution("Rocky Linux", "rpm", "rpm", |version| major("rockylinux", "rocky", version)),
    distribution("Ubuntu", "deb", "dpkg", ubuntu),
    distribution("Wolfi", "apk", "apk", |_| Some(open(releases::labelled("wolfi", "rolling")))),
];

/// Reads an ecosystem such as `npm`, `Maven:https://repo.jenkins-ci.org`, `Ubuntu:Pro:22.04:LTS`.
///
/// # Errors
/// The kind of thing it is that cannot be matched, for the count of skipped ones.
pub(super) fn resolve(ecosystem: &str) -> Result<Target, String> {
    let (name, suffix) = match ecosystem.split_once(':') {
        Some((name, suffix)) => (name, suffix),
        None => (ecosystem, ""),
    };
    let Some(known) = ECOSYSTEMS.iter().find(|known| known.name == name) else {
        return Err(format!("ecosystem that images have no packages of: {name}"));
    };
    let release = match known.suffix {
        Suffix::Repository => None,
        Suffix::Release(read) => {
            let kind = || format!("release that is not matched: {}", without_digits(ecosystem));
            Some(read(suffix).ok_or_else(kind)?)
        }
    };
    let subscription = release.as_ref().is_some_and(|release| release.subscription);
    Ok(Target {
        package_type: known.package_type,
        format: known.format,
        release: release.map(|release| release.system),
        subscription,
    })
}

/// A package's name as catalogues write it.
pub(super) fn package_name(package_type: &str, name: &str) -> String {
    if package_type != "python" {
        return name.trim().to_owned();
    }
    // PEP 503: runs of separators are one hyphen, case does not matter.
    let mut normal = String::with_capacity(name.len());
    for character in name.trim().chars() {
        match character {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            _ => normal.extend(character.to_lowercase()),
        }
    }
    normal
}

fn open(system: OperatingSystem) -> Release {
    Release { system, subscription: false }
}

/// Enterprise distributions: a point release (`8.4`) gets the updates of its major version.
fn major(name: &str, release_id: &str, version: &str) -> Option<Release> {
    let (major, _) = releases::split(version)?;
    Some(open(releases::numbered(name, release_id, major, "")))
}

/// `22.04:LTS`, `25.10`, `Pro:22.04:LTS`. The FIPS, real-time and BlueField variants of Pro (`Pro:FIPS:16.04:LTS`) are
/// other builds of the same packages, which a package database does not tell apart (`spec/matching.md` §12.2).
fn ubuntu(suffix: &str) -> Option<Release> {
    let (subscription, release) = match suffix.strip_prefix("Pro:") {
        Some(release) => (true, release),
        None => (false, suffix),
    };
    let version = release.strip_suffix(":LTS").unwrap_or(release);
    let system = releases::ubuntu(version, if subscription { "esm" } else { "" })?;
    Some(Release { system, subscription })
}

/// One kind for all releases of a variant: `Ubuntu:Pro:FIPS:…:LTS`.
fn without_digits(ecosystem: &str) -> String {
    let parts: Vec<&str> = ecosystem
        .split(':')
        .map(|part| if part.starts_with(|c: char| c.is_ascii_digit()) { "…" } else { part })
        .collect();
    parts.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ecosystem: &str) -> String {
        match resolve(ecosystem) {
            Ok(target) => {
                let release = target.release.map_or_else(String::new, |os| {
                    let parts = [os.name, os.major_version, os.minor_version, os.label_version, os.channel];
                    format!(" {}", parts.join("/"))
                });
                format!("{} {}{release}", target.package_type, target.format)
            }
            Err(kind) => kind,
        }
    }

    #[test]
    fn ecosystems_say_package_type_format_and_release() {
        for (ecosystem, expected) in [
            ("npm", "npm semver"),
            ("Maven:https://repo.jenkins-ci.org/releases", "java-archive maven"),
            ("Go", "go-module go"),
            ("crates.io", "rust-crate semver"),
            ("DHI", "dhi semver"),
            ("Debian:12", "deb dpkg debian/12///"),
            ("Ubuntu:22.04:LTS", "deb dpkg ubuntu/22/4//"),
            ("Ubuntu:25.10", "deb dpkg ubuntu/25/10//"),
            ("Ubuntu:Pro:16.04:LTS", "deb dpkg ubuntu/16/4//esm"),
            ("Alpine:v3.19", "apk apk alpine/3/19//"),
            ("AlmaLinux:9", "rpm rpm almalinux/9///"),
            ("Rocky Linux:8", "rpm rpm rockylinux/8///"),
            ("Wolfi", "apk apk wolfi///rolling/"),
            ("Ubuntu:Pro:FIPS:16.04:LTS", "release that is not matched: Ubuntu:Pro:FIPS:…:LTS"),
            ("Debian", "release that is not matched: Debian"),
            ("Android", "ecosystem that images have no packages of: Android"),
            ("", "ecosystem that images have no packages of: "),
        ] {
            assert_eq!(row(ecosystem), expected, "{ecosystem:?}");
        }
    }

    #[test]
    fn python_names_are_normalised_and_others_kept() {
        assert_eq!(package_name("python", "Foo._-Bar.baz"), "foo-bar-baz");
        assert_eq!(package_name("npm", "@Types/Node_x"), "@Types/Node_x");
    }
}
