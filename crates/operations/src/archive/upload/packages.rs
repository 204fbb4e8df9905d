//! Packages as the lists of content tell them: for archives without a bill of materials (`spec/api.md` A4.4).

use std::collections::BTreeMap;

use serde::{Deserialize as _, de::DeserializeOwned};
use serde_json::Value;
use windlass_policy::package_kind;
use windlass_sbom::{
    Evidence, License, Location, Metadata, Package, PackageType,
    metadata::{ApkEntry, DpkgEntry, JavaArchive, PomProperties, RpmEntry},
};
use windlass_v1::content::{ContentType, JavaPackage, LanguagePackage, OsPackage};

use super::Unfit;

/// Every package of every list.
pub(super) fn read(content: &BTreeMap<String, Value>) -> Result<Vec<Package>, Unfit> {
    let mut packages = Vec::new();
    for (name, list) in content {
        match ContentType::parse(name) {
            Some(ContentType::Os) => packages.extend(items(name, list)?.into_iter().filter_map(distributed)),
            Some(ContentType::Packages("java")) => packages.extend(items(name, list)?.into_iter().map(java)),
            Some(ContentType::Packages(kind)) => {
                let known = PackageType::ALL.iter().copied().find(|known| package_kind(*known) == kind);
                let language = |package| language(known.unwrap_or_default(), package);
                packages.extend(items(name, list)?.into_iter().map(language));
            }
            Some(ContentType::Files | ContentType::Malware | ContentType::Metadata(_)) | None => {}
        }
    }
    packages.iter_mut().for_each(Package::assign_id);
    Ok(packages)
}

fn items<T: DeserializeOwned>(name: &str, list: &Value) -> Result<Vec<T>, Unfit> {
    Vec::deserialize(list).map_err(|error| Unfit::document(name, error))
}

/// What stands for something that is not known.
fn said(text: &str) -> String {
    if matches!(text, "N/A" | "Unknown" | "None") { String::new() } else { text.to_owned() }
}

fn described(kind: PackageType, name: String, version: String, licenses: &[String], cpes: &[String]) -> Package {
    Package {
        licenses: licenses.iter().filter(|text| !said(text).is_empty()).map(|text| License::declared(text)).collect(),
        cpes: cpes.iter().filter_map(|cpe| cpe.parse().ok()).collect(),
        found_by: "anchore-archive".into(),
        ..Package::new(kind, name, version)
    }
}

fn distributed(package: OsPackage) -> Option<Package> {
    let OsPackage { package: name, version, kind, size, origin, sourcepkg, licenses, cpes, .. } = package;
    let kind = PackageType::ALL.iter().copied().find(|known| known.is_os_package() && package_kind(*known) == kind)?;
    let source = said(sourcepkg.as_deref().unwrap_or_default());
    let origin = said(origin.as_deref().unwrap_or_default());
    let size: u64 = size.parse().unwrap_or_default();
    let (package, path) = (name.clone(), database(kind));
    let metadata = match kind {
        PackageType::Deb => {
            let source = if source == name { String::new() } else { source };
            Metadata::Dpkg(Box::new(DpkgEntry {
                package,
                version: version.clone(),
                source,
                maintainer: origin.trim_end_matches(" (maintainer)").to_owned(),
                installed_size: size / 1000,
                ..DpkgEntry::default()
            }))
        }
        PackageType::Rpm => {
            let (epoch, rest) = match version.split_once(':') {
                Some((epoch, rest)) => (epoch.parse().ok(), rest),
                None => (None, version.as_str()),
            };
            let (upstream, release) = rest.rsplit_once('-').unwrap_or((rest, ""));
            Metadata::Rpm(Box::new(RpmEntry {
                name: package,
                version: upstream.to_owned(),
                release: release.to_owned(),
                epoch,
                source_rpm: source,
                size,
                vendor: origin,
                ..RpmEntry::default()
            }))
        }
        PackageType::Apk => Metadata::Apk(Box::new(ApkEntry {
            package,
            version: version.clone(),
            origin_package: source,
            maintainer: origin,
            installed_size: size,
            ..ApkEntry::default()
        })),
        _ => Metadata::None,
    };
    let locations = vec![Location::new(path, None, Evidence::Primary)];
    Some(Package { metadata, locations, ..described(kind, name, version, &licenses, &cpes) })
}

fn database(kind: PackageType) -> &'static str {
    match kind {
        PackageType::Deb => "/var/lib/dpkg/status",
        PackageType::Apk => "/lib/apk/db/installed",
        PackageType::Rpm => "/var/lib/rpm/Packages",
        _ => "/",
    }
}

fn language(kind: PackageType, package: LanguagePackage) -> Package {
    let LanguagePackage { package: name, version, location, licenses, cpes, .. } = package;
    let locations = vec![Location::new(location, None, Evidence::Primary)];
    Package { locations, ..described(kind, name, version, &licenses, &cpes) }
}

fn java(package: JavaPackage) -> Package {
    let JavaPackage { package: name, version, location, cpes, metadata, .. } = package;
    let lines = metadata.pom_properties.lines().filter_map(|line| line.split_once('='));
    let known: BTreeMap<&str, &str> = lines.map(|(key, value)| (key.trim(), value.trim())).collect();
    let value = |key: &str| known.get(key).map(|value| (*value).to_owned()).unwrap_or_default();
    let pom = PomProperties {
        group_id: value("groupId"),
        artifact_id: value("artifactId"),
        version: value("version"),
        ..PomProperties::default()
    };
    let archive = JavaArchive {
        virtual_path: location.clone(),
        pom_properties: (!known.is_empty()).then_some(pom),
        ..JavaArchive::default()
    };
    let outermost = location.split(':').next().unwrap_or_default().to_owned();
    let locations = vec![Location::new(outermost, None, Evidence::Primary)];
    let metadata = Metadata::JavaArchive(Box::new(archive));
    Package { metadata, locations, ..described(PackageType::JavaArchive, name, said(&version), &[], &cpes) }
}
