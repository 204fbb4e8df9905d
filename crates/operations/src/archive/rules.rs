//! Rules of the archive: made, shown, removed, never changed.

use jiff::Timestamp;
use windlass_store::{
    Error as StoreError,
    archive_rules::{Model, Transition as Stored},
};
use windlass_v1::archives::{ArchiveRule, ArchiveRuleRequest, ImageSelector, RuleExclusion, Transition};

use crate::{
    Error, Result, Tenant,
    cipher::random_id,
    identity::{Caller, Permission, Target},
    text,
};

const NOT_FOUND: &str = "Rule not found";
const PATTERN_LIMIT: usize = 1024;

impl Tenant {
    /// The rules of this account, oldest first; with those of others that go for every account, where they are wanted.
    pub async fn archive_rules(&self, with_global: bool) -> Result<Vec<ArchiveRule>> {
        Ok(self.account.archive_rules(with_global).await?.into_iter().map(shown).collect())
    }

    /// A rule of this account, or one that goes for every account.
    ///
    /// # Errors
    /// 404 where there is none.
    pub async fn archive_rule(&self, id: &str) -> Result<ArchiveRule> {
        Ok(shown(self.rule(id).await?))
    }

    /// Adds a rule. `confirmed`: it may select everything.
    ///
    /// # Errors
    /// 400 for a rule that cannot be, 403 for one that goes for every account where the caller is no administrator.
    pub async fn create_archive_rule(
        &self,
        caller: &Caller,
        request: ArchiveRuleRequest,
        confirmed: bool,
    ) -> Result<ArchiveRule> {
        if request.system_global {
            self.demand_system(caller, "createArchiveTransitionRule", None).await?;
        }
        request.validate().map_err(|error| Error::invalid(error.to_string()))?;
        let is_off = request.analysis_age_days < 0 && request.tag_versions_newer < 0;
        if is_off && request.max_images_per_account.is_none() && !confirmed {
            let text = "the rule would go for every image that its selector matches: give analysis_age_days or \
                        tag_versions_newer, or say confirm=true";
            return Err(Error::invalid(text));
        }
        let selector = request.selector.unwrap_or_default();
        let exclude = request.exclude.unwrap_or_default();
        for part in [&selector, &exclude.selector] {
            for (name, pattern) in [("registry", &part.registry), ("repository", &part.repository), ("tag", &part.tag)]
            {
                text::check(name, pattern, PATTERN_LIMIT)?;
            }
        }
        let now = self.service.clock.moment();
        let row = Model {
            id: random_id(),
            account: self.name().to_string(),
            transition: match request.transition {
                Transition::Archive => Stored::Archive,
                Transition::Delete => Stored::Delete,
            },
            registry: selector.registry,
            repository: selector.repository,
            tag: selector.tag,
            analysis_age_days: request.analysis_age_days,
            tag_versions_newer: request.tag_versions_newer,
            exclude_registry: exclude.selector.registry,
            exclude_repository: exclude.selector.repository,
            exclude_tag: exclude.selector.tag,
            exclude_expiration_days: exclude.expiration_days,
            max_images_per_account: request
                .max_images_per_account
                .map(|limit| i64::try_from(limit).unwrap_or(i64::MAX)),
            system_global: request.system_global,
            created_at: now,
            last_updated: now,
        };
        match self.account.insert_archive_rule(row).await {
            Err(StoreError::Exists) => {
                let text = "there is a rule with max_images_per_account already: delete it before another is made";
                Err(Error::invalid(text))
            }
            row => Ok(shown(row?)),
        }
    }

    /// Removes a rule.
    ///
    /// # Errors
    /// 404 where there is none, 403 for one that goes for every account where the caller is no administrator (F 23).
    pub async fn delete_archive_rule(&self, caller: &Caller, id: &str) -> Result<()> {
        if self.rule(id).await?.system_global {
            self.demand_system(caller, "deleteArchiveTransitionRule", Some(id)).await?;
        }
        if self.account.delete_archive_rule(id).await? { Ok(()) } else { Err(Error::not_found(NOT_FOUND)) }
    }

    pub(super) async fn rule(&self, id: &str) -> Result<Model> {
        self.account.archive_rule(id).await?.ok_or_else(|| Error::not_found(NOT_FOUND))
    }

    pub(crate) async fn demand_system(&self, caller: &Caller, action: &str, object: Option<&str>) -> Result<()> {
        let permission = Permission { on: Target::System, action, object, changes: true };
        self.service.authorise(caller, &permission).await.map(drop)
    }
}

fn shown(rule: Model) -> ArchiveRule {
    let seconds = |moment| Timestamp::from(moment).into();
    ArchiveRule {
        transition: transition(rule.transition),
        selector: ImageSelector { registry: rule.registry, repository: rule.repository, tag: rule.tag },
        tag_versions_newer: rule.tag_versions_newer,
        analysis_age_days: rule.analysis_age_days,
        exclude: RuleExclusion {
            selector: ImageSelector {
                registry: rule.exclude_registry,
                repository: rule.exclude_repository,
                tag: rule.exclude_tag,
            },
            expiration_days: rule.exclude_expiration_days,
        },
        system_global: rule.system_global,
        max_images_per_account: rule.max_images_per_account.and_then(|limit| u64::try_from(limit).ok()),
        created_at: seconds(rule.created_at),
        last_updated: seconds(rule.last_updated),
        rule_id: rule.id,
    }
}

pub(super) fn transition(transition: Stored) -> Transition {
    match transition {
        Stored::Archive => Transition::Archive,
        Stored::Delete => Transition::Delete,
    }
}
