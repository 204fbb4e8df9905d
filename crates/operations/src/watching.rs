//! Asking registries again and again whether something is new (`spec/operations.md` §7.3, §7.4).
//!
//! A watcher goes through the active subscriptions of its kind, registry by registry: several registries at once, each of
//! them one question after the other, those that were not asked for longest first. What a watch knows is kept
//! ([`windlass_store::watches`]): whoever fails is asked ever more seldom, and its failure is told once, when it begins.
//! A registry that is away is left alone by the watcher that found it so, and one that wants a pause by everyone, until it is over
//! ([`windlass_store::registry_pauses`]).

mod pushes;
mod repositories;
mod tags;

use std::{collections::BTreeMap, pin::Pin, slice, sync::Arc, time::Duration};

use serde_json::json;
use tokio::task::JoinSet;
use windlass_channels::Facts;
use windlass_sources::{
    Error as SourceError, Reference,
    registry::{Failure, RateLimit},
};
use windlass_store::{
    AccountName, Error as StoreError,
    events::Level,
    subscriptions::{self, Kind},
    watches::{self, Due},
};
use windlass_v1::{Annotations, PullString, TagReference, events::EventType, services::ServiceName};

use crate::{
    Error, Happening, Result, Service, Tenant,
    images::{self, Addition, Found},
    registry_access::Asked,
    scheduler::jittered,
    subscriptions::Subscribing,
};

/// The names of the schedules.
pub(crate) const TAG_WATCHER: &str = "image_watcher";
pub(crate) const REPOSITORY_WATCHER: &str = "repo_watcher";

pub(crate) use pushes::VISIT;

/// Registries that are asked at once.
const REGISTRIES_AT_ONCE: usize = 8;
const PAGE: u64 = 1000;
/// Of the requests that a registry allows, the part that is left to others: one in that many.
const RESERVE: u32 = 10;
/// Longest that a failing watch rests, in seconds and in intervals.
const LONGEST_REST: i64 = 86_400;
const MOST_INTERVALS: i64 = 24;
/// Characters of a reason that are kept.
const REASON_LIMIT: usize = 4096;

/// What a visit came to. What was found is kept by then.
enum Visit {
    Done,
    /// The registry did not do what it was asked for.
    Failed(Trouble),
    /// It did, but allows few more requests: how long it is to be left alone.
    Enough(Duration),
}

/// What comes of a visit that ended well, by what the registry still allows.
fn done(rate_limit: Option<RateLimit>) -> Visit {
    match rate_limit.filter(|rate| rate.remaining <= rate.limit / u64::from(RESERVE)) {
        // What it allows comes back little by little: after that time, about as much as is left to others.
        Some(rate) => Visit::Enough(rate.window.unwrap_or_default() / RESERVE),
        None => Visit::Done,
    }
}

/// Why something was not found out.
struct Trouble {
    failure: Failure,
    /// What is wrong and what to do, in one line.
    reason: String,
    /// Seconds of pause that the registry asked for.
    pause: Option<i64>,
}

impl From<SourceError> for Trouble {
    fn from(error: SourceError) -> Self {
        let pause = error.retry_after().and_then(|pause| i64::try_from(pause.as_secs()).ok());
        Self { failure: error.failure(), reason: error.explained().chars().take(REASON_LIMIT).collect(), pause }
    }
}

impl Trouble {
    fn happening<'a>(&self, event: EventType, resource: &'a str) -> Happening<'a> {
        Happening {
            kind: event.as_str(),
            level: Level::Error,
            message: event.message().to_owned(),
            details: json!({"msg": self.reason, "error_codes": [self.failure.code()]}),
            resource: (event.resource_type().as_str(), Some(resource)),
            source: ServiceName::Catalog.as_str(),
            facts: Facts::default(),
        }
    }

    /// Whether it is the registry's, not this repository's.
    fn is_of_registry(&self) -> bool {
        matches!(self.failure, Failure::NotAccessible | Failure::NotSupported)
    }
}

