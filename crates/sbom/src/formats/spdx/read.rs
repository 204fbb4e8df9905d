//! SPDX 2.x JSON of any producer.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::{
    super::{
        json::{Layers, or_default},
        purl,
    },
    LAYER_COMMENT, NO_ASSERTION, PACKAGE_PREFIX, ROOT_PREFIX, UNKNOWN_COMMENT,
};
use crate::{
    Cpe, Evidence, File, FileDigest, FileKind, ImageSource, License, Location, Package, PackageId, PackageType,
    Relationship, RelationshipKind, Sbom, Source, Unknown,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Input {
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    packages: Vec<PackageInput>,
    #[serde(default, deserialize_with = "or_default")]
    files: Vec<FileInput>,
    #[serde(default, deserialize_with = "or_default")]
    relationships: Vec<RelationshipInput>,
    #[serde(default, deserialize_with = "or_default")]
    document_describes: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    has_extracted_licensing_infos: Vec<ExtractedLicense>,
    #[serde(default, deserialize_with = "or_default")]
    annotations: Vec<AnnotationInput>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PackageInput {
    #[serde(rename = "SPDXID", deserialize_with = "or_default")]
    id: String,
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    version_info: String,
    #[serde(deserialize_with = "or_default")]
    source_info: String,
    #[serde(deserialize_with = "or_default")]
    license_concluded: String,
    #[serde(deserialize_with = "or_default")]
    license_declared: String,
    #[serde(deserialize_with = "or_default")]
    external_refs: Vec<ExternalRef>,
    #[serde(deserialize_with = "or_default")]
    primary_package_purpose: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ExternalRef {
    #[serde(deserialize_with = "or_default")]
    reference_type: String,
    #[serde(deserialize_with = "or_default")]
    reference_locator: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct FileInput {
    #[serde(deserialize_with = "or_default")]
    file_name: String,
    #[serde(deserialize_with = "or_default")]
    checksums: Vec<ChecksumInput>,
    #[serde(deserialize_with = "or_default")]
    comment: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ChecksumInput {
    #[serde(deserialize_with = "or_default")]
    algorithm: String,
    #[serde(deserialize_with = "or_default")]
    checksum_value: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RelationshipInput {
    #[serde(deserialize_with = "or_default")]
    spdx_element_id: String,
    #[serde(deserialize_with = "or_default")]
    relationship_type: String,
    #[serde(deserialize_with = "or_default")]
    related_spdx_element: String,
    #[serde(deserialize_with = "or_default")]
    comment: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ExtractedLicense {
    #[serde(deserialize_with = "or_default")]
    license_id: String,
    #[serde(deserialize_with = "or_default")]
    extracted_text: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AnnotationInput {
    #[serde(deserialize_with = "or_default")]
    comment: String,
}

pub(in super::super) fn read(document: &[u8]) -> Result<Sbom, serde_json::Error> {
    let input: Input = serde_json::from_slice(document)?;
    let described = described(&input);
    let texts: HashMap<&str, &str> = input
        .has_extracted_licensing_infos
        .iter()
        .map(|license| (license.license_id.as_str(), license.extracted_text.as_str()))
        .collect();
    let mut sbom = Sbom {
        source: Source::Other { kind: "spdx".into(), name: input.name, version: String::new() },
        unknowns: input.annotations.iter().filter_map(unknown).collect(),
        ..Sbom::default()
    };
    let mut ids = HashMap::new();
    for stated in input.packages {
        // What the document describes is the artifact; in documents of a single package it is a package as well.
        let is_root = stated.id.starts_with(ROOT_PREFIX)
            || (described.contains(&stated.id) && stated.primary_package_purpose == "CONTAINER");
        if is_root {
            sbom.source = source(&stated);
            continue;
        }
        let package = package(&stated, &texts);
        // An operating system is the distribution, which the URLs of its packages name.
        if !package.name.is_empty() {
            ids.insert(stated.id, package.id.clone());
            sbom.packages.push(package);
        }
    }
    let mut layers = Layers::default();
    sbom.files = input.files.into_iter().map(|stated| file(stated, &mut layers)).collect();
    sbom.distro = purl::distro(&sbom.packages);
    sbom.relationships = input.relationships.iter().filter_map(|stated| relationship(stated, &ids)).collect();
    Ok(sbom)
}

fn described(input: &Input) -> HashSet<String> {
    let related = input
        .relationships
        .iter()
        .filter(|stated| stated.spdx_element_id == "SPDXRef-DOCUMENT" && stated.relationship_type == "DESCRIBES")
        .map(|stated| stated.related_spdx_element.clone());
    related.chain(input.document_describes.iter().cloned()).collect()
}

fn package(stated: &PackageInput, texts: &HashMap<&str, &str>) -> Package {
    let of_type =
        |kind: &'static str| stated.external_refs.iter().filter(move |reference| reference.reference_type == kind);
    let mut package = Package::new(PackageType::Unknown, stated.name.clone(), stated.version_info.clone());
    package.purl = of_type("purl").map(|reference| reference.reference_locator.clone()).next();
    package.cpes =
        of_type("cpe23Type").filter_map(|reference| reference.reference_locator.parse::<Cpe>().ok()).collect();
    let declared = license(&stated.license_declared, texts).map(|value| License::declared(&value));
    let concluded = license(&stated.license_concluded, texts).map(|value| License::concluded(&value));
    package.licenses = declared.into_iter().chain(concluded).collect();
    package.locations = evidence(&stated.source_info);
    purl::interpret(&mut package);
    // `SPDXRef-Package-TYPE-NAME-ID`: the last part is the id where this program or Syft wrote the document.
    let id = stated.id.strip_prefix(PACKAGE_PREFIX).and_then(|rest| rest.rsplit('-').next());
    let id = id.filter(|id| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    package.id = PackageId(id.unwrap_or(&stated.id).into());
    if package.id.0.is_empty() {
        package.assign_id();
    }
    package
}

/// The paths of `… in|from …: PATH, PATH`, as this program and Syft write them.
fn evidence(source_info: &str) -> Vec<Location> {
    let paths = source_info
        .strip_prefix("found in ")
        .or_else(|| {
            source_info.strip_prefix("acquired package info from ").and_then(|rest| Some(rest.split_once(": ")?.1))
        })
        .unwrap_or_default();
    let paths = paths.split(", ").filter(|path| path.starts_with('/'));
    paths.map(|path| Location::new(path, None, Evidence::Primary)).collect()
}

/// An expression, or the text that a single reference stands for; nothing where nothing is claimed.
fn license(expression: &str, texts: &HashMap<&str, &str>) -> Option<String> {
    let claimed = !matches!(expression, "" | NO_ASSERTION | "NONE");
    claimed.then(|| texts.get(expression).copied().filter(|text| !text.is_empty()).unwrap_or(expression).to_owned())
}

fn source(stated: &PackageInput) -> Source {
    let (name, version) = (stated.name.clone(), stated.version_info.clone());
    match stated.primary_package_purpose.as_str() {
        "CONTAINER" => Source::Image(Box::new(ImageSource {
            user_input: name,
            manifest_digest: if version.contains(':') { version } else { String::new() },
            ..ImageSource::default()
        })),
        "FILE" if stated.id.starts_with("SPDXRef-DocumentRoot-Directory") => Source::Directory { path: name },
        _ => Source::Other { kind: "spdx".into(), name, version },
    }
}

fn file(stated: FileInput, layers: &mut Layers) -> File {
    let digest = |checksum: ChecksumInput| FileDigest {
        algorithm: checksum.algorithm.to_ascii_lowercase(),
        value: checksum.checksum_value.to_ascii_lowercase(),
    };
    let path = stated.file_name.trim_start_matches("./");
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let layer = stated.comment.strip_prefix(LAYER_COMMENT).and_then(|layer| layers.share(layer));
    let digests = stated.checksums.into_iter().map(digest);
    File {
        location: Location::new(path, layer, Evidence::Primary),
        kind: FileKind::RegularFile,
        mode: 0,
        uid: 0,
        gid: 0,
        size: 0,
        link_target: String::new(),
        // The zeros stand for an unknown digest, because the format demands one.
        digests: digests.filter(|digest| digest.value.bytes().any(|byte| byte != b'0')).collect(),
    }
}

fn relationship(stated: &RelationshipInput, ids: &HashMap<String, PackageId>) -> Option<Relationship> {
    let (from, to) = (&stated.spdx_element_id, &stated.related_spdx_element);
    let (kind, parent, child) = match stated.relationship_type.as_str() {
        "DEPENDENCY_OF" => (RelationshipKind::DependencyOf, from, to),
        "DEPENDS_ON" => (RelationshipKind::DependencyOf, to, from),
        "OTHER" if stated.comment.starts_with(RelationshipKind::OwnershipByFileOverlap.as_str()) => {
            (RelationshipKind::OwnershipByFileOverlap, from, to)
        }
        _ => return None,
    };
    Some(Relationship { kind, parent: ids.get(parent)?.clone(), child: ids.get(child)?.clone(), files: Vec::new() })
}

/// `could not be read: PATH: REASON (CATALOGER)`
fn unknown(annotation: &AnnotationInput) -> Option<Unknown> {
    let (path, rest) = annotation.comment.strip_prefix(UNKNOWN_COMMENT)?.split_once(": ")?;
    let (reason, found_by) = rest.strip_suffix(')')?.rsplit_once(" (")?;
    Some(Unknown { path: path.to_owned(), found_by: found_by.to_owned(), reason: reason.to_owned() })
}
