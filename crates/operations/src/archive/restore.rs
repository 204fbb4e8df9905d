//! Bringing an analysis back from the archive, whose copy stays there (`spec/operations.md` §4.5).

use std::collections::BTreeSet;

use serde_json::json;
use windlass_objects::ObjectKey;
use windlass_sbom::formats;
use windlass_store::{
    Error as StoreError, Transaction,
    analyses::{self, documents},
    archived_images::{Model, Status},
    evaluations, image_tags, images,
    object_candidates::{self, Storage},
};
use windlass_v1::{
    archives::{NOT_FOUND, RESTORE_CONFLICT},
    error::ErrorEnvelope,
    events::EventType,
};

use super::{
    API_REQUEST,
    bundle::{self, Record},
};
use crate::{
    Error, Result, Tenant, images::happening, subscriptions::Subscribing, threads, vulnerabilities::KnownPackages,
};

impl Tenant {
    /// Brings an image back as it was, and answers with its digest. Its packages are compared with today's vulnerabilities.
    ///
    /// # Errors
    /// 409 without detail where the working set has the image, 404 where the archive has it not.
    pub(crate) async fn restore(&self, digest: &str) -> Result<String> {
        let restored = self.take_back(digest).await;
        if let Err(error) = &restored {
            let reason = match error {
                Error::Refused(refusal) => &refusal.message,
                _ => "the analysis could not be restored; the log of the service tells why",
            };
            self.tell_of_archive(EventType::RestoreFromArchiveFailed, digest, json!({ "msg": reason })).await?;
        }
        restored
    }

    async fn take_back(&self, digest: &str) -> Result<String> {
        self.demand_absent(digest).await?;
        let row = self.account.archived_image(digest).await?.ok_or_else(|| Error::not_found(NOT_FOUND))?;
        if row.digest != digest {
            self.demand_absent(&row.digest).await?;
        }
        let (Status::Archived, Some(object)) = (row.status, &row.object) else {
            return Err(Error::conflict(format!("{digest} is being archived or removed; try again later")));
        };
        self.bring_back(&row, super::key(object)?).await?;
        Ok(row.digest)
    }

    /// An image that waits to be removed is as good as gone.
    pub(super) async fn demand_absent(&self, digest: &str) -> Result<()> {
        match self.account.image(digest).await? {
            Some(image) if image.status == images::Status::Active => Err(conflict()),
            _ => Ok(()),
        }
    }

    async fn bring_back(&self, row: &Model, key: ObjectKey) -> Result<()> {
        let record = self.unpack(&key).await?;
        if record.image.digest != row.digest || record.account != row.account {
            let told = format!("{} of {}", record.image.digest, record.account);
            return Err(Error::Broken(format!("the archived bundle {key} of {} is that of {told}", row.digest)));
        }
        let packages = self.packages_of(&record).await?;
        let tx = self.account.begin().await?;
        let analysis = restore_analysis(&tx, &record, &key).await?;
        self.put_back(&tx, &packages, record.image_row(analysis), record.tag_rows()).await?;
        for evaluation in record.evaluation_rows(analysis) {
            evaluations::restore(&tx, evaluation).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        self.service.work.notify_waiters();
        Ok(())
    }

    /// Writes an image that has its analysis already, with its tags and packages, and tells of it, in the place of one that waits to
    /// be removed.
    pub(super) async fn put_back(
        &self,
        tx: &Transaction,
        packages: &KnownPackages,
        image: images::Model,
        tags: Vec<image_tags::Model>,
    ) -> Result<()> {
        let now = self.service.clock.moment();
        if let Some(image) = images::lock(tx, self.name(), &image.digest).await? {
            let old = images::remove(tx, &image).await?.ok_or_else(conflict)?;
            object_candidates::let_go(tx, Storage::Documents, &old, now).await?;
        }
        let analysis = image.analysis.ok_or_else(|| Error::Broken(format!("{} has no analysis", image.digest)))?;
        packages.record(&self.service, tx, analysis).await?;
        let image = match images::restore(tx, image).await {
            Err(StoreError::Exists) => return Err(conflict()),
            image => image?,
        };
        self.demand_room(tx, 0).await?;
        image_tags::restore(tx, image.id, tags).await?;
        let tags = images::full_tags(tx, image.id).await?;
        self.subscribe_tags(tx, &tags, false, Subscribing::OnRequest, now).await?;
        for tag in image_tags::of_image(tx, image.id).await? {
            self.service.look_again(tx, self.name(), &tag.fulltag()).await?;
        }
        let restored =
            happening(EventType::RestoredFromArchive, &image.digest, format!("Restored by {API_REQUEST}").into());
        self.service.tell(tx, self.name(), restored).await
    }

    async fn unpack(&self, key: &ObjectKey) -> Result<Record> {
        let content = self.service.archive_objects.get_stream(key).await;
        let content = content.map_err(|error| Error::from(error).of_bundle())?;
        bundle::unpack(content, &self.service.objects).await.map_err(Error::of_bundle)
    }

    async fn packages_of(&self, record: &Record) -> Result<KnownPackages> {
        let lost = || Error::Broken(format!("the archive has no bill of materials of {}", record.image.digest));
        let document = record.analysis.documents.iter().find(|document| document.kind == "sbom").ok_or_else(lost)?;
        let bytes = self.service.objects.get(&super::key(&document.object)?).await?;
        let sbom = threads::blocking(move || formats::read(&bytes)).await?;
        let sbom =
            sbom.map_err(|error| Error::Broken(format!("object {} cannot be read: {error}", document.object)))?;
        self.service.know_packages(&sbom).await
    }
}

/// The id of the analysis that the bundle has: one that is there with the same documents, or a new one.
async fn restore_analysis(tx: &Transaction, record: &Record, bundle: &ObjectKey) -> Result<i64> {
    let new = record.new_analysis();
    let made_at = record.analysis.created_at;
    let wanted: BTreeSet<_> =
        record.analysis.documents.iter().map(|row| (row.kind.clone(), row.object.clone())).collect();
    let analysis = analyses::insert(tx, new.clone(), made_at).await?;
    let found: BTreeSet<_> = documents::of(tx, analysis).await?.into_iter().map(|row| (row.kind, row.object)).collect();
    if found == wanted {
        return Ok(analysis);
    }
    // The same analysers found something else since; the image comes back with what they found then.
    let key = format!("{} of {bundle}", new.key);
    Ok(analyses::insert(tx, analyses::NewAnalysis { key, ..new }, made_at).await?)
}

fn conflict() -> Error {
    ErrorEnvelope::new(409, RESTORE_CONFLICT).without_detail().into()
}
