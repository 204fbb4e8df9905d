//! Archiving: everything that there is of an image becomes one object of the archive.

use serde_json::json;
use tracing::Instrument as _;
use windlass_objects::Stored;
use windlass_store::{
    Error as StoreError, Moment,
    archived_images::{self, NewArchived, Status as Archived},
    image_tags,
    images::{self, AnalysisStatus, Status},
    object_candidates::{self, Storage},
};
use windlass_v1::{
    archives::{ArchivingResult, ArchivingStatus},
    events::EventType,
};

use super::{
    API_REQUEST,
    bundle::{self, Record},
};
use crate::{
    Error, Result, Tenant,
    images::{analysis_status, happening},
    request,
};

/// Seconds after which whoever was archiving an image is believed to be dead, and another begins anew.
const LEASE: i64 = 3600;
const DONE: &str = "Completed successfully";
const FAILED: &str = "the analysis could not be written to the archive; the log of the service tells why. Try again";

impl Tenant {
    /// Archives the analyses of these images, named by their own digests or those of their indexes; they stay in the working
    /// set. What became of each is told in the order of the digests.
    ///
    /// # Errors
    /// When the store fails; trouble with one image is told in its result.
    pub async fn archive_images(&self, digests: &[String]) -> Result<Vec<ArchivingResult>> {
        let mut results = Vec::with_capacity(digests.len());
        for digest in digests {
            // A task of its own: whoever asked may not wait for the answer, and half an archive is none.
            let (tenant, digest) = (self.clone(), digest.clone());
            let archiving = request::inherited(async move { tenant.archive_image(&digest, API_REQUEST).await });
            let archived = tokio::spawn(archiving.in_current_span()).await;
            results.push(archived.map_err(|error| Error::Broken(format!("archiving failed: {error}")))??);
        }
        Ok(results)
    }

    /// Archives the analysis of an image. One that is archived already stays as it is, unless it is older than what the
    /// working set has (`spec/operations.md` D-26).
    pub(super) async fn archive_image(&self, digest: &str, by: &str) -> Result<ArchivingResult> {
        let (status, detail) = match self.put_away(digest, by).await {
            Ok(told) => told,
            Err(error) => {
                let detail = match error {
                    Error::Refused(refusal) => refusal.message,
                    error => {
                        let (account, hint) = (self.name(), error.hint());
                        tracing::error!(digest, %account, %error, hint, "an analysis could not be archived");
                        FAILED.to_owned()
                    }
                };
                self.tell_of_archive(EventType::ImageArchiveFailed, digest, json!({ "msg": detail })).await?;
                (ArchivingStatus::Error, detail)
            }
        };
        Ok(ArchivingResult { digest: digest.to_owned(), status, detail })
    }

    async fn put_away(&self, digest: &str, by: &str) -> Result<(ArchivingStatus, String)> {
        let found = self.account.find_image(digest, images::Filter::default()).await?;
        let (image, _) = found.ok_or_else(|| {
            let account = self.name();
            Error::not_found(format!("Could not locate an image with digest {digest} in account {account}"))
        })?;
        let analysed = (image.status == Status::Active && image.analysis_status == AnalysisStatus::Analyzed)
            .then_some(image.analysis.zip(image.analyzed_at))
            .flatten();
        let (analysis, analyzed_at) = analysed.ok_or_else(|| not_archivable(&image))?;
        let tags = self.account.tags_of_images(&[image.id]).await?;
        let new = NewArchived::of(&image, &tags, analyzed_at);
        let now = self.service.clock.moment();
        let tx = self.account.begin().await?;
        let (row, is_new) = archived_images::ensure(&tx, self.name(), &new, now).await?;
        if !is_new {
            let is_busy = now < row.last_updated.plus_seconds(LEASE);
            match row.status {
                Archived::Archived if row.analyzed_at >= analyzed_at => {
                    return Ok((ArchivingStatus::Archived, "Image analysis already archived".to_owned()));
                }
                Archived::Archived => {}
                Archived::Archiving if is_busy => {
                    return Ok((ArchivingStatus::Archiving, "Image analysis is being archived".to_owned()));
                }
                Archived::Deleting if is_busy => {
                    return Err(Error::conflict(format!(
                        "{digest} is being removed from the archive; try again later"
                    )));
                }
                Archived::Archiving | Archived::Deleting => {
                    archived_images::mark(&tx, row.id, Archived::Archiving, now).await?;
                }
            }
        }
        tx.commit().await.map_err(StoreError::from)?;

        let replaces = !is_new && row.status == Archived::Archived;
        match self.write_bundle(&image, analysis, &tags, now).await {
            Ok(stored) => self.finish_archiving(&row, &new, stored, by).await?,
            Err(error) => {
                if !replaces {
                    let tx = self.account.begin().await?;
                    archived_images::remove(&tx, row.id).await?;
                    tx.commit().await.map_err(StoreError::from)?;
                }
                return Err(error);
            }
        }
        Ok((ArchivingStatus::Archived, DONE.to_owned()))
    }

