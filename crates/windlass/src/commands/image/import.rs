//! `windlass image import IMAGE`: what was analysed here, in a pipeline say, is handed to the service, which then has the
//! image without reading it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde::Deserialize;
use windlass_analysis::RetrieveFiles;
use windlass_client::{Analysis, Parent, import};
use windlass_image::Digest;
use windlass_policy::Inputs;
use windlass_sbom::{
    ImageSource, Sbom, Source,
    formats::{self, Format},
};
use windlass_sources::{Bill, Reference};

use super::record;
use crate::{
    Outcome, arguments::ArtifactArguments, artifact, commands::sbom, diagnostics::Hinted, inspection::Needs,
    service::Session,
};

/// Manifests and configurations longer than this are not sent.
const DOCUMENT_LIMIT: u64 = 16 << 20;
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

#[derive(Args)]
pub(super) struct ImportArguments {
    /// Take this bill of materials (Syft's or ours, as JSON) instead of analysing; IMAGE is then the image's name alone.
    #[arg(long, value_name = "FILE")]
    from_sbom: Option<PathBuf>,
    /// Name to record it under (repeatable) [default: IMAGE if it is a reference, else what the image says].
    #[arg(long, value_name = "REF")]
    tag: Vec<String>,
    /// Note to keep with it (repeatable).
    #[arg(long, value_name = "KEY=VALUE", value_parser = record::annotation)]
    annotation: Vec<(String, String)>,
    /// Replace what the service knows of the image.
    #[arg(long)]
    force: bool,
    /// Do not watch the tag for new images.
    #[arg(long)]
    noautosubscribe: bool,
    /// The image's manifest, if the bill of materials does not hold it.
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// The image's configuration, if the bill of materials does not hold it.
    #[arg(long, value_name = "FILE")]
    image_config: Option<PathBuf>,
    /// The index that the manifest was taken from.
    #[arg(long, value_name = "FILE")]
    parent_manifest: Option<PathBuf>,
    #[command(flatten)]
    artifact: ArtifactArguments,
}

pub(super) fn run(arguments: &ImportArguments, session: &Session) -> anyhow::Result<Outcome> {
    let mut bill = match &arguments.from_sbom {
        Some(path) => artifact::read(&Bill::File(path.clone()))?,
        None => artifact::analyse(&arguments.artifact, &as_a_service())?,
    };
    if arguments.from_sbom.is_some() {
        arguments.artifact.inspection.complete(&mut bill)?;
    }
    let analysis = analysis(arguments, &bill)?;
    let added = import(&session.service, &analysis, !arguments.noautosubscribe, arguments.force)?;
    session.print(&added, record::write)?;
    Ok(Outcome::Fine)
}

/// What a service looks for by itself in every image, whose policies nobody knows here.
fn as_a_service() -> Needs {
    let inputs = Inputs::FILES | Inputs::FILE_DIGESTS | Inputs::SECRET_SEARCH | Inputs::RETRIEVED_FILES;
    Needs { inputs, paths: RetrieveFiles::default().paths.into_iter().collect(), ..Needs::default() }
}

fn analysis(arguments: &ImportArguments, bill: &Sbom) -> anyhow::Result<Analysis> {
    let nothing = ImageSource::default();
    let image = if let Source::Image(image) = &bill.source { image } else { &nothing };
    let manifest = document(arguments.manifest.as_deref(), &image.manifest, "manifest", "--manifest")?;
    let image_config = document(arguments.image_config.as_deref(), &image.config, "configuration", "--image-config")?;
    let known = Some(&image.manifest_digest).filter(|digest| arguments.manifest.is_none() && !digest.is_empty());
    Ok(Analysis {
        packages: packages(arguments, bill)?,
        digest: known.cloned().unwrap_or_else(|| Digest::of(&manifest).to_string()),
        manifest_media_type: media_type(&manifest, Some(&image.media_type), DOCKER_MANIFEST),
        image_id: Some(Digest::of(&image_config).hex().to_owned()),
        manifest,
        image_config,
        dockerfile: bill.inspection.dockerfile.clone().map(String::into_bytes),
        parent: arguments.parent_manifest.as_deref().map(parent).transpose()?,
        tags: tags(arguments, image)?,
        annotations: arguments.annotation.iter().cloned().collect(),
    })
}

/// A document of Syft: as it is, if it was given.
fn packages(arguments: &ImportArguments, bill: &Sbom) -> anyhow::Result<Vec<u8>> {
    if let Some(path) = &arguments.from_sbom {
        let given = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        if Format::detect(&given) == Some(Format::SyftJson) {
            return Ok(given);
        }
    }
    let mut document = Vec::new();
    formats::write(bill, Format::SyftJson, &sbom::document()?, &mut document)?;
    Ok(document)
}

/// From the file that was given, else what the bill of materials holds.
fn document(given: Option<&Path>, known: &[u8], what: &str, option: &str) -> anyhow::Result<Vec<u8>> {
    match given {
        Some(path) => read(path),
        None if known.is_empty() => Err(Hinted::error(
            format!("the bill of materials does not hold the image's {what}"),
            format!("give it with {option} FILE"),
        )),
        None => Ok(known.to_vec()),
    }
}

fn parent(path: &Path) -> anyhow::Result<Parent> {
    let manifest = read(path)?;
    let media_type = media_type(&manifest, None, DOCKER_INDEX);
    Ok(Parent { digest: Digest::of(&manifest).to_string(), media_type, manifest })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let failed = || format!("{} cannot be read", path.display());
    let length = std::fs::metadata(path).with_context(failed)?.len();
    anyhow::ensure!(length <= DOCUMENT_LIMIT, "{}: it is longer than {DOCUMENT_LIMIT} bytes", failed());
    std::fs::read(path).with_context(failed)
}

/// What the document says it is, else what is known of it, else the usual.
fn media_type(document: &[u8], known: Option<&String>, usual: &str) -> String {
    #[derive(Deserialize)]
    struct Manifest {
        #[serde(rename = "mediaType")]
        media_type: Option<String>,
    }
    let said = serde_json::from_slice::<Manifest>(document).ok().and_then(|manifest| manifest.media_type);
    said.or_else(|| known.cloned()).filter(|said| !said.is_empty()).unwrap_or_else(|| usual.to_owned())
}

fn tags(arguments: &ImportArguments, image: &ImageSource) -> anyhow::Result<Vec<String>> {
    if !arguments.tag.is_empty() {
        return Ok(arguments.tag.clone());
    }
    let name = &arguments.artifact.image;
    if arguments.from_sbom.is_some() || is_reference(name) {
        return Ok(vec![name.clone()]);
    }
    if image.tags.is_empty() {
        return Err(Hinted::error(
            format!("{name} has no name that the service could record it under"),
            "give it one: --tag registry/repository:tag",
        ));
    }
    Ok(image.tags.clone())
}

/// Whether it names an image and no place on this machine; by a digest, it names no tag.
fn is_reference(name: &str) -> bool {
    let has_scheme =
        name.split_once(':').is_some_and(|(scheme, _)| windlass_sources::schemes().any(|(known, _)| known == scheme));
    !has_scheme && !name.contains('@') && !Path::new(name).exists() && name.parse::<Reference>().is_ok()
}
