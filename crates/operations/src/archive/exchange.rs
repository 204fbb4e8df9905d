//! Bundles between systems: handed out as they are kept, and taken from anybody, who may have written into them whatever
//! they like (`spec/operations.md` §4.5, D-11).
//!
//! What arrives is rewritten while it is read: the account is the caller's, and the key of the analysis one that nobody
//! else finds it by, so that nothing of it becomes what others are told. Keys of documents are the digests of what they
//! are found to be. It lands in the archive, from where it is restored like any other.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use async_compression::{tokio::bufread::ZstdDecoder, zstd::DParameter};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use windlass_objects::{Content, ObjectKey, Stored};
use windlass_sbom::formats;
use windlass_store::{
    Error as StoreError, Moment,
    archived_images::{self, NewArchived, Status},
    image_tags::TagName,
    object_candidates::Storage,
};
use windlass_v1::{
    archives::{ArchivedImage, NOT_FOUND},
    events::EventType,
};

use super::bundle::{self, BLOCK, FINDINGS, Record};

use crate::{
    Error, Result, Tenant,
    images::{happening, manifest},
    text, threads,
};

/// Bytes of a bundle that is sent, and of what it unfolds to.
pub const BUNDLE_LIMIT: u64 = 2 << 30;
const UNFOLDED_LIMIT: u64 = 8 << 30;
/// Bytes of what tells its rows.
const RECORD_LIMIT: u64 = 64 << 20;
/// Rows of each kind that it may tell.
const ROWS_LIMIT: usize = 20_000;
/// Bytes of any text of a row but annotations and Dockerfile.
const TEXT_LIMIT: usize = 4096;
const LARGE_TEXT_LIMIT: usize = 2 << 20;
/// Bytes of a document that is looked into: as many as one that is imported may have.
const READ_LIMIT: u64 = windlass_v1::imports::PART_LIMIT;
/// How a zstd frame begins.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Largest window that is made room for, as a power of two.
const WINDOW: u32 = 27;

/// A bundle on its way out.
pub struct ExportedBundle {
    /// Of the image.
    pub digest: String,
    /// Bytes.
    pub size: u64,
    /// A tar file, compressed with zstd.
    pub content: Content<'static>,
}

impl Tenant {
    /// The bundle of an archived image, as it is kept.
    ///
    /// # Errors
    /// 404 where the archive does not have it, 409 while it is being archived.
    pub async fn export_bundle(&self, digest: &str) -> Result<ExportedBundle> {
        let row = self.account.archived_image(digest).await?.ok_or_else(|| Error::not_found(NOT_FOUND))?;
        let (Status::Archived, Some(object)) = (row.status, &row.object) else {
            return Err(Error::conflict(format!("{digest} is being archived; try again later")));
        };
        let content = self.service.archive_objects.get_compressed(&super::key(object)?).await;
        let (size, content) = content.map_err(|error| Error::from(error).of_bundle())?;
        Ok(ExportedBundle { digest: row.digest, size, content })
    }

    /// Takes a bundle of this or another system into the archive: a tar file, compressed with zstd or not. Memory grows with
    /// its bill of materials alone, which is read.
    ///
    /// # Errors
    /// 400 for what is no bundle, is damaged, too large, or says what cannot be; 409 where the archive has the image:
    /// what a stranger says of its age is no reason to give up what is kept.
    pub async fn import_bundle(&self, bytes: impl AsyncRead + Send + Unpin) -> Result<ArchivedImage> {
        let (record, stored) = self.store_foreign(bytes).await?;
        let kept = self.keep_foreign(&record, stored).await;
        if kept.is_err() {
            let key = [stored.key.to_string()];
            self.service.store.mark_unreferenced(Storage::Bundles, &key, self.service.clock.moment()).await?;
        }
        kept?;
        self.archived_image(&record.image.digest).await
    }

    async fn store_foreign(&self, bytes: impl AsyncRead + Send + Unpin) -> Result<(Record, Stored)> {
        let mut bytes = BufReader::with_capacity(64 << 10, bytes);
        let begins = bytes.fill_buf().await.map_err(unreadable)?;
        let bytes: Box<dyn AsyncRead + Send + Unpin> = if begins.starts_with(&ZSTD) {
            Box::new(ZstdDecoder::with_params(bytes, &[DParameter::window_log_max(WINDOW)]))
        } else {
            Box::new(bytes)
        };
        let now = self.service.clock.moment();
        let (input, output) = tokio::io::duplex(128 << 10);
        let rewritten = rewrite(bytes.take(UNFOLDED_LIMIT), self.name().as_str(), now, output);
        // What fails first ends both: nothing is stored of a bundle that is refused.
        let stored = async { Ok(self.service.archive_objects.put_stream(input).await?) };
        tokio::try_join!(rewritten, stored)
    }

