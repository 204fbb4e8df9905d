//! Windlass's own document: everything the model holds, described by `docs/schemas/sbom-1.json`.
//!
//! The same shapes are written and read. Members that are empty are left out; keys are never reused with another
//! meaning within a major version.

mod inspection;
mod parts;

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use self::{
    inspection::InspectionPart,
    parts::{DistroPart, FilePart, PackagePart, RelationshipPart, SourcePart, UnknownPart},
};
use super::{
    Document,
    json::{self, Each, Layers},
};
use crate::Sbom;

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

/// What is read of a document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Input {
    source: SourcePart<'static>,
    #[serde(default)]
    distro: Option<DistroPart<'static>>,
    packages: Vec<PackagePart<'static>>,
    #[serde(default)]
    files: Vec<FilePart<'static>>,
    #[serde(default)]
    relationships: Vec<RelationshipPart<'static>>,
    #[serde(default)]
    unknowns: Vec<UnknownPart<'static>>,
    #[serde(default)]
    inspection: Option<InspectionPart<'static>>,
}

pub(super) fn write(sbom: &Sbom, document: &Document, out: &mut dyn Write) -> io::Result<()> {
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
    json::write(&output, out)
}

pub(super) fn read(document: &[u8]) -> Result<Sbom, serde_json::Error> {
    let input: Input = serde_json::from_slice(document)?;
    let mut layers = Layers::default();
    Ok(Sbom {
        source: input.source.into(),
        distro: input.distro.map(Into::into),
        packages: input
            .packages
            .into_iter()
            .map(|package| package.into_package(&mut layers))
            .collect::<Result<_, serde_json::Error>>()?,
        files: input.files.into_iter().map(|file| file.into_file(&mut layers)).collect(),
        relationships: input.relationships.into_iter().filter_map(RelationshipPart::into_relationship).collect(),
        unknowns: input.unknowns.into_iter().map(Into::into).collect(),
        inspection: input.inspection.map(Into::into).unwrap_or_default(),
    })
}
