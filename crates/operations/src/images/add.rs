//! Adding an image, which is idempotent: what is there already is answered with as it is.

use std::slice;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use windlass_objects::ObjectKey;
use windlass_sources::Reference;
use windlass_store::{
    AccountName, Error as StoreError, Moment, Transaction, image_tags,
    image_tags::TagName,
    images::{self, AnalysisStatus, Change, Filter, NewImage, Status},
    imports,
    jobs::{self, NewJob},
};
use windlass_v1::{
    Annotations, DigestReference, TagReference,
    images::{AnalysisSource, ImageAnalysisRequest, ImageRecord},
};

use super::{
    ANALYSE, events,
    lookup::{Found, choices},
    record,
};
use crate::{Error, Result, Tenant, analysis::AnalysisRequest, subscriptions::Subscribing};

/// How often an analysis is tried.
const ATTEMPTS: i64 = 3;

/// What an image is added with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addition<'a> {
    /// The names that it is known under from then on.
    pub(crate) tags: &'a [TagReference],
    /// When the tags came to stand for it; `None`: now.
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) annotations: Option<&'a Annotations>,
    /// In base64.
    pub(crate) dockerfile: Option<&'a str>,
    /// Whether it is analysed anew.
    pub(crate) force: bool,
    /// Whether its tags are watched from then on.
    pub(crate) autosubscribe: bool,
    /// On whose behalf its tags come to have subscriptions.
    pub(crate) subscribing: Subscribing,
    /// Where it was analysed elsewhere: what of.
    pub(crate) import: Option<&'a ImportParts>,
}

/// What an analysis is read from that was made elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImportParts {
    /// The import's id.
    pub(crate) id: String,
    /// SHA-256 of the bill of materials, bare hexadecimal.
    pub(crate) packages: String,
    /// The same of the image's config.
    pub(crate) image_config: String,
}

impl<'a> Addition<'a> {
    /// Under these names, and with nothing else.
    pub(crate) fn under(tags: &'a [TagReference]) -> Self {
        Self {
            tags,
            created_at: None,
            annotations: None,
            dockerfile: None,
            force: false,
            autosubscribe: false,
            subscribing: Subscribing::OnRequest,
            import: None,
        }
    }
}

impl Tenant {
    /// Adds the image that is asked for, and has it analysed unless it is. Where several platforms are asked for, the image
    /// that the tag stands for goes first.
    ///
    /// # Errors
    /// 400 for what cannot be done with the request or with the image, or where the registry does not tell what it is; 404
    /// for an unknown import or archive, 409 for one that is used up, or an archived image that is there already.
    pub async fn add_image(
        &self,
        request: &ImageAnalysisRequest,
        force: bool,
        autosubscribe: bool,
    ) -> Result<Vec<ImageRecord>> {
        let source = request.source().map_err(|error| error.envelope())?;
        let annotations = request.annotations.as_ref();
        let added = |tag, created_at, dockerfile| {
            let tags = slice::from_ref(tag);
            Addition { created_at, annotations, dockerfile, force, autosubscribe, ..Addition::under(tags) }
        };
        let digests = match &source {
            AnalysisSource::Tag { reference, dockerfile, platforms } => {
                let found = self.look_up(by_tag(reference)?, choices(platforms.as_ref())?).await?;
                self.record(found, added(reference, None, dockerfile.as_deref())).await?
            }
            AnalysisSource::Digest { reference, tag, created_at, dockerfile, platforms } => {
                let known = self.account.find_image(&reference.digest, Filter::default()).await?;
                let created_at = match (force, known) {
                    (true, None) => return Err(unknown_digest(reference)),
                    (true, Some((known, _))) => Some(created_at.unwrap_or_else(|| known.created_at.into())),
                    (false, _) => *created_at,
                };
                let found = self.look_up(by_digest(reference, tag)?, choices(platforms.as_ref())?).await?;
                self.record(found, added(tag, created_at, dockerfile.as_deref())).await?
            }
            AnalysisSource::Archive { digest } => vec![self.restore(digest).await?],
            AnalysisSource::Import { import, tags } => {
                let addition = Addition { annotations, force, autosubscribe, ..Addition::under(tags) };
                self.add_import(import, addition).await?
            }
        };
        let mut records = Vec::with_capacity(digests.len());
        for digest in digests {
            records.push(self.image(&digest).await?);
        }
        Ok(records)
    }

