//! What package databases say beyond name and version; the shapes are those of syft-json's `metadata`.
//!
//! Kinds that matching, policy or file ownership read are types of their own; the rest travels as [`Metadata::Other`].

use serde::{Deserialize, Serialize};

use crate::FileDigest;

/// What is known of a package in the terms of its ecosystem.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Metadata {
    #[default]
    None,
    Dpkg(Box<DpkgEntry>),
    Rpm(Box<RpmEntry>),
    Apk(Box<ApkEntry>),
    JavaArchive(Box<JavaArchive>),
    Python(Box<PythonPackage>),
    Npm(Box<NpmPackage>),
    Gem(Box<GemSpec>),
    GoBinary(Box<GoBinary>),
    RustAudit(Box<RustAudit>),
    DotnetDeps(Box<DotnetDeps>),
    Binary(Box<BinarySignature>),
    /// Any other kind: its `metadataType` and the object as it is written.
    Other {
        kind: String,
        value: serde_json::Value,
    },
}

/// dpkg's record of an installed package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DpkgEntry {
    pub package: String,
    /// Source package, where it differs from the package.
    pub source: String,
    pub version: String,
    /// Version of the source package, where it differs.
    pub source_version: String,
    pub architecture: String,
    pub maintainer: String,
    /// KiB.
    pub installed_size: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub provides: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pre_depends: Vec<String>,
    pub files: Vec<DpkgFile>,
}

/// A file that dpkg lists as the package's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DpkgFile {
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<FileDigest>,
    pub is_config_file: bool,
}

/// rpm's header of an installed package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RpmEntry {
    pub name: String,
    pub version: String,
    /// `None` where the header has no epoch, which is not the same as 0 when versions are compared.
    pub epoch: Option<i64>,
    pub architecture: String,
    pub release: String,
    /// File name of the source package.
    pub source_rpm: String,
    /// Bytes.
    pub size: u64,
    pub vendor: String,
    /// Empty: the package is not modular. `None`: unknown (documents that do not say).
    pub modularity_label: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub provides: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
    pub files: Vec<RpmFile>,
}

/// A file that rpm lists as the package's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RpmFile {
    pub path: String,
    pub mode: u32,
    pub size: u64,
    pub digest: FileDigest,
    pub user_name: String,
    pub group_name: String,
    /// Letters as `rpm -q --fileflags` prints them; `c` is a configuration file.
    pub flags: String,
}

/// apk's record of an installed package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApkEntry {
    pub package: String,
    pub origin_package: String,
    pub maintainer: String,
    pub version: String,
    pub architecture: String,
    pub url: String,
    pub description: String,
    pub size: u64,
    pub installed_size: u64,
    pub pull_dependencies: Vec<String>,
    pub provides: Vec<String>,
    pub pull_checksum: String,
    pub git_commit_of_apk_port: String,
    pub files: Vec<ApkFile>,
}

/// A file that apk lists as the package's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApkFile {
    pub path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub owner_uid: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub owner_gid: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub permissions: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<FileDigest>,
}

/// A jar or one of its relatives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JavaArchive {
    /// `outer.jar:inner.jar`, with `:group:artifact` for what only a pom.properties names.
    pub virtual_path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<JavaManifest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pom_properties: Option<PomProperties>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pom_project: Option<PomProject>,
    #[serde(rename = "digest", skip_serializing_if = "Vec::is_empty")]
    pub digests: Vec<FileDigest>,
}

/// `META-INF/MANIFEST.MF`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JavaManifest {
    pub main: Vec<KeyValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<Vec<KeyValue>>,
}

/// A key and its value, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyValue {
    pub key: String,
    pub value: String,
}

/// `pom.properties`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PomProperties {
    pub path: String,
    pub name: String,
    pub group_id: String,
    pub artifact_id: String,
    pub version: String,
}

/// `pom.xml`, the part that identifies the project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PomProject {
    pub path: String,
    pub group_id: String,
    pub artifact_id: String,
    pub version: String,
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
}

/// An installed Python distribution.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PythonPackage {
    pub name: String,
    pub version: String,
    pub author: String,
    pub author_email: String,
    pub platform: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PythonFile>,
    pub site_packages_root_path: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub top_level_packages: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct_url_origin: Option<PythonDirectUrl>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub requires_python: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requires_dist: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub provides_extra: Vec<String>,
}

/// A line of `RECORD`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PythonFile {
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<FileDigest>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub size: String,
}

/// `direct_url.json`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PythonDirectUrl {
    pub url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub commit_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vcs: String,
}

/// An installed npm package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NpmPackage {
    pub name: String,
    pub version: String,
    pub author: String,
    pub homepage: String,
    pub description: String,
    pub url: String,
    pub private: bool,
}

/// An installed gem.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GemSpec {
    pub name: String,
    pub version: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    pub homepage: String,
}

