//! New tags of repositories (`spec/operations.md` §7.3).

use std::{collections::BTreeMap, sync::Arc};

use windlass_sources::registry::Failure;
use windlass_store::{
    Error as StoreError, Moment, repository_tags,
    subscriptions::{self, Kind},
    watches::{self, Due},
};
use windlass_v1::{TagReference, events::EventType};

use super::{REPOSITORY_WATCHER, Trouble, Visit, Watcher, no_reference, reference};
use crate::{Result, Service, images::Found, repositories::Selection, subscriptions::watched};

/// Tags that are added of one repository in one round; the others follow in the next.
const TAGS_A_ROUND: usize = 500;
/// Seconds after which a tag that could not be added is tried again: these, then twice as many, …
const FIRST_RETRY: i64 = 60;
const LAST_RETRY: i64 = 86_400;

pub(super) const WATCHER: Watcher = Watcher {
    schedule: REPOSITORY_WATCHER,
    kind: Kind::RepositoryUpdate,
    event: EventType::ListTagsFailed,
    visit: |service, due| Box::pin(async move { visit(&service, due).await }),
};

impl Service {
    /// Adds the images of tags that are new in watched repositories.
    pub async fn watch_repositories(self: &Arc<Self>) -> Result<()> {
        self.watch(WATCHER).await
    }
}

async fn visit(service: &Arc<Service>, due: Due) -> Result<Visit> {
    let Some(repository) = reference(&due) else { return Ok(no_reference(&due)) };
    let tenant = service.tenant(&due.account);
    let watched = watched(due.value.as_deref());
    let selection = match Selection::of(&watched) {
        Ok(selection) => selection,
        Err(reason) => {
            return Ok(Visit::Failed(Trouble { failure: Failure::Unknown, reason, pause: None }));
        }
    };
    let (tags, mut rate_limit, unlisted) = match tenant.tags(&repository).await? {
        Ok(asked) => (asked.answer, asked.rate_limit, None),
        Err(error) => {
            let trouble = Trouble::from(error);
            match watched.lookuptag.clone() {
                Some(tag) if !trouble.is_of_registry() && tenant.has_tag(&repository, &tag).await? => {
                    (vec![tag], None, Some(trouble))
                }
                _ => return Ok(Visit::Failed(trouble)),
            }
        }
    };
    let subscription = due.watch.subscription.as_str();
    let seen: BTreeMap<String, repository_tags::Model> =
        tenant.account.repository_tags(&[subscription]).await?.into_iter().map(|row| (row.tag.clone(), row)).collect();
    let now = service.clock.moment();
    let is_wanted =
        |tag: &&String| seen.get(*tag).is_none_or(|row| row.retry_at.is_some_and(|retry_at| retry_at <= now));
    for tag in selection.choose(tags).iter().filter(is_wanted).take(TAGS_A_ROUND) {
        if !tenant.account.subscription(subscription).await?.is_some_and(|row| row.active) {
            return Ok(Visit::Done);
        }
        let reference = TagReference { tag: tag.clone(), ..repository.clone() };
        let failures = seen.get(tag).map_or(0, |row| row.failures);
        let is_too_old = |found: &[Found]| {
            let built_at = found.first().and_then(|found| found.built_at);
            selection.since.zip(built_at).is_some_and(|(since, built_at)| built_at < since)
        };
        let found = super::ask(&tenant, &reference).await?.map(|asked| {
            rate_limit = asked.rate_limit.or(rate_limit);
            asked.answer
        });
        let added = match found {
            Ok(found) if is_too_old(&found) => Ok(Some(repository_tags::NEVER)),
            Ok(found) => super::add(&tenant, &reference, found, None, watched.autosubscribe).await?.map(|_| None),
            Err(trouble) => Err(trouble),
        };
        let row = match added {
            Ok(retry_at) => kept(subscription, tag, 0, retry_at, now),
            // Not this tag's failure: it is as new the next time.
            Err(trouble) if trouble.is_of_registry() => return Ok(Visit::Failed(trouble)),
            Err(trouble) => {
                if failures == 0 {
                    super::tell_of_lookup(service, &due.account, &reference.to_string(), &trouble).await?;
                }
                let wait = FIRST_RETRY << failures.clamp(0, 16);
                kept(subscription, tag, failures + 1, Some(now.plus_seconds(wait.min(LAST_RETRY))), now)
            }
        };
        tenant.account.keep_repository_tag(row).await?;
        // What the registry does not allow any more is as new the next time.
        if matches!(super::done(rate_limit), Visit::Enough(_)) {
            break;
        }
    }
    // The tag to look up is added, but of others nobody knows.
    if let Some(trouble) = unlisted {
        return Ok(Visit::Failed(trouble));
    }
    well(service, &due).await?;
    Ok(super::done(rate_limit))
}

fn kept(
    subscription: &str,
    tag: &str,
    failures: i64,
    retry_at: Option<Moment>,
    seen_at: Moment,
) -> repository_tags::Model {
    repository_tags::Model { subscription: subscription.to_owned(), tag: tag.to_owned(), seen_at, failures, retry_at }
}

/// Keeps that the repository could be asked.
async fn well(service: &Service, due: &Due) -> Result<()> {
    let tx = service.store.begin().await?;
    if subscriptions::is_active(&tx, &due.account, &due.watch.subscription).await? {
        let now = service.clock.moment();
        let watch = watches::Model {
            subscription: due.watch.subscription.clone(),
            checked_at: now,
            not_before: now,
            ..watches::Model::default()
        };
        watches::keep(&tx, &watch).await?;
        tx.commit().await.map_err(StoreError::from)?;
    }
    Ok(())
}
