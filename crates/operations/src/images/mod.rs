//! Images of an account: asked for, shown, deleted (`spec/api.md` A4.2, A4.3, `spec/operations.md` §1.4, §1.11).

mod add;
mod collect;
mod delete;
mod events;
mod import;
mod lookup;
pub(crate) mod manifest;
mod record;

use jiff::Timestamp;
use windlass_store::{
    image_tags::TagName,
    images::{Described, Filter, Page},
};
use windlass_v1::{
    PullString,
    images::{AnalysisStatus, ImageRecord, ImageStatus, ImageTag, NOT_FOUND},
    timestamp::EpochSeconds,
};

pub(crate) use add::{Addition, ImportParts};
pub(crate) use events::happening;
pub(crate) use lookup::one_platform;

pub(crate) use self::record::analysis_status;
use self::record::{status, stored_analysis_status, stored_status};
use crate::{Error, Result, Tenant};

/// The kind of the jobs that analyse an image; their key is its digest.
pub const ANALYSE: &str = "analyse";

/// Images of one page at most.
const PAGE_LIMIT: u64 = 1000;

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
    /// At most so many, of those that come after the image with the digest `after`.
    pub limit: Option<u64>,
    pub after: Option<String>,
}

impl Tenant {
    /// Images, newest first.
    ///
    /// # Errors
    /// 404 where `fulltag` names none, 400 where it cannot.
    pub async fn images(&self, filter: &ImageFilter) -> Result<Vec<ImageRecord>> {
        let wanted = Filter {
            status: filter.status.map(stored_status),
            analysis_status: filter.analysis_status.map(stored_analysis_status),
        };
        let Some(fulltag) = &filter.fulltag else {
            return self.records(self.account.images(wanted, self.page(filter).await?).await?).await;
        };
        let reference = PullString::parse(fulltag)
            .map_err(|error| Error::invalid(error.to_string()).with("invalid_value", fulltag.as_str()))?;
        let found = match &reference {
            PullString::Tag(tag) => {
                let name = TagName { registry: &tag.registry, repository: &tag.repo, tag: &tag.tag };
                self.account.images_of_tag(name, wanted, (!filter.history).then_some(1)).await?
            }
            _ if filter.history => {
                let reason = format!("{fulltag} names no tag: history is that of a tag, REPOSITORY:TAG");
                return Err(Error::invalid(reason).with("invalid_value", fulltag.as_str()));
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
        if found.is_empty() {
            return Err(Error::not_found(NOT_FOUND));
        }
        self.records(found).await
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

    /// Every tag of images in one of these states; of all, where none is given.
    pub async fn image_tags(&self, statuses: &[ImageStatus]) -> Result<Vec<ImageTag>> {
        let statuses = if statuses.is_empty() { ImageStatus::ALL } else { statuses };
        let statuses: Vec<_> = statuses.iter().copied().map(stored_status).collect();
        let seconds = |moment| EpochSeconds::from(Timestamp::from(moment));
        let rows = self.account.tag_summaries(&statuses).await?;
        let shown = rows.into_iter().map(|row| ImageTag {
            fulltag: row.fulltag(),
            image_digest: row.digest,
            parent_digest: row.parent_digest,
            image_id: row.image_id,
            analysis_status: analysis_status(row.analysis_status),
            image_status: status(row.status),
            created_at: seconds(row.created_at),
            analyzed_at: row.analyzed_at.map(seconds),
            tag_detected_at: seconds(row.detected_at),
        });
        Ok(shown.collect())
    }

    async fn page(&self, filter: &ImageFilter) -> Result<Option<Page>> {
        if filter.limit.is_none() && filter.after.is_none() {
            return Ok(None);
        }
        let after = match &filter.after {
            None => None,
            Some(digest) => {
                let last = self.account.image(digest).await?;
                let gone = || Error::invalid(format!("after is {digest}, which is no image any more; begin anew"));
                let last = last.ok_or_else(gone)?;
                Some((last.created_at, last.id))
            }
        };
        Ok(Some(Page { after, limit: filter.limit.unwrap_or(PAGE_LIMIT).clamp(1, PAGE_LIMIT) }))
    }

    async fn only(&self, found: Option<Described>) -> Result<ImageRecord> {
        let found = found.ok_or_else(|| Error::not_found(NOT_FOUND))?;
        let mut records = self.records(vec![found]).await?;
        records.pop().ok_or_else(|| Error::not_found(NOT_FOUND))
    }

    /// Their records, whose tags are had with one query.
    async fn records(&self, found: Vec<Described>) -> Result<Vec<ImageRecord>> {
        let ids: Vec<i64> = found.iter().map(|(image, _)| image.id).collect();
        let tags = self.account.tags_of_images(&ids).await?;
        record::records(found, tags)
    }
}