type Visiting = Pin<Box<dyn Future<Output = Result<Visit>> + Send>>;

/// A kind of watch.
#[derive(Clone, Copy)]
struct Watcher {
    schedule: &'static str,
    kind: Kind,
    /// The event that tells of a failure.
    event: EventType,
    visit: fn(Arc<Service>, Due) -> Visiting,
}

impl Service {
    /// Visits everything that is due.
    async fn watch(self: &Arc<Self>, watcher: Watcher) -> Result<()> {
        let mut registries: BTreeMap<String, Vec<Due>> = BTreeMap::new();
        let (now, mut after) = (self.clock.moment(), String::new());
        loop {
            let page = self.store.due_watches(watcher.kind, &after, PAGE, now).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.watch.subscription);
            for due in page {
                let registry = reference(&due).map(|reference| reference.registry).unwrap_or_default();
                registries.entry(registry).or_default().push(due);
            }
        }
        let mut asking = JoinSet::new();
        let mut failed = None;
        for (registry, mut due) in registries {
            if asking.len() >= REGISTRIES_AT_ONCE {
                failed = failed.or(ended(asking.join_next().await));
            }
            due.sort_by(|a, b| {
                let order = |due: &Due| (due.watch.checked_at, due.watch.subscription.clone());
                order(a).cmp(&order(b))
            });
            let service = Arc::clone(self);
            asking.spawn(async move { service.ask(watcher, &registry, due).await });
        }
        while !asking.is_empty() {
            failed = failed.or(ended(asking.join_next().await));
        }
        failed.map_or(Ok(()), Err)
    }

    /// Visits what is due at one registry, unless that wants a pause.
    async fn ask(self: &Arc<Self>, watcher: Watcher, registry: &str, due: Vec<Due>) -> Result<()> {
        for (at, next) in due.iter().enumerate() {
            // Somebody else may have been told of it meanwhile.
            if self.store.registry_pause(registry, self.clock.moment()).await?.is_some() {
                return Ok(());
            }
            let visit = match (watcher.visit)(Arc::clone(self), next.clone()).await {
                // A secret that cannot be decrypted, for instance: others are not to suffer from it.
                Err(Error::Broken(reason)) => Visit::Failed(Trouble { failure: Failure::Unknown, reason, pause: None }),
                visit => visit?,
            };
            match visit {
                Visit::Done => {}
                Visit::Failed(trouble) => {
                    let rest = self.rest(watcher, next, &trouble);
                    self.failed(watcher, next, &trouble, rest).await?;
                    if let Some(pause) = trouble.pause {
                        let now = self.clock.moment();
                        let not_before = now.plus_seconds(pause.min(LONGEST_REST));
                        self.store.pause_registry(registry, not_before, now).await?;
                    }
                    if trouble.is_of_registry() {
                        tracing::warn!(
                            registry,
                            reason = trouble.reason,
                            rest,
                            "the registry is left alone for a while"
                        );
                        return self.postpone(&due[at + 1..], rest).await;
                    }
                }
                Visit::Enough(rest) => {
                    let rest = i64::try_from(rest.as_secs()).unwrap_or(LONGEST_REST).min(LONGEST_REST);
                    let rest = jittered(rest);
                    let left = due.len() - at - 1;
                    tracing::info!(registry, left, rest, "the registry's limit is near; it is left alone");
                    return self.postpone(&due, rest).await;
                }
            }
        }
        Ok(())
    }

    /// Seconds that a watch rests after a failure: until the next round at first, then ever longer.
    fn rest(&self, watcher: Watcher, due: &Due, trouble: &Trouble) -> i64 {
        let interval = self.interval(watcher.schedule).unwrap_or_default();
        let rounds = 1_i64 << due.watch.failures.clamp(0, 16);
        let longest = LONGEST_REST.min(interval.saturating_mul(MOST_INTERVALS));
        // Rounds are not exactly an interval apart: half of one is less than any.
        let rest = interval.saturating_mul(rounds).min(longest) - interval / 2;
        jittered(rest.max(0)).max(trouble.pause.unwrap_or_default().min(LONGEST_REST))
    }

    /// Keeps that a watch failed, and tells it if that is news.
    async fn failed(&self, watcher: Watcher, due: &Due, trouble: &Trouble, rest: i64) -> Result<()> {
        let now = self.clock.moment();
        let tx = self.store.begin().await?;
        if !subscriptions::is_active(&tx, &due.account, &due.watch.subscription).await? {
            return Ok(());
        }
        if due.watch.failure.is_none() {
            self.tell(&tx, &due.account, trouble.happening(watcher.event, &due.key)).await?;
        }
        let watch = watches::Model {
            failures: due.watch.failures.saturating_add(1),
            failure: Some(trouble.reason.clone()),
            checked_at: now,
            not_before: now.plus_seconds(rest),
            ..due.watch.clone()
        };
        watches::keep(&tx, &watch).await?;
        Ok(tx.commit().await.map_err(StoreError::from)?)
    }

    /// Lets watches rest, for that long or longer.
    async fn postpone(&self, due: &[Due], rest: i64) -> Result<()> {
        let not_before = self.clock.moment().plus_seconds(rest);
        for due in due {
            let tx = self.store.begin().await?;
            if subscriptions::is_active(&tx, &due.account, &due.watch.subscription).await? {
                watches::rest(&tx, &due.watch.subscription, not_before).await?;
                tx.commit().await.map_err(StoreError::from)?;
            }
        }
        Ok(())
    }
}

