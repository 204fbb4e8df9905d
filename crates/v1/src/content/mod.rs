//! What is in an image, by kind (`spec/api.md` A4.4).

mod files;
mod java;
mod language;
mod os;

pub use files::FileEntry;
pub use java::{JavaMetadata, JavaPackage};
pub use language::LanguagePackage;
pub use os::OsPackage;

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, Ref, RefOr, Schema, schema::AnyOfBuilder},
};
use windlass_policy::{PackageFact, package_kind};
use windlass_sbom::{PackageType, Sbom};

use crate::metadata::{self, MetadataType};

/// The kinds of content that are listed. Packages of other kinds are there as well, under the word of their kind.
pub const LISTED: [&str; 9] = ["os", "files", "npm", "gem", "python", "java", "binary", "go", "malware"];

/// A kind of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContentType {
    /// Packages of the distribution.
    Os,
    Files,
    Malware,
    /// Packages of an ecosystem, by the word that vulnerabilities have in `package_type`: `npm`, `nuget`, `rust-crate`.
    Packages(&'static str),
    /// A document of the image.
    Metadata(MetadataType),
}

impl ContentType {
    /// Reads the last segment of a path; `None` for what is no kind of content.
    pub fn parse(name: &str) -> Option<Self> {
        let package = || {
            let mut kinds = PackageType::ALL.iter().filter(|kind| **kind != PackageType::Unknown && !is_os(**kind));
            kinds.find_map(|kind| (package_kind(*kind) == name).then_some(Self::Packages(package_kind(*kind))))
        };
        match name {
            "os" => Some(Self::Os),
            "files" => Some(Self::Files),
            "malware" => Some(Self::Malware),
            _ => MetadataType::parse(name).map(Self::Metadata).or_else(package),
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Os => "os",
            Self::Files => "files",
            Self::Malware => "malware",
            Self::Packages(kind) => kind,
            Self::Metadata(kind) => kind.as_str(),
        }
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The message of the error for what is no kind of content, metadata or vulnerabilities.
pub fn not_available(name: &str) -> String {
    format!("content type ({name}) not available")
}

fn is_os(kind: PackageType) -> bool {
    kind.is_os_package() || kind == PackageType::MsrcKb
}

/// What is in an image, of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ContentResponse {
    #[serde(rename = "imageDigest")]
    pub image_digest: String,
    #[schema(example = "os")]
    pub content_type: String,
    pub content: Content,
}

impl ContentResponse {
    pub fn new(image_digest: impl Into<String>, kind: ContentType, sbom: &Sbom) -> Self {
        Self { image_digest: image_digest.into(), content_type: kind.to_string(), content: Content::of(sbom, kind) }
    }
}

/// A list, or a document in base64. What is not there is an empty list, even where a document is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    Os(Vec<OsPackage>),
    Java(Vec<JavaPackage>),
    Packages(Vec<LanguagePackage>),
    Files(Vec<FileEntry>),
    Malware(Vec<MalwareScan>),
    Document(String),
}

// Not the derive's choice of one: an empty list is a list of anything.
impl PartialSchema for Content {
    fn schema() -> RefOr<Schema> {
        fn list<T: ToSchema>() -> ArrayBuilder {
            ArrayBuilder::new().items(Ref::from_schema_name(T::name()))
        }
        AnyOfBuilder::new()
            .item(list::<OsPackage>())
            .item(list::<JavaPackage>())
            .item(list::<LanguagePackage>())
            .item(list::<FileEntry>())
            .item(list::<MalwareScan>())
            .item(String::schema())
            .description(Some("A list, or a document in base64. What is not there is an empty list."))
            .into()
    }
}

impl ToSchema for Content {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        fn add<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
            schemas.push((T::name().into_owned(), T::schema()));
            T::schemas(schemas);
        }
        add::<OsPackage>(schemas);
        add::<JavaPackage>(schemas);
        add::<LanguagePackage>(schemas);
        add::<FileEntry>(schemas);
        add::<MalwareScan>(schemas);
    }
}

impl Content {
    /// What the bill of materials has of that kind: packages by name, version and place; files by path.
    ///
    /// Packages that are files of others, as a Python library that a Debian package brought, are left out, as the
    /// original did.
    pub fn of(sbom: &Sbom, kind: ContentType) -> Self {
        match kind {
            ContentType::Os => {
                Self::Os(packages(sbom, PackageFact::is_os_package).map(|p| OsPackage::new(&p)).collect())
            }
            ContentType::Packages("java") => {
                Self::Java(packages(sbom, |p| p.kind == "java").map(|p| JavaPackage::new(&p)).collect())
            }
            ContentType::Packages(kind) => {
                let of_kind = packages(sbom, |p| p.kind == kind && !p.is_os_package());
                Self::Packages(of_kind.map(|p| LanguagePackage::new(&p)).collect())
            }
            ContentType::Files => Self::Files(sbom.files.iter().map(FileEntry::new).collect()),
            ContentType::Malware => Self::Malware(sbom.inspection.malware_scans.iter().map(MalwareScan::new).collect()),
            ContentType::Metadata(kind) => {
                metadata::document(sbom, kind).map_or_else(|| Self::Os(Vec::new()), Self::Document)
            }
        }
    }
}

