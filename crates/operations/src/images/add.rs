//! Adding an image, which is idempotent: what is there already is answered with as it is.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use windlass_sources::Reference;
use windlass_store::{
    AccountName, Error as StoreError, Moment, image_tags,
    image_tags::TagName,
    images::{self, AnalysisStatus, Change, Filter, NewImage, Status},
    jobs::{self, NewJob},
    subscriptions,
};
use windlass_v1::{
    Annotations, DigestReference, TagReference,
    images::{AnalysisSource, ImageAnalysisRequest, ImageRecord},
    subscriptions::{SubscriptionType, subscription_id},
};

use super::{ANALYSE, events, lookup::Found, record};
use crate::{Error, Result, Tenant, subscriptions::kind_of};

/// How often an analysis is tried.
const ATTEMPTS: i64 = 3;

/// What an image is added with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addition<'a> {
    /// The name that it is known under from then on.
    pub(crate) tag: &'a TagReference,
    /// When the tag came to stand for it; `None`: now.
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) annotations: Option<&'a Annotations>,
    /// In base64.
    pub(crate) dockerfile: Option<&'a str>,
    /// Whether it is analysed anew.
    pub(crate) force: bool,
    /// Whether its tags are watched from then on.
    pub(crate) autosubscribe: bool,
}

impl Tenant {
    /// Adds the image that is asked for, and has it analysed unless it is.
    ///
    /// # Errors
    /// 400 for what cannot be done with the request or with the image, or where the registry does not tell what it is; 404
    /// and 409 for an analysis that is not in the archive, and for one that is there already.
    pub async fn add_image(
        &self,
        request: &ImageAnalysisRequest,
        force: bool,
        autosubscribe: bool,
    ) -> Result<ImageRecord> {
        let source = request.source().map_err(|error| error.envelope())?;
        let annotations = request.annotations.as_ref();
        let added =
            |tag, created_at, dockerfile| Addition { tag, created_at, annotations, dockerfile, force, autosubscribe };
        let digest = match &source {
            AnalysisSource::Tag { reference, dockerfile } => {
                let found = self.look_up(by_tag(reference)?).await?;
                self.record(found, added(reference, None, dockerfile.as_deref())).await?
            }
            AnalysisSource::Digest { reference, tag, created_at, dockerfile } => {
                let known = self.account.find_image(&reference.digest, Filter::default()).await?;
                let created_at = match (force, known) {
                    (true, None) => return Err(unknown_digest(reference)),
                    (true, Some((known, _))) => Some(created_at.unwrap_or_else(|| known.created_at.into())),
                    (false, _) => *created_at,
                };
                let found = self.look_up(by_digest(reference, tag)?).await?;
                self.record(found, added(tag, created_at, dockerfile.as_deref())).await?
            }
            AnalysisSource::Archive { digest } => self.restore(digest).await?,
            AnalysisSource::Import { import, .. } => {
                let text = format!("there is no import {}; begin one with POST /imports/images", import.operation_uuid);
                return Err(Error::not_found(text));
            }
        };
        self.image(&digest).await
    }

