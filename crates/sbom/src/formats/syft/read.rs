//! Every shape of document since the first, told apart by what is there and not by the version it states.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::Deserialize;
use serde_json::Value;

use super::{
    super::{
        json::{Layers, or_default},
        metadata, purl, words,
    },
    legacy,
};
use crate::{
    Cpe, Distro, Evidence, File, FileDigest, ImageSource, LayerDescription, License, Location, Metadata, Package,
    PackageId, PackageType, Relationship, Sbom, Source, Unknown,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Input {
    #[serde(deserialize_with = "or_default")]
    artifacts: Vec<Artifact>,
    #[serde(default, deserialize_with = "or_default")]
    artifact_relationships: Vec<RelationshipInput>,
    #[serde(default, deserialize_with = "or_default")]
    files: Vec<FileInput>,
    #[serde(default, deserialize_with = "or_default")]
    source: SourceInput,
    #[serde(default, deserialize_with = "or_default")]
    distro: DistroInput,
}

pub(in super::super) fn read(document: &[u8]) -> Result<Sbom, serde_json::Error> {
    let input: Input = serde_json::from_slice(document)?;
    let mut layers = Layers::default();
    let mut unknowns = Vec::new();
    let packages: Vec<Package> =
        input.artifacts.into_iter().map(|artifact| artifact.into_package(&mut layers, &mut unknowns)).collect();
    let mut files = Vec::new();
    for file in input.files {
        unknowns.extend(file.unknowns.iter().map(|reason| unknown(&file.location.path, reason)));
        files.extend(file.into_file(&mut layers));
    }
    Ok(Sbom {
        source: input.source.into(),
        distro: input.distro.into_distro().or_else(|| purl::distro(&packages)),
        packages,
        files,
        relationships: input.artifact_relationships.into_iter().filter_map(RelationshipInput::into_stated).collect(),
        unknowns,
        ..Sbom::default()
    })
}

/// `cataloger: reason`, as it is written.
fn unknown(path: &str, text: &str) -> Unknown {
    let (found_by, reason) = text.split_once(": ").unwrap_or(("", text));
    Unknown { path: path.to_owned(), found_by: found_by.to_owned(), reason: reason.to_owned() }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    #[serde(default)]
    id: String,
    name: String,
    #[serde(default)]
    version: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    found_by: String,
    #[serde(default, deserialize_with = "or_default")]
    locations: Vec<LocationInput>,
    #[serde(default, deserialize_with = "or_default")]
    licenses: Vec<LicenseInput>,
    #[serde(default, deserialize_with = "or_default")]
    cpes: Vec<CpeInput>,
    #[serde(default)]
    purl: String,
    #[serde(default)]
    metadata_type: String,
    #[serde(default)]
    metadata: Value,
}

impl Artifact {
    fn into_package(self, layers: &mut Layers, unknowns: &mut Vec<Unknown>) -> Package {
        let kind = legacy::kind(&self.metadata_type);
        let mut record = self.metadata;
        legacy::modernise(kind, &mut record);
        let metadata = metadata::read(kind, record).unwrap_or_else(|error| {
            let reason = format!("metadata of {} {} is not a {kind}: {error}", self.name, self.version);
            let path = self.locations.first().map(|location| location.path.clone()).unwrap_or_default();
            unknowns.push(Unknown { path, found_by: "syft-json".into(), reason });
            Metadata::None
        });
        // Where evidence is marked at all, what is not marked only supports it.
        let is_primary = |location: &LocationInput| location.annotations.evidence == Evidence::Primary.as_str();
        let is_marked = self.locations.iter().any(is_primary);
        let location = |input: LocationInput| {
            let evidence = if is_marked && !is_primary(&input) { Evidence::Supporting } else { Evidence::Primary };
            Location { evidence, ..input.into_location(layers) }
        };
        let mut package = Package {
            id: PackageId(self.id.into()),
            name: self.name,
            version: self.version,
            kind: PackageType::parse(&self.kind),
            found_by: self.found_by,
            locations: self.locations.into_iter().map(location).collect(),
            introduced_by: None,
            licenses: self.licenses.into_iter().map(Into::into).collect(),
            // A CPE that does not parse names nothing; the package is still matched by its other names.
            cpes: self.cpes.into_iter().filter_map(CpeInput::into_cpe).collect(),
            purl: Some(self.purl).filter(|purl| !purl.is_empty()),
            metadata,
        };
        if package.kind == PackageType::Unknown || matches!(package.metadata, Metadata::None) {
            // The URL may know more, but it does not overrule the name that is stated.
            let name = package.name.clone();
            purl::interpret(&mut package);
            package.name = name;
        }
        if package.id.0.is_empty() {
            package.assign_id();
        }
        package
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LocationInput {
    #[serde(alias = "realPath")]
    path: String,
    #[serde(default, alias = "virtualPath")]
    access_path: String,
    #[serde(rename = "layerID", default)]
    layer: String,
    #[serde(default, deserialize_with = "or_default")]
    annotations: AnnotationsInput,
}

#[derive(Default, Deserialize)]
struct AnnotationsInput {
    #[serde(default)]
    evidence: String,
}

impl LocationInput {
    fn into_location(self, layers: &mut Layers) -> Location {
        let mut location = Location::new(self.path, layers.share(&self.layer), Evidence::Primary);
        if !self.access_path.is_empty() {
            location.access_path = self.access_path;
        }
        location
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum LicenseInput {
    Text(String),
    #[serde(rename_all = "camelCase")]
    Object {
        #[serde(default)]
        value: String,
        #[serde(default)]
        spdx_expression: String,
        #[serde(rename = "type", default)]
        kind: String,
        #[serde(default, deserialize_with = "or_default")]
        urls: Vec<String>,
        #[serde(default, deserialize_with = "or_default")]
        locations: Vec<LocationInput>,
    },
}

impl From<LicenseInput> for License {
    fn from(input: LicenseInput) -> Self {
        match input {
            LicenseInput::Text(value) => Self::declared(&value),
            LicenseInput::Object { value, spdx_expression, kind, urls, locations } => Self {
                value,
                spdx_expression,
                kind: words::license_kind(&kind),
                urls,
                paths: locations.into_iter().map(|location| location.path).collect(),
            },
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum CpeInput {
    Text(String),
    Object {
        cpe: String,
        #[serde(default)]
        source: String,
    },
}

impl CpeInput {
    fn into_cpe(self) -> Option<Cpe> {
        // Documents of plain texts came from a program that generated them all.
        let (text, source) = match &self {
            Self::Text(text) => (text, "syft-generated"),
            Self::Object { cpe, source } => (cpe, source.as_str()),
        };
        let mut cpe: Cpe = text.parse().ok()?;
        cpe.source = words::cpe_source(source);
        Some(cpe)
    }
}

#[derive(Deserialize)]
struct RelationshipInput {
    #[serde(default)]
    parent: String,
    #[serde(default)]
    child: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    metadata: Value,
}

impl RelationshipInput {
    fn into_stated(self) -> Option<Relationship> {
        let files = self.metadata.get("files").and_then(Value::as_array).into_iter().flatten();
        let mut files: Vec<String> = files.filter_map(Value::as_str).map(str::to_owned).collect();
        files.sort();
        Some(Relationship {
            kind: words::relationship_kind(&self.kind)?,
            parent: PackageId(self.parent.into()),
            child: PackageId(self.child.into()),
            files,
        })
    }
}

#[derive(Deserialize)]
struct FileInput {
    location: LocationInput,
    #[serde(default)]
    metadata: Option<FileMetadata>,
    #[serde(default, deserialize_with = "or_default")]
    digests: Vec<FileDigest>,
    #[serde(default, deserialize_with = "or_default")]
    unknowns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileMetadata {
    #[serde(default)]
    mode: u64,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    link_destination: String,
    #[serde(rename = "userID", default)]
    user_id: i64,
    #[serde(rename = "groupID", default)]
    group_id: i64,
    #[serde(default)]
    size: i64,
}

impl FileInput {
    /// `None` for a place that is only named because it could not be read.
    fn into_file(self, layers: &mut Layers) -> Option<File> {
        let metadata = self.metadata?;
        Some(File {
            location: self.location.into_location(layers),
            kind: words::file_kind(&metadata.kind)?,
            mode: u32::from_str_radix(&metadata.mode.to_string(), 8).unwrap_or_default(),
            uid: metadata.user_id.try_into().unwrap_or_default(),
            gid: metadata.group_id.try_into().unwrap_or_default(),
            size: metadata.size.try_into().unwrap_or_default(),
            link_target: metadata.link_destination,
            digests: self.digests,
        })
    }
}

#[derive(Default, Deserialize)]
struct SourceInput {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    #[serde(rename = "type", default)]
    kind: String,
    /// Before major version 9 it was called `target`, and a plain text for a directory.
    #[serde(default, alias = "target")]
    metadata: SourceMetadata,
}

#[derive(Default, Deserialize)]
#[serde(untagged)]
enum SourceMetadata {
    Text(String),
    Object(Box<ImageInput>),
    #[default]
    None,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ImageInput {
    path: String,
    user_input: String,
    #[serde(rename = "imageID")]
    image_id: String,
    #[serde(alias = "digest")]
    manifest_digest: String,
    media_type: String,
    #[serde(deserialize_with = "or_default")]
    tags: Vec<String>,
    #[serde(alias = "size")]
    image_size: u64,
    #[serde(deserialize_with = "or_default")]
    layers: Vec<LayerInput>,
    #[serde(deserialize_with = "or_default")]
    manifest: String,
    #[serde(deserialize_with = "or_default")]
    config: String,
    #[serde(deserialize_with = "or_default")]
    repo_digests: Vec<String>,
    architecture: String,
    architecture_variant: String,
    os: String,
    #[serde(deserialize_with = "or_default")]
    labels: std::collections::BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LayerInput {
    media_type: String,
    digest: String,
    size: u64,
}

impl From<SourceInput> for Source {
    fn from(input: SourceInput) -> Self {
        let SourceInput { name, version, kind, metadata } = input;
        match (kind.as_str(), metadata) {
            ("image", SourceMetadata::Object(image)) => Self::Image(Box::new((*image).into())),
            ("directory", SourceMetadata::Object(target)) => Self::Directory { path: target.path },
            ("directory", SourceMetadata::Text(path)) => Self::Directory { path },
            (_, SourceMetadata::Text(target)) if name.is_empty() => Self::Other { kind, name: target, version },
            (_, SourceMetadata::Object(target)) if name.is_empty() => Self::Other { kind, name: target.path, version },
            _ => Self::Other { kind, name, version },
        }
    }
}

impl From<ImageInput> for ImageSource {
    fn from(input: ImageInput) -> Self {
        // A document that is not Base64 was not written by Syft; it only serves as evidence, so it may be missing.
        let decode = |text: String| BASE64.decode(text).unwrap_or_default();
        let layer = |layer: LayerInput| LayerDescription {
            media_type: layer.media_type,
            digest: layer.digest,
            size: layer.size,
            created_by: String::new(),
        };
        Self {
            user_input: input.user_input,
            image_id: input.image_id,
            manifest_digest: input.manifest_digest,
            media_type: input.media_type,
            tags: input.tags,
            repo_digests: input.repo_digests,
            size: input.image_size,
            layers: input.layers.into_iter().map(layer).collect(),
            manifest: decode(input.manifest),
            config: decode(input.config),
            os: input.os,
            architecture: input.architecture,
            variant: input.architecture_variant,
            labels: input.labels.into_iter().collect(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DistroInput {
    pretty_name: String,
    name: String,
    id: String,
    #[serde(deserialize_with = "or_default")]
    id_like: OneOrMany,
    version: String,
    #[serde(rename = "versionID")]
    version_id: String,
    version_codename: String,
    #[serde(rename = "buildID")]
    build_id: String,
    #[serde(rename = "imageID")]
    image_id: String,
    image_version: String,
    variant: String,
    #[serde(rename = "variantID")]
    variant_id: String,
    #[serde(rename = "homeURL")]
    home_url: String,
    #[serde(rename = "supportURL")]
    support_url: String,
    #[serde(rename = "bugReportURL")]
    bug_report_url: String,
    #[serde(rename = "privacyPolicyURL")]
    privacy_policy_url: String,
    #[serde(rename = "cpeName")]
    cpe_name: String,
    support_end: String,
    extended_support: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl DistroInput {
    /// The first documents had `name`, `version` and `idLike` only, with the id as name.
    fn into_distro(mut self) -> Option<Distro> {
        if self.id.is_empty() {
            self.id.clone_from(&self.name);
            self.version_id.clone_from(&self.version);
        }
        let id_like = match self.id_like {
            OneOrMany::One(text) => text.split_whitespace().map(str::to_owned).collect(),
            OneOrMany::Many(ids) => ids,
        };
        let known = !self.id.is_empty();
        known.then_some(Distro {
            pretty_name: self.pretty_name,
            name: self.name,
            id: self.id,
            id_like,
            version: self.version,
            version_id: self.version_id,
            version_codename: self.version_codename,
            build_id: self.build_id,
            image_id: self.image_id,
            image_version: self.image_version,
            variant: self.variant,
            variant_id: self.variant_id,
            home_url: self.home_url,
            support_url: self.support_url,
            bug_report_url: self.bug_report_url,
            privacy_policy_url: self.privacy_policy_url,
            cpe_name: self.cpe_name,
            support_end: self.support_end,
            extended_support: self.extended_support,
        })
    }
}
