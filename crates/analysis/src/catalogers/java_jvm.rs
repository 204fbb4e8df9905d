//! Installed Java runtimes (`spec/analysis.md` §6.4): the `release` file at the home of every JDK and JRE since Java 7.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use windlass_sbom::{Cpe, CpeSource, Metadata, Package, PackageType, package_url};

use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Found, Unreadable, View};

pub(crate) struct JavaRuntimes;

/// The keys of a release file with their values, quotes removed.
pub(crate) type Release = BTreeMap<String, String>;

/// No release file is longer; many other files are called so.
const SIZE_LIMIT: u64 = 256 << 10;

/// Folders below the home that are listed, and files in them; a JDK has some 20 and 600.
const DEPTH_LIMIT: usize = 16;
const FILE_LIMIT: usize = 20_000;

impl Cataloger for JavaRuntimes {
    type Facts = Release;

    fn name(&self) -> &'static str {
        "java-jvm-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        file.name() == b"release" && file.entry.size <= SIZE_LIMIT
    }

    fn read(&self, _file: &Candidate<'_>, content: &mut Content) -> Result<Option<Release>, Unreadable> {
        let release = parse(&content.text()?);
        let is_java = release.contains_key("JAVA_VERSION") || release.contains_key("JAVA_RUNTIME_VERSION");
        Ok(is_java.then_some(release))
    }

    fn assemble(&self, view: &View<'_, Release>, catalog: &mut Catalog) {
        for found in view.files() {
            if let Some(runtime) = Runtime::of(view, &found) {
                catalog.add(Package {
                    found_by: self.name().to_owned(),
                    locations: vec![view.location(&found)],
                    introduced_by: view.layer(found.layer),
                    ..runtime.describe(found.facts)
                });
            }
        }
    }
}

/// `KEY="value"` lines.
fn parse(text: &str) -> Release {
    let lines = text.lines().filter_map(|line| line.split_once('='));
    lines.map(|(key, value)| (key.trim().to_owned(), value.trim().trim_matches('"').to_owned())).collect()
}

/// An installation: who made what, in which version, and the files below its home.
struct Runtime {
    vendor: &'static str,
    product: &'static str,
    version: String,
    is_jdk: bool,
    files: Vec<String>,
}

impl Runtime {
    fn of(view: &View<'_, Release>, found: &Found<'_, Release>) -> Option<Self> {
        let home = found.path.strip_suffix("/release")?;
        let release = found.facts;
        let version = version(release)?;
        let stated = |key: &str| release.get(key).map_or("", String::as_str);
        let is_jdk = view.exists(&format!("{home}/bin/javac")) || stated("IMAGE_TYPE").eq_ignore_ascii_case("jdk");
        let (vendor, product) = maker(home, stated("IMPLEMENTOR"), stated("BUILD_TYPE"), is_jdk);
        let mut files = Vec::new();
        list(view, home, DEPTH_LIMIT, &mut files);
        Some(Self { vendor, product, version, is_jdk, files })
    }

    fn describe(self, release: &Release) -> Package {
        let stated = |key: &str| release.get(key).filter(|value| !value.is_empty()).map(String::as_str);
        let repository = stated("SOURCE_REPO").or_else(|| stated("BUILD_SOURCE_REPO")).unwrap_or_default();
        let qualifiers = [("repository_url", repository)];
        Package {
            cpes: self.cpes(),
            purl: package_url(PackageType::Binary, self.vendor, self.product, &self.version, &qualifiers),
            metadata: Metadata::Other {
                kind: "java-jvm-installation".into(),
                value: serde_json::json!({ "release": as_json(release), "files": self.files }),
            },
            ..Package::new(PackageType::Binary, self.product, self.version)
        }
    }

