//! What an account wants to be told about, or done on its behalf (`spec/api.md` A4.8, `spec/operations.md` §2.1, §2.2).

mod patterns;

use std::collections::BTreeMap;

pub(crate) use patterns::Subscribing;
use windlass_store::{
    Error as StoreError, Transaction, repository_tags,
    subscriptions::{self, Change, Filter, Kind, Model, Page, SetBy},
};
use windlass_v1::{
    repositories::WatchedRepository,
    subscriptions::{Subscription, SubscriptionRequest, SubscriptionType, SubscriptionUpdate, subscription_id},
};

use crate::{Error, Result, Tenant, repositories::Selection, text};

const KEY_LIMIT: usize = 1024;
const VALUE_LIMIT: usize = 1 << 20;

/// Which subscriptions are asked for; what is not given does not count.
#[derive(Clone, Debug, Default)]
pub struct SubscriptionFilter<'a> {
    pub key: Option<&'a str>,
    /// A word that is no type fits none.
    pub kind: Option<&'a str>,
    /// Counted from 1; all are told where no limit is given.
    pub page: Option<u64>,
    pub limit: Option<u64>,
}

impl Tenant {
    /// By key and type.
    pub async fn subscriptions(&self, filter: SubscriptionFilter<'_>) -> Result<Vec<Subscription>> {
        let kind = match filter.kind.map(SubscriptionType::parse) {
            Some(None) => return Ok(Vec::new()),
            Some(Some(kind)) => Some(kind_of(kind)),
            None => None,
        };
        let page = filter.limit.map(|limit| {
            let offset = filter.page.unwrap_or(1).saturating_sub(1).saturating_mul(limit);
            Page { offset: offset.min(i64::MAX as u64), limit }
        });
        let rows = self.account.subscriptions(Filter { key: filter.key, kind, page }).await?;
        self.described(rows).await
    }

    /// The one with that id, or none.
    pub async fn subscription(&self, id: &str) -> Result<Vec<Subscription>> {
        let rows = self.account.subscription(id).await?.into_iter().collect();
        self.described(rows).await
    }

