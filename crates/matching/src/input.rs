//! A package as matching sees it: normalised once, compared with every record about it, the same in every image
//! (`spec/matching.md` §2.1).

use packageurl::PackageUrl;
use serde::{Deserialize, Serialize};
use windlass_advisories::LookupKey;
use windlass_sbom::{Cpe, Metadata, Package, PackageType, metadata::GoSymbols};
use windlass_versions::Format;

use crate::{ContentKey, Distribution, Options, matchers, qualifiers};

/// Everything that matching reads of one package: equal inputs have equal findings, wherever the package lies and
/// whatever else the image holds. What does depend on the image is applied by [`compose`](crate::compose).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct PackageInput {
    pub name: String,
    pub version: String,
    #[serde(rename = "type", with = "package_type")]
    pub kind: PackageType,
    /// The names that records may know it by: its own, normalised for its ecosystem; Maven coordinates of an archive.
    pub names: Vec<String>,
    /// The source packages it was built from; only of distributions that publish records of those.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub upstreams: Vec<Upstream>,
    /// Most trusted first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cpes: Vec<Cpe>,
    /// For operating system packages the release they are of, without what it is like; for others only what conditions
    /// about platforms read, so that a library is the same in every distribution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<Distribution>,
    /// The processor architecture it was built for; empty where it does not say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub architecture: String,
    /// Of an rpm; 0 where its header has none.
    #[serde(skip_serializing_if = "is_zero")]
    pub epoch: i64,
    /// Module label of an rpm. Empty: not modular. `None`: unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modularity: Option<String>,
    /// The module that a Go binary was built from, whose version Go often does not know.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_main_module: bool,
    /// What the linker kept of a Go module; empty: unknown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub go_symbols: Vec<GoSymbols>,
    /// Its versions are those of a Java runtime.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_java_runtime: bool,
    /// It owns files that prove other packages, so what its distribution has fixed concerns them too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub owns_packages: bool,
}

/// A source package by name, and by version where it is another one than the binary package's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Upstream {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl PackageInput {
    /// What matching reads of `package`, which belongs to `distribution` if that is known, and owns other packages or
    /// not. [`Inventory::of`](crate::Inventory::of) does it for all packages of an artifact.
    pub fn of(package: &Package, distribution: Option<&Distribution>, owns_packages: bool) -> Self {
        Self::of_parsed(package, purl_of(package).as_ref(), distribution, owns_packages)
    }

    pub(crate) fn of_parsed(
        package: &Package,
        purl: Option<&PackageUrl<'_>>,
        distribution: Option<&Distribution>,
        owns_packages: bool,
    ) -> Self {
        let kind = package.kind;
        let mut input = Self {
            name: package.name.clone(),
            version: package.version.clone(),
            kind,
            names: matchers::names(package, purl),
            cpes: package.cpes.clone(),
            distribution: distribution.map(|whole| {
                if kind.is_os_package() {
                    Distribution { id_like: Vec::new(), ..whole.clone() }
                } else {
                    qualifiers::platform_of(whole)
                }
            }),
            architecture: architecture(package, purl),
            is_java_runtime: is_java_runtime(package),
            owns_packages,
            ..Self::default()
        };
        if matches!(kind, PackageType::Apk | PackageType::Deb | PackageType::Rpm) {
            input.upstreams = upstreams(package, purl);
        }
        match &package.metadata {
            Metadata::Rpm(entry) => {
                input.epoch = entry.epoch.unwrap_or(0);
                input.modularity.clone_from(&entry.modularity_label);
            }
            Metadata::GoBinary(binary) => {
                input.is_main_module = package.name == binary.main_module;
                input.go_symbols.clone_from(&binary.symbols);
            }
            _ if kind == PackageType::Rpm => {
                input.epoch = purl.and_then(|purl| purl.qualifiers().get("epoch")?.parse().ok()).unwrap_or(0);
            }
            _ => {}
        }
        input
    }

    /// Equal for equal inputs only; the same in every version of this program that reads packages the same way.
    pub fn key(&self) -> ContentKey {
        ContentKey::of("package 1", self)
    }

    /// The order of its versions.
    pub(crate) fn format(&self) -> Format {
        if self.is_java_runtime { Format::Jvm } else { Format::of_package_type(self.kind.as_str()) }
    }

    /// Whether there is anything to compare.
    pub(crate) fn has_version(&self) -> bool {
        !self.name.is_empty() && !self.version.is_empty() && !self.version.eq_ignore_ascii_case("unknown")
    }

    /// What its findings depend on before anything is found, sorted: every look-up that matching it makes. What they
    /// depend on because of what was found says [`PackageOutcome::lookup_keys`](crate::PackageOutcome::lookup_keys).
    pub fn lookup_keys(&self, options: &Options) -> Vec<LookupKey> {
        if !self.has_version() {
            return Vec::new();
        }
        let mut keys = Vec::new();
        let upstreams = self.upstreams.iter().map(|upstream| &upstream.name);
        if self.kind.is_os_package() {
            for distribution in self.distribution.iter().flat_map(|own| [&own.kind, &own.id]) {
                keys.push(LookupKey::releases(distribution));
                let names = self.names.iter().chain(upstreams.clone()).chain([&self.name]);
                keys.extend(names.map(|name| LookupKey::in_distribution(distribution, name)));
            }
        } else {
            let ecosystem = self.kind.as_str();
            keys.extend(self.names.iter().map(|name| LookupKey::in_ecosystem(ecosystem, name)));
        }
        if matchers::may_search_by_cpe(self, options) {
            let mut cpes = self.cpes.clone();
            if self.kind == PackageType::Apk {
                cpes.extend(upstreams.flat_map(|name| matchers::cpes_of_upstream(self, name)));
            }
            let known = cpes.iter().filter(|cpe| !cpe.product.is_empty());
            keys.extend(known.map(|cpe| LookupKey::product(&cpe.vendor, &cpe.product)));
        }
        keys.sort();
        keys.dedup();
        keys
    }
}

