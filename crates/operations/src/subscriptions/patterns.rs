//! Subscriptions on many tags at once (`spec/operations.md` §2.11): `registry/repository:*`, where `*` stands for anything.
//!
//! Every tag has subscriptions of its own, and by these alone it is decided whether somebody is told. A pattern switches on
//! those that no user has decided about: of tags that are there, in the transaction in which it becomes active, and of tags
//! that come, in the transaction that adds them. When no pattern is of a tag any more, its subscriptions are as without.

use globset::GlobMatcher;
use windlass_store::{
    Moment, Transaction, accounts, image_tags,
    image_tags::TagName,
    subscriptions::{self, Kind, Model, Start},
    tag_states,
};
use windlass_v1::{
    PullString, TagReference,
    subscriptions::{SubscriptionType, subscription_id},
};

use super::{kind_of, type_of};
use crate::{Result, Tenant, wildcards::wildcard};

/// Whether a key is a pattern: no tag has such a character in it.
pub(super) fn is_pattern(kind: SubscriptionType, key: &str) -> bool {
    key.contains('*') && SubscriptionType::OF_TAGS.contains(&kind)
}

/// On whose behalf tags come to have subscriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subscribing {
    /// Somebody asks for the image: what is chosen is switched on, even if it is there and off.
    OnRequest,
    /// A watcher found it: what is there already stays as it is.
    ByWatcher,
}

struct Pattern {
    kind: Kind,
    keys: GlobMatcher,
}

impl From<Model> for Pattern {
    fn from(row: Model) -> Self {
        Self { kind: row.kind, keys: wildcard(&row.key) }
    }
}

impl Pattern {
    fn is_of(&self, kind: Kind, key: &str) -> bool {
        self.kind == kind && self.keys.is_match(key)
    }
}

impl Tenant {
    async fn patterns(&self, tx: &Transaction) -> Result<Vec<Pattern>> {
        Ok(subscriptions::patterns(tx, self.name()).await?.into_iter().map(Pattern::from).collect())
    }

    /// Has the subscriptions of all tags follow the patterns of a kind, after one of these changed.
    pub(super) async fn follow_patterns(&self, tx: &Transaction, kind: Kind) -> Result<()> {
        // Who adds a tag refers to the account, and so comes before or after, but not meanwhile.
        accounts::lock(tx, self.name()).await?;
        let now = self.service.clock.moment();
        let patterns = self.patterns(tx).await?;
        let (mut on, mut off) = (Vec::new(), Vec::new());
        for row in subscriptions::undecided(tx, self.name(), kind).await? {
            let is_followed = patterns.iter().any(|pattern| pattern.is_of(kind, &row.key));
            match (is_followed, row.active, row.set_by) {
                (true, false, _) => on.push(row.id),
                (false, true, subscriptions::SetBy::Pattern) => off.push(row.id),
                _ => {}
            }
        }
        subscriptions::switch_on_by_pattern(tx, self.name(), &on, now).await?;
        subscriptions::switch_off_by_pattern(tx, self.name(), &off, now).await?;
        let tells = matches!(kind, Kind::VulnerabilityUpdate | Kind::PolicyEvaluation);
        if tells && !(on.is_empty() && off.is_empty()) {
            tag_states::begin_all(tx, self.name(), now).await?;
            self.service.look_again_at_all(tx, self.name()).await?;
        }
        Ok(())
    }

    /// Makes sure that each of these tags has its subscriptions (`spec/operations.md` §2.2), as the account has chosen for new
    /// tags and as patterns want them. `autosubscribe`: that they are watched for other images was asked for.
    pub(crate) async fn subscribe_tags(
        &self,
        tx: &Transaction,
        keys: &[String],
        autosubscribe: bool,
        subscribing: Subscribing,
        now: Moment,
    ) -> Result<()> {
        let chosen = match subscribing {
            Subscribing::OnRequest => Start::Activated,
            Subscribing::ByWatcher => Start::Active,
        };
        let usual = self.settings_on(tx).await?.new_tag_subscriptions;
        for key in keys {
            for kind in SubscriptionType::OF_TAGS {
                let start = match kind {
                    SubscriptionType::TagUpdate if autosubscribe => chosen,
                    // The original switches it on whenever somebody adds an image.
                    SubscriptionType::AnalysisUpdate if usual.contains(&kind) => chosen,
                    _ if usual.contains(&kind) => Start::Active,
                    _ => Start::Inactive,
                };
                let id = subscription_id(self.name().as_str(), key, kind);
                subscriptions::ensure(tx, self.name(), &id, kind_of(kind), key, start, now).await?;
            }
        }
        let patterns = self.patterns(tx).await?;
        for key in keys {
            self.follow(tx, &patterns, key, now).await?;
        }
        Ok(())
    }

    /// A tag whose subscription was deleted has it still if a pattern is of it: only a decision was taken back.
    pub(super) async fn follow_again(&self, tx: &Transaction, kind: Kind, key: &str) -> Result<()> {
        let Ok(PullString::Tag(TagReference { registry, repo, tag })) = PullString::parse(key) else { return Ok(()) };
        let name = TagName { registry: &registry, repository: &repo, tag: &tag };
        let patterns = self.patterns(tx).await?;
        if !patterns.iter().any(|pattern| pattern.is_of(kind, key))
            || image_tags::newest(tx, self.name(), name).await?.is_none()
        {
            return Ok(());
        }
        let now = self.service.clock.moment();
        let id = subscription_id(self.name().as_str(), key, type_of(kind));
        subscriptions::ensure(tx, self.name(), &id, kind, key, Start::Inactive, now).await?;
        self.follow(tx, &patterns, key, now).await
    }

    /// Switches on what patterns want of a tag.
    async fn follow(&self, tx: &Transaction, patterns: &[Pattern], key: &str, now: Moment) -> Result<()> {
        let mut ids = Vec::new();
        for kind in SubscriptionType::OF_TAGS {
            if patterns.iter().any(|pattern| pattern.is_of(kind_of(kind), key)) {
                ids.push(subscription_id(self.name().as_str(), key, kind));
            }
        }
        Ok(subscriptions::switch_on_by_pattern(tx, self.name(), &ids, now).await?)
    }
}