    /// Writes the bundle of an image, and reads it back.
    async fn write_bundle(
        &self,
        image: &images::Model,
        analysis: i64,
        tags: &[image_tags::Model],
        now: Moment,
    ) -> Result<Stored> {
        let record = self.describe(image, analysis, tags, now).await?;
        let archive = &self.service.archive_objects;
        let (input, output) = tokio::io::duplex(128 << 10);
        let findings = self.service.store.findings_of_analysis(analysis).await?;
        let findings = serde_json::to_vec(&findings).map_err(|error| Error::Broken(error.to_string()))?;
        let written = bundle::write(&record, &findings, &self.service.objects, output);
        let stored = async { Ok(archive.put_stream(input).await?) };
        let ((), stored) = tokio::try_join!(written, stored)?;
        archive.verify(&stored.key).await?;
        Ok(stored)
    }

    /// Everything that is to be in the bundle of an image.
    async fn describe(
        &self,
        image: &images::Model,
        analysis: i64,
        tags: &[image_tags::Model],
        now: Moment,
    ) -> Result<Record> {
        let store = &self.service.store;
        let row = store.analysis(analysis).await?;
        let row = row.ok_or_else(|| Error::Broken(format!("{} has lost its analysis", image.digest)))?;
        let documents = store.analysis_documents(analysis).await?;
        let mut evaluations = Vec::new();
        for evaluation in self.account.evaluations_of_image(&image.digest).await? {
            // A result may have been dropped in favour of a newer one meanwhile.
            if self.service.objects.exists(&super::key(&evaluation.object)?).await? {
                evaluations.push(evaluation);
            }
        }
        Ok(Record::new(image, tags, row, documents, evaluations, now))
    }

    async fn finish_archiving(
        &self,
        row: &archived_images::Model,
        image: &NewArchived<'_>,
        stored: Stored,
        by: &str,
    ) -> Result<()> {
        let object = stored.key.to_string();
        let tx = self.account.begin().await?;
        let now = self.service.clock.moment();
        if !archived_images::finish(&tx, row, image, &object, stored.size, now).await? {
            object_candidates::let_go(&tx, Storage::Bundles, &[object], now).await?;
            tx.commit().await.map_err(StoreError::from)?;
            return Err(Error::conflict(format!("{} was removed from the archive meanwhile", row.digest)));
        }
        let archived = happening(EventType::ImageArchived, &row.digest, format!("Archived by {by}").into());
        self.service.tell(&tx, self.name(), archived).await?;
        if let Some(old) = row.object.as_ref().filter(|old| **old != object) {
            object_candidates::let_go(&tx, Storage::Bundles, std::slice::from_ref(old), now).await?;
        }
        Ok(tx.commit().await.map_err(StoreError::from)?)
    }
}

fn not_archivable(image: &images::Model) -> Error {
    let status = match image.status {
        Status::Active => "active",
        Status::Deleting => "deleting",
    };
    let analysis = analysis_status(image.analysis_status);
    let text = format!(
        "only an active image that is analyzed can be archived; {} has image_status {status} and analysis_status {analysis}",
        image.digest
    );
    Error::invalid(text)
}
