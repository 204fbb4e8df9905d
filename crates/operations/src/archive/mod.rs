//! The archive of analyses (`spec/api.md` A4.15, `spec/operations.md` §4).
//!
//! An archived image is a row and one object in the archive's own storage: a [bundle] that holds everything the working
//! set had of the image, so that it can be brought back without the image and without its registry. Rules move images to
//! the archive and out of it ([rules], [transitions]).

mod add;
mod bundle;
mod exchange;
mod restore;
mod rules;
mod selection;
mod transitions;
mod upload;

pub use exchange::{BUNDLE_LIMIT, ExportedBundle};

pub(crate) use transitions::APPLY_RULES;

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass_objects::ObjectKey;
use windlass_store::{
    Account, Error as StoreError, Moment,
    archived_images::{self, Model, Status, tags},
    object_candidates::{self, Storage},
};
use windlass_v1::{
    archives::{
        ArchiveRulesSummary, ArchiveStatus, ArchiveSummary, ArchivedImage, ArchivedImagesSummary, ArchivedTag,
        NOT_FOUND,
    },
    events::EventType,
    timestamp::IsoSeconds,
};

use crate::{Batches, Error, Part, Result, Service, Tenant, images::happening};

/// On whose behalf something is done, where it is no task: as events tell it.
const API_REQUEST: &str = "API request";

impl Service {
    /// Lets go of all bundles of an account that is being deleted, whose rows go next.
    pub(crate) async fn let_go_of_bundles(&self, account: &Account) -> Result<()> {
        let rows = account.archived_images().await?;
        let objects: Vec<String> = rows.into_iter().filter_map(|row| row.object).collect();
        let tx = self.store.begin().await?;
        object_candidates::let_go(&tx, Storage::Bundles, &objects, self.clock.moment()).await?;
        Ok(tx.commit().await.map_err(StoreError::from)?)
    }
}

impl Tenant {
    /// What this account has in the archive.
    pub async fn archive_summary(&self) -> Result<ArchiveSummary> {
        let totals = self.account.archive_totals().await?;
        let rules = self.account.archive_rules(false).await?;
        Ok(ArchiveSummary {
            images: ArchivedImagesSummary {
                total_image_count: totals.images,
                total_tag_count: totals.tags,
                total_data_bytes: totals.bytes,
                last_updated: totals.last_updated.map(seconds),
            },
            rules: ArchiveRulesSummary {
                count: rules.len() as u64,
                last_updated: rules.iter().map(|rule| rule.last_updated).max().map(seconds),
            },
        })
    }

    /// Archived images, the one archived last first, batch by batch.
    pub fn archived_images(&self, part: Part) -> Batches<ArchivedImage> {
        let tenant = self.clone();
        Batches::of_part(part, move |after, offset, limit| {
            let tenant = tenant.clone();
            async move {
                let part = archived_images::Part { after, offset, limit };
                let rows = tenant.account.part_of_archived_images(part).await?;
                let last = rows.last().map(|row| (row.created_at, row.id));
                Ok((tenant.archived(&rows).await?, last))
            }
        })
    }

    /// Archived images with their tags.
    async fn archived(&self, rows: &[Model]) -> Result<Vec<ArchivedImage>> {
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let tags = self.account.archived_tags(&ids).await?;
        rows.iter().map(|row| shown(row, tags.get(&row.id).map_or(&[], Vec::as_slice))).collect()
    }

    /// The archived image with this digest, or whose index has it.
    ///
    /// # Errors
    /// 404 where there is none.
    pub async fn archived_image(&self, digest: &str) -> Result<ArchivedImage> {
        let row = self.account.archived_image(digest).await?.ok_or_else(|| Error::not_found(NOT_FOUND))?;
        let mut archived = self.archived(&[row]).await?;
        archived.pop().ok_or_else(|| Error::not_found(NOT_FOUND))
    }