    /// Writes what was found under a tag: the images, their tags and subscriptions, and what follows from them, all or
    /// nothing. Answers with the images' digests.
    ///
    /// The tag stands for the first. The others of its index have the tag as well, but came to it, and to the account, a
    /// moment before, so that whoever asks for the tag or the index is told of the first.
    pub(crate) async fn record(&self, found: Vec<Found>, addition: Addition<'_>) -> Result<Vec<String>> {
        for found in &found {
            self.check_size(found)?;
        }
        check_dockerfile(addition.dockerfile)?;
        self.keep_documents(&found).await?;
        let now = self.service.clock.moment();
        let tx = self.account.begin().await?;
        let mut first = None;
        for found in &found {
            let image = self.write(&tx, found, addition, first.as_ref(), now).await?;
            first.get_or_insert(image);
        }
        tx.commit().await.map_err(StoreError::from)?;
        self.service.work.notify_waiters();
        Ok(found.into_iter().map(|found| found.digest).collect())
    }

    async fn keep_documents(&self, found: &[Found]) -> Result<()> {
        let manifests = found.iter().map(|found| &found.manifest);
        let index = found.iter().find_map(|found| found.parent.as_ref().map(|(_, bytes)| bytes));
        for document in manifests.chain(index) {
            self.service.objects.put(document.clone()).await?;
        }
        Ok(())
    }

    /// Writes one image; behind the first of its index, where it is not that.
    async fn write(
        &self,
        tx: &Transaction,
        found: &Found,
        addition: Addition<'_>,
        first: Option<&images::Model>,
        now: Moment,
    ) -> Result<images::Model> {
        let manifest = ObjectKey::of(&found.manifest).to_string();
        let parent = found.parent.as_ref().map(|(digest, bytes)| (digest.clone(), ObjectKey::of(bytes).to_string()));
        let detected_at = addition.created_at.map_or(now, Moment::from);
        let created_at = first.map_or(detected_at, |first| before(first.created_at));
        let stated_parent = parent.as_ref().map(|(digest, _)| digest).or(found.stated_parent.as_ref());
        let new = NewImage {
            digest: found.digest.clone(),
            parent_digest: stated_parent.unwrap_or(&found.digest).clone(),
            image_id: found.image_id.clone(),
            manifest: manifest.clone(),
            parent_manifest: parent.as_ref().map(|(_, object)| object.clone()),
            annotations: merged(Annotations::default(), addition.annotations)?,
            dockerfile: addition.dockerfile.map(str::to_owned),
            created_at,
        };
        let (mut image, is_new) = images::ensure(tx, self.name(), new, now).await?;
        // One that waits to be removed is there again.
        let coming = u64::from(!is_new && image.status != Status::Active);
        if is_new || coming > 0 {
            self.demand_room(tx, coming).await?;
        }
        let starts_over =
            addition.force || image.analysis_status == AnalysisStatus::AnalysisFailed || image.status != Status::Active;
        let is_to_be_analysed = is_new || starts_over;
        if !is_new {
            // Of an import of what is known, only names and annotations are taken.
            let dockerfile = addition.dockerfile.filter(|_| addition.import.is_none() || starts_over);
            if dockerfile.is_some() && addition.import.is_none() && !addition.force {
                return Err(dockerfile_for_known_image(&image, addition.tags));
            }
            let annotations = merged(record::annotations(&image.annotations, &image.digest)?, addition.annotations)?;
            let change = Change {
                // An image that is asked for by its own digest still belongs to the index it was found in.
                parent,
                manifest: Some(manifest),
                annotations: (annotations != image.annotations).then(|| annotations.clone()),
                dockerfile: dockerfile.map(str::to_owned),
                created_at: first.and_then(|first| (image.created_at >= first.created_at).then_some(created_at)),
            };
            images::change(tx, image.id, change, now).await?;
            image.annotations = annotations;
        }
        let mut new_tags = Vec::new();
        for tag in addition.tags {
            let ahead = match first {
                None => None,
                Some(first) => image_tags::find(tx, first.id, name(tag)).await?,
            };
            let detected_at = ahead.map_or(detected_at, |row| before(row.detected_at));
            if name_image(tx, self.name(), &image, tag, detected_at, now).await? {
                new_tags.push(tag.to_string());
            }
        }
        let tags = images::full_tags(tx, image.id).await?;
        self.subscribe_tags(tx, &tags, addition.autosubscribe, addition.subscribing, now).await?;
        if let Some(import) = addition.import {
            self.use_up(tx, &import.id, is_to_be_analysed, now).await?;
        }

        if !is_new && starts_over {
            images::reset(tx, image.id, now).await?;
            // A worker that has it still loses it to the one that takes the new job.
            self.cancel_analysis(tx, &image.digest, "the image was added anew before the import was read").await?;
        }
        if is_to_be_analysed {
            jobs::enqueue(tx, analysis(self.name(), &image.digest, addition, now), now).await?;
        } else if image.analysis_status == AnalysisStatus::Analyzed {
            for fulltag in new_tags {
                self.service.tell(tx, self.name(), events::available(&image, &fulltag)?).await?;
            }
            for tag in addition.tags {
                self.service.look_again(tx, self.name(), &tag.to_string()).await?;
            }
        }
        Ok(image)
    }

