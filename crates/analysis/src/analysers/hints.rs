//! Packages that an image lists by itself in `/anchore_hints.json` (`spec/analysis.md` §11.6).
//!
//! Whoever builds the image writes this file, so it is believed only where the user says so, and it never says more than
//! a package manager: what is known already stays as it is.

use std::collections::HashSet;

use serde::Deserialize;
use windlass_sbom::{
    Distro, Evidence as Proof, License, Location, Metadata, Package, PackageType,
    metadata::{ApkEntry, DpkgEntry, RpmEntry},
    package_url,
};

use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Found, Unreadable, View};

pub(crate) struct Hints;

/// The file, with records that can be used and reasons why others cannot.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct HintFile {
    hints: Vec<Hint>,
    troubles: Vec<String>,
}

#[derive(Deserialize)]
struct Document {
    packages: Vec<serde_json::Value>,
}

/// One record; of lists there is a singular form too.
#[derive(Clone, Deserialize, serde::Serialize)]
pub(crate) struct Hint {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    versions: Vec<String>,
    #[serde(rename = "type")]
    kind: HintKind,
    #[serde(default)]
    release: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    arch: String,
    #[serde(default)]
    license: String,
    #[serde(default)]
    licenses: Vec<String>,
    #[serde(default)]
    location: String,
}

#[derive(Clone, Copy, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum HintKind {
    Rpm,
    Dpkg,
    #[serde(alias = "APKG")]
    Apkg,
    Gem,
    Npm,
    Python,
    Java,
    Go,
    Binary,
}

impl Cataloger for Hints {
    type Facts = HintFile;

    fn name(&self) -> &'static str {
        "anchore-hints"
    }

    fn evidence(&self) -> Evidence {
        Evidence::InstalledInImage
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        file.path() == b"anchore_hints.json"
    }

    fn read(&self, _file: &Candidate<'_>, content: &mut Content) -> Result<Option<HintFile>, Unreadable> {
        let document: Document = serde_json::from_slice(&content.bytes()?)
            .map_err(|error| Unreadable::new(format!("it is no list of package hints: {error}")))?;
        let mut file = HintFile { hints: Vec::new(), troubles: Vec::new() };
        for (number, record) in document.packages.into_iter().enumerate() {
            match serde_json::from_value(record).map_err(|error| error.to_string()).and_then(Hint::checked) {
                Ok(hint) => file.hints.push(hint),
                Err(reason) => file.troubles.push(format!("record {number} is left out: {reason}")),
            }
        }
        Ok(Some(file))
    }

    fn assemble(&self, view: &View<'_, HintFile>, catalog: &mut Catalog) {
        let mut known: HashSet<_> = catalog.packages.iter().map(key).collect();
        for found in view.files() {
            for trouble in &found.facts.troubles {
                catalog.unknown(&found.path, self.name(), trouble);
            }
            for package in found.facts.hints.iter().flat_map(|hint| hint.packages(view, &found)) {
                if known.insert(key(&package)) {
                    catalog.add(package);
                }
            }
        }
    }
}

/// What a package manager would call the same package: operating systems hold one version of a name.
fn key(package: &Package) -> (PackageType, String, Option<String>) {
    let version = (!package.kind.is_os_package()).then(|| package.version.clone());
    (package.kind, package.name.clone(), version)
}

impl Hint {
    /// The record with everything its kind must have, in its place.
    fn checked(mut self) -> Result<Self, String> {
        if self.version.is_empty() {
            self.version = self.versions.first().cloned().unwrap_or_default();
        }
        if self.name.is_empty() || self.version.is_empty() {
            return Err("a package needs a name, a version and a type".into());
        }
        if matches!(self.kind, HintKind::Rpm | HintKind::Apkg) && self.release.is_empty() {
            let (version, release) =
                self.version.rsplit_once('-').ok_or_else(|| format!("{} has no release", self.name))?;
            (self.version, self.release) = (version.to_owned(), release.to_owned());
        }
        Ok(self)
    }