fn packages<'a>(sbom: &'a Sbom, is_wanted: impl Fn(&PackageFact<'a>) -> bool) -> impl Iterator<Item = PackageFact<'a>> {
    PackageFact::all(sbom).into_iter().filter(move |fact| is_wanted(fact) && (fact.is_os_package() || !fact.is_owned))
}

/// What one scanner said of the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MalwareScan {
    /// `clamav`
    pub scanner: String,
    pub findings: Vec<MalwareFinding>,
    /// What the scanner says of itself.
    pub metadata: std::collections::BTreeMap<String, String>,
}

/// A file that a scanner recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MalwareFinding {
    /// `unknown` where the scanner does not say.
    pub path: String,
    pub signature: String,
}

impl MalwareScan {
    fn new(scan: &windlass_sbom::MalwareScan) -> Self {
        let finding = |found: &windlass_sbom::MalwareFinding| MalwareFinding {
            path: or(&found.path, "unknown"),
            signature: found.signature.clone(),
        };
        Self {
            scanner: scan.scanner.clone(),
            findings: scan.findings.iter().map(finding).collect(),
            metadata: scan.metadata.clone(),
        }
    }
}

/// A text, or what stands for an empty one.
fn or(text: &str, absent: &str) -> String {
    if text.is_empty() { absent.to_owned() } else { text.to_owned() }
}

/// CPEs, most trusted first.
fn cpes(package: &windlass_sbom::Package) -> Vec<String> {
    package.cpes.iter().map(ToString::to_string).collect()
}

/// Licences joined with spaces, and their words; what stands for both where there is none.
fn licenses(package: &windlass_sbom::Package, absent: &str) -> (String, Vec<String>) {
    let stated: Vec<&str> = package.licenses.iter().map(|license| license.value.as_str()).collect();
    let license = or(&stated.join(" "), absent);
    let words = license.split_whitespace().map(str::to_owned).collect();
    (license, words)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_sbom::{Evidence, Location, Package, PackageId, Relationship, RelationshipKind};

    use super::*;

    #[test]
    fn every_listed_kind_and_every_document_has_a_name_and_so_have_other_ecosystems() {
        let named = LISTED.into_iter().chain(MetadataType::ALL.iter().map(|kind| kind.as_str()));
        for name in named.chain(["nuget", "composer", "rust-crate", "dart-pub"]) {
            assert_eq!(ContentType::parse(name).unwrap().as_str(), name);
        }
        for name in ["", "OS", "dpkg", "rpm", "APKG", "kb", "bogus", "UnknownPackage", "java-archive"] {
            assert_eq!(ContentType::parse(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_not_there_is_an_empty_list() {
        for name in LISTED.into_iter().chain(["manifest", "docker_history", "dockerfile", "nuget"]) {
            let kind = ContentType::parse(name).unwrap();
            let response = ContentResponse::new("sha256:ab", kind, &Sbom::default());
            assert_eq!(json!(response), json!({"imageDigest": "sha256:ab", "content_type": name, "content": []}));
        }
    }

    #[test]
    fn files_of_other_packages_are_no_packages() {
        let mut packages = vec![
            Package::new(PackageType::Npm, "b", "1"),
            Package::new(PackageType::Npm, "a", "1"),
            Package::new(PackageType::Deb, "node-b", "1"),
        ];
        for (number, package) in packages.iter_mut().enumerate() {
            package.id = PackageId(number.to_string().into());
            package.locations = vec![Location::new(format!("/{number}/package.json"), None, Evidence::Primary)];
        }
        let mut sbom = Sbom { packages, ..Sbom::default() };
        let names = |sbom: &Sbom| {
            let Content::Packages(packages) = Content::of(sbom, ContentType::Packages("npm")) else { panic!("npm") };
            packages.into_iter().map(|package| package.package).collect::<Vec<_>>()
        };
        assert_eq!(names(&sbom), ["a", "b"]);
        let id = |index: usize| sbom.packages[index].id.clone();
        sbom.relationships = vec![Relationship {
            kind: RelationshipKind::OwnershipByFileOverlap,
            parent: id(2),
            child: id(0),
            files: vec![],
        }];
        assert_eq!(names(&sbom), ["a"]);
    }

    #[test]
    fn scans_tell_what_they_found_and_where() {
        let found = |path: &str| windlass_sbom::MalwareFinding { path: path.into(), signature: "Eicar".into() };
        let scan = windlass_sbom::MalwareScan {
            scanner: "clamav".into(),
            findings: vec![found(""), found("/x")],
            ..windlass_sbom::MalwareScan::default()
        };
        let mut sbom = Sbom::default();
        sbom.inspection.malware_scans = vec![scan];
        assert_eq!(
            json!(Content::of(&sbom, ContentType::Malware)),
            json!([{"scanner": "clamav", "metadata": {}, "findings": [
                {"path": "unknown", "signature": "Eicar"}, {"path": "/x", "signature": "Eicar"}
            ]}])
        );
    }
}
