//! The bundle of an archived image: a tar file, which object storage compresses with zstd.
//!
//! Its first member, `archive.json`, tells all rows; the second, `findings.json`, what was found in the image and when, for
//! whoever reads it, since an image that is restored is compared anew. The others are the documents that rows refer to, named
//! by the SHA-256 of their content: `objects/HEX`. Whoever has `zstd` and `tar` can read it.

use std::{collections::BTreeSet, io};

use serde::{Deserialize, Serialize};
use tar::Header;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use windlass_objects::{ObjectKey, Objects};
use windlass_store::{
    Moment,
    analyses::{self, DockerfileMode, documents},
    evaluations, image_tags,
    image_tags::TagName,
    images,
};

use crate::{Error, Result};

const FORMAT: &str = "windlass-archive";
const VERSION: u32 = 1;
pub(super) const RECORD: &str = "archive.json";
pub(super) const FINDINGS: &str = "findings.json";
pub(super) const FOLDER: &str = "objects/";
pub(super) const BLOCK: usize = 512;
/// Bytes of one member at most: as many as a document in object storage has at most.
pub(super) const MEMBER_LIMIT: u64 = 1 << 30;

/// What a bundle tells of its image. Moments are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    format: String,
    version: u32,
    pub(super) account: String,
    archived_at: Moment,
    pub(super) image: Image,
    pub(super) tags: Vec<Tag>,
    pub(super) analysis: Analysis,
    pub(super) evaluations: Vec<Evaluation>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_field_names, reason = "an image id is called that everywhere")]
pub(super) struct Image {
    pub(super) digest: String,
    pub(super) parent_digest: String,
    image_id: String,
    /// A JSON object, as text.
    pub(super) annotations: String,
    pub(super) dockerfile: Option<String>,
    pub(super) manifest: String,
    pub(super) parent_manifest: Option<String>,
    created_at: Moment,
    last_updated: Moment,
    analyzed_at: Option<Moment>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_field_names, reason = "a name has registry, repository and tag")]
pub(super) struct Tag {
    registry: String,
    repository: String,
    tag: String,
    detected_at: Moment,
    created_at: Moment,
    last_updated: Moment,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Analysis {
    key: String,
    digest: String,
    arch: Option<String>,
    distro: Option<String>,
    distro_version: Option<String>,
    /// Whether the Dockerfile was given.
    dockerfile_given: bool,
    /// As the history tells it, in base64.
    #[serde(default)]
    dockerfile: Option<String>,
    image_size: i64,
    layer_count: i64,
    #[serde(default)]
    chains: Vec<String>,
    pub(super) created_at: Moment,
    pub(super) documents: Vec<Document>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Document {
    pub(super) kind: String,
    pub(super) object: String,
    size: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Evaluation {
    fulltag: String,
    policy_id: String,
    final_action: String,
    policy_digest: String,
    /// Whether this analysis was judged, and no earlier one.
    is_of_this_analysis: bool,
    data: Option<i64>,
    inputs: String,
    valid_until: Option<Moment>,
    object: String,
    created_at: Moment,
    last_evaluated: Moment,
}

impl Image {
    pub(super) fn image_id(&self) -> &str {
        &self.image_id
    }

    pub(super) fn analyzed_at(&self) -> Option<Moment> {
        self.analyzed_at
    }
}

impl Tag {
    pub(super) fn name(&self) -> TagName<'_> {
        TagName { registry: &self.registry, repository: &self.repository, tag: &self.tag }
    }
}

impl Document {
    /// Bytes.
    pub(super) fn size(&self) -> u64 {
        u64::try_from(self.size).unwrap_or(0)
    }
}

impl Evaluation {
    pub(super) fn final_action(&self) -> &str {
        &self.final_action
    }
}

impl Record {
    /// Reads what [`write`] wrote; the error says why it is none.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let record: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if record.format != FORMAT || record.version != VERSION {
            return Err(format!("it is of format {:?}, version {}", record.format, record.version));
        }
        Ok(record)
    }

