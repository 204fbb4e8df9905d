//! Removing what was deleted. Objects that it had are let go of with it, and removed once nothing has referred to them for
//! a while (`keeping::collect`).

use windlass_store::{
    AccountName, Error as StoreError, image_tags, images,
    object_candidates::{self, Storage},
    subscriptions,
};

use crate::{Error, Result, Service};

/// Images that are removed in one round.
const IMAGES_A_ROUND: u64 = 1000;

impl Service {
    /// Removes images that have waited for it as long as the settings want, of all accounts, with their tags, the verdicts on them, and the subscriptions on names
    /// that no image has then, unless those are active. Answers with how many were removed; one that was added again
    /// meanwhile stays.
    pub async fn collect_images(&self) -> Result<usize> {
        let mut removed = 0;
        for image in self.store.images_to_collect(self.kept_deleted_since(), IMAGES_A_ROUND).await? {
            let account = AccountName::parse(&image.account).map_err(|error| Error::Broken(error.to_string()))?;
            let tx = self.store.begin().await?;
            let tags = image_tags::of_image(&tx, image.id).await?;
            let Some(objects) = images::remove(&tx, &image).await? else { continue };
            for tag in tags {
                if !image_tags::is_known(&tx, &account, tag.name()).await? {
                    subscriptions::remove_silent(&tx, &account, &tag.fulltag()).await?;
                }
            }
            object_candidates::let_go(&tx, Storage::Documents, &objects, self.clock.moment()).await?;
            tx.commit().await.map_err(StoreError::from)?;
            removed += 1;
        }
        Ok(removed)
    }

    /// Removes analyses that no image has; tells how many.
    pub async fn collect_analyses(&self) -> Result<usize> {
        let mut collected = 0;
        while self.store.remove_orphaned_analysis(self.clock.moment()).await?.is_some() {
            collected += 1;
        }
        Ok(collected)
    }
}
