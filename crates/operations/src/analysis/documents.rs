//! The documents that are kept of an analysis: answers of the API, written once so that reading them is copying.

use std::{collections::BTreeSet, io};

use flate2::{Compression, write::GzEncoder};
use serde::Serialize;
use windlass_policy::package_kind;
use windlass_sbom::{
    Sbom,
    formats::{self, Document, Format},
};
use windlass_v1::{
    artifacts,
    content::{Content, ContentType, LISTED},
    metadata::MetadataType,
};

/// What a document tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DocumentKind {
    /// Our own bill of materials, which holds everything, in the form that takes least time to read.
    Sbom,
    /// syft-json, compressed with gzip.
    Native,
    /// A list of content or a document of the image.
    Content(ContentType),
    Artifact(ArtifactType),
}

/// What analysers saw in files (`spec/api.md` A4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArtifactType {
    RetrievedFiles,
    FileContentSearch,
    SecretSearch,
}

/// Whether documents of that name are kept of analyses.
pub(crate) fn is_document_kind(name: &str) -> bool {
    let artifacts = [ArtifactType::RetrievedFiles, ArtifactType::FileContentSearch, ArtifactType::SecretSearch];
    let content = |name: &str| ContentType::parse(name).map(DocumentKind::Content);
    let known = match name.split_once('/') {
        Some(("metadata" | "content", rest)) => content(rest),
        Some(_) => artifacts.map(DocumentKind::Artifact).into_iter().find(|kind| kind.name() == name),
        None => [DocumentKind::Sbom, DocumentKind::Native].into_iter().find(|kind| kind.name() == name),
    };
    known.is_some_and(|kind| kind.name() == name)
}

impl DocumentKind {
    /// As it is kept: `sbom`, `content/os`.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Sbom => "sbom".into(),
            Self::Native => "native".into(),
            Self::Content(ContentType::Metadata(kind)) => format!("metadata/{kind}"),
            Self::Content(kind) => format!("content/{kind}"),
            Self::Artifact(ArtifactType::RetrievedFiles) => "artifacts/retrieved_files".into(),
            Self::Artifact(ArtifactType::FileContentSearch) => "artifacts/file_content_search".into(),
            Self::Artifact(ArtifactType::SecretSearch) => "artifacts/secret_search".into(),
        }
    }

    /// Every document there may be of this bill of materials. The Dockerfile is none: it belongs to who gave it.
    pub(crate) fn of(sbom: &Sbom) -> Vec<Self> {
        let documents = [MetadataType::Manifest, MetadataType::DockerHistory].map(MetadataType::as_str);
        let packages = sbom.packages.iter().map(|package| package_kind(package.kind));
        let content: BTreeSet<&str> = LISTED.into_iter().chain(documents).chain(packages).collect();
        let content = content.into_iter().filter_map(ContentType::parse).map(Self::Content);
        let artifacts = [ArtifactType::RetrievedFiles, ArtifactType::FileContentSearch, ArtifactType::SecretSearch];
        [Self::Sbom, Self::Native].into_iter().chain(content).chain(artifacts.map(Self::Artifact)).collect()
    }

    /// Writes it; nothing where it would be an empty list, which is what a document that is not there is taken for.
    pub(crate) fn write(self, sbom: &Sbom) -> io::Result<Option<Vec<u8>>> {
        let bytes = match self {
            Self::Sbom => formatted(sbom, Format::Compact, Vec::new())?,
            Self::Native => {
                formatted(sbom, Format::SyftJson, GzEncoder::new(Vec::new(), Compression::default()))?.finish()?
            }
            Self::Content(kind) => json(&Content::of(sbom, kind))?,
            Self::Artifact(ArtifactType::RetrievedFiles) => json(&artifacts::retrieved_files(sbom))?,
            Self::Artifact(ArtifactType::FileContentSearch) => json(&artifacts::file_content_search(sbom))?,
            Self::Artifact(ArtifactType::SecretSearch) => json(&artifacts::secret_search(sbom))?,
        };
        Ok((bytes != b"[]").then_some(bytes))
    }
}

/// Writes a bill of materials. Equal ones give equal bytes.
pub(super) fn formatted<W: io::Write>(sbom: &Sbom, format: Format, mut out: W) -> io::Result<W> {
    let document = Document { created: None, tool_version: env!("CARGO_PKG_VERSION").into() };
    formats::write(sbom, format, &document, &mut out)?;
    Ok(out)
}

fn json(value: &impl Serialize) -> io::Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use serde_json::Value;
    use windlass_sbom::{ImageSource, Package, PackageType, Source};

    use super::*;

    fn sbom() -> Sbom {
        let image = ImageSource { manifest: b"{}".to_vec(), ..ImageSource::default() };
        Sbom {
            packages: vec![Package::new(PackageType::Deb, "bash", "5"), Package::new(PackageType::Dotnet, "n", "1")],
            source: Source::Image(Box::new(image)),
            ..Sbom::default()
        }
    }

    #[test]
    fn what_is_there_is_written_and_what_is_not_is_left_out() {
        let sbom = sbom();
        let written: Vec<String> = DocumentKind::of(&sbom)
            .into_iter()
            .filter(|kind| kind.write(&sbom).unwrap().is_some())
            .map(DocumentKind::name)
            .collect();
        assert_eq!(
            written,
            ["sbom", "native", "metadata/docker_history", "metadata/manifest", "content/nuget", "content/os"]
        );
    }

    #[test]
    fn the_native_document_is_syft_s_and_the_same_each_time() {
        let sbom = sbom();
        let bytes = DocumentKind::Native.write(&sbom).unwrap().unwrap();
        assert_eq!(DocumentKind::Native.write(&sbom).unwrap().unwrap(), bytes);
        let mut text = String::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["artifacts"][0]["name"], "bash");
    }
}
