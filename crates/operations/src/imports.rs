//! Imports: what was found in an image elsewhere is uploaded in parts, and the image is added from them
//! (`spec/api.md` A4.13, `spec/operations.md` §9).

use std::io;

use jiff::Timestamp;
use serde::de::IgnoredAny;
use tokio::io::AsyncRead;
use windlass_objects::{Error as ObjectsError, ObjectKey, Stored};
use windlass_sbom::formats::{self, Format, ReadError};
use windlass_store::{
    Error as StoreError, Moment,
    imports::{self, Model, Status, contents},
    object_candidates::{self, Storage},
};
use windlass_v1::{
    error::Problem,
    imports::{ImportOperation, ImportPart, ImportStatus, ImportedContent, ImportedPackages, PART_LIMIT},
};

use crate::{Error, Result, Service, Tenant, random_id, threads};

/// Seconds that an import has from its beginning to its end.
const LIFETIME: i64 = 86_400;
/// Imports that are listed at most.
const LIST_LIMIT: u64 = 1000;
/// Imports that are removed in one round.
const ROUND: u64 = 1000;

impl Tenant {
    /// Begins an import.
    pub async fn begin_import(&self) -> Result<ImportOperation> {
        let now = self.service.clock.moment();
        let tx = self.account.begin().await?;
        let import = imports::insert(&tx, self.name(), &random_id(), now.plus_seconds(LIFETIME), now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(shown(import))
    }

    /// Imports, newest first.
    pub async fn imports(&self) -> Result<Vec<ImportOperation>> {
        Ok(self.account.imports(LIST_LIMIT).await?.into_iter().map(shown).collect())
    }

    /// # Errors
    /// 404 where there is none.
    pub async fn import(&self, id: &str) -> Result<ImportOperation> {
        self.known_import(id).await.map(shown)
    }

    /// Gives an import up, unless its image is being analysed or is analysed; answers with what it is then.
    ///
    /// # Errors
    /// 404 where there is none.
    pub async fn delete_import(&self, id: &str) -> Result<ImportOperation> {
        let from = [Status::Pending, Status::Failed, Status::Expired];
        let now = self.service.clock.moment();
        let tx = self.account.begin().await?;
        imports::change_status(&tx, self.name(), id, &from, Status::Invalidated, None, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        self.import(id).await
    }

    /// What was uploaded of one kind, oldest first; nothing where there is no such import.
    pub async fn import_contents(&self, id: &str, part: ImportPart) -> Result<Vec<ImportedContent>> {
        let contents = self.account.import_contents(id, part.as_str()).await?;
        Ok(contents.into_iter().map(content).collect())
    }

    /// Takes a part, of any length up to the limit: memory does not grow with it. Where the content ends in an error of the
    /// kind [`io::ErrorKind::FileTooLarge`], it was too long.
    ///
    /// # Errors
    /// 404 for an unknown import, 409 for one that takes nothing any more, 400 for what is empty, too long, breaks off or
    /// is not what it is said to be.
    pub async fn upload_import_content(
        &self,
        id: &str,
        part: ImportPart,
        bytes: impl AsyncRead + Send + Unpin,
    ) -> Result<ImportedContent> {
        takes_uploads(&self.known_import(id).await?)?;
        let stored = self.service.objects.put_stream(bytes).await.map_err(unreadable)?;
        match self.keep_content(id, part, stored).await {
            Ok(content) => Ok(content),
            Err(error) => {
                self.service.remove_unreferenced(&[stored.key.to_string()]).await?;
                Err(error)
            }
        }
    }

    async fn keep_content(&self, id: &str, part: ImportPart, stored: Stored) -> Result<ImportedContent> {
        let Stored { key, size, .. } = stored;
        if size == 0 {
            return Err(Error::invalid(format!("the {part} that was sent is empty")));
        }
        let limit = limit(part);
        if size > limit {
            return Err(too_long(part, size, limit));
        }
        self.check_part(part, &key).await?;
        let tx = self.account.begin().await?;
        let import = imports::lock(&tx, self.name(), id).await?.ok_or_else(|| unknown(id))?;
        takes_uploads(&import)?;
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let created_at = self.service.clock.moment();
        let row = contents::Model { import: import.id, kind: part.to_string(), digest: key.hex(), size, created_at };
        let kept = contents::keep(&tx, row).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(content(kept))
    }

    /// Refuses what is not what it is said to be, while whoever sent it is still there.
    async fn check_part(&self, part: ImportPart, key: &ObjectKey) -> Result<()> {
        let check: fn(&[u8]) -> Result<(), Problem> = match part {
            ImportPart::Packages => check_packages,
            ImportPart::ImageConfig | ImportPart::ParentManifest => check_json,
            ImportPart::Manifest | ImportPart::Dockerfile => return Ok(()),
        };
        let bytes = self.service.objects.get(key).await?;
        Ok(threads::blocking(move || check(&bytes)).await??)
    }

    /// # Errors
    /// 404 for an unknown import, 409 for one that does not wait for its parts.
    pub(crate) async fn pending_import(&self, id: &str) -> Result<()> {
        let import = self.known_import(id).await?;
        if import.status == Status::Pending { Ok(()) } else { Err(ended(&import)) }
    }

    async fn known_import(&self, id: &str) -> Result<Model> {
        self.account.import(id).await?.ok_or_else(|| unknown(id))
    }
}

impl Service {
    /// Removes the parts of imports of all accounts that have ended, and the imports themselves once nobody can ask for how
    /// they ended; then ends those whose time is over. Answers with how many imports it took something from.
    pub async fn collect_imports(&self) -> Result<usize> {
        let now = self.clock.moment();
        let mut collected = 0;
        for import in self.store.imports_to_collect(now, ROUND).await? {
            let tx = self.store.begin().await?;
            let parts = contents::of_import(&tx, &import.id).await?;
            if import.is_over(now) {
                imports::remove(&tx, &import.id).await?;
            } else {
                contents::remove_all(&tx, &import.id).await?;
            }
            let objects: Vec<String> = parts.iter().map(|part| format!("sha256:{}", part.digest)).collect();
            object_candidates::let_go(&tx, Storage::Documents, &objects, now).await?;
            tx.commit().await.map_err(StoreError::from)?;
            collected += 1;
        }
        self.store.expire_imports(now).await?;
        Ok(collected)
    }
}

/// The key of the object that is a part's content.
pub(crate) fn object_key(hex: &str) -> Result<ObjectKey> {
    format!("sha256:{hex}").parse().map_err(|_| Error::Broken(format!("{hex} is no part's digest")))
}

/// Most bytes of a part. What is kept in memory or in rows later has the limits that registries have.
fn limit(part: ImportPart) -> u64 {
    use windlass_sources::limits;
    match part {
        ImportPart::Packages => PART_LIMIT,
        ImportPart::Manifest => limits::MANIFEST_BYTES,
        ImportPart::ParentManifest => limits::INDEX_BYTES,
        ImportPart::ImageConfig => limits::CONFIG_BYTES,
        ImportPart::Dockerfile => 1 << 20,
    }
}

fn check_json(bytes: &[u8]) -> Result<(), Problem> {
    serde_json::from_slice::<IgnoredAny>(bytes).map(drop).map_err(|_| Problem::unparsable_body())
}

/// Takes any bill of materials that can be read. Syft's is held against the original's check besides, and so is what is
/// none: it is told what it lacks.
fn check_packages(bytes: &[u8]) -> Result<(), Problem> {
    match formats::read(bytes).map(drop) {
        Ok(()) if Format::detect(bytes) != Some(Format::SyftJson) => Ok(()),
        Ok(()) | Err(ReadError::Unrecognised) => check_syft(bytes),
        Err(ReadError::NotJson(_)) => Err(Problem::unparsable_body()),
        Err(ReadError::Shape { at, source, .. }) => Err(misshapen(&at, &source)),
        Err(error) => Err(Problem::bad_request(error.to_string())),
    }
}

/// The original's check, which takes newer documents as well (F18).
fn check_syft(bytes: &[u8]) -> Result<(), Problem> {
    let mut document = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, ImportedPackages>(&mut document) {
        Ok(_) => Ok(()),
        Err(error) if error.inner().is_data() => Err(misshapen(&error.path().to_string(), error.inner())),
        Err(_) => Err(Problem::unparsable_body()),
    }
}

/// What is wrong with a document at a place, in the words that clients match on (`spec/api.md` A1.5).
fn misshapen(at: &str, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    // The place says more than the line, which many documents have but one of.
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let missing = text.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
    let text = missing.map_or_else(|| text.to_owned(), |name| format!("'{name}' is a required property"));
    let place = at.replace('[', ".").replace(']', "");
    let place = place.trim_start_matches('.');
    Problem::bad_request(if place.is_empty() { text } else { format!("{text} - '{place}'") })
}

fn takes_uploads(import: &Model) -> Result<()> {
    if status(import.status).takes_uploads() { Ok(()) } else { Err(ended(import)) }
}

fn unknown(id: &str) -> Error {
    Error::not_found(format!("Resource {id} not found"))
}

fn ended(import: &Model) -> Error {
    let status = status(import.status);
    let text = format!("import operation {} is {status} and takes nothing any more; begin a new one", import.id);
    Error::conflict(text).with("status", status.as_str())
}

fn too_long(part: ImportPart, size: u64, limit: u64) -> Error {
    Error::invalid(format!("the {part} that was sent has {size} bytes, and may have {limit}"))
}

fn unreadable(error: ObjectsError) -> Error {
    match error {
        ObjectsError::Input { source } if source.kind() == io::ErrorKind::FileTooLarge => {
            Error::invalid(format!("what was sent is longer than the {PART_LIMIT} bytes that a part may have"))
        }
        ObjectsError::Input { source } => Error::invalid(format!("what was sent breaks off: {source}")),
        other => other.into(),
    }
}

fn content(row: contents::Model) -> ImportedContent {
    ImportedContent { digest: row.digest, created_at: Timestamp::from(row.created_at).into() }
}

fn shown(import: Model) -> ImportOperation {
    let at = |moment: Moment| Timestamp::from(moment);
    ImportOperation {
        uuid: import.id,
        account: import.account,
        status: status(import.status),
        created_at: at(import.created_at).into(),
        expires_at: at(import.expires_at).into(),
        last_update: at(import.last_updated).into(),
        last_updated: at(import.last_updated).into(),
        failure: import.failure,
    }
}

fn status(status: Status) -> ImportStatus {
    match status {
        Status::Pending => ImportStatus::Pending,
        Status::Processing => ImportStatus::Processing,
        Status::Complete => ImportStatus::Complete,
        Status::Failed => ImportStatus::Failed,
        Status::Expired => ImportStatus::Expired,
        Status::Invalidated => ImportStatus::Invalidated,
    }
}
