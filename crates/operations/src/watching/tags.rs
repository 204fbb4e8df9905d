//! Tags that come to stand for another image (`spec/operations.md` §7.4).

use std::sync::Arc;

use serde_json::{Value, json};
use windlass_channels::Facts;
use windlass_sources::Reference;
use windlass_store::{
    Error as StoreError, Transaction,
    events::Level,
    image_tags::TagName,
    images,
    subscriptions::{self, Kind},
    watches::{self, Due},
};
use windlass_v1::{
    Annotations, TagReference, events::EventType, services::ServiceName, subscriptions::SubscriptionType,
    webhooks::TagUpdateChange,
};

use super::{TAG_WATCHER, Visit, Watcher, no_reference, reference};
use crate::{Happening, Result, Service, Tenant, registry_access::Asked};

/// Earlier images of a tag that are told of.
const HISTORY: u64 = 100;

pub(super) const WATCHER: Watcher = Watcher {
    schedule: TAG_WATCHER,
    kind: Kind::TagUpdate,
    event: EventType::RegistryLookupFailed,
    visit: |service, due| Box::pin(async move { visit(&service, due).await }),
};

impl Service {
    /// Looks whether tags have moved, adds the images they stand for now, and tells of it.
    pub async fn watch_tags(self: &Arc<Self>) -> Result<()> {
        self.watch(WATCHER).await
    }
}

async fn visit(service: &Arc<Service>, due: Due) -> Result<Visit> {
    let Some(tag) = reference(&due) else { return Ok(no_reference(&due)) };
    let tenant = service.tenant(&due.account);
    let asked = match Reference::as_given(&tag.registry, &tag.repo, Some(&tag.tag), None) {
        Ok(asked) => asked,
        Err(error) => return Ok(Visit::Failed(error.into())),
    };
    let head = tenant.ask_registry(&tag.registry, &tag.repo, move |registry| registry.head_digest(&asked)).await?;
    let Asked { answer: digest, mut rate_limit } = match head {
        Ok(head) => head,
        Err(error) => return Ok(Visit::Failed(error.into())),
    };
    let digest = digest.to_string();
    if due.watch.digest.as_ref() == Some(&digest) {
        well(service, &due, due.watch.image.clone(), digest, None).await?;
        return Ok(super::done(rate_limit));
    }

    let before = stood_for(&tenant, &tag).await?;
    let latest = before.first();
    let image = if let Some(image) = latest.filter(|image| image.digest == digest || image.parent_digest == digest) {
        image.digest.clone()
    } else {
        let annotations = latest.map(|image| annotations(&image.annotations));
        let added = match super::ask(&tenant, &tag).await? {
            Ok(asked) => {
                rate_limit = asked.rate_limit.or(rate_limit);
                super::add(&tenant, &tag, asked.answer, annotations.as_ref(), false).await?
            }
            Err(trouble) => Err(trouble),
        };
        match added {
            Ok(image) => image,
            Err(trouble) => return Ok(Visit::Failed(trouble)),
        }
    };
    // What was seen last counts, not what is there now: whoever pushes may have added the image already, and a process that
    // was killed here added it, too. A first look compares with what is there.
    let last_seen = due.watch.image.as_ref().or(latest.map(|image| &image.digest));
    let change = (last_seen != Some(&image)).then(|| {
        let earlier = before.iter().map(|image| &image.digest).filter(|digest| **digest != image);
        let carried = latest.map(|image| annotations(&image.annotations)).filter(|carried| !carried.0.is_empty());
        TagUpdateChange { curr_eval: vec![image.clone()], last_eval: earlier.cloned().collect(), annotations: carried }
    });
    well(service, &due, Some(image), digest, change).await?;
    Ok(super::done(rate_limit))
}

/// The images that the tag stood for as far as is known, the last one first.
async fn stood_for(tenant: &Tenant, tag: &TagReference) -> Result<Vec<images::Model>> {
    let name = TagName { registry: &tag.registry, repository: &tag.repo, tag: &tag.tag };
    let images = tenant.account.images_of_tag(name, images::Filter::active(), None, Some(HISTORY)).await?;
    Ok(images.into_iter().map(|(image, _)| image).collect())
}

fn annotations(text: &str) -> Annotations {
    serde_json::from_str(text).unwrap_or_default()
}

/// Keeps what the tag stands for, and tells of the change in the same transaction, if the subscription is active still.
async fn well(
    service: &Service,
    due: &Due,
    image: Option<String>,
    digest: String,
    change: Option<TagUpdateChange>,
) -> Result<()> {
    let tx = service.store.begin().await?;
    if !subscriptions::lock_active(&tx, &due.account, &due.watch.subscription).await? {
        return Ok(());
    }
    // A push may have been told of while the same tag was looked at on schedule.
    let seen = watches::image_seen(&tx, &due.watch.subscription).await?;
    if let Some(change) = change.filter(|_| seen.is_none() || seen != image) {
        tell(service, &tx, due, &change).await?;
    }
    let now = service.clock.moment();
    let watch = watches::Model {
        subscription: due.watch.subscription.clone(),
        digest: Some(digest),
        image,
        failures: 0,
        failure: None,
        checked_at: now,
        not_before: now,
    };
    watches::keep(&tx, &watch).await?;
    Ok(tx.commit().await.map_err(StoreError::from)?)
}

/// The details of the event are what a notification of it says (`spec/api.md` A4.17).
async fn tell(service: &Service, tx: &Transaction, due: &Due, change: &TagUpdateChange) -> Result<()> {
    let kind = EventType::TagUpdated;
    let mut details = json!(change);
    if let Value::Object(members) = &mut details {
        members.insert("subscription_type".into(), SubscriptionType::TagUpdate.as_str().into());
    }
    let happening = Happening {
        kind: kind.as_str(),
        level: Level::Info,
        message: kind.message().to_owned(),
        details,
        resource: (kind.resource_type().as_str(), Some(&due.key)),
        source: ServiceName::Catalog.as_str(),
        facts: Facts::default(),
    };
    service.tell(tx, &due.account, happening).await
}
