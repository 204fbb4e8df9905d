//! The document as SPDX 2.3 wants it.

use std::io::{self, Write};

use serde::Serialize;
use sha1::{Digest as _, Sha1};

use super::{
    super::{
        Document,
        graph::{Graph, Tie, file_id},
        json::{self, Each},
        party::{self, Party},
    },
    LAYER_COMMENT, NO_ASSERTION, PACKAGE_PREFIX, ROOT_PREFIX, UNKNOWN_COMMENT,
    licenses::{self, ExtractedLicense},
};
use crate::{File, FileDigest, ImageSource, LicenseKind, Package, PackageType, RelationshipKind, Sbom, Source};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output<'a, P, F, R> {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: &'a str,
    document_namespace: String,
    creation_info: CreationInfo,
    packages: P,
    files: F,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    has_extracted_licensing_infos: Vec<ExtractedLicense<'a>>,
    relationships: R,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<Annotation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreationInfo {
    license_list_version: String,
    creators: [String; 2],
    created: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotation {
    #[serde(rename = "annotationDate")]
    date: String,
    #[serde(rename = "annotationType")]
    kind: &'static str,
    annotator: String,
    comment: String,
}

pub(in super::super) fn write(sbom: &Sbom, document: &Document, out: &mut dyn Write) -> io::Result<()> {
    let graph = Graph::new(sbom);
    let root = root_id(&sbom.source);
    // The member is mandatory; a document that knows no time says the first one there is.
    let created = document.timestamp(sbom).unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned());
    let tool = format!("Tool: windlass-{}", document.tool_version);
    let annotation = |unknown: &crate::Unknown| Annotation {
        date: created.clone(),
        kind: "OTHER",
        annotator: tool.clone(),
        comment: format!("{UNKNOWN_COMMENT}{}: {} ({})", unknown.path, unknown.reason, unknown.found_by),
    };
    let name = if sbom.source.name().is_empty() { "unknown" } else { sbom.source.name() };
    let output = Output {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: "SPDXRef-DOCUMENT",
        name,
        document_namespace: format!(
            "https://windlass-project.github.io/spdx/{}/{}-{}",
            kind_of(&sbom.source),
            path_of(name),
            document.uuid(sbom)?
        ),
        creation_info: CreationInfo {
            license_list_version: list_version(),
            creators: ["Organization: Windlass".to_owned(), tool.clone()],
            created: created.clone(),
        },
        packages: Each(|| {
            let packages = sbom.packages.iter().map(|package| PackageOutput::of(package, &graph));
            std::iter::once(PackageOutput::root(&sbom.source, &root)).chain(packages)
        }),
        files: Each(|| sbom.files.iter().map(FileOutput::of)),
        has_extracted_licensing_infos: licenses::extracted(sbom),
        relationships: Each(|| relationships(sbom, &graph, &root)),
        annotations: sbom.unknowns.iter().map(annotation).collect(),
    };
    json::write(&output, out)
}

/// `3.24` of the library's `3.24.0`-like word: the schema wants major and minor.
fn list_version() -> String {
    let version = spdx::license_version().trim_start_matches('v');
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

fn kind_of(source: &Source) -> &'static str {
    match source {
        Source::Image(_) => "image",
        Source::Directory { .. } => "dir",
        Source::Other { .. } => "other",
    }
}

/// What an identifier may hold: letters, digits, dots and dashes.
fn identifier(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect()
}

fn path_of(text: &str) -> String {
    let text: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() || "-._/".contains(c) { c } else { '-' }).collect();
    text.trim_start_matches('/').to_owned()
}

fn root_id(source: &Source) -> String {
    let kind = match source {
        Source::Image(_) => "Image",
        Source::Directory { .. } => "Directory",
        Source::Other { .. } => "File",
    };
    format!("{ROOT_PREFIX}{kind}-{}", identifier(source.name()))
}

fn package_id(package: &Package) -> String {
    format!(
        "{PACKAGE_PREFIX}{}-{}-{}",
        identifier(package.kind.as_str()),
        identifier(&package.name),
        identifier(&package.id.0)
    )
}