    async fn keep_foreign(&self, record: &Record, stored: Stored) -> Result<()> {
        let now = self.service.clock.moment();
        let tags = record.tag_rows();
        let analyzed_at = record.image.analyzed_at().unwrap_or(now);
        let image = record.image_row(0);
        let new = NewArchived::of(&image, &tags, analyzed_at);
        let object = stored.key.to_string();
        let tx = self.account.begin().await?;
        self.demand_room(&tx, 0).await?;
        let (row, is_new) = archived_images::ensure(&tx, self.name(), &new, now).await?;
        if !is_new {
            return Err(Error::conflict(format!("the archive has {} already; delete it there first", row.digest)));
        }
        archived_images::finish(&tx, &row, &new, &object, stored.size, now).await?;
        let archived = happening(EventType::ImageArchived, &row.digest, serde_json::json!({"msg": "imported"}));
        self.service.tell(&tx, self.name(), archived).await?;
        Ok(tx.commit().await.map_err(StoreError::from)?)
    }
}

/// Reads a foreign bundle to its end and writes it as one of this account. The end is only written if all was well.
async fn rewrite(
    mut bundle: impl AsyncRead + Unpin,
    account: &str,
    now: Moment,
    mut out: impl AsyncWrite + Unpin,
) -> Result<Record> {
    let Some((name, size)) = header(&mut bundle).await?.filter(|(name, _)| name == bundle::RECORD) else {
        return Err(refused(format!("it does not begin with {}", bundle::RECORD)));
    };
    if size > RECORD_LIMIT {
        return Err(refused(format!("{name} has {size} bytes, and may have {RECORD_LIMIT}")));
    }
    let mut text = Vec::new();
    copy(&mut bundle, &name, size, &mut text).await?;
    let record: Record = serde_json::from_slice(&text).map_err(|error| refused(format!("{name}: {error}")))?;
    let record = record.adopted(account, &ObjectKey::of(&text), now).map_err(refused)?;
    check(&record).map_err(refused)?;
    bundle::append(&mut out, bundle::RECORD, &record.text()?).await?;
    let mut missing = record.objects().map_err(|_| refused("it names a document by what is no digest".into()))?;
    let mut sizes: BTreeMap<ObjectKey, u64> = BTreeMap::new();
    let looked_into = looked_into(&record)?;
    while let Some((name, size)) = header(&mut bundle).await? {
        let limit = bundle::MEMBER_LIMIT;
        if size > limit {
            return Err(refused(format!("{} has {size} bytes, and may have {limit}", shown(&name))));
        }
        let named = name.strip_prefix(bundle::FOLDER).and_then(|hex| hex.parse::<ObjectKey>().ok());
        match named {
            None if name == FINDINGS && sizes.is_empty() => {}
            Some(key) if missing.remove(&key) => _ = sizes.insert(key, size),
            _ => return Err(refused(format!("{} is not of it", shown(&name)))),
        }
        bundle::append_header(&mut out, &name, size).await?;
        let found = match named.filter(|key| looked_into.contains(key)) {
            None => copy(&mut bundle, &name, size, &mut out).await?,
            Some(_) if size > READ_LIMIT => {
                return Err(refused(format!(
                    "{name} has {size} bytes, and a document of its kind may have {READ_LIMIT}"
                )));
            }
            Some(key) => {
                let mut content = Vec::new();
                let found = copy(&mut bundle, &name, size, &mut content).await?;
                out.write_all(&content).await.map_err(bundle::unwritable)?;
                let image = record.image.clone();
                // Bills of materials have megabytes.
                threads::blocking(move || check_document(&image, &key, &content)).await?.map_err(refused)?;
                found
            }
        };
        if named.is_some_and(|key| key != found) {
            return Err(refused(format!("{name} is not what its name says")));
        }
        bundle::pad(&mut out, size).await?;
    }
    if let Some(key) = missing.first() {
        return Err(refused(format!("it lacks {key}")));
    }
    for document in &record.analysis.documents {
        if super::key(&document.object).ok().and_then(|key| sizes.get(&key).copied()) != Some(document.size()) {
            return Err(refused(format!("the document {} has another size than it says", shown(&document.kind))));
        }
    }
    // What follows the end of a tar file is not looked at, but must be readable: a checksum may be at its end.
    tokio::io::copy(&mut bundle, &mut tokio::io::sink()).await.map_err(unreadable)?;
    bundle::end(&mut out).await?;
    Ok(record)
}

/// Name and bytes of the next member; `None` at the end.
async fn header(bundle: &mut (impl AsyncRead + Unpin)) -> Result<Option<(String, u64)>> {
    let mut header = tar::Header::new_old();
    bundle.read_exact(header.as_mut_bytes()).await.map_err(unreadable)?;
    if header.as_bytes().iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let name = String::from_utf8_lossy(&header.path_bytes()).into_owned();
    let size = header.entry_size().map_err(|_| refused(format!("the size of {} cannot be read", shown(&name))))?;
    if !header.entry_type().is_file() {
        return Err(refused(format!("{} is no file", shown(&name))));
    }
    Ok(Some((name, size)))
}

