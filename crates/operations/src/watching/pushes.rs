//! Visits at once, because a registry told of a push.
//!
//! What is pushed is looked at only where somebody watches it: a tag with an active `tag_update`, a repository with an
//! active `repo_update`. The visit is the one that the watcher makes on its schedule, and a job of its own, so that none is
//! lost and several pushes of one tag are one visit.

use std::sync::Arc;

use windlass_store::{
    AccountName, Error as StoreError,
    jobs::{self, Claim, NewJob},
    subscriptions::Kind,
};

use super::{Watcher, reference, repositories, tags};
use crate::{Error, Result, Service, Tenant, registry_pushes::Push};

/// The kind of the job; its key is the subscription.
pub(crate) const VISIT: &str = "visit";

impl Service {
    /// Visits what a job is about, whenever its next round would be, but not before a pause of its registry is over.
    pub(crate) async fn visit_claimed(self: &Arc<Self>, claim: &Claim) -> Result<()> {
        let account = AccountName::parse(&claim.job.account).map_err(|error| Error::Broken(error.to_string()))?;
        let account = self.store.account(&account);
        if let Some(due) = account.watch(&claim.job.key).await? {
            let watcher: Watcher = match account.subscription(&claim.job.key).await?.map(|row| row.kind) {
                Some(Kind::RepositoryUpdate) => repositories::WATCHER,
                _ => tags::WATCHER,
            };
            let registry = reference(&due).map(|reference| reference.registry).unwrap_or_default();
            let now = self.clock.moment();
            if let Some(not_before) = self.store.registry_pause(&registry, now).await? {
                claim.postpone(&self.store, not_before, now).await?;
                return Ok(());
            }
            self.ask(watcher, &registry, vec![due]).await?;
        }
        let tx = self.store.begin().await?;
        claim.complete(&tx).await?;
        Ok(tx.commit().await.map_err(StoreError::from)?)
    }
}

impl Tenant {
    /// Has what is watched of these pushes visited at once; how many visits there will be.
    pub(crate) async fn visit_pushed(&self, pushes: &[Push]) -> Result<usize> {
        let tags: Vec<String> = pushes.iter().filter_map(Push::fulltag).collect();
        let repositories: Vec<String> = pushes.iter().map(Push::full_repository).collect();
        let mut watched = Vec::new();
        for (kind, names) in [(Kind::TagUpdate, tags), (Kind::RepositoryUpdate, repositories)] {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            watched.extend(self.account.active_subscriptions(&[kind], &names).await?);
        }
        let now = self.service.clock.moment();
        let tx = self.account.begin().await?;
        for subscription in &watched {
            let job = NewJob {
                kind: VISIT,
                account: self.name(),
                key: &subscription.id,
                payload: "{}".into(),
                priority: 5,
                max_attempts: i64::MAX,
                not_before: now,
            };
            jobs::enqueue_by(&tx, job, now).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        self.service.work.notify_waiters();
        Ok(watched.len())
    }
}
