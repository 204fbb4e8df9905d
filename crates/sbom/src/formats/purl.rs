//! What a package URL says, for documents that say nothing else of a package.

use std::{collections::BTreeMap, str::FromStr as _};

use packageurl::PackageUrl;

use crate::{
    Distro, Metadata, Package, PackageType,
    metadata::{ApkEntry, DpkgEntry, JavaArchive, PomProperties, RpmEntry},
};

/// Fills in what the package's URL knows and the document did not say: kind, full name, version with epoch, and the
/// record that matching reads (source package, architecture, Maven coordinates).
pub(super) fn interpret(package: &mut Package) {
    let Some(purl) = package.purl.as_deref().and_then(|purl| PackageUrl::from_str(purl).ok()) else { return };
    let namespace = purl.namespace().unwrap_or_default();
    if package.kind == PackageType::Unknown {
        package.kind = kind(purl.ty(), namespace);
    }
    if is_named_with_namespace(package.kind) && !namespace.is_empty() {
        package.name = format!("{namespace}/{}", purl.name());
        if package.kind == PackageType::GoModule
            && let Some(subpath) = purl.subpath()
        {
            package.name = format!("{}/{subpath}", package.name);
        }
    } else if package.name.is_empty() {
        purl.name().clone_into(&mut package.name);
    }
    if package.version.is_empty() {
        purl.version().unwrap_or_default().clone_into(&mut package.version);
    }
    let qualifier = |key: &str| purl.qualifiers().get(key).map(AsRef::as_ref).unwrap_or_default();
    let epoch = qualifier("epoch");
    let has_epoch = matches!(package.kind, PackageType::Rpm | PackageType::Deb);
    if has_epoch && !epoch.is_empty() && !package.version.contains(':') && !package.version.is_empty() {
        package.version = format!("{epoch}:{}", package.version);
    }
    if matches!(package.metadata, Metadata::None) {
        package.metadata = record(package, namespace, purl.name(), &qualifier);
    }
}

/// The kind for a purl type, as far as the namespace does not make it another.
fn kind(purl_type: &str, namespace: &str) -> PackageType {
    match (PackageType::from_purl_type(purl_type), namespace) {
        (PackageType::JavaArchive, "io.jenkins.plugins" | "org.jenkins-ci.plugins") => PackageType::JenkinsPlugin,
        (kind, _) => kind,
    }
}

/// Ecosystems whose name for a package is the namespace and the name together.
fn is_named_with_namespace(kind: PackageType) -> bool {
    matches!(
        kind,
        PackageType::Npm
            | PackageType::GoModule
            | PackageType::Composer
            | PackageType::GithubAction
            | PackageType::Swift
            | PackageType::Terraform
    )
}

fn record<'a>(
    package: &Package,
    namespace: &str,
    name: &str,
    qualifier: &impl Fn(&'static str) -> &'a str,
) -> Metadata {
    let architecture = qualifier("arch").to_owned();
    let upstream = qualifier("upstream");
    match package.kind {
        PackageType::Deb => {
            let (source, source_version) = upstream.split_once('@').unwrap_or((upstream, ""));
            Metadata::Dpkg(Box::new(DpkgEntry {
                package: package.name.clone(),
                version: package.version.clone(),
                source: source.to_owned(),
                source_version: source_version.to_owned(),
                architecture,
                ..DpkgEntry::default()
            }))
        }
        PackageType::Rpm => Metadata::Rpm(Box::new(rpm(package, architecture, upstream, qualifier))),
        PackageType::Apk => Metadata::Apk(Box::new(ApkEntry {
            package: package.name.clone(),
            version: package.version.clone(),
            origin_package: upstream.split('@').next().unwrap_or_default().to_owned(),
            architecture,
            ..ApkEntry::default()
        })),
        PackageType::JavaArchive | PackageType::JenkinsPlugin if !namespace.is_empty() => {
            let coordinates = PomProperties {
                group_id: namespace.to_owned(),
                artifact_id: name.to_owned(),
                version: package.version.clone(),
                ..PomProperties::default()
            };
            Metadata::JavaArchive(Box::new(JavaArchive { pom_properties: Some(coordinates), ..JavaArchive::default() }))
        }
        _ => Metadata::None,
    }
}

fn rpm<'a>(
    package: &Package,
    architecture: String,
    upstream: &str,
    qualifier: &impl Fn(&'static str) -> &'a str,
) -> RpmEntry {
    let (epoch, evr) = match package.version.split_once(':') {
        Some((epoch, rest)) => (epoch.parse().ok(), rest),
        None => (None, package.version.as_str()),
    };
    let (version, release) = evr.rsplit_once('-').unwrap_or((evr, ""));
    let source_rpm = match upstream {
        "" => String::new(),
        file if file.strip_suffix(".rpm").is_some() => file.to_owned(),
        // Some programs name the source package only; the record holds a file name.
        name => format!("{name}-{version}-{release}.src.rpm"),
    };
    RpmEntry {
        name: package.name.clone(),
        version: version.to_owned(),
        release: release.to_owned(),
        epoch,
        architecture,
        source_rpm,
        modularity_label: Some(qualifier("rpmmod").to_owned()).filter(|label| !label.is_empty()),
        ..RpmEntry::default()
    }
}

/// The distribution that most packages of a package manager name in their URLs.
pub(super) fn distro(packages: &[Package]) -> Option<Distro> {
    let mut votes: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    for package in packages.iter().filter(|package| package.kind.is_os_package()) {
        let Some(purl) = package.purl.as_deref().and_then(|purl| PackageUrl::from_str(purl).ok()) else { continue };
        let value = purl.qualifiers().get("distro").map(AsRef::as_ref).unwrap_or_default();
        if let Some(candidate) = distro_of(value, purl.namespace().unwrap_or_default()) {
            *votes.entry(candidate).or_default() += 1;
        }
    }
    // The first of equals in alphabetical order, so that the answer does not depend on the order of packages.
    let ((id, version_id, codename), _) = votes.into_iter().rev().max_by_key(|(_, count)| *count)?;
    Some(Distro { id, version_id, version_codename: codename, ..Distro::default() })
}

