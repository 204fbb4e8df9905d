//! Images of an account: asked for, shown, deleted (`spec/api.md` A4.2, A4.3, `spec/operations.md` §1.4, §1.11).

mod add;
mod collect;
mod delete;
mod events;
mod import;
mod lookup;
pub(crate) mod manifest;
mod record;

use std::sync::Arc;

use windlass_store::{
    Moment,
    image_tags::{self, Summary, TagName},
    images::{Described, Filter, Page, Shown},
};
use windlass_v1::{
    PullString,
    images::{AnalysisStatus, ImageRecord, ImageStatus, ImageTag, NOT_FOUND},
};

pub(crate) use add::{Addition, ImportParts};
pub(crate) use events::happening;
pub(crate) use lookup::{Found, one_platform};

pub(crate) use self::record::analysis_status;
use self::record::{stored_analysis_status, stored_status};
use crate::{Batches, Error, Part, Result, Tenant};

/// The kind of the jobs that analyse an image; their key is its digest.
pub const ANALYSE: &str = "analyse";

/// Which images are shown.
#[derive(Clone, Debug, Default)]
pub struct ImageFilter {
    /// A pull string of any form: the newest image that it names.
    pub fulltag: Option<String>,
    /// With a tag in `fulltag`: all that it ever stood for.
    pub history: bool,
    /// `None`: any.
    pub status: Option<ImageStatus>,
    pub analysis_status: Option<AnalysisStatus>,
    /// At most so many, of those of the list that come after the image with the digest `after`.
    pub limit: Option<u64>,
    pub after: Option<String>,
}

impl ImageFilter {
    fn stored(&self) -> Filter {
        Filter {
            status: self.status.map(stored_status),
            analysis_status: self.analysis_status.map(stored_analysis_status),
        }
    }
}

impl Tenant {
    /// Images, newest first, batch by batch. `fulltag` does not matter.
    ///
    /// # Errors
    /// 400 where there is no image `after`.
    pub async fn list_images(&self, filter: &ImageFilter) -> Result<Batches<ImageRecord>> {
        let first = match &filter.after {
            None => None,
            Some(digest) => {
                let last = self.account.image(digest).await?.ok_or_else(|| gone(digest))?;
                Some((last.created_at, last.id))
            }
        };
        let (tenant, wanted) = (self.clone(), filter.stored());
        Ok(Batches::reading(filter.limit.unwrap_or(u64::MAX), move |last, limit| {
            let tenant = tenant.clone();
            async move {
                let page = Page { after: last.or(first), limit };
                let found = tenant.account.images(wanted, Some(page)).await?;
                let last = found.last().map(|last| (last.created_at, last.id));
                Ok((tenant.records(found).await?, last))
            }
        }))
    }

    /// Images, newest first, all at once.
    ///
    /// # Errors
    /// 404 where `fulltag` names none, 400 where it cannot, and where there is no image `after`.
    pub async fn images(&self, filter: &ImageFilter) -> Result<Vec<ImageRecord>> {
        let wanted = filter.stored();
        let Some(fulltag) = &filter.fulltag else { return self.list_images(filter).await?.all().await };
        let reference = PullString::parse(fulltag)
            .map_err(|error| Error::invalid(error.to_string()).with("invalid_value", fulltag.as_str()))?;
        let found = match &reference {
            PullString::Tag(tag) if filter.history => {
                let name = TagName { registry: &tag.registry, repository: &tag.repo, tag: &tag.tag };
                let after = match &filter.after {
                    None => None,
                    Some(digest) => Some(self.detection(name, digest).await?.ok_or_else(|| gone(digest))?),
                };
                self.account.images_of_tag(name, wanted, after, filter.limit).await?
            }
            _ if filter.history => {
                let reason = format!("{fulltag} names no tag: history is that of a tag, REPOSITORY:TAG");
                return Err(Error::invalid(reason).with("invalid_value", fulltag.as_str()));
            }
            // The list is of one image, and nothing comes after it.
            _ if filter.after.is_some() => Vec::new(),
            PullString::Tag(tag) => {
                let name = TagName { registry: &tag.registry, repository: &tag.repo, tag: &tag.tag };
                self.account.images_of_tag(name, wanted, None, Some(1)).await?
            }
            PullString::ImageId(id) => self.account.find_image_by_id(id, wanted).await?.into_iter().collect(),
            PullString::Digest(reference) => {
                let found = match &reference.repo {
                    Some(repo) => {
                        self.account.find_image_in(&reference.registry, repo, &reference.digest, wanted).await?
                    }
                    // A digest alone is the same image in whatever registry.
                    None => self.account.find_image(&reference.digest, wanted).await?,
                };
                found.into_iter().collect()
            }
        };
        if found.is_empty() && filter.after.is_none() {
            return Err(Error::not_found(NOT_FOUND));
        }
        self.records(found.into_iter().map(Shown::from).collect()).await
    }

    /// The newest image with this digest, or whose index has it.
    pub async fn image(&self, digest: &str) -> Result<ImageRecord> {
        let found = self.account.find_image(digest, Filter::default()).await?;
        self.only(found).await
    }

    /// The newest active image with this id; one with this digest where there is none.
    pub async fn image_by_id(&self, id: &str) -> Result<ImageRecord> {
        let found = match self.account.find_image_by_id(id, Filter::active()).await? {
            None => self.account.find_image(id, Filter::default()).await?,
            found => found,
        };
        self.only(found).await
    }

    /// The tags of images in one of these states, oldest image first; of all, where no state is given.
    pub fn image_tags(&self, statuses: &[ImageStatus], part: Part) -> Batches<ImageTag> {
        let statuses = if statuses.is_empty() { ImageStatus::ALL } else { statuses };
        let statuses: Arc<[_]> = statuses.iter().copied().map(stored_status).collect();
        let account = self.account.clone();
        Batches::of_part(part, move |last: Option<Summary>, offset, limit| {
            let (account, statuses) = (account.clone(), Arc::clone(&statuses));
            async move {
                let part = image_tags::Part { after: last.as_ref(), offset, limit };
                let rows = account.part_of_tag_summaries(&statuses, part).await?;
                let last = rows.last().cloned();
                Ok((rows.into_iter().map(record::tag).collect(), last))
            }
        })
    }

    /// When the image with this digest was detected under a tag, and its id.
    async fn detection(&self, tag: TagName<'_>, digest: &str) -> Result<Option<(Moment, i64)>> {
        let Some(image) = self.account.image(digest).await? else { return Ok(None) };
        let tags = self.account.tags_of_images(&[image.id]).await?;
        let own = tags.iter().find(|own| own.fulltag() == tag.fulltag());
        Ok(own.map(|own| (own.detected_at, image.id)))
    }

    async fn only(&self, found: Option<Described>) -> Result<ImageRecord> {
        let found = found.ok_or_else(|| Error::not_found(NOT_FOUND))?;
        let mut records = self.records(vec![found.into()]).await?;
        records.pop().ok_or_else(|| Error::not_found(NOT_FOUND))
    }

    /// Their records, whose tags are had with one query.
    async fn records(&self, found: Vec<Shown>) -> Result<Vec<ImageRecord>> {
        let ids: Vec<i64> = found.iter().map(|image| image.id).collect();
        let mut tags = self.account.tags_by_image(&ids).await?;
        let record = |image: Shown| {
            let tags = tags.remove(&image.id).unwrap_or_default();
            record::record(image, tags)
        };
        found.into_iter().map(record).collect()
    }
}

fn gone(after: &str) -> Error {
    Error::invalid(format!("after is {after}, which is no image of the list any more; begin anew"))
}