/// A module linked into a Go executable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GoBinary {
    #[serde(rename = "goBuildSettings", skip_serializing_if = "Vec::is_empty")]
    pub build_settings: Vec<KeyValue>,
    #[serde(rename = "goCompiledVersion")]
    pub compiled_version: String,
    pub architecture: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub h1_digest: String,
    pub main_module: String,
    /// Functions that the linker kept, where somebody looked; empty means unknown, not none.
    #[serde(rename = "goSymbols", skip_serializing_if = "Vec::is_empty")]
    pub symbols: Vec<GoSymbols>,
}

/// What of a Go package is linked into an executable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct GoSymbols {
    /// Import path: `golang.org/x/net/http2`.
    pub path: String,
    /// `Func` or `Type.Method`
    pub symbols: Vec<String>,
}

/// A crate that `cargo auditable` recorded in an executable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RustAudit {
    pub name: String,
    pub version: String,
    pub source: String,
}

/// A library of a .NET `deps.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DotnetDeps {
    pub name: String,
    pub version: String,
    pub path: String,
    pub sha512: String,
    pub hash_path: String,
}

/// What a binary classifier recognised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BinarySignature {
    pub matches: Vec<ClassifierMatch>,
}

/// The classifier, and the file it recognised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClassifierMatch {
    pub classifier: String,
    pub path: String,
}

/// Kinds of [`Metadata::Other`] that list the package's files, as paths or as objects with a `path`.
const OWNERS: [&str; 3] = ["alpm-db-entry", "portage-db-entry", "java-jvm-installation"];

impl Metadata {
    /// The word of syft-json's `metadataType`; empty for [`Metadata::None`].
    pub fn kind(&self) -> &str {
        match self {
            Self::None => "",
            Self::Dpkg(_) => "dpkg-db-entry",
            Self::Rpm(_) => "rpm-db-entry",
            Self::Apk(_) => "apk-db-entry",
            Self::JavaArchive(_) => "java-archive",
            Self::Python(_) => "python-package",
            Self::Npm(_) => "javascript-npm-package",
            Self::Gem(_) => "ruby-gemspec",
            Self::GoBinary(_) => "go-module-buildinfo-entry",
            Self::RustAudit(_) => "rust-cargo-audit-entry",
            Self::DotnetDeps(_) => "dotnet-deps-entry",
            Self::Binary(_) => "binary-signature",
            Self::Other { kind, .. } => kind,
        }
    }

    /// Paths of the files the package manager says are the package's, as it writes them (with a leading slash).
    pub fn owned_files(&self) -> Vec<&str> {
        match self {
            Self::Dpkg(entry) => entry.files.iter().map(|file| file.path.as_str()).collect(),
            Self::Rpm(entry) => entry.files.iter().map(|file| file.path.as_str()).collect(),
            Self::Apk(entry) => entry.files.iter().map(|file| file.path.as_str()).collect(),
            Self::Other { kind, value } if OWNERS.contains(&kind.as_str()) => {
                let files = value["files"].as_array().into_iter().flatten();
                files.filter_map(|file| file["path"].as_str().or_else(|| file.as_str())).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(crate) fn upstreams(&self, name: &str, version: &str) -> Vec<(String, String)> {
        let upstream = match self {
            Self::Dpkg(entry) => (entry.source.clone(), entry.source_version.clone()),
            Self::Rpm(entry) => (source_rpm_name(&entry.source_rpm).unwrap_or_default().to_owned(), String::new()),
            Self::Apk(entry) => (entry.origin_package.clone(), String::new()),
            _ => return Vec::new(),
        };
        let same = upstream.0 == name && (upstream.1.is_empty() || upstream.1 == version);
        if upstream.0.is_empty() || same { Vec::new() } else { vec![upstream] }
    }
}

/// `bash` of `bash-5.1.8-6.el9.src.rpm`: the name before version, release and architecture.
fn source_rpm_name(file_name: &str) -> Option<&str> {
    let stem = file_name.strip_suffix(".rpm")?;
    let (name_version_release, _arch) = stem.rsplit_once('.')?;
    let (name_version, _release) = name_version_release.rsplit_once('-')?;
    let (name, _version) = name_version.rsplit_once('-')?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_rpm_names_the_upstream_package() {
        assert_eq!(source_rpm_name("java-1.8.0-openjdk-1.8.0.302.b08-0.el8_4.src.rpm"), Some("java-1.8.0-openjdk"));
        assert_eq!(source_rpm_name("(none)"), None);
    }

    #[test]
    fn a_debian_source_with_another_version_is_an_upstream_even_under_the_same_name() {
        let entry = DpkgEntry { source: "bash".into(), source_version: "5.2-1".into(), ..DpkgEntry::default() };
        let metadata = Metadata::Dpkg(Box::new(entry));
        assert_eq!(metadata.upstreams("bash", "5.2-1+b1"), [("bash".to_owned(), "5.2-1".to_owned())]);
        assert!(metadata.upstreams("bash", "5.2-1").is_empty());
    }
}
