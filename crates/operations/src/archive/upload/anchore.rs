//! Anchore Engine's archives (`spec/operations.md` §4.3): a tar file whose `archive_manifest` names the documents in it.
//!
//! Four of them are read: the manifest, the analysis (`spec/analysis.md` §11, §12), the lists of content, and Syft's bill of
//! materials, which older archives lack. Reports and verdicts are made anew from today's data.

mod report;

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use windlass_sbom::{ImageSource, LayerDescription, Sbom, Source, formats};
use windlass_store::{Moment, image_tags, images};
use windlass_v1::{
    archives::{ArchiveArtifact, ArchiveManifest},
    timestamp::parse_time,
};

use self::report::{Export, ImageReport};
use super::{Archived, Unfit, documents, packages, tarball::Tarball};

pub(super) const RECORD: &str = "archive_manifest";

/// The documents that are read.
const ANALYSIS: &str = "analysis";
const CONTENT: &str = "image_content";
const MANIFEST: &str = "image_manifest";
const BILL: &str = "syft_sbom";

/// The row of the image, as the original's catalog had it.
#[derive(Deserialize)]
struct Row {
    #[serde(rename = "imageDigest")]
    digest: String,
    #[serde(rename = "parentDigest", default)]
    parent_digest: Option<String>,
    #[serde(default)]
    annotations: Value,
    #[serde(default)]
    created_at: Value,
    #[serde(default)]
    last_updated: Value,
    #[serde(default)]
    analyzed_at: Value,
    #[serde(default)]
    arch: Option<String>,
    #[serde(default)]
    image_size: Option<u64>,
    #[serde(default)]
    dockerfile_mode: Option<String>,
    #[serde(rename = "image_detail", default)]
    tags: Vec<Detail>,
}

/// One of its tags.
#[derive(Deserialize)]
struct Detail {
    registry: String,
    repo: String,
    tag: String,
    #[serde(rename = "imageId", default)]
    image_id: String,
    #[serde(default)]
    dockerfile: Option<String>,
    #[serde(default)]
    tag_detected_at: Value,
    #[serde(default)]
    created_at: Value,
    #[serde(default)]
    last_updated: Value,
}

/// A document as the original's object store kept it.
#[derive(Deserialize)]
struct Wrapped<T> {
    document: T,
}

pub(super) fn read(record: &[u8], tarball: &mut Tarball) -> Result<Archived, Unfit> {
    let record: ArchiveManifest = serde_json::from_slice(record).map_err(|error| Unfit::document(RECORD, error))?;
    let row: Row =
        serde_json::from_str(&record.metadata.image_record).map_err(|error| Unfit::document("image_record", error))?;
    if row.digest != record.image_digest {
        let text = format!("{RECORD} is about {}, image_record about {}", record.image_digest, row.digest);
        return Err(Unfit::new(text));
    }
    let mut parts = parts(&record.artifacts, tarball)?;
    let text: String = document(MANIFEST, &parts.remove(MANIFEST).unwrap_or_default())?;
    let manifest = documents::as_hashed(&text, &row.digest)?;
    let analysis: Vec<Export> = document(ANALYSIS, &parts.remove(ANALYSIS).unwrap_or_default())?;
    let export = analysis.into_iter().next().ok_or_else(|| Unfit::document(ANALYSIS, "it is of no image"))?;
    let (report, image) = export.into_parts();
    let content = parts.remove(CONTENT).unwrap_or_default();
    let mut sbom = match parts.remove(BILL) {
        Some(bill) => bill_of_materials(&bill)?,
        None => Sbom {
            packages: packages::read(&document::<BTreeMap<String, Value>>(CONTENT, &content)?)?,
            ..Sbom::default()
        },
    };
    report.tell(&mut sbom)?;
    let substitute = |known: &ImageSource| config(&row, &image, known, &manifest);
    let mut sbom = documents::about(sbom, &row.digest, &manifest, Some(&substitute))?;
    if let (Source::Image(source), Some(size)) = (&mut sbom.source, row.image_size)
        && source.size == 0
    {
        source.size = size;
    }
    Ok(Archived {
        image: image_row(&row, &record.metadata.image_id, &image)?,
        tags: tags(&row),
        manifest,
        index: None,
        sbom,
    })
}

/// The documents that are read; those that must be there are.
fn parts(artifacts: &[ArchiveArtifact], tarball: &mut Tarball) -> Result<BTreeMap<&'static str, Vec<u8>>, Unfit> {
    let place = |name: &'static str| {
        let named = artifacts.iter().find(|artifact| artifact.name == name)?;
        Some((name, named.dest.tarfile_path.trim_start_matches("./")))
    };
    let places: Vec<_> = [ANALYSIS, CONTENT, MANIFEST, BILL].into_iter().filter_map(place).collect();
    let mut found = tarball.take(&places.iter().map(|(_, path)| *path).collect::<BTreeSet<_>>())?;
    let mut parts = BTreeMap::new();
    for (name, path) in places {
        let content = found.remove(path).ok_or_else(|| Unfit::new(format!("it lacks {path}, its {name}")))?;
        parts.insert(name, content);
    }
    match [ANALYSIS, CONTENT, MANIFEST].into_iter().find(|name| !parts.contains_key(name)) {
        Some(name) => Err(Unfit::document(RECORD, format!("it names no {name}"))),
        None => Ok(parts),
    }
}

