//! Packages in the original's terms: type words, version without release, places, licences (`spec/policy.md` §4.0).

use std::{borrow::Cow, collections::HashSet};

use windlass_sbom::{Metadata, Package, PackageType, RelationshipKind, Sbom};

use crate::{Context, Profile};

/// A package as rules see it.
#[derive(Clone, Debug)]
pub struct PackageFact<'a> {
    pub package: &'a Package,
    /// Index into `Sbom::packages`.
    pub index: usize,
    /// `dpkg`, `rpm`, `APKG`, `npm`, `java`, …
    pub kind: &'static str,
    /// Without the release, where the original told them apart: rpm and apk.
    pub version: &'a str,
    /// Version and release.
    pub full_version: &'a str,
    /// `pkgdb` for what the distribution installed, else where the package is.
    pub path: Cow<'a, str>,
    /// Files of another package prove it: a Python library that a Debian package brought.
    pub is_owned: bool,
}

/// The path of packages that are only known from the distribution's database.
const DATABASE: &str = "pkgdb";

impl<'a> PackageFact<'a> {
    /// Every package, sorted by kind, name, version and path.
    pub fn all(sbom: &'a Sbom) -> Vec<Self> {
        let overlaps = sbom.relationships.iter().filter(|r| r.kind == RelationshipKind::OwnershipByFileOverlap);
        let owned: HashSet<_> = overlaps.map(|relationship| &relationship.child).collect();
        let fact = |(index, package): (usize, &'a Package)| {
            let is_owned = owned.contains(&package.id);
            Self { is_owned, ..Self::new(index, package) }
        };
        let mut facts: Vec<Self> = sbom.packages.iter().enumerate().map(fact).collect();
        let key = |fact: &Self| (fact.kind, fact.package.name.as_str(), fact.full_version);
        facts.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.path.cmp(&b.path)).then(a.index.cmp(&b.index)));
        facts
    }

    /// The package at that index of the bill of materials; whether others own it is not looked at.
    pub fn new(index: usize, package: &'a Package) -> Self {
        let full_version = package.version.as_str();
        Self {
            package,
            index,
            kind: kind(package.kind),
            version: upstream(package),
            full_version,
            path: path(package),
            is_owned: false,
        }
    }

    pub fn name(&self) -> &'a str {
        &self.package.name
    }

    /// Whether the operating system's package manager installed it.
    pub fn is_os_package(&self) -> bool {
        self.package.kind.is_os_package() || self.package.kind == PackageType::MsrcKb
    }

    /// The words of its licences. Where it states none, that is a word for most kinds of packages: `Unknown` for dpkg's,
    /// `N/A` for others; npm, gem and Python packages without a licence have no word.
    pub fn license_words(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let stated = self.package.licenses.iter().flat_map(|license| license.value.split_whitespace());
        let none = match self.package.kind {
            _ if !self.package.licenses.is_empty() => None,
            PackageType::Npm | PackageType::Gem | PackageType::Python => None,
            PackageType::Deb => Some("Unknown"),
            _ => Some("N/A"),
        };
        stated.chain(none)
    }
}

/// The packages that rules of the original look at: it left out those that are files of others.
pub(crate) fn judged<'r>(context: &Context<'r>) -> impl Iterator<Item = &'r PackageFact<'r>> {
    let profile = context.profile;
    context.image.packages().iter().filter(move |fact| is_judged(fact, profile))
}

/// Those of them that have exactly this name.
pub(crate) fn judged_named<'r>(
    context: &Context<'r>,
    name: &str,
) -> impl Iterator<Item = &'r PackageFact<'r>> + use<'r> {
    let profile = context.profile;
    context.image.packages_named(name).filter(move |fact| is_judged(fact, profile))
}

pub(crate) fn is_judged(fact: &PackageFact<'_>, profile: Profile) -> bool {
    profile == Profile::Native || !fact.is_owned
}

/// The original's word for a kind of package; kinds it did not know keep ours.
pub fn kind(kind: PackageType) -> &'static str {
    match kind {
        PackageType::Deb => "dpkg",
        PackageType::Apk => "APKG",
        PackageType::JavaArchive | PackageType::JenkinsPlugin => "java",
        PackageType::GoModule => "go",
        PackageType::Dotnet => "nuget",
        PackageType::Composer => "composer",
        PackageType::MsrcKb => "kb",
        other => other.as_str(),
    }
}

/// The version without the release of the package. The original kept Debian's versions whole.
fn upstream(package: &Package) -> &str {
    let version = package.version.as_str();
    match package.kind {
        PackageType::Rpm | PackageType::Apk => version.rsplit_once('-').map_or(version, |(version, _release)| version),
        _ => version,
    }
}