    fn packages(&self, view: &View<'_, HintFile>, file: &Found<'_, HintFile>) -> Vec<Package> {
        let package = match self.kind {
            HintKind::Rpm => self.rpm(view.distro()),
            HintKind::Dpkg => self.dpkg(view.distro()),
            HintKind::Apkg => self.apk(view.distro()),
            HintKind::Gem => self.plain(PackageType::Gem, format!("/virtual/gempkg/{}-{}", self.name, self.version)),
            HintKind::Npm => self.plain(PackageType::Npm, format!("/virtual/npmpkg/{}-{}", self.name, self.version)),
            HintKind::Python => self.plain(PackageType::Python, "/virtual/pypkg/site-packages".into()),
            HintKind::Java => {
                self.plain(PackageType::JavaArchive, format!("/virtual/javapkg/{}-{}.jar", self.name, self.version))
            }
            HintKind::Go => self.plain(PackageType::GoModule, String::new()),
            HintKind::Binary => self.plain(PackageType::Binary, String::new()),
        };
        let license = Some(&self.license).filter(|license| !license.is_empty());
        let mut package = Package {
            found_by: Hints.name().into(),
            introduced_by: view.layer(file.layer),
            licenses: license.into_iter().chain(&self.licenses).map(|name| License::declared(name)).collect(),
            ..package
        };
        for location in &mut package.locations {
            location.layer = view.layer(file.layer);
        }
        let evidence = if package.locations.is_empty() { Proof::Primary } else { Proof::Supporting };
        package.locations.push(Location::new(file.path.clone(), view.layer(file.layer), evidence));
        // Further versions of the same record differ in nothing else.
        let others = self.versions.iter().filter(|version| **version != self.version);
        let others: Vec<_> =
            others.map(|version| Package { version: version.clone(), purl: None, ..package.clone() }).collect();
        std::iter::once(package).chain(others).collect()
    }

    /// A package of a language, at the place that is stated or, as policies know it, a made-up one.
    fn plain(&self, kind: PackageType, place: String) -> Package {
        let place = if self.location.is_empty() { place } else { self.location.clone() };
        let (namespace, name) = match kind {
            PackageType::Npm | PackageType::GoModule => self.name.rsplit_once('/').unwrap_or(("", &self.name)),
            _ => ("", self.name.as_str()),
        };
        let place = Some(place).filter(|place| !place.is_empty());
        Package {
            purl: package_url(kind, namespace, name, &self.version, &[]),
            locations: place.into_iter().map(|path| Location::new(path, None, Proof::Primary)).collect(),
            ..Package::new(kind, self.name.clone(), self.version.clone())
        }
    }

    fn arch(&self) -> String {
        match (self.arch.as_str(), self.kind) {
            ("", _) | ("amd64", HintKind::Rpm) => "x86_64".into(),
            (arch, _) => arch.into(),
        }
    }

    fn rpm(&self, distro: Option<&Distro>) -> Package {
        let (epoch, version) = match self.version.split_once(':') {
            Some((epoch, version)) => (epoch.parse().ok(), version),
            None => (None, self.version.as_str()),
        };
        let of = if self.source.is_empty() { &self.name } else { &self.source };
        let entry = RpmEntry {
            name: self.name.clone(),
            version: version.to_owned(),
            epoch,
            architecture: self.arch(),
            release: self.release.clone(),
            source_rpm: format!("{of}-{version}-{}.src.rpm", self.release),
            ..RpmEntry::default()
        };
        let full = format!("{}-{}", self.version, self.release);
        let package = self.of_system(PackageType::Rpm, &full, &entry.architecture, distro);
        Package { metadata: Metadata::Rpm(Box::new(entry)), ..package }
    }

    fn dpkg(&self, distro: Option<&Distro>) -> Package {
        let entry = DpkgEntry {
            package: self.name.clone(),
            source: self.source.clone(),
            version: self.version.clone(),
            architecture: self.arch(),
            ..DpkgEntry::default()
        };
        let package = self.of_system(PackageType::Deb, &self.version, &entry.architecture, distro);
        Package { metadata: Metadata::Dpkg(Box::new(entry)), ..package }
    }

    fn apk(&self, distro: Option<&Distro>) -> Package {
        let full = format!("{}-{}", self.version, self.release);
        let entry = ApkEntry {
            package: self.name.clone(),
            origin_package: self.source.clone(),
            version: full.clone(),
            architecture: self.arch(),
            ..ApkEntry::default()
        };
        let package = self.of_system(PackageType::Apk, &full, &entry.architecture, distro);
        Package { metadata: Metadata::Apk(Box::new(entry)), ..package }
    }

