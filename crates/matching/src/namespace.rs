//! Names of the places where records come from, as older databases and ignore rules spell them
//! (`spec/matching.md` §6.6).

use windlass_advisories::OperatingSystem;
use windlass_sbom::{Language, PackageType};

use crate::PackageInput;

/// The namespace of records about packages of a type, in no release; the name counts for Microsoft's products alone.
pub fn namespace_of_package(provider: &str, kind: PackageType, name: &str) -> String {
    of_ecosystem(provider, &PackageInput { kind, name: name.to_owned(), ..PackageInput::default() })
}

/// The namespace of records about products, by CPE.
pub fn namespace_of_products(provider: &str) -> String {
    of_cpe(provider)
}

/// The namespace of records about packages of a release of a distribution.
pub fn namespace_of_release(provider: &str, release: &OperatingSystem) -> String {
    of_release(provider, release)
}

/// `debian:distro:debian:12`, `redhat:distro:redhat:9`, `alpine:distro:alpine:edge`
pub(crate) fn of_release(provider: &str, release: &OperatingSystem) -> String {
    let provider = if provider == "rhel" { "redhat" } else { provider };
    let family = match release.name.as_str() {
        "amazon" => "amazonlinux",
        "oracle" => "oraclelinux",
        "mariner" | "azurelinux" if is_azure(&release.major_version) => "azurelinux",
        "mariner" | "azurelinux" => "mariner",
        name => name,
    };
    format!("{provider}:distro:{family}:{}", version(family, release))
}

/// `github:language:javascript`; Bitnami and Microsoft have names of their own.
pub(crate) fn of_ecosystem(provider: &str, package: &PackageInput) -> String {
    match package.kind {
        PackageType::Bitnami => "bitnami".into(),
        PackageType::MsrcKb => format!("msrc:distro:windows:{}", package.name),
        _ => format!("{provider}:language:{}", ecosystem_word(package)),
    }
}

/// `nvd:cpe`
pub(crate) fn of_cpe(provider: &str) -> String {
    format!("{provider}:cpe")
}

/// The namespace of a record looked up by its name, for what it is related to.
pub(crate) fn of_related(provider: &str, package: &PackageInput) -> String {
    match provider {
        "nvd" => of_cpe(provider),
        _ => of_ecosystem(provider, package),
    }
}

/// The language of a package, or its type where it has none.
pub(crate) fn ecosystem_word(package: &PackageInput) -> &'static str {
    package.kind.language().map_or_else(|| package.kind.as_str(), Language::as_str)
}

fn is_azure(major: &str) -> bool {
    !matches!(major, "1" | "2")
}

fn version(family: &str, release: &OperatingSystem) -> String {
    let (major, minor) = (release.major_version.as_str(), release.minor_version.as_str());
    let mut version = match (family, major, minor) {
        (_, "", _) if release.label_version.is_empty() => "rolling".to_owned(),
        (_, "", _) => release.label_version.clone(),
        ("mariner" | "azurelinux", _, "") => format!("{major}.0"),
        ("redhat" | "oraclelinux", _, _) | (_, _, "") => major.to_owned(),
        ("ubuntu", _, _) => format!("{major}.{minor:0>2}"),
        _ => format!("{major}.{minor}"),
    };
    if !release.channel.is_empty() {
        if family == "redhat" && !minor.is_empty() {
            version = format!("{major}.{minor}");
        }
        version = format!("{version}+{}", release.channel);
    }
    version
}

#[cfg(test)]
mod tests {
    use windlass_sbom::Package;

    use super::*;

    fn row(name: &str, major: &str, minor: &str, label: &str, channel: &str) -> OperatingSystem {
        OperatingSystem {
            name: name.into(),
            major_version: major.into(),
            minor_version: minor.into(),
            label_version: label.into(),
            channel: channel.into(),
            ..OperatingSystem::default()
        }
    }

    #[test]
    fn releases_are_spelled_as_they_always_were() {
        for (provider, release, namespace) in [
            ("debian", row("debian", "12", "", "", ""), "debian:distro:debian:12"),
            ("debian", row("debian", "", "", "unstable", ""), "debian:distro:debian:unstable"),
            ("ubuntu", row("ubuntu", "22", "4", "", ""), "ubuntu:distro:ubuntu:22.04"),
            ("alpine", row("alpine", "3", "19", "", ""), "alpine:distro:alpine:3.19"),
            ("rhel", row("redhat", "9", "4", "", ""), "redhat:distro:redhat:9"),
            ("rhel", row("redhat", "9", "4", "", "eus"), "redhat:distro:redhat:9.4+eus"),
            ("oracle", row("oraclelinux", "8", "", "", ""), "oracle:distro:oraclelinux:8"),
            ("amazon", row("amazonlinux", "2023", "", "", ""), "amazon:distro:amazonlinux:2023"),
            ("mariner", row("mariner", "2", "0", "", ""), "mariner:distro:mariner:2.0"),
            ("mariner", row("azurelinux", "3", "0", "", ""), "mariner:distro:azurelinux:3.0"),
            ("wolfi", row("wolfi", "", "", "rolling", ""), "wolfi:distro:wolfi:rolling"),
            ("sles", row("sles", "15", "5", "", ""), "sles:distro:sles:15.5"),
        ] {
            assert_eq!(of_release(provider, &release), namespace);
        }
    }

    #[test]
    fn ecosystems_are_named_by_language() {
        let input = |kind, name| PackageInput::of(&Package::new(kind, name, "1"), None, false);
        let of = |kind| of_ecosystem("github", &input(kind, "x"));
        assert_eq!(of(PackageType::Npm), "github:language:javascript");
        assert_eq!(of(PackageType::JenkinsPlugin), "github:language:java");
        assert_eq!(of(PackageType::GithubAction), "github:language:github-action");
        assert_eq!(of(PackageType::Bitnami), "bitnami");
        assert_eq!(of_ecosystem("msrc", &input(PackageType::MsrcKb, "11926")), "msrc:distro:windows:11926");
    }
}