    pub(super) fn new(
        image: &images::Model,
        tags: &[image_tags::Model],
        analysis: analyses::Model,
        documents: Vec<documents::Model>,
        evaluations: Vec<evaluations::Model>,
        archived_at: Moment,
    ) -> Self {
        let tags = tags.iter().cloned().map(|tag| Tag {
            registry: tag.registry,
            repository: tag.repository,
            tag: tag.tag,
            detected_at: tag.detected_at,
            created_at: tag.created_at,
            last_updated: tag.last_updated,
        });
        let evaluations = evaluations.into_iter().map(|row| Evaluation {
            fulltag: row.fulltag,
            policy_id: row.policy_id,
            final_action: row.final_action,
            policy_digest: row.policy_digest,
            is_of_this_analysis: row.analysis == analysis.id,
            data: row.data,
            inputs: row.inputs,
            valid_until: row.valid_until,
            object: row.object,
            created_at: row.created_at,
            last_evaluated: row.last_evaluated,
        });
        let (documents, chains) = (documents.into_iter(), analysis.chain_ids());
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            account: image.account.clone(),
            archived_at,
            image: Image {
                digest: image.digest.clone(),
                parent_digest: image.parent_digest.clone(),
                image_id: image.image_id.clone(),
                annotations: image.annotations.clone(),
                dockerfile: image.dockerfile.clone(),
                manifest: image.manifest.clone(),
                parent_manifest: image.parent_manifest.clone(),
                created_at: image.created_at,
                last_updated: image.last_updated,
                analyzed_at: image.analyzed_at,
            },
            tags: tags.collect(),
            evaluations: evaluations.collect(),
            analysis: Analysis {
                key: analysis.key,
                digest: analysis.digest,
                arch: analysis.arch,
                distro: analysis.distro,
                distro_version: analysis.distro_version,
                dockerfile_given: analysis.dockerfile_mode == DockerfileMode::Actual,
                dockerfile: analysis.dockerfile,
                image_size: analysis.image_size,
                layer_count: analysis.layer_count,
                chains,
                created_at: analysis.created_at,
                documents: documents
                    .map(|row| Document { kind: row.kind, object: row.object, size: row.size })
                    .collect(),
            },
        }
    }

    /// Keys of all documents.
    pub(super) fn objects(&self) -> Result<BTreeSet<ObjectKey>> {
        let Image { manifest, parent_manifest, .. } = &self.image;
        let of_image = [Some(manifest), parent_manifest.as_ref()].into_iter().flatten();
        let of_analysis = self.analysis.documents.iter().map(|document| &document.object);
        let of_evaluations = self.evaluations.iter().map(|evaluation| &evaluation.object);
        of_image.chain(of_analysis).chain(of_evaluations).map(|object| super::key(object)).collect()
    }

    /// As it is written.
    pub(super) fn text(&self) -> Result<Vec<u8>> {
        serde_json::to_vec_pretty(self).map_err(|error| Error::Broken(error.to_string()))
    }

    /// What this system makes of a record that came from another: it is of `account`, nothing of it lies in the future or
    /// before 1970, its analysis is found by nobody who does not have it (`origin` is the key of the record as it came), and
    /// its verdicts are history that answers no question. In words, why it cannot be.
    pub(super) fn adopted(self, account: &str, origin: &ObjectKey, now: Moment) -> Result<Self, String> {
        let Self { format, version, archived_at, mut image, mut tags, mut analysis, mut evaluations, .. } = self;
        if format != FORMAT || version != VERSION {
            let format = crate::text::excerpt(&format);
            return Err(format!(
                "it is of format {format:?}, version {version}; known is {FORMAT:?}, version {VERSION}"
            ));
        }
        if analysis.digest != image.digest {
            return Err("its analysis is that of another image".into());
        }
        let past = |moment: Moment| moment.past(now);
        analysis.key = format!("imported as {origin}");
        analysis.created_at = past(analysis.created_at);
        image.created_at = past(image.created_at);
        image.last_updated = past(image.last_updated);
        image.analyzed_at = Some(image.analyzed_at.map_or(now, past));
        for tag in &mut tags {
            for moment in [&mut tag.detected_at, &mut tag.created_at, &mut tag.last_updated] {
                *moment = past(*moment);
            }
        }
        for evaluation in &mut evaluations {
            evaluation.created_at = past(evaluation.created_at);
            evaluation.last_evaluated = past(evaluation.last_evaluated);
            evaluation.valid_until = evaluation.valid_until.map(past);
            // No question has these as its basis.
            evaluation.data = None;
            evaluation.inputs = "imported".into();
        }
        let (account, archived_at) = (account.to_owned(), past(archived_at));
        Ok(Self { format, version, account, archived_at, image, tags, analysis, evaluations })
    }

    /// Texts of its rows that are short and free, each with what it is.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let analysis = &self.analysis;
        let words = [&analysis.arch, &analysis.distro, &analysis.distro_version].into_iter().flatten();
        let tags = self.tags.iter().flat_map(|tag| [&tag.registry, &tag.repository, &tag.tag]);
        let verdicts = self.evaluations.iter().flat_map(|row| [&row.fulltag, &row.policy_id, &row.policy_digest]);
        let described = words.map(|text| ("description of the analysis", text.as_str()));
        let tags = tags.map(|text| ("tag", text.as_str()));
        let verdicts = verdicts.map(|text| ("verdict", text.as_str()));
        std::iter::once(("image id", self.image.image_id.as_str())).chain(described).chain(tags).chain(verdicts)
    }

    /// Texts of its rows that are digests, each with what it is.
    pub(super) fn digests(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let image = &self.image;
        let documents = self.analysis.documents.iter().map(|row| ("key of a document", row.object.as_str()));
        let verdicts = self.evaluations.iter().map(|row| ("key of a verdict", row.object.as_str()));
        [("digest", image.digest.as_str()), ("index's digest", &image.parent_digest), ("manifest", &image.manifest)]
            .into_iter()
            .chain(image.parent_manifest.as_deref().map(|digest| ("index", digest)))
            .chain(documents)
            .chain(verdicts)
    }

    pub(super) fn new_analysis(&self) -> analyses::NewAnalysis {
        let Analysis { documents, .. } = &self.analysis;
        let number = |number: i64| u64::try_from(number).unwrap_or(0);
        analyses::NewAnalysis {
            key: self.analysis.key.clone(),
            digest: self.analysis.digest.clone(),
            arch: self.analysis.arch.clone(),
            distro: self.analysis.distro.clone(),
            distro_version: self.analysis.distro_version.clone(),
            dockerfile_mode: if self.analysis.dockerfile_given {
                DockerfileMode::Actual
            } else {
                DockerfileMode::Guessed
            },
            dockerfile: self.analysis.dockerfile.clone(),
            image_size: number(self.analysis.image_size),
            layer_count: number(self.analysis.layer_count),
            chains: self.analysis.chains.clone(),
            documents: documents
                .iter()
                .map(|document| analyses::NewDocument {
                    kind: document.kind.clone(),
                    object: document.object.clone(),
                    size: number(document.size),
                })
                .collect(),
        }
    }

    /// The image's row, with the analysis that it has here.
    pub(super) fn image_row(&self, analysis: i64) -> images::Model {
        let image = self.image.clone();
        images::Model {
            id: 0,
            account: self.account.clone(),
            digest: image.digest,
            parent_digest: image.parent_digest,
            image_id: image.image_id,
            status: images::Status::Active,
            analysis_status: images::AnalysisStatus::Analyzed,
            annotations: image.annotations,
            dockerfile: image.dockerfile,
            analysis: Some(analysis),
            manifest: image.manifest,
            parent_manifest: image.parent_manifest,
            failure_code: None,
            failure_reason: None,
            created_at: image.created_at,
            last_updated: image.last_updated,
            analyzed_at: image.analyzed_at,
        }
    }

    pub(super) fn tag_rows(&self) -> Vec<image_tags::Model> {
        let row = |tag: Tag| image_tags::Model {
            image: 0,
            account: self.account.clone(),
            registry: tag.registry,
            repository: tag.repository,
            tag: tag.tag,
            detected_at: tag.detected_at,
            created_at: tag.created_at,
            last_updated: tag.last_updated,
        };
        self.tags.iter().cloned().map(row).collect()
    }

    /// The rows of verdicts. Those on an earlier analysis name none: it is gone, and its number may be another's.
    pub(super) fn evaluation_rows(&self, analysis: i64) -> Vec<evaluations::Model> {
        let row = |evaluation: Evaluation| evaluations::Model {
            id: 0,
            account: self.account.clone(),
            digest: self.image.digest.clone(),
            fulltag: evaluation.fulltag,
            policy_id: evaluation.policy_id,
            final_action: evaluation.final_action,
            policy_digest: evaluation.policy_digest,
            analysis: if evaluation.is_of_this_analysis { analysis } else { 0 },
            data: evaluation.data,
            inputs: evaluation.inputs,
            valid_until: evaluation.valid_until,
            object: evaluation.object,
            created_at: evaluation.created_at,
            last_evaluated: evaluation.last_evaluated,
        };
        self.evaluations.iter().cloned().map(row).collect()
    }
}