/// A document, in its wrapping or without.
fn document<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, Unfit> {
    match serde_json::from_slice::<Wrapped<T>>(bytes) {
        Ok(wrapped) => Ok(wrapped.document),
        Err(error) => serde_json::from_slice(bytes).map_err(|_| Unfit::document(name, error)),
    }
}

fn bill_of_materials(bytes: &[u8]) -> Result<Sbom, Unfit> {
    let unfit = |error| Unfit::document(BILL, error);
    match serde_json::from_slice::<Wrapped<&serde_json::value::RawValue>>(bytes) {
        Ok(wrapped) => formats::read(wrapped.document.get().as_bytes()).map_err(unfit),
        Err(_) => formats::read(bytes).map_err(unfit),
    }
}

/// A config with what the original knew of the one that it did not keep.
fn config(row: &Row, image: &ImageReport, known: &ImageSource, manifest: &[u8]) -> Value {
    #[derive(Deserialize, Default)]
    struct Manifest {
        #[serde(default)]
        layers: Vec<Layer>,
    }
    #[derive(Deserialize)]
    struct Layer {
        digest: String,
    }
    let layers = serde_json::from_slice::<Manifest>(manifest).unwrap_or_default().layers;
    let diff_ids: Vec<&str> = if known.layers.len() == layers.len() {
        known.layers.iter().map(|LayerDescription { digest, .. }| digest.as_str()).collect()
    } else {
        layers.iter().map(|layer| layer.digest.as_str()).collect()
    };
    let history = image.docker_history.iter().map(|step| {
        json!({"created": step.created, "created_by": step.created_by, "comment": step.comment,
            "empty_layer": step.id == "<missing>"})
    });
    let said = [row.arch.as_deref(), image.docker_data.architecture.as_deref(), Some(known.architecture.as_str())];
    let architecture = said.into_iter().flatten().find(|said| !said.is_empty()).unwrap_or_default();
    let created = image.docker_history.last().map(|step| step.created.as_str()).filter(|created| !created.is_empty());
    json!({
        "os": "linux", "architecture": architecture, "created": created,
        "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": history.collect::<Vec<_>>(),
        "config": {"Labels": known.labels.iter().cloned().collect::<BTreeMap<_, _>>()},
    })
}

fn image_row(row: &Row, image_id: &str, image: &ImageReport) -> Result<images::Model, Unfit> {
    let annotations = match &row.annotations {
        Value::Null => "{}".to_owned(),
        Value::String(text) if text.is_empty() => "{}".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let given = row.dockerfile_mode.as_deref().or(image.dockerfile_mode.as_deref()) == Some("Actual");
    let encoded = || image.dockerfile_contents.as_ref().map(|text| STANDARD.encode(text));
    let dockerfile = row.tags.iter().find_map(|tag| tag.dockerfile.clone()).or_else(encoded);
    let analyzed_at = moment(&row.analyzed_at).ok_or_else(|| Unfit::document("image_record", "it was not analysed"))?;
    Ok(images::Model {
        id: 0,
        account: String::new(),
        digest: row.digest.clone(),
        parent_digest: row
            .parent_digest
            .clone()
            .filter(|digest| !digest.is_empty())
            .unwrap_or_else(|| row.digest.clone()),
        image_id: row
            .tags
            .first()
            .map(|tag| tag.image_id.as_str())
            .filter(|id| !id.is_empty())
            .unwrap_or(image_id)
            .to_owned(),
        status: images::Status::Active,
        analysis_status: images::AnalysisStatus::Analyzed,
        annotations,
        dockerfile: dockerfile.filter(|_| given),
        analysis: None,
        manifest: String::new(),
        parent_manifest: None,
        failure_code: None,
        failure_reason: None,
        created_at: moment(&row.created_at).unwrap_or(analyzed_at),
        last_updated: moment(&row.last_updated).unwrap_or(analyzed_at),
        analyzed_at: Some(analyzed_at),
    })
}

fn tags(row: &Row) -> Vec<image_tags::Model> {
    let analyzed_at = moment(&row.analyzed_at).unwrap_or_default();
    let tag = |tag: &Detail| image_tags::Model {
        image: 0,
        account: String::new(),
        registry: tag.registry.clone(),
        repository: tag.repo.clone(),
        tag: tag.tag.clone(),
        detected_at: moment(&tag.tag_detected_at).or(moment(&tag.created_at)).unwrap_or(analyzed_at),
        created_at: moment(&tag.created_at).unwrap_or(analyzed_at),
        last_updated: moment(&tag.last_updated).unwrap_or(analyzed_at),
    };
    row.tags.iter().map(tag).collect()
}

/// Seconds since 1970, which the original's rows have, or a time in any form that it wrote one in.
fn moment(value: &Value) -> Option<Moment> {
    match value {
        Value::Number(seconds) => Timestamp::from_second(seconds.as_i64().filter(|seconds| *seconds > 0)?).ok(),
        Value::String(text) => parse_time(text),
        _ => None,
    }
    .map(Moment::from)
}