fn file_ref(file: &File) -> String {
    // Long paths are cut at the front: the end names the file, the id tells it apart.
    const LONGEST: usize = 60;
    let path = identifier(file.location.path.trim_start_matches('/'));
    format!("SPDXRef-File-{}-{}", &path[path.len().saturating_sub(LONGEST)..], file_id(file))
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct PackageOutput<'a> {
    name: &'a str,
    #[serde(rename = "SPDXID")]
    id: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    version_info: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    supplier: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    originator: String,
    download_location: &'static str,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_verification_code: Option<VerificationCode>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    source_info: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    homepage: Option<&'a str>,
    license_concluded: String,
    license_declared: String,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef>,
    #[serde(skip_serializing_if = "str::is_empty")]
    primary_package_purpose: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerificationCode {
    package_verification_code_value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum<'a> {
    algorithm: &'static str,
    checksum_value: &'a str,
}

#[derive(Serialize)]
struct ExternalRef {
    #[serde(rename = "referenceCategory")]
    category: &'static str,
    #[serde(rename = "referenceType")]
    kind: &'static str,
    #[serde(rename = "referenceLocator")]
    locator: String,
}

impl<'a> PackageOutput<'a> {
    fn of(package: &'a Package, graph: &Graph<'a>) -> Self {
        let paths: Vec<&str> = package.locations.iter().map(|location| location.path.as_str()).collect();
        let cpes = package.cpes.iter().map(|cpe| ExternalRef {
            category: "SECURITY",
            kind: "cpe23Type",
            locator: cpe.to_string(),
        });
        let code = verification_code(package, graph);
        Self {
            name: &package.name,
            id: package_id(package),
            version_info: &package.version,
            supplier: party::supplier(package).map_or_else(|| NO_ASSERTION.to_owned(), |party| entity(&party)),
            originator: party::author(package).map(|party| entity(&party)).unwrap_or_default(),
            download_location: NO_ASSERTION,
            files_analyzed: code.is_some(),
            package_verification_code: code,
            source_info: if paths.is_empty() { String::new() } else { format!("found in {}", paths.join(", ")) },
            homepage: party::homepage(package),
            license_concluded: licenses::expression(&package.licenses, LicenseKind::Concluded),
            license_declared: licenses::expression(&package.licenses, LicenseKind::Declared),
            copyright_text: NO_ASSERTION,
            description: party::description(package),
            external_refs: cpes.chain(package.purl.as_deref().map(purl_ref)).collect(),
            primary_package_purpose: if package.kind == PackageType::Binary { "APPLICATION" } else { "" },
            ..Self::default()
        }
    }

    /// The artifact itself, which the document describes.
    fn root(source: &'a Source, id: &str) -> Self {
        let name = if source.name().is_empty() { "unknown" } else { source.name() };
        let common = Self {
            name,
            id: id.to_owned(),
            supplier: NO_ASSERTION.to_owned(),
            download_location: NO_ASSERTION,
            license_concluded: NO_ASSERTION.to_owned(),
            license_declared: NO_ASSERTION.to_owned(),
            copyright_text: NO_ASSERTION,
            ..Self::default()
        };
        match source {
            Source::Image(image) => Self {
                version_info: &image.manifest_digest,
                checksums: image
                    .manifest_digest
                    .strip_prefix("sha256:")
                    .map(|value| Checksum { algorithm: "SHA256", checksum_value: value })
                    .into_iter()
                    .collect(),
                external_refs: image_purl(image).as_deref().map(purl_ref).into_iter().collect(),
                primary_package_purpose: "CONTAINER",
                ..common
            },
            Source::Directory { .. } => Self { primary_package_purpose: "FILE", ..common },
            Source::Other { version, .. } => Self { version_info: version, primary_package_purpose: "OTHER", ..common },
        }
    }
}

fn purl_ref(purl: &str) -> ExternalRef {
    ExternalRef { category: "PACKAGE-MANAGER", kind: "purl", locator: purl.to_owned() }
}

/// `pkg:oci/NAME@DIGEST?arch=…&tag=…`; the name is the last part of the repository, as the purl specification says.
fn image_purl(image: &ImageSource) -> Option<String> {
    let reference = image.tags.first().or(image.repo_digests.first()).unwrap_or(&image.user_input);
    let last = reference.rsplit('/').next().unwrap_or_default();
    let (name, tag) = last.split('@').next().unwrap_or_default().split_once(':').unwrap_or((last, ""));
    let name = name.split('@').next().unwrap_or_default();
    let mut purl = packageurl::PackageUrl::new("oci", name.to_ascii_lowercase()).ok()?;
    purl.with_version(image.manifest_digest.as_str()).ok()?;
    for (key, value) in [("arch", image.architecture.as_str()), ("tag", tag)] {
        if !value.is_empty() {
            purl.add_qualifier(key, value).ok()?;
        }
    }
    Some(purl.to_string())
}

/// `Person: NAME (ADDRESS)`
fn entity(party: &Party<'_>) -> String {
    // The tools of the SPDX project read an address in brackets and take no other brackets.
    let clean = |text: &str| text.replace(['(', ')', '\n', '\r'], " ").trim().to_owned();
    match party {
        Party::Organization(name) => format!("Organization: {}", clean(name)),
        Party::Person(text) => match text.split_once('<') {
            Some((name, rest)) if !name.trim().is_empty() => {
                let address = rest.split('>').next().unwrap_or_default();
                format!("Person: {} ({})", clean(name), clean(address))
            }
            _ => format!("Person: {}", clean(text.trim_matches(['<', '>']))),
        },
    }
}

/// SHA-1 over the sorted SHA-1 digests of the package's files (SPDX 2.3 §7.9); `None` where a file has none.
fn verification_code<'a>(package: &'a Package, graph: &Graph<'a>) -> Option<VerificationCode> {
    let owned = graph.files_of(package).filter(|(tie, _)| *tie == Tie::Owned);
    let mut digests = owned.map(|(_, file)| sha1_of(file)).collect::<Option<Vec<&str>>>()?;
    if digests.is_empty() {
        return None;
    }
    digests.sort_unstable();
    let code = Sha1::digest(digests.concat());
    Some(VerificationCode { package_verification_code_value: hex::encode(code) })
}

