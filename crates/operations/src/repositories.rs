//! Repositories that are watched for new tags (`spec/api.md` A4.9, `spec/operations.md` §7.3).

mod selection;

use windlass_sources::{Error as SourceError, Reference};
use windlass_store::{
    Error as StoreError,
    subscriptions::{Change, Kind, Model, SetBy},
};
use windlass_v1::{
    PullString, TagReference,
    repositories::{WatchedRepository, no_tags},
    subscriptions::{Subscription, SubscriptionType, subscription_id},
};

pub(crate) use self::selection::Selection;
use crate::{Error, Result, Tenant, registry_access::Asked, subscriptions::watched, watching::REPOSITORY_WATCHER};

/// Tags of one repository that are looked at.
const TAG_LIMIT: usize = 100_000;

/// Asks for a repository to be watched.
#[derive(Clone, Debug, Default)]
pub struct WatchRequest<'a> {
    /// `registry/repository`; a tag behind it is the one to look up.
    pub repository: &'a str,
    /// Whether new tags are watched for other images in turn.
    pub autosubscribe: bool,
    /// Whether nothing is kept.
    pub dryrun: bool,
    /// A tag that proves the repository where the registry does not list its tags (F 16).
    pub lookuptag: Option<&'a str>,
    /// Globs, of which a tag must fit one to be added. What is not given stays as it was.
    pub include: Option<Vec<String>>,
    /// Globs of tags that are not added. What is not given stays as it was.
    pub exclude: Option<Vec<String>>,
    /// How many of these tags are added, the last ones in their natural order; 0: all. What is not given stays as it was.
    pub max_tags: Option<u64>,
    /// Images that were built before this time are not added; empty: whenever they were. What is not given stays as it was.
    pub since: Option<&'a str>,
}

impl Tenant {
    /// Lists the tags of a repository, and has it watched. A watch that is there keeps whether it is active.
    pub async fn watch_repository(&self, request: WatchRequest<'_>) -> Result<Subscription> {
        let parsed = PullString::parse(request.repository).map_err(|error| Error::invalid(error.to_string()))?;
        let PullString::Tag(reference) = parsed else {
            return Err(Error::invalid("a repository is named as REGISTRY/REPOSITORY, without a digest"));
        };
        let key = reference.repository();
        let id = subscription_id(self.name().as_str(), &key, SubscriptionType::RepoUpdate);
        let there = self.account.subscription(&id).await?;
        let before = watched(there.as_ref().and_then(|row| row.value.as_deref()));
        let mut value = WatchedRepository {
            autosubscribe: request.autosubscribe,
            repotags: None,
            tagcount: 0,
            lookuptag: Some(request.lookuptag.unwrap_or(&reference.tag).to_owned()),
            include: request.include.unwrap_or(before.include),
            exclude: request.exclude.unwrap_or(before.exclude),
            max_tags: request.max_tags.or(before.max_tags).filter(|most| *most > 0),
            since: request.since.map(str::to_owned).or(before.since.clone()).filter(|since| !since.is_empty()),
        };
        let chosen = Selection::of(&value).map_err(Error::invalid)?;
        let listed = match (self.tags(&reference).await?, request.lookuptag) {
            (Ok(tags), _) => Ok(tags.answer),
            (Err(error), Some(tag)) if self.has_tag(&reference, tag).await? => {
                tracing::info!(repository = key, reason = %error, "tags cannot be listed, but the one to look up is there");
                Ok(vec![tag.to_owned()])
            }
            (Err(error), _) => Err(error.explained()),
        };
        let tags = listed.and_then(|tags| {
            let tags = chosen.choose(tags);
            if tags.is_empty() { Err("it has no tags that are to be added".to_owned()) } else { Ok(tags) }
        });
        let tags = tags.map_err(|reason| Error::not_found(no_tags(&key)).with("reason", reason))?;
        value.tagcount = tags.len();
        let told = WatchedRepository { repotags: Some(tags), ..value.clone() }.to_text();
        if request.dryrun {
            return Ok(Subscription {
                subscription_id: id,
                user_id: self.name().to_string(),
                subscription_key: key,
                subscription_type: SubscriptionType::RepoUpdate,
                subscription_value: Some(told),
                active: false,
                created_at: None,
                last_updated: None,
            });
        }
        let row = self.keep_watch(id, key, value.to_text()).await?;
        if value.since != before.since {
            self.account.reconsider_repository_tags(&row.id).await?;
        }
        let service = &self.service;
        // The registry has just answered, whatever it did before.
        self.account.end_rest(&row.id, service.clock.moment()).await?;
        service.store.bring_forward(REPOSITORY_WATCHER, service.clock.moment()).await?;
        Ok(Subscription { subscription_value: Some(told), ..self.described_one(row).await? })
    }

    async fn keep_watch(&self, id: String, key: String, value: String) -> Result<Model> {
        let now = self.service.clock.moment();
        let change = Change { active: None, value: Some(Some(value.clone())) };
        if let Some(row) = self.account.change_subscription(&id, change.clone(), now).await? {
            return Ok(row);
        }
        let row = Model {
            id: id.clone(),
            account: self.name().to_string(),
            kind: Kind::RepositoryUpdate,
            key,
            value: Some(value),
            active: true,
            set_by: SetBy::User,
            is_pattern: false,
            created_at: now,
            last_updated: now,
        };
        match self.account.insert_subscription(row).await {
            // Somebody asked for the same at the same time.
            Err(StoreError::Exists) => {
                let row = self.account.change_subscription(&id, change, now).await?;
                row.ok_or_else(|| Error::conflict("the subscription was deleted while it was changed: ask again"))
            }
            kept => Ok(kept?),
        }
    }

    /// The tags of the repository, or why the registry does not tell them.
    pub(crate) async fn tags(&self, reference: &TagReference) -> Result<Result<Asked<Vec<String>>, SourceError>> {
        let asked = match Reference::as_given(&reference.registry, &reference.repo, None, None) {
            Ok(asked) => asked,
            Err(error) => return Ok(Err(error)),
        };
        let tags =
            self.ask_registry(&reference.registry, &reference.repo, move |registry| registry.tags(&asked, TAG_LIMIT));
        Ok(tags.await?.map(|Asked { answer: tags, rate_limit }| {
            if !tags.complete {
                let repository = reference.repository();
                tracing::warn!(repository, TAG_LIMIT, "the repository has more tags than are looked at");
            }
            Asked { answer: tags.names, rate_limit }
        }))
    }

    /// Whether the repository has a tag, however many others it does not tell.
    pub(crate) async fn has_tag(&self, reference: &TagReference, tag: &str) -> Result<bool> {
        let Ok(asked) = Reference::as_given(&reference.registry, &reference.repo, Some(tag), None) else {
            return Ok(false);
        };
        let head =
            self.with_registry(&reference.registry, &reference.repo, move |registry| registry.head_digest(&asked));
        Ok(head.await?.is_ok())
    }
}