pub(crate) fn purl_of(package: &Package) -> Option<PackageUrl<'_>> {
    package.purl.as_deref().and_then(|text| text.parse().ok())
}

/// The source packages a package was built from; the version where the package says another one.
pub(crate) fn upstreams(package: &Package, purl: Option<&PackageUrl<'_>>) -> Vec<Upstream> {
    let from_metadata = package.upstreams().into_iter().map(|(name, version)| {
        let version = match &package.metadata {
            Metadata::Rpm(entry) => source_rpm_version(&entry.source_rpm).unwrap_or_default().to_owned(),
            _ => version,
        };
        Upstream { name, version: (!version.is_empty() && version != package.version).then_some(version) }
    });
    let mut upstreams: Vec<Upstream> = from_metadata.collect();
    if upstreams.is_empty() && package.metadata == Metadata::None {
        upstreams.extend(purl.and_then(|purl| upstream_of_purl(package, purl)));
    }
    upstreams
}

/// `?upstream=NAME` or `NAME@VERSION`, or the file name of a source rpm.
fn upstream_of_purl(package: &Package, purl: &PackageUrl<'_>) -> Option<Upstream> {
    let text = purl.qualifiers().get("upstream")?;
    let (name, version) = match text.split_once('@') {
        Some((name, version)) => (name, version),
        None if text.ends_with(".rpm") => (source_rpm_name(text)?, source_rpm_version(text)?),
        None => (text.as_ref(), ""),
    };
    let same = name == package.name && (version.is_empty() || version == package.version);
    let version = (!version.is_empty() && version != package.version).then(|| version.to_owned());
    (!name.is_empty() && !same).then(|| Upstream { name: name.to_owned(), version })
}

