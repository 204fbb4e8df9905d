//! The document as Syft 1.x writes it, so that Grype and the tools around it read it.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::Serialize;

use super::super::{
    Document,
    document::short_hash,
    graph::{Graph, Tie, file_id, place_id},
    json::{self, Each},
    metadata::Record,
};
use crate::{
    Distro, File, FileDigest, ImageSource, License, Location, Metadata, Package, RelationshipKind, Sbom, Source,
    Unknown, metadata::ClassifierMatch,
};

const SCHEMA_VERSION: &str = "16.0.18";
const SCHEMA_URL: &str = "https://raw.githubusercontent.com/anchore/syft/main/schema/json/schema-16.0.18.json";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output<'a, A, R, F> {
    artifacts: A,
    artifact_relationships: R,
    files: F,
    source: SourceOutput<'a>,
    distro: DistroOutput<'a>,
    descriptor: Descriptor<'a>,
    schema: Schema,
}

#[derive(Serialize)]
struct Descriptor<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
struct Schema {
    version: &'static str,
    url: &'static str,
}

pub(in super::super) fn write(sbom: &Sbom, document: &Document, out: &mut dyn Write) -> io::Result<()> {
    let source = SourceOutput::of(&sbom.source);
    let source_id = source.id.clone();
    let graph = Graph::new(sbom);
    let unread = unread_places(sbom);
    let output = Output {
        artifacts: Each(|| sbom.packages.iter().map(Artifact::of)),
        artifact_relationships: Each(|| relationships(sbom, &graph, &source_id)),
        files: Each(|| files(sbom, &unread)),
        source,
        distro: sbom.distro.as_ref().map(DistroOutput::of).unwrap_or_default(),
        descriptor: Descriptor { name: "windlass", version: &document.tool_version },
        schema: Schema { version: SCHEMA_VERSION, url: SCHEMA_URL },
    };
    json::write(&output, out)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact<'a> {
    id: &'a str,
    name: &'a str,
    version: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    found_by: &'a str,
    locations: Vec<LocationOutput<'a>>,
    licenses: Vec<LicenseOutput<'a>>,
    language: &'static str,
    cpes: Vec<CpeOutput>,
    purl: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    metadata_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<RecordOutput<'a>>,
}

/// The package manager's record; only that of a binary has another shape here than in the model.
#[derive(Serialize)]
#[serde(untagged)]
enum RecordOutput<'a> {
    Signature { matches: Vec<MatchOutput<'a>> },
    Plain(Record<'a>),
}

#[derive(Serialize)]
struct MatchOutput<'a> {
    classifier: &'a str,
    location: LocationOutput<'a>,
}

impl<'a> RecordOutput<'a> {
    fn of(package: &'a Package) -> Option<Self> {
        let matched = |found: &'a ClassifierMatch| MatchOutput {
            classifier: &found.classifier,
            location: LocationOutput::at(&found.path, package),
        };
        match &package.metadata {
            Metadata::None => None,
            Metadata::Binary(binary) => Some(Self::Signature { matches: binary.matches.iter().map(matched).collect() }),
            metadata => Some(Self::Plain(Record(metadata))),
        }
    }
}

