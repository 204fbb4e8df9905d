//! Packages of distributions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass_policy::PackageFact;
use windlass_sbom::Metadata;

use super::{cpes, licenses, or};

/// A package that a distribution's package manager installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OsPackage {
    pub package: String,
    /// With the release.
    pub version: String,
    /// `dpkg`, `rpm`, `APKG`
    #[serde(rename = "type")]
    pub kind: String,
    /// Bytes on disk as a text, `N/A` where unknown.
    pub size: String,
    /// Who made the package.
    #[schema(required = true)]
    pub origin: Option<String>,
    /// Every licence, separated by spaces.
    #[schema(required = true)]
    pub license: Option<String>,
    /// The words of `license`.
    pub licenses: Vec<String>,
    /// The source package it was built from, `N/A` where it is its own.
    #[schema(required = true)]
    pub sourcepkg: Option<String>,
    pub cpes: Vec<String>,
}

const ABSENT: &str = "N/A";

impl OsPackage {
    pub(super) fn new(fact: &PackageFact<'_>) -> Self {
        let package = fact.package;
        let (size, origin, source) = match &package.metadata {
            // dpkg counts in thousands of bytes here, as the original multiplied.
            Metadata::Dpkg(entry) => {
                let origin = match entry.maintainer.as_str() {
                    "" => String::new(),
                    maintainer => format!("{maintainer} (maintainer)"),
                };
                (entry.installed_size.saturating_mul(1000), origin, entry.source.clone())
            }
            Metadata::Rpm(entry) => (entry.size, entry.vendor.clone(), entry.source_rpm.clone()),
            Metadata::Apk(entry) => (entry.installed_size, entry.maintainer.clone(), entry.origin_package.clone()),
            _ => (0, String::new(), String::new()),
        };
        let no_license = if fact.kind == "dpkg" { "Unknown" } else { ABSENT };
        let (license, licenses) = licenses(package, no_license);
        Self {
            package: package.name.clone(),
            version: fact.full_version.to_owned(),
            kind: fact.kind.to_owned(),
            size: if size == 0 { ABSENT.to_owned() } else { size.to_string() },
            origin: Some(or(&origin, ABSENT)),
            license: Some(license),
            licenses,
            sourcepkg: Some(or(&source, ABSENT)),
            cpes: cpes(package),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_sbom::{
        License, Metadata, Package, PackageType, Sbom,
        metadata::{ApkEntry, DpkgEntry, RpmEntry},
    };

    use crate::content::{Content, ContentType};

    #[test]
    fn each_package_manager_s_record_is_told_in_the_same_terms() {
        let mut deb = Package::new(PackageType::Deb, "bash", "5.2.15-2+b13");
        deb.licenses = vec![License::declared("GPL-2"), License::declared("GPL-3+")];
        deb.metadata = Metadata::Dpkg(Box::new(DpkgEntry {
            source: "bash".into(),
            maintainer: "Matthias Klose <doko@debian.org>".into(),
            installed_size: 7164,
            ..DpkgEntry::default()
        }));
        let mut apk = Package::new(PackageType::Apk, "zlib", "1.2.11-r3");
        apk.metadata = Metadata::Apk(Box::new(ApkEntry {
            origin_package: "zlib".into(),
            maintainer: "M <m@example.org>".into(),
            installed_size: 4096,
            ..ApkEntry::default()
        }));
        let mut rpm = Package::new(PackageType::Rpm, "zlib", "1.2.11-17.el8");
        rpm.metadata = Metadata::Rpm(Box::new(RpmEntry {
            source_rpm: "zlib-1.2.11-17.el8.src.rpm".into(),
            size: 200_000,
            vendor: "Example".into(),
            ..RpmEntry::default()
        }));
        let unknown = Package::new(PackageType::Deb, "x", "1");
        let sbom = Sbom { packages: vec![deb, apk, rpm, unknown], ..Sbom::default() };
        assert_eq!(
            json!(Content::of(&sbom, ContentType::Os)),
            json!([
                {"package": "zlib", "version": "1.2.11-r3", "type": "APKG", "size": "4096", "origin": "M <m@example.org>",
                    "license": "N/A", "licenses": ["N/A"], "sourcepkg": "zlib", "cpes": []},
                {"package": "bash", "version": "5.2.15-2+b13", "type": "dpkg", "size": "7164000",
                    "origin": "Matthias Klose <doko@debian.org> (maintainer)", "license": "GPL-2 GPL-3+",
                    "licenses": ["GPL-2", "GPL-3+"], "sourcepkg": "bash", "cpes": []},
                {"package": "x", "version": "1", "type": "dpkg", "size": "N/A", "origin": "N/A", "license": "Unknown",
                    "licenses": ["Unknown"], "sourcepkg": "N/A", "cpes": []},
                {"package": "zlib", "version": "1.2.11-17.el8", "type": "rpm", "size": "200000", "origin": "Example",
                    "license": "N/A", "licenses": ["N/A"], "sourcepkg": "zlib-1.2.11-17.el8.src.rpm", "cpes": []},
            ])
        );
    }
}
