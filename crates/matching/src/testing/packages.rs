//! Packages and the artifacts that hold them.

use windlass_sbom::{
    Cpe, CpeSource, Distro, Evidence, Location, Metadata, Package, PackageType, Sbom,
    metadata::{ApkEntry, DpkgEntry, JavaArchive, PomProperties, RpmEntry},
};

/// An artifact of a distribution written `debian:12` (or of none, if empty) with these packages, sorted and with ids.
pub fn sbom(distribution: &str, packages: impl IntoIterator<Item = Package>) -> Sbom {
    let (id, version) = distribution.split_once(':').unwrap_or((distribution, ""));
    let distro = (!id.is_empty()).then(|| Distro { id: id.into(), version_id: version.into(), ..Distro::default() });
    let mut sbom = Sbom { distro, packages: packages.into_iter().collect(), ..Sbom::default() };
    for package in &mut sbom.packages {
        package.assign_id();
    }
    sbom.sort();
    sbom
}

/// A package of any kind.
pub fn package(kind: PackageType, name: &str, version: &str) -> Package {
    let mut package = Package::new(kind, name, version);
    package.purl = windlass_sbom::package_url(kind, "", name, version, &[]);
    package.locations = vec![Location::new(format!("/found/{name}"), None, Evidence::Primary)];
    package
}

pub fn deb(name: &str, version: &str) -> Package {
    let entry = DpkgEntry { package: name.into(), version: version.into(), ..DpkgEntry::default() };
    Package { metadata: Metadata::Dpkg(Box::new(entry)), ..package(PackageType::Deb, name, version) }
}

/// A Debian package built from a source of another name, or of another version if one is given.
pub fn deb_from(source: &str, source_version: &str, name: &str, version: &str) -> Package {
    let entry = DpkgEntry {
        package: name.into(),
        version: version.into(),
        source: source.into(),
        source_version: source_version.into(),
        ..DpkgEntry::default()
    };
    Package { metadata: Metadata::Dpkg(Box::new(entry)), ..package(PackageType::Deb, name, version) }
}

/// An rpm package, not modular, for `x86_64`.
pub fn rpm(name: &str, version: &str) -> Package {
    rpm_from("", name, version)
}

/// An rpm package and the file name of its source package.
pub fn rpm_from(source_rpm: &str, name: &str, version: &str) -> Package {
    let entry = RpmEntry {
        name: name.into(),
        source_rpm: source_rpm.into(),
        architecture: "x86_64".into(),
        modularity_label: Some(String::new()),
        ..RpmEntry::default()
    };
    Package { metadata: Metadata::Rpm(Box::new(entry)), ..package(PackageType::Rpm, name, version) }
}

/// An Alpine package and the package it was split from.
pub fn apk(origin: &str, name: &str, version: &str) -> Package {
    let entry = ApkEntry { package: name.into(), origin_package: origin.into(), ..ApkEntry::default() };
    Package { metadata: Metadata::Apk(Box::new(entry)), ..package(PackageType::Apk, name, version) }
}

/// A Java archive with Maven coordinates.
pub fn java(group: &str, artifact: &str, version: &str) -> Package {
    let properties = PomProperties {
        group_id: group.into(),
        artifact_id: artifact.into(),
        version: version.into(),
        ..PomProperties::default()
    };
    let archive = JavaArchive { pom_properties: Some(properties), ..JavaArchive::default() };
    let mut package = package(PackageType::JavaArchive, artifact, version);
    package.purl = windlass_sbom::package_url(PackageType::JavaArchive, group, artifact, version, &[]);
    package.metadata = Metadata::JavaArchive(Box::new(archive));
    package
}

/// The package with a further CPE, of its own version.
pub fn with_cpe(mut package: Package, vendor: &str, product: &str) -> Package {
    package.cpes.push(Cpe::application(vendor, product, &package.version, CpeSource::Declared));
    package
}