    /// Takes back the analysis that an image waits for. An import that it was to be made of has failed, for that reason.
    pub(super) async fn cancel_analysis(&self, on: &impl ConnectionTrait, digest: &str, reason: &str) -> Result<()> {
        let now = self.service.clock.moment();
        for payload in jobs::cancel(on, ANALYSE, self.name(), digest).await? {
            let request: AnalysisRequest = serde_json::from_str(&payload).unwrap_or_default();
            let Some(parts) = request.import else { continue };
            let (from, to) = ([imports::Status::Processing], imports::Status::Failed);
            imports::change_status(on, self.name(), &parts.id, &from, to, Some(reason), now).await?;
        }
        Ok(())
    }

    /// Takes an import out of those that wait for their parts: its analysis is to be made of them, or nothing is left to do
    /// (`spec/operations.md` D-19).
    async fn use_up(&self, on: &impl ConnectionTrait, id: &str, is_to_be_analysed: bool, now: Moment) -> Result<()> {
        let to = if is_to_be_analysed { imports::Status::Processing } else { imports::Status::Complete };
        let from = [imports::Status::Pending];
        if imports::change_status(on, self.name(), id, &from, to, None, now).await? {
            return Ok(());
        }
        Err(Error::conflict(format!("import operation {id} was used up or ended meanwhile; begin a new one")))
    }
}

/// Gives the image the tag, or notes that the tag has come back to it; tells whether the image did not have it.
async fn name_image(
    on: &impl ConnectionTrait,
    account: &AccountName,
    image: &images::Model,
    tag: &TagReference,
    detected_at: Moment,
    now: Moment,
) -> Result<bool> {
    let name = name(tag);
    let tags = image_tags::of_image(on, image.id).await?;
    let Some(known) = tags.iter().find(|row| row.name() == name) else {
        image_tags::insert(on, account, image.id, name, detected_at, now).await?;
        return Ok(true);
    };
    let has_moved = image_tags::newest(on, account, name).await?.is_some_and(|newest| newest != image.id);
    // Nothing that was seen earlier moves a tag back.
    if has_moved && detected_at > known.detected_at {
        image_tags::detect_again(on, image.id, name, detected_at, now).await?;
    }
    Ok(false)
}

