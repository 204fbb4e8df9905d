//! Windlass's own document: everything the model holds, described by `docs/schemas/sbom-1.json`.
//!
//! The same shapes are written and read. Members that are empty are left out; keys are never reused with another
//! meaning within a major version.

mod inspection;
pub mod packages;
mod parts;

use std::io::{self, Write};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::IgnoredAny};

use self::{
    inspection::InspectionPart,
    parts::{DistroPart, FilePart, PackagePart, RelationshipPart, SourcePart, UnknownPart},
};
use super::{
    Document, Wanted,
    json::{self, Each, Layers},
};
use crate::{File, RelationshipKind, Sbom};

/// The value of the member `format`, by which documents are recognised.
pub(super) const FORMAT: &str = "windlass-sbom";
const FORMAT_VERSION: &str = "1.0";
const SCHEMA: &str = "https://raw.githubusercontent.com/windlass-project/windlass/main/docs/schemas/sbom-1.json";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output<'a, P, F, R, U> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    format: &'static str,
    format_version: &'static str,
    tool: Tool<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    source: SourcePart<'a>,
    distro: Option<DistroPart<'a>>,
    packages: P,
    files: F,
    relationships: R,
    unknowns: U,
    #[serde(skip_serializing_if = "Option::is_none")]
    inspection: Option<InspectionPart<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'a str,
}

/// What is read of a document; its list of files as `F`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a, F: Deserialize<'de> + Default"))]
struct Input<'a, F> {
    source: SourcePart<'a>,
    #[serde(default)]
    distro: Option<DistroPart<'a>>,
    packages: Vec<PackagePart<'a>>,
    #[serde(default)]
    files: F,
    #[serde(default)]
    relationships: Vec<RelationshipPart<'a>>,
    #[serde(default)]
    unknowns: Vec<UnknownPart<'a>>,
    #[serde(default)]
    inspection: Option<InspectionPart<'a>>,
}

/// A list that nobody wants to read.
#[derive(Default)]
struct Skipped;

impl<'de> Deserialize<'de> for Skipped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

pub(super) fn write(sbom: &Sbom, document: &Document, out: &mut dyn Write) -> io::Result<()> {
    json::write(&Whole(sbom, document), out)
}

/// The document in as few bytes as JSON takes.
pub(super) fn dense(sbom: &Sbom, document: &Document) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_vec(&Whole(sbom, document))?)
}

struct Whole<'a>(&'a Sbom, &'a Document);

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(sbom, document) = self;
        let output = Output {
            schema: SCHEMA,
            format: FORMAT,
            format_version: FORMAT_VERSION,
            tool: Tool { name: "windlass", version: &document.tool_version },
            created: document.timestamp(sbom),
            source: (&sbom.source).into(),
            distro: sbom.distro.as_ref().map(Into::into),
            packages: Each(|| sbom.packages.iter().map(PackagePart::from)),
            files: Each(|| sbom.files.iter().map(FilePart::from)),
            relationships: Each(|| sbom.relationships.iter().map(RelationshipPart::from)),
            unknowns: Each(|| sbom.unknowns.iter().map(UnknownPart::from)),
            inspection: InspectionPart::of(&sbom.inspection),
        };
        output.serialize(serializer)
    }
}

/// Whether a document begins as those that are written here.
pub(super) fn begins(document: &[u8]) -> bool {
    let token = |text: &'static str| text.bytes();
    let expected = ["{", "\"$schema\"", ":", "\"", SCHEMA, "\"", ",", "\"format\"", ":", "\"", FORMAT, "\""];
    let mut found = document.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
    expected.into_iter().flat_map(token).all(|byte| found.next() == Some(byte))
}

pub(super) fn read(document: &[u8], wanted: Wanted) -> Result<Sbom, serde_json::Error> {
    if wanted.files {
        let input: Input<'_, Vec<FilePart<'_>>> = serde_json::from_slice(document)?;
        input.into_sbom(wanted, |files, layers| files.into_iter().map(|file| file.into_file(layers)).collect())
    } else {
        let input: Input<'_, Skipped> = serde_json::from_slice(document)?;
        input.into_sbom(wanted, |Skipped, _| Vec::new())
    }
}

/// Whether a document says which packages own files of others.
pub(super) fn tells_ownership(sbom: &Sbom) -> bool {
    sbom.relationships.iter().any(|stated| stated.kind == RelationshipKind::OwnershipByFileOverlap)
}

/// Where in a document that could not be read the mistake is.
pub(super) fn locate(document: &[u8]) -> String {
    json::place::<Input<'_, Vec<FilePart<'_>>>>(document)
}

impl<F> Input<'_, F> {
    fn into_sbom(
        self,
        wanted: Wanted,
        files: impl FnOnce(F, &mut Layers) -> Vec<File>,
    ) -> Result<Sbom, serde_json::Error> {
        let mut layers = Layers::default();
        // Who owns whom can be seen from the manifests alone where the document does not say.
        let with_manifests = wanted.manifests || !self.relationships.iter().any(RelationshipPart::is_ownership);
        let packages = self.packages.into_iter().map(|package| package.into_package(&mut layers, with_manifests));
        Ok(Sbom {
            source: self.source.into(),
            distro: self.distro.map(Into::into),
            packages: packages.collect::<Result<_, serde_json::Error>>()?,
            files: files(self.files, &mut layers),
            relationships: self.relationships.into_iter().filter_map(RelationshipPart::into_relationship).collect(),
            unknowns: self.unknowns.into_iter().map(Into::into).collect(),
            inspection: self.inspection.map(Into::into).unwrap_or_default(),
        })
    }
}