    /// Every name under which vulnerabilities of this runtime are published.
    fn cpes(&self) -> Vec<Cpe> {
        let vendor = self.vendor;
        let mut names = Vec::new();
        match (vendor, self.product) {
            ("azul", _) => names.extend([("azul", "zulu"), ("oracle", "openjdk")]),
            ("oracle", "openjdk") | ("ibm", _) => names.push((vendor, self.product)),
            _ => {
                if vendor == "oracle" {
                    names.push((vendor, "java_se"));
                }
                names.push((vendor, "jre"));
                if self.is_jdk {
                    names.push((vendor, "jdk"));
                }
            }
        }
        let (release, update) = release_and_update(&self.version);
        let cpe = |(vendor, product)| Cpe {
            update: update.clone(),
            ..Cpe::application(vendor, product, release, CpeSource::Declared)
        };
        names.into_iter().map(cpe).collect()
    }
}

/// The most precise version. `FULL_VERSION` of OpenJ9 may count otherwise than Java does, and then is not it.
fn version(release: &Release) -> Option<String> {
    let stated = |key: &str| release.get(key).filter(|value| !value.is_empty());
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    let short = stated("JAVA_VERSION");
    let full = stated("FULL_VERSION").filter(|full| short.is_none_or(|short| major(full) == major(short)));
    stated("JAVA_RUNTIME_VERSION").or(full).or(short).cloned()
}

/// Vendor and product, as vulnerabilities name them. Builds of OpenJDK by others than these are OpenJDK.
fn maker(home: &str, implementor: &str, build_type: &str, is_jdk: bool) -> (&'static str, &'static str) {
    let implementor = implementor.to_ascii_lowercase().replace(' ', "");
    let by = |name: &str| implementor.contains(name);
    let plain = if is_jdk { "jdk" } else { "jre" };
    if by("azul") || home.contains("zulu") {
        ("azul", "zulu")
    } else if by("sunmicrosystems") {
        ("sun", plain)
    } else if by("ibm") || by("internationalbusinessmachines") || home.contains("/ibm") {
        ("ibm", if is_jdk { "java_sdk" } else { "java" })
    } else if by("oracle") || home.contains("oracle") || build_type.contains("commercial") {
        ("oracle", plain)
    } else {
        ("oracle", "openjdk")
    }
}

/// 1.8.0 and `update352` of `1.8.0_352-b08`; 17.0.2 and nothing of `17.0.2+8`.
fn release_and_update(version: &str) -> (&str, String) {
    if let Some((release, rest)) = version.split_once('_') {
        let number = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default().trim_start_matches('0');
        return (release, if number.is_empty() { String::new() } else { format!("update{number}") });
    }
    (version.split('+').next().unwrap_or(version), String::new())
}

/// Keys in the form syft-json has them (`JAVA_VERSION` is `javaVersion`); the modules as a list.
fn as_json(release: &Release) -> Map<String, Value> {
    let camel = |key: &str| {
        let mut words = key.split('_').map(str::to_ascii_lowercase);
        let first = words.next().unwrap_or_default();
        words.fold(first, |text, word| {
            let (head, tail) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
            text + &head.to_ascii_uppercase() + tail
        })
    };
    let value = |key: &str, value: &str| match key {
        "MODULES" => value.split_whitespace().collect::<Value>(),
        _ => Value::from(value),
    };
    release.iter().map(|(key, text)| (camel(key), value(key, text))).collect()
}