/// Id, version and code name of `debian-12.5`, `opensuse-leap-15.5`, `bookworm` (in the namespace `debian`), `arch`.
fn distro_of(value: &str, namespace: &str) -> Option<(String, String, String)> {
    // Red Hat's own id is `rhel`; other programs write the vendor's name.
    let id = |id: &str| if id == "redhat" { "rhel".to_owned() } else { id.to_ascii_lowercase() };
    match value.rsplit_once('-') {
        _ if value.is_empty() => None,
        Some((name, version)) if !name.is_empty() && version.starts_with(|c: char| c.is_ascii_digit()) => {
            Some((id(name), version.to_owned(), String::new()))
        }
        _ if value.eq_ignore_ascii_case(namespace) || namespace.is_empty() => {
            Some((id(value), String::new(), String::new()))
        }
        _ if value.starts_with(|c: char| c.is_ascii_digit()) => Some((id(namespace), value.to_owned(), String::new())),
        _ => Some((id(namespace), String::new(), value.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interpreted(purl: &str, version: &str) -> Package {
        let mut package = Package::new(PackageType::Unknown, "", version);
        package.purl = Some(purl.to_owned());
        interpret(&mut package);
        package
    }

    #[test]
    fn an_rpm_gets_its_epoch_and_source_package_back() {
        let package = interpreted(
            "pkg:rpm/redhat/bind-libs@9.11.36-3.el8?arch=x86_64&epoch=32&upstream=bind-9.11.36-3.el8.src.rpm",
            "",
        );
        assert_eq!((package.name.as_str(), package.version.as_str()), ("bind-libs", "32:9.11.36-3.el8"));
        assert_eq!(package.upstreams(), [("bind".to_owned(), String::new())]);
        let Metadata::Rpm(rpm) = &package.metadata else { panic!("{:?}", package.metadata) };
        assert_eq!((rpm.epoch, rpm.release.as_str(), &rpm.modularity_label), (Some(32), "3.el8", &None));
    }

    #[test]
    fn a_module_stream_in_the_url_is_kept() {
        let package = interpreted("pkg:rpm/redhat/nodejs@18.1-2.el9?rpmmod=nodejs:18:9:abc", "18.1-2.el9");
        let Metadata::Rpm(rpm) = &package.metadata else { panic!("{:?}", package.metadata) };
        assert_eq!(rpm.modularity_label.as_deref(), Some("nodejs:18:9:abc"));
    }

    #[test]
    fn a_debian_package_gets_its_source_version_back() {
        let package = interpreted("pkg:deb/debian/bash@5.2.15-2%2Bb13?upstream=bash%405.2.15-2", "");
        assert_eq!(package.version, "5.2.15-2+b13");
        assert_eq!(package.upstreams(), [("bash".to_owned(), "5.2.15-2".to_owned())]);
    }

    #[test]
    fn names_are_those_of_the_ecosystem() {
        for (purl, kind, name) in [
            ("pkg:npm/%40babel/core@7.0.0", PackageType::Npm, "@babel/core"),
            ("pkg:golang/github.com/sirupsen/logrus@v1.9.0", PackageType::GoModule, "github.com/sirupsen/logrus"),
            ("pkg:composer/symfony/http-kernel@6.0.0", PackageType::Composer, "symfony/http-kernel"),
            ("pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1", PackageType::JavaArchive, "log4j-core"),
            ("pkg:maven/org.jenkins-ci.plugins/git@5.0", PackageType::JenkinsPlugin, "git"),
            ("pkg:pypi/requests@2.0", PackageType::Python, "requests"),
        ] {
            let package = interpreted(purl, "");
            assert_eq!((package.kind, package.name.as_str()), (kind, name), "{purl}");
        }
    }

    #[test]
    fn maven_coordinates_come_from_the_namespace() {
        let package = interpreted("pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1", "");
        let Metadata::JavaArchive(java) = package.metadata else { panic!("no archive") };
        let pom = java.pom_properties.expect("coordinates");
        assert_eq!((pom.group_id.as_str(), pom.artifact_id.as_str()), ("org.apache.logging.log4j", "log4j-core"));
    }

    #[test]
    fn the_distribution_is_the_one_most_packages_name() {
        let packages: Vec<Package> = [
            "pkg:deb/debian/a@1?distro=debian-12",
            "pkg:deb/debian/b@1?distro=debian-12",
            "pkg:deb/debian/c@1?distro=debian-11",
            "pkg:pypi/d@1?distro=fedora-39",
        ]
        .map(|purl| interpreted(purl, ""))
        .into();
        let distro = distro(&packages).expect("a distribution");
        assert_eq!((distro.id.as_str(), distro.version_id.as_str()), ("debian", "12"));
    }

    #[test]
    fn every_way_to_name_a_distribution_is_understood() {
        let of = |value, namespace| {
            let (id, version, codename) = distro_of(value, namespace).expect(value);
            [id, version, codename].join("|")
        };
        assert_eq!(of("opensuse-leap-15.5", "opensuse"), "opensuse-leap|15.5|");
        assert_eq!(of("redhat-8.9", "redhat"), "rhel|8.9|");
        assert_eq!(of("bookworm", "debian"), "debian||bookworm");
        assert_eq!(of("12", "debian"), "debian|12|");
        assert_eq!(of("arch", "arch"), "arch||");
        assert_eq!(distro_of("", "debian"), None);
    }
}