    /// Takes an image out of the archive; the working set is not touched.
    ///
    /// # Errors
    /// 404 where there is none, 400 while it is being archived unless that is broken off by `force`.
    pub async fn delete_archived_image(&self, digest: &str, force: bool) -> Result<()> {
        self.delete_from_archive(digest, force, API_REQUEST).await
    }

    async fn delete_from_archive(&self, digest: &str, force: bool, by: &str) -> Result<()> {
        let deleted = self.take_out(digest, force, by).await;
        let reason = match &deleted {
            Ok(()) => return Ok(()),
            Err(Error::Refused(refusal)) if refusal.httpcode == 404 => return deleted,
            Err(Error::Refused(refusal)) => refusal.message.clone(),
            Err(_) => "it failed; the log of the service tells why".to_owned(),
        };
        let told = self.tell_of_archive(EventType::ArchivedImageDeleteFailed, digest, json!({ "msg": reason })).await;
        if let Err(error) = told {
            tracing::error!(digest, %error, "that an archived image could not be deleted cannot be told");
        }
        deleted
    }

    async fn take_out(&self, digest: &str, force: bool, by: &str) -> Result<()> {
        let found = self.account.archived_image(digest).await?.ok_or_else(|| Error::not_found(NOT_FOUND))?;
        let tx = self.account.begin().await?;
        let row = archived_images::lock(&tx, self.name(), &found.digest).await?;
        let row = row.ok_or_else(|| Error::not_found(NOT_FOUND))?;
        if row.status == Status::Archiving && !force {
            let text = format!("{} is being archived: wait until it is, or delete it by force", row.digest);
            return Err(Error::invalid(text).with("digest", row.digest.as_str()));
        }
        object_candidates::let_go(&tx, Storage::Bundles, row.object.as_slice(), self.service.clock.moment()).await?;
        archived_images::remove(&tx, row.id).await?;
        let deleted = happening(EventType::ArchivedImageDeleted, &row.digest, format!("Deleted by {by}").into());
        self.service.tell(&tx, self.name(), deleted).await?;
        Ok(tx.commit().await.map_err(StoreError::from)?)
    }

    async fn tell_of_archive(&self, kind: EventType, digest: &str, details: Value) -> Result<()> {
        let tx = self.account.begin().await?;
        self.service.tell(&tx, self.name(), happening(kind, digest, details)).await?;
        Ok(tx.commit().await.map_err(StoreError::from)?)
    }
}

fn shown(row: &Model, tags: &[tags::Model]) -> Result<ArchivedImage> {
    let annotations = serde_json::from_str(&row.annotations).map_err(|error| {
        Error::Broken(format!("the annotations of the archived image {} cannot be read: {error}", row.digest))
    })?;
    let detail = tags.iter().map(|tag| ArchivedTag {
        pullstring: format!("{}/{}:{}", tag.registry, tag.repository, tag.tag),
        registry: tag.registry.clone(),
        repository: tag.repository.clone(),
        tag: tag.tag.clone(),
        detected_at: seconds(tag.detected_at),
        created_at: seconds(tag.created_at),
        last_updated: seconds(tag.created_at),
    });
    Ok(ArchivedImage {
        image_digest: row.digest.clone(),
        parent_digest: row.parent_digest.clone(),
        annotations,
        status: match row.status {
            Status::Archiving => ArchiveStatus::Archiving,
            Status::Archived => ArchiveStatus::Archived,
            Status::Deleting => ArchiveStatus::Deleting,
        },
        image_detail: detail.collect(),
        analyzed_at: seconds(row.analyzed_at),
        created_at: seconds(row.created_at),
        last_updated: seconds(row.last_updated),
        archive_size_bytes: row.size.and_then(|size| u64::try_from(size).ok()),
    })
}

fn seconds(moment: Moment) -> IsoSeconds {
    Timestamp::from(moment).into()
}

fn key(object: &str) -> Result<ObjectKey> {
    Ok(object.parse().map_err(windlass_objects::Error::from)?)
}
