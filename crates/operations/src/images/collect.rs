//! Removing what was deleted, and what nobody refers to any more.

use windlass_objects::ObjectKey;
use windlass_store::{AccountName, Error as StoreError, image_tags, images, subscriptions};

use crate::{Error, Result, Service};

/// Images that are removed in one round.
const IMAGES_A_ROUND: u64 = 1000;

/// What a collection removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    pub analyses: usize,
    pub objects: usize,
}

impl Service {
    /// Removes images that wait for it, of all accounts, with their tags, the verdicts on them, documents that were theirs
    /// alone, and the subscriptions on names that no image has then, unless those are active. Answers with how many were removed; one that was added again
    /// meanwhile stays.
    pub async fn collect_images(&self) -> Result<usize> {
        let mut removed = 0;
        for image in self.store.images_to_collect(IMAGES_A_ROUND).await? {
            let account = AccountName::parse(&image.account).map_err(|error| Error::Broken(error.to_string()))?;
            let tx = self.store.begin().await?;
            let tags = image_tags::of_image(&tx, image.id).await?;
            let Some(objects) = images::remove(&tx, &image).await? else { continue };
            for tag in tags {
                if !image_tags::is_known(&tx, &account, tag.name()).await? {
                    subscriptions::remove_silent(&tx, &account, &tag.fulltag()).await?;
                }
            }
            tx.commit().await.map_err(StoreError::from)?;
            self.remove_unreferenced(&objects).await?;
            removed += 1;
        }
        Ok(removed)
    }

    /// Removes analyses that no image has, with the objects that were theirs alone.
    pub async fn collect_analyses(&self) -> Result<Collected> {
        let mut collected = Collected::default();
        while let Some(orphan) = self.store.remove_orphaned_analysis().await? {
            collected.analyses += 1;
            collected.objects += self.remove_unreferenced(&orphan.objects).await?;
        }
        Ok(collected)
    }

    /// Removes those of these objects that no row refers to.
    pub(crate) async fn remove_unreferenced(&self, keys: &[String]) -> Result<usize> {
        let referenced = self.store.referenced_objects(keys).await?;
        let mut removed = 0;
        for key in keys.iter().filter(|key| !referenced.contains(*key)) {
            let key: ObjectKey = key.parse().map_err(|_| Error::Broken(format!("{key} is no object's key")))?;
            self.objects.delete(&key).await?;
            removed += 1;
        }
        Ok(removed)
    }
}