/// Copies a member piece by piece, with the padding after it passed over; tells the key of its content.
async fn copy(
    bundle: &mut (impl AsyncRead + Unpin),
    name: &str,
    size: u64,
    out: &mut (impl AsyncWrite + Unpin),
) -> Result<ObjectKey> {
    let (mut hash, mut left) = (Sha256::new(), size);
    let mut piece = vec![0; 64 << 10];
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        let read = bundle.read(&mut piece[..most]).await.map_err(unreadable)?;
        if read == 0 {
            return Err(refused(format!("it breaks off within {}", shown(name))));
        }
        hash.update(&piece[..read]);
        out.write_all(&piece[..read]).await.map_err(bundle::unwritable)?;
        left -= read as u64;
    }
    let padding = usize::try_from(size.next_multiple_of(BLOCK as u64) - size).unwrap_or(0);
    bundle.read_exact(&mut piece[..padding]).await.map_err(unreadable)?;
    let digest: [u8; 32] = hash.finalize().into();
    Ok(ObjectKey::from(digest))
}

/// The keys of the documents that others rely on to be what they are called.
fn looked_into(record: &Record) -> Result<BTreeSet<ObjectKey>> {
    let bills = record.analysis.documents.iter().filter(|document| document.kind == "sbom");
    bills.map(|bill| &bill.object).chain([&record.image.manifest]).map(|key| super::key(key)).collect()
}

/// Whether a manifest or a bill of materials is one, of this image. What is wrong, in words.
fn check_document(image: &bundle::Image, key: &ObjectKey, content: &[u8]) -> Result<(), String> {
    if key.to_string() != image.manifest {
        return match formats::read(content) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("its bill of materials {key} cannot be read: {error}")),
        };
    }
    let (config, _) = manifest::read(content).map_err(|error| format!("its manifest {key} is none: {error}"))?;
    if config.strip_prefix("sha256:") != Some(image.image_id()) {
        return Err(format!(
            "the image id is {}, the config of its manifest {}",
            shown(image.image_id()),
            shown(&config)
        ));
    }
    Ok(())
}

/// Whether rows can be what a record says of them. What is wrong, in words.
fn check(record: &Record) -> Result<(), String> {
    let image = &record.image;
    let rows = [record.tags.len(), record.evaluations.len(), record.analysis.documents.len()];
    if rows.iter().any(|rows| *rows > ROWS_LIMIT) {
        return Err(format!("it tells more than {ROWS_LIMIT} rows of a kind"));
    }
    for (what, text) in record.texts() {
        if text.len() > TEXT_LIMIT || text.contains('\0') {
            return Err(format!("its {what} is longer than {TEXT_LIMIT} bytes, or has the character NUL"));
        }
    }
    let is_digest = |text: &str| text.strip_prefix("sha256:").is_some() && text.parse::<ObjectKey>().is_ok();
    for (what, digest) in record.digests() {
        if !is_digest(digest) || digest.chars().any(|c| c.is_ascii_uppercase()) {
            return Err(format!("its {what} is no SHA-256 digest"));
        }
    }
    // A manifest is what its digest says, and so nobody can pass one image off as another.
    if image.manifest != image.digest
        || image.parent_manifest.as_ref().is_some_and(|parent| *parent != image.parent_digest)
    {
        return Err("its manifest is not that of the image".into());
    }
    if image.annotations.len() > LARGE_TEXT_LIMIT
        || !matches!(serde_json::from_str(&image.annotations), Ok(serde_json::Value::Object(_)))
    {
        return Err("its annotations are no JSON object".into());
    }
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    if image.dockerfile.as_ref().is_some_and(|text| text.len() > LARGE_TEXT_LIMIT || STANDARD.decode(text).is_err()) {
        return Err("its Dockerfile is no base64".into());
    }
    for tag in &record.tags {
        let TagName { registry, repository, tag } = tag.name();
        let full = format!("{registry}/{repository}:{tag}");
        if registry.is_empty() || windlass_v1::PullString::parse(&full).is_err() {
            return Err(format!("{} is no tag", shown(&full)));
        }
    }
    let mut kinds = BTreeSet::new();
    for document in &record.analysis.documents {
        if !crate::analysis::is_document_kind(&document.kind) || !kinds.insert(&document.kind) {
            return Err(format!("{} is no kind of document, or is there twice", shown(&document.kind)));
        }
    }
    if !kinds.iter().any(|kind| *kind == "sbom") {
        return Err("it has no bill of materials".into());
    }
    if record.evaluations.iter().any(|evaluation| windlass_policy::Action::parse(evaluation.final_action()).is_none()) {
        return Err("a verdict has no action that is known".into());
    }
    Ok(())
}

/// A text of somebody else's, for a message.
fn shown(text: &str) -> String {
    text::excerpt(text)
}

#[allow(clippy::needless_pass_by_value, reason = "it is what combinators hand on")]
fn refused(reason: String) -> Error {
    Error::invalid(format!("it cannot be imported as a bundle: {reason}"))
}

#[allow(clippy::needless_pass_by_value, reason = "it is what combinators hand on")]
fn unreadable(error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::FileTooLarge {
        return Error::refused(413, format!("a bundle may have {BUNDLE_LIMIT} bytes, and this has more"));
    }
    refused(match error.kind() {
        io::ErrorKind::UnexpectedEof => "it breaks off, or unfolds to too much".into(),
        _ => format!("it cannot be read: {error}"),
    })
}
