//! Deleting images: marked at once, removed by a collection (`spec/operations.md` §1.11).

use sea_orm::ConnectionTrait;
use windlass_store::{
    Error as StoreError, image_tags,
    images::{self, AnalysisStatus, Filter, Status},
    subscriptions,
};
use windlass_v1::images::{BEING_ANALYZED, Deletion};

use crate::{Result, Tenant};

/// Why an image that is watched is not deleted without force.
const WATCHED: &str = "cannot delete image that is the latest of its tags, and has active subscription";

impl Tenant {
    /// Has the image with this digest, or whose index has it, removed, at once or when it has been kept for as long as the settings
    /// say. Unless it is forced, one that is being analysed
    /// stays, and so does one that a watched tag stands for.
    pub async fn delete_image(&self, digest: &str, force: bool) -> Result<Deletion> {
        match self.account.find_image(digest, Filter::default()).await? {
            Some((image, _)) => self.delete(&image.digest, digest, force).await,
            None => Ok(Deletion::not_found(digest)),
        }
    }

    /// As [`Tenant::delete_image`], the verdicts in the order of the digests.
    pub async fn delete_images(&self, digests: &[String], force: bool) -> Result<Vec<Deletion>> {
        let mut verdicts = Vec::with_capacity(digests.len());
        for digest in digests {
            verdicts.push(self.delete_image(digest, force).await?);
        }
        Ok(verdicts)
    }

    /// As [`Tenant::delete_image`], for the image that [`Tenant::image_by_id`] finds.
    pub async fn delete_image_by_id(&self, id: &str, force: bool) -> Result<Deletion> {
        match self.account.find_image_by_id(id, Filter::active()).await? {
            Some((image, _)) => self.delete(&image.digest, &image.digest, force).await,
            None => self.delete_image(id, force).await,
        }
    }

    /// `asked` is what the caller calls the image.
    async fn delete(&self, digest: &str, asked: &str, force: bool) -> Result<Deletion> {
        let now = self.service.clock.moment();
        let tx = self.account.begin().await?;
        let Some(image) = images::lock(&tx, self.name(), digest).await? else { return Ok(Deletion::not_found(asked)) };
        if image.status == Status::Deleting {
            return Ok(Deletion::accepted(asked));
        }
        let watched = self.watched_tags(&tx, image.id).await?;
        if !force && image.analysis_status == AnalysisStatus::Analyzing {
            return Ok(Deletion::refused(asked, BEING_ANALYZED));
        }
        if !force && !watched.is_empty() {
            return Ok(Deletion::refused(asked, WATCHED));
        }
        images::mark_deleting(&tx, image.id, now).await?;
        self.cancel_analysis(&tx, &image.digest, "the image was deleted before the import was read").await?;
        for key in watched {
            subscriptions::silence(&tx, self.name(), &key, now).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        Ok(Deletion::accepted(asked))
    }

    /// The tags that stand for an image and have a subscription that is active.
    async fn watched_tags(&self, on: &impl ConnectionTrait, image: i64) -> Result<Vec<String>> {
        let mut watched = Vec::new();
        for tag in image_tags::of_image(on, image).await? {
            let key = tag.fulltag();
            let stands_for_it = image_tags::newest(on, self.name(), tag.name()).await? == Some(image);
            if stands_for_it && subscriptions::is_watched(on, self.name(), &key).await? {
                watched.push(key);
            }
        }
        Ok(watched)
    }
}
