//! Packages in the original's terms: type words, version without release, places, licences (`spec/policy.md` §4.0).

use std::borrow::Cow;

use windlass_sbom::{Metadata, Package, PackageType, Sbom};

/// A package as rules see it.
#[derive(Clone, Debug)]
pub struct PackageFact<'a> {
    pub package: &'a Package,
    /// Index into `Sbom::packages`.
    pub index: usize,
    /// `dpkg`, `rpm`, `APKG`, `npm`, `java`, …
    pub kind: &'static str,
    /// Without the release, where the kind of package has one.
    pub version: &'a str,
    /// Version and release.
    pub full_version: &'a str,
    /// `pkgdb` for what the distribution installed, else where the package is.
    pub path: Cow<'a, str>,
}

/// The path of packages that are only known from the distribution's database.
const DATABASE: &str = "pkgdb";

impl<'a> PackageFact<'a> {
    /// Every package, sorted by kind, name, version and path.
    pub(crate) fn all(sbom: &'a Sbom) -> Vec<Self> {
        let mut facts: Vec<Self> =
            sbom.packages.iter().enumerate().map(|(index, package)| Self::new(index, package)).collect();
        let key = |fact: &Self| (fact.kind, fact.package.name.as_str(), fact.full_version);
        facts.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.path.cmp(&b.path)).then(a.index.cmp(&b.index)));
        facts
    }

    pub(crate) fn new(index: usize, package: &'a Package) -> Self {
        let full_version = package.version.as_str();
        Self { package, index, kind: kind(package.kind), version: upstream(package), full_version, path: path(package) }
    }

    pub fn name(&self) -> &'a str {
        &self.package.name
    }

    /// Whether the distribution's package manager installed it.
    pub fn is_os_package(&self) -> bool {
        self.package.kind.is_os_package()
    }

    /// The words of its licences, `N/A` where it states none.
    pub fn license_words(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let stated = self.package.licenses.iter().flat_map(|license| license.value.split_whitespace());
        let none = self.package.licenses.is_empty().then_some("N/A");
        stated.chain(none)
    }
}

/// The original's word for a kind of package; kinds it did not know keep ours.
pub(crate) fn kind(kind: PackageType) -> &'static str {
    match kind {
        PackageType::Deb => "dpkg",
        PackageType::Apk => "APKG",
        PackageType::JavaArchive | PackageType::JenkinsPlugin => "java",
        PackageType::GoModule => "go",
        PackageType::Dotnet => "nuget",
        PackageType::Composer => "composer",
        other => other.as_str(),
    }
}

/// The version without the release of the package.
fn upstream(package: &Package) -> &str {
    let version = package.version.as_str();
    match package.kind {
        PackageType::Deb | PackageType::Rpm | PackageType::Apk | PackageType::Alpm => {
            version.rsplit_once('-').map_or(version, |(version, _release)| version)
        }
        _ => version,
    }
}

/// Where the original said a package is (`spec/analysis.md` §11.5).
fn path(package: &Package) -> Cow<'_, str> {
    if package.kind.is_os_package() {
        return DATABASE.into();
    }
    match &package.metadata {
        Metadata::Python(python) => {
            let top_level = python.top_level_packages.first().map_or(package.name.as_str(), String::as_str);
            format!("{}/{top_level}", python.site_packages_root_path.trim_end_matches('/')).into()
        }
        Metadata::JavaArchive(java) if !java.virtual_path.is_empty() => java.virtual_path.as_str().into(),
        _ => package.locations.first().map_or(Cow::Borrowed(""), |location| location.path.as_str().into()),
    }
}