    fn of_system(&self, kind: PackageType, version: &str, arch: &str, distro: Option<&Distro>) -> Package {
        let release = distro.and_then(Distro::qualifier).unwrap_or_default();
        let namespace = distro.map_or("", |distro| distro.id.as_str());
        Package {
            purl: package_url(kind, namespace, &self.name, version, &[("arch", arch), ("distro", &release)]),
            ..Package::new(kind, self.name.clone(), version)
        }
    }
}

#[cfg(test)]
mod tests {
    use windlass_image::testing::Tar;
    use windlass_sbom::Sbom;

    use super::*;
    use crate::{
        Analysers, Options,
        testing::{names, package, scan, scan_with},
    };

    fn hinted(files: Tar) -> Sbom {
        let analysers = Analysers { hints: true, ..Analysers::default() };
        scan_with([files], &Options { analysers, ..Options::default() })
    }

    const HINTS: &str = r#"{"packages": [
        {"name": "wget", "version": "1:1.21-4.el9", "type": "rpm", "license": "GPLv3+"},
        {"name": "musl", "version": "1.2.5-r0", "type": "apkg", "source": "musl-src"},
        {"name": "curl", "version": "8.1-2", "type": "dpkg", "arch": "arm64"},
        {"name": "rack", "versions": ["2.0", "3.0"], "type": "gem", "licenses": ["MIT"]},
        {"name": "@a/b", "version": "1.0", "type": "npm", "location": "/app/node_modules/@a/b"},
        {"name": "app", "version": "7", "type": "java"},
        {"name": "example.com/mod", "version": "v1.2.3", "type": "go"}
    ]}"#;

    #[test]
    fn hints_are_packages_where_they_are_believed() {
        let files = Tar::new().file("anchore_hints.json", HINTS).file("sub/anchore_hints.json", HINTS);
        let sbom = hinted(files.clone());
        assert_eq!(
            names(&sbom),
            [
                ("@a/b", "1.0"),
                ("app", "7"),
                ("curl", "8.1-2"),
                ("example.com/mod", "v1.2.3"),
                ("musl", "1.2.5-r0"),
                ("rack", "2.0"),
                ("rack", "3.0"),
                ("wget", "1:1.21-4.el9")
            ]
        );
        assert_eq!(sbom.unknowns, []);
        let wget = package(&sbom, "wget");
        let Metadata::Rpm(rpm) = &wget.metadata else { panic!("{:?}", wget.metadata) };
        assert_eq!((rpm.epoch, rpm.source_rpm.as_str()), (Some(1), "wget-1.21-4.el9.src.rpm"));
        assert_eq!(wget.locations[0].path, "/anchore_hints.json");
        assert_eq!(package(&sbom, "app").locations[0].path, "/virtual/javapkg/app-7.jar");
        assert_eq!(package(&sbom, "@a/b").purl.as_deref(), Some("pkg:npm/%40a/b@1.0"));
        assert_eq!(package(&sbom, "musl").upstreams(), [("musl-src".to_owned(), String::new())]);
        assert_eq!(names(&scan([files])), [], "not believed unless asked for");
    }

    #[test]
    fn a_hint_does_not_override_what_a_package_manager_says() {
        let status = "Package: curl\nStatus: install ok installed\nVersion: 7.0-1\nArchitecture: amd64\n\n";
        let sbom = hinted(Tar::new().file("var/lib/dpkg/status", status).file("anchore_hints.json", HINTS));
        assert_eq!(package(&sbom, "curl").version, "7.0-1");
    }

    #[test]
    fn what_cannot_be_used_is_reported_and_the_rest_kept() {
        let hints = r#"{"packages": [{"name": "a", "type": "npm"}, {"name": "b", "version": "1", "type": "rpm"}, 7,
            {"name": "c", "version": "1", "type": "snap"}, {"name": "ok", "version": "1", "type": "binary"}]}"#;
        let sbom = hinted(Tar::new().file("anchore_hints.json", hints));
        assert_eq!(names(&sbom), [("ok", "1")]);
        let reasons: Vec<_> = sbom.unknowns.iter().map(|unknown| unknown.reason.as_str()).collect();
        assert_eq!(reasons[0], "record 0 is left out: a package needs a name, a version and a type");
        assert_eq!(reasons[1], "record 1 is left out: b has no release");
        assert_eq!(reasons.len(), 4);
        for broken in ["", "[]", "{\"packages\": 3}"] {
            let sbom = hinted(Tar::new().file("anchore_hints.json", broken));
            assert!(sbom.unknowns[0].reason.starts_with("it is no list of package hints: "), "{broken}");
        }
    }
}
