//! Taking in an archive that is uploaded: one of ours, or one of Anchore Engine's (`spec/api.md` A4.13, `spec/operations.md`
//! §4.5).
//!
//! What somebody else found is taken on trust, as in an import, so that the analysis is the account's own and never shared.
//! Of the image no more is believed than its documents prove. Nothing in the archive says where anything is kept
//! (`spec/operations.md` D-11): manifest and bill of materials are read, everything else is made of them.

mod anchore;
mod documents;
mod packages;
mod tarball;
mod windlass;

use std::{
    collections::BTreeSet,
    fmt,
    fs::File,
    io::{self, Seek as _},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use windlass_image::Digest;
use windlass_sbom::Sbom;
use windlass_store::{Error as StoreError, Moment, analyses, image_tags, images};
use windlass_v1::{Annotations, PullString, archives::UPLOAD_LIMIT, images::ImageRecord};

use self::tarball::Tarball;
use crate::{Error, Result, Tenant, images::manifest, random_id, threads};

/// Bytes that are taken from an upload at once.
const PIECE: usize = 128 << 10;
/// Tags that an image may come with.
const TAGS: usize = 1000;

/// What an archive says, whoever wrote it.
struct Archived {
    /// Without an analysis, and of whichever account.
    image: images::Model,
    tags: Vec<image_tags::Model>,
    /// As it was hashed.
    manifest: Vec<u8>,
    /// The index that led to it, where it is there.
    index: Option<Vec<u8>>,
    sbom: Sbom,
}

/// Why an archive cannot be taken in.
#[derive(Debug)]
struct Unfit(String);

impl Unfit {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// Where a document of the archive is not what it should be.
    fn document(name: &str, reason: impl fmt::Display) -> Self {
        Self(format!("{name}: {reason}"))
    }
}

impl From<Unfit> for Error {
    fn from(Unfit(reason): Unfit) -> Self {
        let text = format!("the archive cannot be taken in: {reason}; send one that was exported whole");
        Self::conflict(text).with("reason", reason)
    }
}

impl Tenant {
    /// Takes in the archive of an image, of any length up to [`UPLOAD_LIMIT`]: memory does not grow with it. Where it ends in
    /// an error of the kind [`io::ErrorKind::FileTooLarge`], it was too long.
    ///
    /// # Errors
    /// 409 for what is no archive, is damaged or contradicts itself, and for an image that is there already; 400 for what
    /// breaks off or is too long.
    pub async fn import_archive(&self, bytes: impl AsyncRead + Send + Unpin) -> Result<ImageRecord> {
        let file = spooled(bytes).await?;
        let archived = threads::blocking(move || read(file)).await??;
        let digest = archived.image.digest.clone();
        self.demand_absent(&digest).await?;
        self.take_in(archived).await?;
        self.image(&digest).await
    }

    async fn take_in(&self, archived: Archived) -> Result<()> {
        let Archived { mut image, mut tags, manifest, index, sbom } = archived;
        let objects = &self.service.objects;
        let sbom = Arc::new(sbom);
        let packages = self.service.know_packages(&sbom).await?;
        let key = format!("{} archive {}", image.digest, random_id());
        image.account = self.name().to_string();
        image.manifest = objects.put(manifest).await?.to_string();
        image.parent_manifest = match index {
            Some(index) => Some(objects.put(index).await?.to_string()),
            None => None,
        };
        let now = self.service.clock.moment();
        let past = |moment: Moment| moment.past(now);
        image.created_at = past(image.created_at);
        image.last_updated = past(image.last_updated);
        image.analyzed_at = Some(image.analyzed_at.map_or(now, past));
        for tag in &mut tags {
            tag.account = self.name().to_string();
            tag.detected_at = past(tag.detected_at);
            tag.created_at = past(tag.created_at);
            tag.last_updated = past(tag.last_updated);
        }
        let analysis = self.service.keep(&image.digest, &key, sbom).await;
        let analysis = analysis.map_err(|failure| Error::Broken(failure.reason))?;
        let documents = analysis.documents.iter().map(|document| document.object.clone());
        let kept: Vec<String> =
            documents.chain([image.manifest.clone()]).chain(image.parent_manifest.clone()).collect();
        let written = async {
            let tx = self.account.begin().await?;
            image.analysis = Some(analyses::insert(&tx, analysis, now).await?);
            self.put_back(&tx, &packages, image, tags).await?;
            Ok::<_, Error>(tx.commit().await.map_err(StoreError::from)?)
        };
        if let Err(error) = written.await {
            self.service.remove_unreferenced(&kept).await?;
            return Err(error);
        }
        self.service.work.notify_waiters();
        Ok(())
    }
}

/// Writes an upload into a file that is gone when it is closed.
async fn spooled(mut bytes: impl AsyncRead + Unpin) -> Result<File> {
    let unwritable = |error: io::Error| Error::Broken(format!("an upload cannot be kept for now: {error}"));
    let mut file = tokio::fs::File::from_std(tempfile::tempfile().map_err(unwritable)?);
    let mut piece = vec![0; PIECE];
    let mut length = 0;
    loop {
        let read = bytes.read(&mut piece).await.map_err(unreadable)?;
        length += read as u64;
        if read == 0 {
            break;
        }
        if length > UPLOAD_LIMIT {
            return Err(unreadable(io::ErrorKind::FileTooLarge.into()));
        }
        file.write_all(&piece[..read]).await.map_err(unwritable)?;
    }
    file.flush().await.map_err(unwritable)?;
    let mut file = file.into_std().await;
    file.rewind().map_err(unwritable)?;
    Ok(file)
}

#[allow(clippy::needless_pass_by_value, reason = "it is what combinators hand on")]
fn unreadable(error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::FileTooLarge {
        return Error::invalid(format!(
            "what was sent is longer than the {UPLOAD_LIMIT} bytes that an archive may have"
        ));
    }
    Error::invalid(format!("what was sent breaks off: {error}"))
}

/// Reads an archive of either kind.
fn read(file: File) -> Result<Archived, Unfit> {
    let mut tarball = Tarball::new(file);
    let mut records = tarball.take(&BTreeSet::from([windlass::RECORD, anchore::RECORD]))?;
    let archived = match (records.remove(windlass::RECORD), records.remove(anchore::RECORD)) {
        (Some(record), _) => windlass::read(&record, &mut tarball)?,
        (None, Some(record)) => anchore::read(&record, &mut tarball)?,
        (None, None) => {
            let text = format!("it has neither {} nor {}", anchore::RECORD, windlass::RECORD);
            return Err(Unfit::new(text));
        }
    };
    check(&archived)?;
    Ok(archived)
}

/// Refuses what contradicts itself, or could not have been written by a service.
fn check(archived: &Archived) -> Result<(), Unfit> {
    let Archived { image, tags, manifest, index, .. } = archived;
    let proved = Digest::of(manifest);
    if proved.as_str() != image.digest {
        return Err(Unfit::new(format!("the manifest is that of {proved}, not of {}", image.digest)));
    }
    let (config, _) = manifest::read(manifest).map_err(|error| Unfit::document("the manifest", error))?;
    if config.strip_prefix("sha256:") != Some(&image.image_id) {
        return Err(Unfit::new(format!("the image id is {}, the manifest's config {config}", image.image_id)));
    }
    match index {
        Some(index) if Digest::of(index).as_str() != image.parent_digest => {
            return Err(Unfit::new(format!("the index is not {}", image.parent_digest)));
        }
        _ => image.parent_digest.parse::<Digest>().map_err(|error| Unfit::document("the index's digest", error))?,
    };
    serde_json::from_str::<Annotations>(&image.annotations).map_err(|error| Unfit::document("annotations", error))?;
    if let Some(dockerfile) = &image.dockerfile {
        let text = STANDARD.decode(dockerfile).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        text.ok_or_else(|| Unfit::document("the Dockerfile", "it is no text in base64"))?;
    }
    if tags.is_empty() || tags.len() > TAGS {
        return Err(Unfit::new(format!("the image has {} tags, not 1 to {TAGS}", tags.len())));
    }
    let mut names = BTreeSet::new();
    for tag in tags {
        // With a host in front whose name is one: `localbuild`, which the original wrote, would be a part of the repository.
        let name = format!("registry.invalid/{}:{}", tag.repository, tag.tag);
        let is_host = !tag.registry.is_empty()
            && tag.registry.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-_[]".contains(&byte));
        let parsed = PullString::parse(&name);
        let is_tag =
            matches!(parsed, Ok(PullString::Tag(parsed)) if parsed.repo == tag.repository && parsed.tag == tag.tag);
        if !is_host || !is_tag || !names.insert(tag.fulltag()) {
            return Err(Unfit::new(format!("{:?} is no tag, or is there twice", tag.fulltag())));
        }
    }
    Ok(())
}