/// Where the original said a package is (`spec/analysis.md` §11.5).
fn path(package: &Package) -> Cow<'_, str> {
    if package.kind.is_os_package() {
        return DATABASE.into();
    }
    match &package.metadata {
        Metadata::Python(python) if !python.site_packages_root_path.is_empty() => {
            let root = python.site_packages_root_path.trim_end_matches('/');
            // The last module counts, under the package's name where it contains that.
            let module = python.top_level_packages.last().filter(|module| !module.contains(&package.name));
            format!("{root}/{}", module.unwrap_or(&package.name)).into()
        }
        Metadata::JavaArchive(java) if !java.virtual_path.is_empty() => java.virtual_path.as_str().into(),
        _ => package.locations.first().map_or(Cow::Borrowed(""), |location| location.path.as_str().into()),
    }
}

#[cfg(test)]
mod tests {
    use windlass_sbom::{
        Evidence, License, Location, PackageId, Relationship,
        metadata::{JavaArchive, PythonPackage},
    };

    use super::*;

    fn fact(package: &Package) -> PackageFact<'_> {
        PackageFact::new(0, package)
    }

    #[test]
    fn kinds_versions_and_places_are_told_in_the_words_of_the_original() {
        for (kind, version, expected) in [
            (PackageType::Deb, "1:5.2.15-2+b13", ("dpkg", "1:5.2.15-2+b13", "pkgdb")),
            (PackageType::Rpm, "0:4.4-5.el8", ("rpm", "0:4.4", "pkgdb")),
            (PackageType::Apk, "1.32.1-r3", ("APKG", "1.32.1", "pkgdb")),
            (PackageType::GoModule, "v1.0-rc1", ("go", "v1.0-rc1", "")),
            (PackageType::JenkinsPlugin, "2.0-1", ("java", "2.0-1", "")),
            (PackageType::RustCrate, "0.1", ("rust-crate", "0.1", "")),
        ] {
            let package = Package::new(kind, "p", version);
            let fact = fact(&package);
            assert_eq!((fact.kind, fact.version, fact.path.as_ref()), expected);
            assert_eq!(fact.full_version, version);
        }
    }

    #[test]
    fn libraries_are_where_their_ecosystem_puts_them() {
        let python = |modules: &[&str]| {
            let mut package = Package::new(PackageType::Python, "yaml", "6");
            package.metadata = Metadata::Python(Box::new(PythonPackage {
                site_packages_root_path: "/lib/site-packages".into(),
                top_level_packages: modules.iter().map(|&module| module.into()).collect(),
                ..PythonPackage::default()
            }));
            fact(&package).path.into_owned()
        };
        assert_eq!(python(&[]), "/lib/site-packages/yaml");
        assert_eq!(python(&["_yaml", "loader"]), "/lib/site-packages/loader");
        assert_eq!(python(&["loader", "_yaml"]), "/lib/site-packages/yaml");

        let mut jar = Package::new(PackageType::JavaArchive, "x", "1");
        jar.locations = vec![Location::new("/a.war", None, Evidence::Primary)];
        assert_eq!(fact(&jar).path, "/a.war");
        let archive = JavaArchive { virtual_path: "/a.war:WEB-INF/lib/x.jar".into(), ..JavaArchive::default() };
        jar.metadata = Metadata::JavaArchive(Box::new(archive));
        assert_eq!(fact(&jar).path, "/a.war:WEB-INF/lib/x.jar");
    }

    #[test]
    fn licences_fall_into_words_and_their_absence_is_one() {
        let words = |kind, licenses: &[&str]| {
            let mut package = Package::new(kind, "p", "1");
            package.licenses = licenses.iter().map(|text| License::declared(text)).collect();
            fact(&package).license_words().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(words(PackageType::Deb, &["GPL-2 or later", "MIT"]), ["GPL-2", "or", "later", "MIT"]);
        assert_eq!(words(PackageType::Deb, &[]), ["Unknown"]);
        assert_eq!(words(PackageType::Apk, &[]), ["N/A"]);
        assert_eq!(words(PackageType::Npm, &[]), [""; 0]);
    }

    #[test]
    fn packages_are_sorted_by_the_words_of_the_original_and_know_their_owner() {
        let mut packages = vec![
            Package::new(PackageType::Python, "yaml", "6"),
            Package::new(PackageType::Deb, "zlib", "1"),
            Package::new(PackageType::Apk, "zlib", "1"),
        ];
        for (index, package) in packages.iter_mut().enumerate() {
            package.id = PackageId(index.to_string().into());
        }
        let id = |index: usize| packages[index].id.clone();
        let owned = Relationship {
            kind: RelationshipKind::OwnershipByFileOverlap,
            parent: id(1),
            child: id(0),
            files: Vec::new(),
        };
        let sbom = Sbom { relationships: vec![owned], packages, ..Sbom::default() };
        let facts = PackageFact::all(&sbom);
        let facts: Vec<_> = facts.iter().map(|fact| (fact.kind, fact.index, fact.is_owned)).collect();
        assert_eq!(facts, [("APKG", 2, false), ("dpkg", 1, false), ("python", 0, true)]);
    }
}