fn sha1_of(file: &File) -> Option<&str> {
    let digest = file.digests.iter().find(|digest| digest.algorithm == "sha1" && is_hexadecimal(&digest.value, 40));
    digest.map(|digest| digest.value.as_str())
}

fn is_hexadecimal(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileOutput<'a> {
    file_name: &'a str,
    #[serde(rename = "SPDXID")]
    id: String,
    checksums: Vec<Checksum<'a>>,
    license_concluded: &'static str,
    license_info_in_files: [&'static str; 1],
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

impl<'a> FileOutput<'a> {
    fn of(file: &'a File) -> Self {
        // The format demands a SHA-1 of every file; an unknown one is all zeros.
        let unknown = "0000000000000000000000000000000000000000";
        let sha1 = Checksum { algorithm: "SHA1", checksum_value: sha1_of(file).unwrap_or(unknown) };
        let others = file.digests.iter().filter_map(checksum);
        Self {
            // Relative to the root of the artifact (SPDX 2.3 §8.1).
            file_name: file.location.path.trim_start_matches('/'),
            id: file_ref(file),
            checksums: std::iter::once(sha1).chain(others).collect(),
            license_concluded: NO_ASSERTION,
            license_info_in_files: [NO_ASSERTION],
            copyright_text: NO_ASSERTION,
            comment: file.location.layer.as_ref().map(|layer| format!("{LAYER_COMMENT}{layer}")),
        }
    }
}

/// A digest other than SHA-1 in the document's terms.
fn checksum(digest: &FileDigest) -> Option<Checksum<'_>> {
    let (algorithm, length) = match digest.algorithm.as_str() {
        "md5" => ("MD5", 32),
        "sha224" => ("SHA224", 56),
        "sha256" => ("SHA256", 64),
        "sha384" => ("SHA384", 96),
        "sha512" => ("SHA512", 128),
        _ => return None,
    };
    is_hexadecimal(&digest.value, length).then_some(Checksum { algorithm, checksum_value: &digest.value })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RelationshipOutput {
    spdx_element_id: String,
    relationship_type: &'static str,
    related_spdx_element: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
}

fn relationships<'a>(sbom: &'a Sbom, graph: &'a Graph<'a>, root: &'a str) -> impl Iterator<Item = RelationshipOutput> {
    let relation = |from: String, relationship_type, to: String, comment| RelationshipOutput {
        spdx_element_id: from,
        relationship_type,
        related_spdx_element: to,
        comment,
    };
    let describes = relation("SPDXRef-DOCUMENT".to_owned(), "DESCRIBES", root.to_owned(), None);
    let contained =
        sbom.packages.iter().map(move |package| relation(root.to_owned(), "CONTAINS", package_id(package), None));
    let ties = sbom.packages.iter().flat_map(move |package| {
        // A package whose files were not analysed may not claim to contain any (SPDX 2.3 §7.8).
        let analysed = verification_code(package, graph).is_some();
        graph.files_of(package).map(move |(tie, file)| {
            let (kind, comment) = match tie {
                Tie::Owned if analysed => ("CONTAINS", None),
                Tie::Owned => ("OTHER", Some("owned: the package manager says that the file is the package's")),
                Tie::Evidence(_) => ("OTHER", Some("evident-by: the package was found through the file")),
            };
            relation(package_id(package), kind, file_ref(file), comment)
        })
    });
    let ids: std::collections::HashMap<_, _> =
        sbom.packages.iter().map(|package| (&package.id, package_id(package))).collect();
    let stated = sbom.relationships.iter().filter_map(move |stated| {
        let (kind, comment) = match stated.kind {
            RelationshipKind::DependencyOf => ("DEPENDENCY_OF", None),
            RelationshipKind::OwnershipByFileOverlap => {
                ("OTHER", Some("ownership-by-file-overlap: the first owns a file that proves the second"))
            }
        };
        Some(relation(ids.get(&stated.parent)?.clone(), kind, ids.get(&stated.child)?.clone(), comment))
    });
    std::iter::once(describes).chain(contained).chain(ties).chain(stated)
}