    pub async fn create_subscription(&self, request: SubscriptionRequest) -> Result<Subscription> {
        let missing = |name: &str| Error::invalid(format!("'{name}' is missing: a subscription has a key and a type"));
        let word = request.subscription_type.ok_or_else(|| missing("subscription_type"))?;
        let key = request.subscription_key.filter(|key| !key.is_empty()).ok_or_else(|| missing("subscription_key"))?;
        let kind = SubscriptionType::parse(&word).ok_or_else(|| {
            let shown: String = word.chars().take(256).collect();
            Error::invalid(SubscriptionType::unsupported(&shown))
        })?;
        text::check("subscription_key", &key, KEY_LIMIT)?;
        check_value(kind, request.subscription_value.as_deref())?;
        let now = self.service.clock.moment();
        let row = Model {
            id: subscription_id(self.name().as_str(), &key, kind),
            account: self.name().to_string(),
            kind: kind_of(kind),
            is_pattern: patterns::is_pattern(kind, &key),
            key,
            value: request.subscription_value,
            active: request.active,
            set_by: SetBy::User,
            created_at: now,
            last_updated: now,
        };
        let tx = self.account.begin().await?;
        match subscriptions::insert(&tx, self.name(), row).await {
            Ok(row) => {
                self.follow_change(&tx, &row).await?;
                tx.commit().await.map_err(StoreError::from)?;
                self.service.work.notify_waiters();
                self.described_one(row).await
            }
            // Scripts know it by this status and text (K 5).
            Err(StoreError::Exists) => Err(Error::refused(500, "subscription already exists in DB")),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes what is given.
    ///
    /// # Errors
    /// 404 where it is unknown (F 15), and 400 where key or type are given and are others: its id is made of them.
    pub async fn update_subscription(&self, id: &str, update: SubscriptionUpdate) -> Result<Subscription> {
        let unknown = || Error::not_found("subscription not found in DB");
        let row = self.account.subscription(id).await?.ok_or_else(unknown)?;
        let differs = |given: Option<&str>, own: &str| given.is_some_and(|given| given != own);
        if differs(update.subscription_key.as_deref(), &row.key)
            || differs(update.subscription_type.as_deref(), type_of(row.kind).as_str())
        {
            return Err(Error::invalid(
                "key and type of a subscription cannot be changed, because its id is made of them: add another and delete \
                 this one",
            ));
        }
        check_value(type_of(row.kind), update.subscription_value.as_ref().and_then(Option::as_deref))?;
        let change = Change { active: update.active, value: update.subscription_value };
        let tx = self.account.begin().await?;
        let now = self.service.clock.moment();
        let row = subscriptions::change(&tx, self.name(), id, change, now).await?.ok_or_else(unknown)?;
        self.follow_change(&tx, &row).await?;
        tx.commit().await.map_err(StoreError::from)?;
        self.service.work.notify_waiters();
        self.described_one(row).await
    }

    /// Forgets a subscription; that there is none is fine. Of a tag that a pattern is of, that it follows the pattern again.
    pub async fn delete_subscription(&self, id: &str) -> Result<()> {
        let Some(row) = self.account.subscription(id).await? else { return Ok(()) };
        let tx = self.account.begin().await?;
        if subscriptions::delete(&tx, self.name(), id).await? {
            if !row.is_pattern {
                self.follow_again(&tx, row.kind, &row.key).await?;
            }
            self.follow_change(&tx, &row).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        self.service.work.notify_waiters();
        Ok(())
    }

    /// Does what follows from another state of a subscription.
    async fn follow_change(&self, tx: &Transaction, row: &Model) -> Result<()> {
        if row.is_pattern {
            return self.follow_patterns(tx, row.kind).await;
        }
        self.service.look_again(tx, self.name(), &row.key).await
    }

    pub(crate) async fn described_one(&self, row: Model) -> Result<Subscription> {
        let mut described = self.described(vec![row]).await?;
        Ok(described.pop().expect("one row makes one record"))
    }

    /// As the API tells them: the tags that were seen of a repository stand in its value.
    async fn described(&self, rows: Vec<Model>) -> Result<Vec<Subscription>> {
        let watched: Vec<&str> =
            rows.iter().filter(|row| row.kind == Kind::RepositoryUpdate).map(|row| row.id.as_str()).collect();
        let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for repository_tags::Model { subscription, tag, retry_at, .. } in self.account.repository_tags(&watched).await?
        {
            let tags = seen.entry(subscription).or_default();
            if retry_at != Some(repository_tags::NEVER) {
                tags.push(tag);
            }
        }
        Ok(rows.into_iter().map(|row| described(&seen, row)).collect())
    }
}

fn described(seen: &BTreeMap<String, Vec<String>>, row: Model) -> Subscription {
    let value = match seen.get(&row.id) {
        Some(tags) => {
            let watched = watched(row.value.as_deref());
            Some(WatchedRepository { tagcount: tags.len(), repotags: Some(tags.clone()), ..watched }.to_text())
        }
        None => row.value,
    };
    Subscription {
        subscription_id: row.id,
        user_id: row.account,
        subscription_key: row.key,
        subscription_type: type_of(row.kind),
        subscription_value: value,
        active: row.active,
        created_at: Some(jiff::Timestamp::from(row.created_at).into()),
        last_updated: Some(jiff::Timestamp::from(row.last_updated).into()),
    }
}

/// Of a repository it says which tags are added: what cannot be read would add them all.
fn check_value(kind: SubscriptionType, value: Option<&str>) -> Result<()> {
    let value = value.unwrap_or_default();
    text::check("subscription_value", value, VALUE_LIMIT)?;
    if kind != SubscriptionType::RepoUpdate || value.is_empty() {
        return Ok(());
    }
    let invalid = |reason: &str| {
        Error::invalid(format!(
            "'subscription_value' of a repo_update subscription cannot be read: {reason}; give a JSON object such as \
             {{\"autosubscribe\": true, \"exclude\": [\"*-rc*\"]}}, or add the repository with POST /repositories"
        ))
    };
    let watched = WatchedRepository::from_text(value).ok_or_else(|| invalid("it is no object with these members"))?;
    Selection::of(&watched).map(drop).map_err(|reason| invalid(&reason))
}

/// What the value of a repository's subscription says; nothing special where it is something else.
pub(crate) fn watched(value: Option<&str>) -> WatchedRepository {
    value.and_then(WatchedRepository::from_text).unwrap_or_default()
}

pub(crate) fn kind_of(kind: SubscriptionType) -> Kind {
    match kind {
        SubscriptionType::RepoUpdate => Kind::RepositoryUpdate,
        SubscriptionType::TagUpdate => Kind::TagUpdate,
        SubscriptionType::PolicyEval => Kind::PolicyEvaluation,
        SubscriptionType::VulnUpdate => Kind::VulnerabilityUpdate,
        SubscriptionType::AnalysisUpdate => Kind::AnalysisUpdate,
    }
}

pub(crate) fn type_of(kind: Kind) -> SubscriptionType {
    match kind {
        Kind::RepositoryUpdate => SubscriptionType::RepoUpdate,
        Kind::TagUpdate => SubscriptionType::TagUpdate,
        Kind::PolicyEvaluation => SubscriptionType::PolicyEval,
        Kind::VulnerabilityUpdate => SubscriptionType::VulnUpdate,
        Kind::AnalysisUpdate => SubscriptionType::AnalysisUpdate,
    }
}