fn architecture(package: &Package, purl: Option<&PackageUrl<'_>>) -> String {
    let own = match &package.metadata {
        Metadata::Dpkg(entry) => entry.architecture.as_str(),
        Metadata::Rpm(entry) => entry.architecture.as_str(),
        Metadata::Apk(entry) => entry.architecture.as_str(),
        _ => "",
    };
    let of_purl = || purl.and_then(|purl| purl.qualifiers().get("arch")).map_or("", |arch| arch.as_ref());
    if own.is_empty() { of_purl() } else { own }.to_owned()
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(epoch: &i64) -> bool {
    *epoch == 0
}

/// Types by their word.
mod package_type {
    use serde::{Deserialize, Deserializer, Serializer};
    use windlass_sbom::PackageType;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn serialize<S: Serializer>(kind: &PackageType, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(kind.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PackageType, D::Error> {
        Ok(PackageType::parse(&String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use windlass_sbom::metadata::{GoBinary, RpmEntry};

    use super::*;

    #[test]
    fn a_source_rpm_has_a_version_and_a_release() {
        let file = "java-1.8.0-openjdk-1.8.0.302.b08-0.el8_4.src.rpm";
        assert_eq!(source_rpm_version(file), Some("1.8.0.302.b08-0.el8_4"));
        assert_eq!(source_rpm_version("(none)"), None);
    }

    #[test]
    fn binaries_of_a_java_runtime_have_its_versions() {
        let format =
            |name| PackageInput::of(&Package::new(PackageType::Binary, name, "1.8.0_302-b08"), None, false).format();
        assert_eq!(format("openjdk"), Format::Jvm);
        assert_eq!(format("python"), Format::Fuzzy);
    }

    #[test]
    fn a_purl_may_name_the_source_package() {
        let mut package = Package::new(PackageType::Deb, "libssl3", "3.0.11-1");
        package.purl = Some("pkg:deb/debian/libssl3@3.0.11-1?upstream=openssl".into());
        let upstreams = PackageInput::of(&package, None, false).upstreams;
        assert_eq!(upstreams, [Upstream { name: "openssl".into(), version: None }]);
    }

    #[test]
    fn a_library_is_the_same_in_every_distribution_that_no_condition_speaks_of() {
        let key = |text: &str, kind| {
            let package = Package::new(kind, "ws", "8.0.0");
            PackageInput::of(&package, Some(&Distribution::parse(text).unwrap()), false).key()
        };
        assert_eq!(key("alpine:3.19", PackageType::Npm), key("rhel:9.4", PackageType::Npm));
        assert_eq!(key("debian:12", PackageType::Npm), key("debian:11", PackageType::Npm));
        assert_ne!(
            key("debian:12", PackageType::Npm),
            key("alpine:3.19", PackageType::Npm),
            "platforms are told apart"
        );
        assert_ne!(key("alpine:3.19", PackageType::Apk), key("alpine:3.18", PackageType::Apk));
    }

    #[test]
    fn a_dependency_is_the_same_in_every_go_binary_it_is_linked_into_alike() {
        let key = |name: &str, main: &str| {
            let mut package = Package::new(PackageType::GoModule, name, "v0.1.0");
            package.metadata =
                Metadata::GoBinary(Box::new(GoBinary { main_module: main.into(), ..GoBinary::default() }));
            PackageInput::of(&package, None, false).key()
        };
        assert_eq!(key("golang.org/x/net", "example.org/a"), key("golang.org/x/net", "example.org/b"));
        assert_ne!(key("example.org/a", "example.org/a"), key("example.org/a", "example.org/b"));
    }

    #[test]
    fn an_input_is_read_as_it_was_written() {
        let mut package = Package::new(PackageType::Rpm, "bind", "9.16-1.el9");
        package.metadata = Metadata::Rpm(Box::new(RpmEntry {
            epoch: Some(32),
            source_rpm: "bind-9.16-2.el9.src.rpm".into(),
            architecture: "x86_64".into(),
            modularity_label: Some(String::new()),
            ..RpmEntry::default()
        }));
        package.cpes.push(Cpe { product: "*".into(), ..Cpe::default() });
        let input = PackageInput::of(&package, Some(&Distribution::parse("rhel:9.4+eus").unwrap()), true);
        let text = serde_json::to_string(&input).unwrap();
        let read: PackageInput = serde_json::from_str(&text).unwrap();
        assert_eq!(read, input, "{text}");
        assert_eq!(read.key(), input.key());
        assert_eq!(read.key().to_string().parse(), Ok(input.key()));
    }
}