/// Writes a bundle with the documents that its record names, and `findings` as JSON.
pub(super) async fn write(
    record: &Record,
    findings: &[u8],
    objects: &Objects,
    mut out: impl AsyncWrite + Unpin,
) -> Result<()> {
    append(&mut out, RECORD, &record.text()?).await?;
    append(&mut out, FINDINGS, findings).await?;
    for key in record.objects()? {
        append(&mut out, &format!("{FOLDER}{}", key.hex()), &objects.get(&key).await?).await?;
    }
    end(&mut out).await
}

/// Two empty blocks end a tar file.
pub(super) async fn end(out: &mut (impl AsyncWrite + Unpin)) -> Result<()> {
    out.write_all(&[0; 2 * BLOCK]).await.map_err(unwritable)?;
    out.shutdown().await.map_err(unwritable)
}

/// Reads a bundle to its end, and keeps its documents in `objects`.
///
/// # Errors
/// When it is no bundle, lacks a document, has one that its record does not name, or one that is not what it is named.
pub(super) async fn unpack(mut bundle: impl AsyncRead + Unpin, objects: &Objects) -> Result<Record> {
    let first = member(&mut bundle).await?.filter(|(name, _)| name == RECORD);
    let (_, text) = first.ok_or_else(|| damaged(format!("it does not begin with {RECORD}")))?;
    let record = Record::parse(&text).map_err(|reason| damaged(format!("{RECORD}: {reason}")))?;
    let mut missing = record.objects()?;
    while let Some((name, content)) = member(&mut bundle).await? {
        if name == FINDINGS {
            continue;
        }
        let named = name.strip_prefix(FOLDER).and_then(|hex| hex.parse::<ObjectKey>().ok());
        let named = named.filter(|key| missing.remove(key)).ok_or_else(|| damaged(format!("{name} is not of it")))?;
        if objects.put(content).await? != named {
            return Err(damaged(format!("{name} is not what its name says")));
        }
    }
    if let Some(key) = missing.first() {
        return Err(damaged(format!("it lacks {key}")));
    }
    // Only at its end is it known whether the object is what was written.
    tokio::io::copy(&mut bundle, &mut tokio::io::sink()).await.map_err(unreadable)?;
    Ok(record)
}