fn name(tag: &TagReference) -> TagName<'_> {
    let TagReference { registry, repo, tag } = tag;
    TagName { registry, repository: repo, tag }
}

/// The moment before.
fn before(moment: Moment) -> Moment {
    Moment(moment.0.saturating_sub(1))
}

fn analysis<'a>(account: &'a AccountName, digest: &'a str, addition: Addition<'_>, now: Moment) -> NewJob<'a> {
    let mut payload = json!({ "digest": digest });
    if addition.force {
        payload["force"] = true.into();
    }
    if let Some(import) = addition.import {
        payload["import"] = json!(import);
    }
    NewJob {
        kind: ANALYSE,
        account,
        key: digest,
        payload: payload.to_string(),
        priority: 0,
        max_attempts: ATTEMPTS,
        not_before: now,
    }
}

/// Annotations with what is added to them; the text `null` takes one away.
fn merged(mut annotations: Annotations, added: Option<&Annotations>) -> Result<String> {
    for (key, value) in added.iter().flat_map(|added| &added.0) {
        match value {
            Value::String(text) if text == "null" => annotations.0.remove(key),
            value => annotations.0.insert(key.clone(), value.clone()),
        };
    }
    serde_json::to_string(&annotations).map_err(|error| Error::Broken(error.to_string()))
}

fn by_tag(reference: &TagReference) -> Result<Reference> {
    let TagReference { registry, repo, tag } = reference;
    Reference::as_given(registry, repo, Some(tag), None).map_err(|error| unusable(&error))
}

fn by_digest(reference: &DigestReference, tag: &TagReference) -> Result<Reference> {
    let digest = reference.digest.parse().map_err(|error| unusable(&error))?;
    Reference::as_given(&tag.registry, &tag.repo, None, Some(digest)).map_err(|error| unusable(&error))
}

/// No registry has such a name.
fn unusable(error: &dyn std::error::Error) -> Error {
    Error::invalid("Validation error").with("validation_error", error.to_string())
}

fn check_dockerfile(dockerfile: Option<&str>) -> Result<()> {
    let Some(dockerfile) = dockerfile else { return Ok(()) };
    let text = STANDARD.decode(dockerfile).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let reason = "the dockerfile is not UTF-8 text in base64";
    text.map(drop).ok_or_else(|| Error::invalid("Validation error").with("validation_error", reason))
}

fn unknown_digest(reference: &DigestReference) -> Error {
    let text = format!("{reference} cannot be analysed again: it is not known; add it without force");
    Error::invalid(text).with("digest", reference.digest.as_str())
}

fn dockerfile_for_known_image(image: &images::Model, tags: &[TagReference]) -> Error {
    let text = "Cannot specify dockerfile for an image that already exists unless using force=True for re-analysis";
    Error::invalid(text).with("digest", image.digest.as_str()).with("tag", tags.first().map(ToString::to_string))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_added_and_the_text_null_takes_one_away() {
        let read = |value: Value| serde_json::from_value::<Annotations>(value).unwrap();
        let has = read(json!({"a": "1", "b": "2", "c": "3"}));
        let added = read(json!({"a": "null", "b": "9", "d": null, "e": "null"}));
        assert_eq!(merged(has.clone(), Some(&added)).unwrap(), r#"{"b":"9","c":"3","d":null}"#);
        assert_eq!(merged(has, None).unwrap(), r#"{"a":"1","b":"2","c":"3"}"#);
    }

    #[test]
    fn a_dockerfile_is_text() {
        for good in [None, Some("RlJPTSBzY3JhdGNoCg==")] {
            assert!(check_dockerfile(good).is_ok(), "{good:?}");
        }
        for bad in ["/w==", "====", "RlJPTSBzY3JhdGNoCg=", "abc"] {
            assert!(check_dockerfile(Some(bad)).is_err(), "{bad}");
        }
    }
}