/// Files below a folder; links are not followed, or a link to a folder above would repeat everything.
fn list(view: &View<'_, Release>, folder: &str, depth: usize, files: &mut Vec<String>) {
    for name in view.children(folder) {
        let path = format!("{folder}/{name}");
        if files.len() >= FILE_LIMIT || view.is_symlink(&path) {
            continue;
        }
        if view.is_directory(&path) {
            if depth > 0 {
                list(view, &path, depth - 1, files);
            }
        } else {
            files.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use windlass_image::testing::Tar;

    use super::*;
    use crate::testing::{names, package, scan};

    const TEMURIN: &str = "IMPLEMENTOR=\"Eclipse Adoptium\"\nJAVA_RUNTIME_VERSION=\"21.0.4+7-LTS\"\nJAVA_VERSION=\"21.0.4\"\n\
                           MODULES=\"java.base java.xml\"\nSOURCE_REPO=\"https://github.com/adoptium/jdk21u.git\"\nIMAGE_TYPE=\"JRE\"\n";

    #[test]
    fn a_runtime_is_described_by_its_release_file() {
        let home = "opt/java/openjdk";
        let sbom = scan([Tar::new()
            .file(format!("{home}/release"), TEMURIN)
            .file(format!("{home}/lib/security/cacerts"), "certificates")
            .file("srv/app/release", "VERSION=3\n")
            .file("empty/release", "")]);
        assert_eq!(names(&sbom), [("openjdk", "21.0.4+7-LTS")]);
        let openjdk = package(&sbom, "openjdk");
        let purl = "pkg:generic/oracle/openjdk@21.0.4%2B7-LTS?repository_url=https://github.com/adoptium/jdk21u.git";
        assert_eq!(openjdk.purl.as_deref(), Some(purl));
        assert_eq!(openjdk.cpes[0].to_string(), "cpe:2.3:a:oracle:openjdk:21.0.4:*:*:*:*:*:*:*");
        let Metadata::Other { value, .. } = &openjdk.metadata else { panic!("no release") };
        assert_eq!(value["release"]["javaRuntimeVersion"], "21.0.4+7-LTS");
        assert_eq!(value["release"]["modules"], serde_json::json!(["java.base", "java.xml"]));
        let files = ["/opt/java/openjdk/lib/security/cacerts", "/opt/java/openjdk/release"];
        assert_eq!(value["files"], serde_json::json!(files));
    }

    #[test]
    fn the_launcher_of_a_runtime_is_no_package_of_its_own() {
        let launcher = b"\x7fELF\0openjdk\0java\x000.0\x0021.0.4+7-LTS\0";
        let sbom = scan([Tar::new().file("opt/jdk/release", TEMURIN).file("opt/jdk/bin/java", launcher)]);
        let found: Vec<_> = sbom.packages.iter().map(|found| found.locations[0].path.as_str()).collect();
        assert_eq!(found, ["/opt/jdk/release"]);
    }

    #[test]
    fn makers_are_told_by_what_they_state_or_by_where_they_install() {
        for (home, implementor, is_jdk, expected) in [
            ("/usr/lib/jvm/zulu17", "", true, ("azul", "zulu")),
            ("/opt/java", "Azul Systems, Inc.", true, ("azul", "zulu")),
            ("/opt/java", "Oracle Corporation", true, ("oracle", "jdk")),
            ("/opt/ibm/java", "", false, ("ibm", "java")),
            ("/opt/java", "Sun Microsystems", false, ("sun", "jre")),
            ("/opt/java", "Amazon.com Inc.", true, ("oracle", "openjdk")),
        ] {
            assert_eq!(maker(home, implementor, "", is_jdk), expected, "{home} by {implementor}");
        }
    }

    #[test]
    fn the_most_precise_version_counts_unless_it_is_of_something_else() {
        let version_of = |text: &str| version(&parse(text));
        assert_eq!(
            version_of("JAVA_VERSION=\"1.8.0_302\"\nFULL_VERSION=\"1.8.0_302-b08\""),
            Some("1.8.0_302-b08".into())
        );
        assert_eq!(version_of("JAVA_VERSION=17.0.2\nFULL_VERSION=8.0.7"), Some("17.0.2".into()));
        assert_eq!(version_of("JAVA_VERSION=\"\""), None);
        assert_eq!(release_and_update("1.8.0_302-b08"), ("1.8.0", "update302".into()));
        assert_eq!(release_and_update("17.0.2+8"), ("17.0.2", String::new()));
    }

    #[test]
    fn oracles_own_builds_have_all_names_of_oracle() {
        let release = "IMPLEMENTOR=\"Oracle Corporation\"\nJAVA_VERSION=\"1.8.0_202\"\n";
        let sbom = scan([Tar::new().file("usr/java/release", release).file("usr/java/bin/javac", "")]);
        let cpes: Vec<String> = package(&sbom, "jdk").cpes.iter().map(ToString::to_string).collect();
        let expected =
            ["java_se", "jre", "jdk"].map(|name| format!("cpe:2.3:a:oracle:{name}:1.8.0:update202:*:*:*:*:*:*"));
        assert_eq!(cpes, expected);
    }
}