pub(super) async fn append(out: &mut (impl AsyncWrite + Unpin), name: &str, content: &[u8]) -> Result<()> {
    let size = content.len() as u64;
    append_header(out, name, size).await?;
    out.write_all(content).await.map_err(unwritable)?;
    pad(out, size).await
}

/// Begins a member, whose content follows.
pub(super) async fn append_header(out: &mut (impl AsyncWrite + Unpin), name: &str, size: u64) -> Result<()> {
    let mut header = Header::new_ustar();
    header.set_path(name).map_err(unwritable)?;
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    out.write_all(header.as_bytes()).await.map_err(unwritable)
}

/// Ends a member.
pub(super) async fn pad(out: &mut (impl AsyncWrite + Unpin), size: u64) -> Result<()> {
    let rest = usize::try_from(size.next_multiple_of(BLOCK as u64) - size).unwrap_or(0);
    out.write_all(&[0; BLOCK][..rest]).await.map_err(unwritable)
}

/// Name and content of the next member; `None` at the end.
async fn member(bundle: &mut (impl AsyncRead + Unpin)) -> Result<Option<(String, Vec<u8>)>> {
    let mut header = Header::new_old();
    bundle.read_exact(header.as_mut_bytes()).await.map_err(unreadable)?;
    if header.as_bytes().iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let name = String::from_utf8_lossy(&header.path_bytes()).into_owned();
    let size = header.entry_size().map_err(|error| damaged(format!("the size of {name}: {error}")))?;
    if !header.entry_type().is_file() || size > MEMBER_LIMIT {
        return Err(damaged(format!("{name} is no file of at most {MEMBER_LIMIT} bytes")));
    }
    let padded = size.next_multiple_of(BLOCK as u64);
    let mut content = Vec::new();
    bundle.take(padded).read_to_end(&mut content).await.map_err(unreadable)?;
    if content.len() as u64 != padded {
        return Err(damaged(format!("it ends within {name}")));
    }
    content.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    Ok(Some((name, content)))
}

#[allow(clippy::needless_pass_by_value, reason = "it is what combinators hand on")]
fn damaged(reason: String) -> Error {
    Error::Broken(format!("the archived bundle is damaged: {reason}"))
}

#[allow(clippy::needless_pass_by_value, reason = "it is what combinators hand on")]
fn unreadable(error: io::Error) -> Error {
    match error.downcast::<windlass_objects::Error>() {
        Ok(error) => error.into(),
        Err(error) => damaged(error.to_string()),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is what combinators hand on")]
pub(super) fn unwritable(error: io::Error) -> Error {
    Error::Broken(format!("a bundle cannot be written: {error}"))
}