/// What a key names: a tag, or a repository, whose tag then says nothing.
fn reference(due: &Due) -> Option<TagReference> {
    match PullString::parse(&due.key) {
        Ok(PullString::Tag(reference)) => Some(reference),
        _ => None,
    }
}

/// For keys that clients made up.
fn no_reference(due: &Due) -> Visit {
    let reason = format!("{:?} names nothing at a registry: delete the subscription", due.key);
    Visit::Failed(Trouble { failure: Failure::Unknown, reason, pause: None })
}

fn ended(joined: Option<Result<Result<()>, tokio::task::JoinError>>) -> Option<Error> {
    match joined? {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error),
        Err(error) => Some(Error::Broken(error.to_string())),
    }
}

/// What a tag stands for at its registry.
async fn ask(tenant: &Tenant, tag: &TagReference) -> Result<Result<Asked<Vec<Found>>, Trouble>> {
    let asked = match Reference::as_given(&tag.registry, &tag.repo, Some(&tag.tag), None) {
        Ok(asked) => asked,
        Err(error) => return Ok(Err(error.into())),
    };
    Ok(tenant.ask_for_images(asked, images::one_platform()).await?.map_err(Trouble::from))
}

/// Adds the image that a tag stands for; answers with its digest.
async fn add(
    tenant: &Tenant,
    tag: &TagReference,
    found: Vec<Found>,
    annotations: Option<&Annotations>,
    autosubscribe: bool,
) -> Result<Result<String, Trouble>> {
    let addition = Addition {
        annotations,
        autosubscribe,
        subscribing: Subscribing::ByWatcher,
        ..Addition::under(slice::from_ref(tag))
    };
    match tenant.record(found, addition).await {
        Ok(digests) => Ok(Ok(digests.into_iter().next().expect("an image was asked for"))),
        // Too large, for instance.
        Err(Error::Refused(refusal)) => {
            Ok(Err(Trouble { failure: Failure::Unknown, reason: refusal.message, pause: None }))
        }
        Err(error) => Err(error),
    }
}

/// Tells that a tag could not be added.
async fn tell_of_lookup(service: &Service, account: &AccountName, tag: &str, trouble: &Trouble) -> Result<()> {
    let tx = service.store.begin().await?;
    service.tell(&tx, account, trouble.happening(EventType::RegistryLookupFailed, tag)).await?;
    Ok(tx.commit().await.map_err(StoreError::from)?)
}