    /// Writes what was found under a tag: the image, its tag and subscriptions, and what follows from them. Answers with the
    /// image's digest.
    pub(crate) async fn record(&self, found: Found, addition: Addition<'_>) -> Result<String> {
        self.check_size(&found)?;
        check_dockerfile(addition.dockerfile)?;
        let objects = &self.service.objects;
        let manifest = objects.put(found.manifest.clone()).await?.to_string();
        let parent = match &found.parent {
            Some((digest, bytes)) => Some((digest.clone(), objects.put(bytes.clone()).await?.to_string())),
            None => None,
        };
        let now = self.service.clock.moment();
        let tx = self.account.begin().await?;
        let new = NewImage {
            digest: found.digest.clone(),
            parent_digest: parent.as_ref().map_or(&found.digest, |(digest, _)| digest).clone(),
            image_id: found.image_id,
            manifest: manifest.clone(),
            parent_manifest: parent.as_ref().map(|(_, object)| object.clone()),
            annotations: merged(Annotations::default(), addition.annotations)?,
            dockerfile: addition.dockerfile.map(str::to_owned),
            created_at: addition.created_at.map_or(now, Moment::from),
        };
        let (mut image, is_new) = images::ensure(&tx, self.name(), new, now).await?;
        if !is_new {
            if addition.dockerfile.is_some() && !addition.force {
                return Err(dockerfile_for_known_image(&image, addition.tag));
            }
            let annotations = merged(record::annotations(&image)?, addition.annotations)?;
            let change = Change {
                // An image that is asked for by its own digest still belongs to the index it was found in.
                parent,
                manifest: Some(manifest),
                annotations: (annotations != image.annotations).then(|| annotations.clone()),
                dockerfile: addition.dockerfile.map(str::to_owned),
            };
            images::change(&tx, image.id, change, now).await?;
            image.annotations = annotations;
        }
        let tag_is_new = name_image(&tx, self.name(), &image, addition, now).await?;
        self.subscribe(&tx, image.id, addition.autosubscribe, now).await?;

        let starts_over =
            addition.force || image.analysis_status == AnalysisStatus::AnalysisFailed || image.status != Status::Active;
        if !is_new && starts_over {
            images::reset(&tx, image.id, now).await?;
            // A worker that has it still loses it to the one that takes the new job.
            jobs::cancel(&tx, ANALYSE, self.name(), &image.digest).await?;
        }
        if is_new || starts_over {
            jobs::enqueue(&tx, analysis(self.name(), &image.digest, addition.force, now), now).await?;
        } else if tag_is_new && image.analysis_status == AnalysisStatus::Analyzed {
            let fulltag = addition.tag.to_string();
            self.service.tell(&tx, self.name(), events::available(&image, &fulltag)?).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        self.service.work.notify_waiters();
        // Until now nothing referred to them, so that a collection may have taken what was there already.
        for document in [Some(found.manifest), found.parent.map(|(_, bytes)| bytes)].into_iter().flatten() {
            objects.put(document).await?;
        }
        Ok(image.digest)
    }

    /// Makes sure that each tag of an image has its subscriptions (`spec/operations.md` §2.2).
    pub(crate) async fn subscribe(
        &self,
        on: &impl ConnectionTrait,
        image: i64,
        autosubscribe: bool,
        now: Moment,
    ) -> Result<()> {
        for key in images::full_tags(on, image).await? {
            for kind in SubscriptionType::OF_TAGS {
                let activate = match kind {
                    SubscriptionType::AnalysisUpdate => true,
                    SubscriptionType::TagUpdate => autosubscribe,
                    _ => false,
                };
                let id = subscription_id(self.name().as_str(), &key, kind);
                subscriptions::ensure(on, self.name(), &id, kind_of(kind), &key, activate, now).await?;
            }
        }
        Ok(())
    }
}

/// Gives the image the tag, or notes that the tag has come back to it; tells whether the image did not have it.
async fn name_image(
    on: &impl ConnectionTrait,
    account: &AccountName,
    image: &images::Model,
    addition: Addition<'_>,
    now: Moment,
) -> Result<bool> {
    let TagReference { registry, repo, tag } = addition.tag;
    let name = TagName { registry, repository: repo, tag };
    let detected_at = addition.created_at.map_or(now, Moment::from);
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

fn analysis<'a>(account: &'a AccountName, digest: &'a str, force: bool, now: Moment) -> NewJob<'a> {
    let mut payload = json!({ "digest": digest });
    if force {
        payload["force"] = true.into();
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

fn dockerfile_for_known_image(image: &images::Model, tag: &TagReference) -> Error {
    let text = "Cannot specify dockerfile for an image that already exists unless using force=True for re-analysis";
    Error::invalid(text).with("digest", image.digest.as_str()).with("tag", tag.to_string())
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