impl<'a> Artifact<'a> {
    fn of(package: &'a Package) -> Self {
        let cpe = |cpe: &crate::Cpe| CpeOutput { cpe: cpe.to_string(), source: cpe.source.as_str() };
        Self {
            id: &package.id.0,
            name: &package.name,
            version: &package.version,
            kind: package.kind.as_str(),
            found_by: &package.found_by,
            locations: package.locations.iter().map(LocationOutput::of).collect(),
            licenses: package.licenses.iter().map(|license| LicenseOutput::of(license, package)).collect(),
            language: package.kind.language().map_or("", crate::Language::as_str),
            cpes: package.cpes.iter().map(cpe).collect(),
            purl: package.purl.as_deref().unwrap_or_default(),
            metadata_type: package.metadata.kind(),
            metadata: RecordOutput::of(package),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LocationOutput<'a> {
    path: &'a str,
    #[serde(rename = "layerID", skip_serializing_if = "Option::is_none")]
    layer: Option<&'a str>,
    access_path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<Annotations>,
}

#[derive(Serialize)]
struct Annotations {
    evidence: &'static str,
}

impl<'a> LocationOutput<'a> {
    fn of(location: &'a Location) -> Self {
        Self {
            path: &location.path,
            layer: location.layer.as_deref(),
            access_path: &location.access_path,
            annotations: Some(Annotations { evidence: location.evidence.as_str() }),
        }
    }

    /// A path alone, in the layer where the package has it.
    fn at(path: &'a str, package: &'a Package) -> Self {
        let known = package.locations.iter().find(|location| location.path == path);
        let layer = known.and_then(|location| location.layer.as_deref());
        Self { path, layer, access_path: path, annotations: None }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LicenseOutput<'a> {
    value: &'a str,
    spdx_expression: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    urls: &'a [String],
    locations: Vec<LocationOutput<'a>>,
}

impl<'a> LicenseOutput<'a> {
    fn of(license: &'a License, package: &'a Package) -> Self {
        Self {
            value: &license.value,
            spdx_expression: &license.spdx_expression,
            kind: license.kind.as_str(),
            urls: &license.urls,
            locations: license.paths.iter().map(|path| LocationOutput::at(path, package)).collect(),
        }
    }
}

#[derive(Serialize)]
struct CpeOutput {
    cpe: String,
    source: &'static str,
}

#[derive(Serialize)]
struct RelationshipOutput<'a> {
    parent: std::borrow::Cow<'a, str>,
    child: std::borrow::Cow<'a, str>,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<RelationshipData<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum RelationshipData<'a> {
    Overlap { files: &'a [String] },
    Evidence { kind: &'static str },
}

/// What the source contains, what packages contain and are proven by, then what the model states.
fn relationships<'a>(
    sbom: &'a Sbom,
    graph: &'a Graph<'a>,
    source_id: &'a str,
) -> impl Iterator<Item = RelationshipOutput<'a>> {
    let contained = sbom.packages.iter().map(move |package| RelationshipOutput {
        parent: source_id.into(),
        child: (&*package.id.0).into(),
        kind: "contains",
        metadata: None,
    });
    let ties = sbom.packages.iter().flat_map(move |package| {
        graph.files_of(package).map(move |(tie, file)| {
            let (kind, metadata) = match tie {
                Tie::Owned => ("contains", None),
                Tie::Evidence(evidence) => ("evident-by", Some(RelationshipData::Evidence { kind: evidence.as_str() })),
            };
            RelationshipOutput { parent: (&*package.id.0).into(), child: file_id(file).into(), kind, metadata }
        })
    });
    let stated = sbom.relationships.iter().map(|relationship| RelationshipOutput {
        parent: (&*relationship.parent.0).into(),
        child: (&*relationship.child.0).into(),
        kind: relationship.kind.as_str(),
        metadata: (relationship.kind == RelationshipKind::OwnershipByFileOverlap)
            .then_some(RelationshipData::Overlap { files: &relationship.files }),
    });
    contained.chain(ties).chain(stated)
}

#[derive(Serialize)]
struct FileOutput<'a> {
    id: String,
    location: Coordinates<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<FileMetadata<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    digests: &'a [FileDigest],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknowns: Vec<String>,
}

#[derive(Serialize)]
struct Coordinates<'a> {
    path: &'a str,
    #[serde(rename = "layerID", skip_serializing_if = "Option::is_none")]
    layer: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileMetadata<'a> {
    /// The octal digits read as a decimal number: 0755 is 755.
    mode: u64,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    link_destination: &'a str,
    #[serde(rename = "userID")]
    user_id: u64,
    #[serde(rename = "groupID")]
    group_id: u64,
    mime_type: &'static str,
    size: u64,
}

/// What could not be read, by path.
fn unread_places(sbom: &Sbom) -> BTreeMap<&str, Vec<&Unknown>> {
    let mut places: BTreeMap<&str, Vec<&Unknown>> = BTreeMap::new();
    for unknown in &sbom.unknowns {
        places.entry(&unknown.path).or_default().push(unknown);
    }
    places
}

/// The listed files, then the places that could not be read and are not listed.
fn files<'a>(sbom: &'a Sbom, unread: &'a BTreeMap<&'a str, Vec<&'a Unknown>>) -> impl Iterator<Item = FileOutput<'a>> {
    let reasons = |unknowns: &Vec<&Unknown>| -> Vec<String> {
        unknowns.iter().map(|unknown| format!("{}: {}", unknown.found_by, unknown.reason)).collect()
    };
    let listed = sbom.files.iter().map(move |file| FileOutput {
        id: file_id(file),
        location: Coordinates { path: &file.location.path, layer: file.location.layer.as_deref() },
        metadata: Some(FileMetadata::of(file)),
        digests: &file.digests,
        unknowns: unread.get(file.location.path.as_str()).map(reasons).unwrap_or_default(),
    });
    let paths: std::collections::HashSet<&str> = sbom.files.iter().map(|file| file.location.path.as_str()).collect();
    let unlisted =
        unread.iter().filter(move |(path, _)| !paths.contains(*path)).map(move |(path, unknowns)| FileOutput {
            id: place_id(path, None),
            location: Coordinates { path, layer: None },
            metadata: None,
            digests: &[],
            unknowns: reasons(unknowns),
        });
    listed.chain(unlisted)
}

impl<'a> FileMetadata<'a> {
    fn of(file: &'a File) -> Self {
        Self {
            mode: format!("{:o}", file.mode).parse().unwrap_or_default(),
            kind: file.kind.as_str(),
            link_destination: &file.link_target,
            user_id: file.uid,
            group_id: file.gid,
            mime_type: "",
            size: file.size,
        }
    }
}

#[derive(Serialize)]
struct SourceOutput<'a> {
    id: String,
    name: &'a str,
    version: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    metadata: SourceMetadata<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum SourceMetadata<'a> {
    Image(Box<ImageOutput<'a>>),
    Directory { path: &'a str },
    Other {},
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageOutput<'a> {
    user_input: &'a str,
    #[serde(rename = "imageID")]
    image_id: &'a str,
    manifest_digest: &'a str,
    media_type: &'a str,
    tags: &'a [String],
    image_size: u64,
    layers: Vec<LayerOutput<'a>>,
    manifest: String,
    config: String,
    repo_digests: &'a [String],
    architecture: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    architecture_variant: &'a str,
    os: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LayerOutput<'a> {
    media_type: &'a str,
    digest: &'a str,
    size: u64,
}

impl<'a> SourceOutput<'a> {
    fn of(source: &'a Source) -> Self {
        match source {
            Source::Image(image) => Self {
                id: image.manifest_digest.rsplit(':').next().unwrap_or_default().to_owned(),
                name: &image.user_input,
                version: &image.manifest_digest,
                kind: "image",
                metadata: SourceMetadata::Image(Box::new(ImageOutput::of(image))),
            },
            Source::Directory { path } => Self {
                id: short_hash(&["directory", path]),
                name: path,
                version: "",
                kind: "directory",
                metadata: SourceMetadata::Directory { path },
            },
            Source::Other { kind, name, version } => {
                Self { id: short_hash(&[kind, name, version]), name, version, kind, metadata: SourceMetadata::Other {} }
            }
        }
    }
}

impl<'a> ImageOutput<'a> {
    fn of(image: &'a ImageSource) -> Self {
        let layer = |layer: &'a crate::LayerDescription| LayerOutput {
            media_type: &layer.media_type,
            digest: &layer.digest,
            size: layer.size,
        };
        Self {
            user_input: &image.user_input,
            image_id: &image.image_id,
            manifest_digest: &image.manifest_digest,
            media_type: &image.media_type,
            tags: &image.tags,
            image_size: image.size,
            layers: image.layers.iter().map(layer).collect(),
            manifest: BASE64.encode(&image.manifest),
            config: BASE64.encode(&image.config),
            repo_digests: &image.repo_digests,
            architecture: &image.architecture,
            architecture_variant: &image.variant,
            os: &image.os,
            labels: image.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        }
    }
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct DistroOutput<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    pretty_name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    id_like: &'a [String],
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'a str,
    #[serde(rename = "versionID", skip_serializing_if = "str::is_empty")]
    version_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version_codename: &'a str,
    #[serde(rename = "buildID", skip_serializing_if = "str::is_empty")]
    build_id: &'a str,
    #[serde(rename = "imageID", skip_serializing_if = "str::is_empty")]
    image_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    image_version: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    variant: &'a str,
    #[serde(rename = "variantID", skip_serializing_if = "str::is_empty")]
    variant_id: &'a str,
    #[serde(rename = "homeURL", skip_serializing_if = "str::is_empty")]
    home_url: &'a str,
    #[serde(rename = "supportURL", skip_serializing_if = "str::is_empty")]
    support_url: &'a str,
    #[serde(rename = "bugReportURL", skip_serializing_if = "str::is_empty")]
    bug_report_url: &'a str,
    #[serde(rename = "privacyPolicyURL", skip_serializing_if = "str::is_empty")]
    privacy_policy_url: &'a str,
    #[serde(rename = "cpeName", skip_serializing_if = "str::is_empty")]
    cpe_name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    support_end: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    extended_support: bool,
}

impl<'a> DistroOutput<'a> {
    fn of(distro: &'a Distro) -> Self {
        Self {
            pretty_name: &distro.pretty_name,
            name: &distro.name,
            id: &distro.id,
            id_like: &distro.id_like,
            version: &distro.version,
            version_id: &distro.version_id,
            version_codename: &distro.version_codename,
            build_id: &distro.build_id,
            image_id: &distro.image_id,
            image_version: &distro.image_version,
            variant: &distro.variant,
            variant_id: &distro.variant_id,
            home_url: &distro.home_url,
            support_url: &distro.support_url,
            bug_report_url: &distro.bug_report_url,
            privacy_policy_url: &distro.privacy_policy_url,
            cpe_name: &distro.cpe_name,
            support_end: &distro.support_end,
            extended_support: distro.extended_support,
        }
    }
}
