//! A package as matchers see it: normalised once, asked many times (`spec/matching.md` §2.1).

use packageurl::PackageUrl;
use windlass_sbom::{Metadata, Package, PackageType};
use windlass_versions::Format;

use crate::distribution::DistributionData;

/// A package that can be matched.
pub(crate) struct Candidate<'a> {
    /// Index into `Sbom::packages`.
    pub(crate) index: usize,
    pub(crate) package: &'a Package,
    pub(crate) purl: Option<PackageUrl<'a>>,
    /// The release it belongs to, where one is known.
    pub(crate) distribution: Option<&'a DistributionData>,
    /// The order of its versions.
    pub(crate) format: Format,
    /// It owns files that prove other packages, so what its distribution has fixed concerns them too.
    pub(crate) owns_packages: bool,
}

/// A source package by name, and by version where it is another one than the binary package's.
pub(crate) struct Upstream {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
}

impl<'a> Candidate<'a> {
    pub(crate) fn new(
        index: usize,
        package: &'a Package,
        purl: Option<PackageUrl<'a>>,
        distribution: Option<&'a DistributionData>,
        owns_packages: bool,
    ) -> Self {
        let format =
            if is_java_runtime(package) { Format::Jvm } else { Format::of_package_type(package.kind.as_str()) };
        Self { index, package, purl, distribution, format, owns_packages }
    }

    /// The source packages it was built from; the version where the package says another one.
    pub(crate) fn upstreams(&self) -> Vec<Upstream> {
        let from_metadata = self.package.upstreams().into_iter().map(|(name, version)| {
            let version = match &self.package.metadata {
                Metadata::Rpm(entry) => source_rpm_version(&entry.source_rpm).unwrap_or_default().to_owned(),
                _ => version,
            };
            Upstream { name, version: (!version.is_empty() && version != self.package.version).then_some(version) }
        });
        let mut upstreams: Vec<Upstream> = from_metadata.collect();
        if upstreams.is_empty() && self.package.metadata == Metadata::None {
            upstreams.extend(self.upstream_of_purl());
        }
        upstreams
    }

    /// `?upstream=NAME` or `NAME@VERSION`, or the file name of a source rpm.
    fn upstream_of_purl(&self) -> Option<Upstream> {
        let text = self.purl.as_ref()?.qualifiers().get("upstream")?;
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name, version),
            None if text.ends_with(".rpm") => (source_rpm_name(text)?, source_rpm_version(text)?),
            None => (text.as_ref(), ""),
        };
        let same = name == self.package.name && (version.is_empty() || version == self.package.version);
        let version = (!version.is_empty() && version != self.package.version).then(|| version.to_owned());
        (!name.is_empty() && !same).then(|| Upstream { name: name.to_owned(), version })
    }

    /// The processor architecture it was built for; empty where it does not say.
    pub(crate) fn architecture(&self) -> &str {
        let own = match &self.package.metadata {
            Metadata::Dpkg(entry) => entry.architecture.as_str(),
            Metadata::Rpm(entry) => entry.architecture.as_str(),
            Metadata::Apk(entry) => entry.architecture.as_str(),
            _ => "",
        };
        let of_purl = || self.purl.as_ref().and_then(|purl| purl.qualifiers().get("arch"));
        if own.is_empty() { of_purl().map_or("", |arch| arch.as_ref()) } else { own }
    }

    pub(crate) fn canonical_distribution(&self) -> Option<&str> {
        self.distribution.map(|data| data.distribution.kind.as_str())
    }
}

/// Packages whose versions are those of a Java runtime (`spec/matching.md` §5.1).
fn is_java_runtime(package: &Package) -> bool {
    package.metadata.kind() == "java-jvm-installation"
        || package.kind == PackageType::Binary
            && ["jdk", "jre", "openjdk", "java", "java/jdk", "java/jre", "graalvm", "zulu", "corretto", "temurin"]
                .contains(&package.name.to_ascii_lowercase().as_str())
}

/// `5.1.8-6.el9` of `bash-5.1.8-6.el9.src.rpm`.
fn source_rpm_version(file_name: &str) -> Option<&str> {
    let name = source_rpm_name(file_name)?;
    let (stem, _arch) = file_name.strip_suffix(".rpm")?.rsplit_once('.')?;
    stem.get(name.len() + 1..)
}

fn source_rpm_name(file_name: &str) -> Option<&str> {
    let (stem, _arch) = file_name.strip_suffix(".rpm")?.rsplit_once('.')?;
    let (name_version, _release) = stem.rsplit_once('-')?;
    Some(name_version.rsplit_once('-')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_rpm_has_a_version_and_a_release() {
        let file = "java-1.8.0-openjdk-1.8.0.302.b08-0.el8_4.src.rpm";
        assert_eq!(source_rpm_version(file), Some("1.8.0.302.b08-0.el8_4"));
        assert_eq!(source_rpm_version("(none)"), None);
    }

    #[test]
    fn binaries_of_a_java_runtime_have_its_versions() {
        let format = |name| {
            let package = Package::new(PackageType::Binary, name, "1.8.0_302-b08");
            Candidate::new(0, &package, None, None, false).format
        };
        assert_eq!(format("openjdk"), Format::Jvm);
        assert_eq!(format("python"), Format::Fuzzy);
    }

    #[test]
    fn a_purl_may_name_the_source_package() {
        let package = Package::new(PackageType::Deb, "libssl3", "3.0.11-1");
        let purl = "pkg:deb/debian/libssl3@3.0.11-1?upstream=openssl".parse().unwrap();
        let upstreams = Candidate::new(0, &package, Some(purl), None, false).upstreams();
        assert_eq!(upstreams.len(), 1);
        assert_eq!((upstreams[0].name.as_str(), upstreams[0].version.as_deref()), ("openssl", None));
    }
}
