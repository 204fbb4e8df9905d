//! Rules at work (`spec/operations.md` §4.7).

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use windlass_store::{
    AccountName, Error as StoreError, Moment,
    accounts::State,
    archive_rules::{Model as Rule, Transition},
    archive_transitions::{self, Model},
    images::AnalysisStatus,
    jobs::{self, Claim, NewJob},
    tag_mappings::{self, Place},
};
use windlass_v1::archives::{ArchivingStatus, RuleTransition, RulesRun, TransitionState};

use super::{
    rules::transition,
    selection::{Candidate, Mapping, Selected, age_limit, select},
};
use crate::{Batches, Error, Part, Result, Service, Tenant, cipher::random_id, threads};

/// The scopes of rules in the order they come in: what they do, and whether they go for every account. They never combine.
const SCOPES: [(Transition, bool); 4] = [
    (Transition::Archive, true),
    (Transition::Archive, false),
    (Transition::Delete, true),
    (Transition::Delete, false),
];
/// Jobs that apply the rules to one account.
pub(crate) const APPLY_RULES: &str = "apply_archive_rules";
/// Seconds that a run waits for the one before it.
const PATIENCE: i64 = 5;

impl Service {
    /// Moves images to the archive, and removes them from it, as the rules of all enabled accounts say.
    ///
    /// # Errors
    /// When the store fails. Trouble with one account or image keeps no other from being moved.
    pub async fn apply_archive_rules(self: &Arc<Self>) -> Result<()> {
        let rules = self.store.all_archive_rules().await?;
        let task = random_id();
        let mut trouble = None;
        for account in self.store.accounts(Some(State::Enabled)).await? {
            let tenant = self.tenant(&account.account_name());
            if let Err(error) = tenant.apply_rules(&rules, &task).await {
                tracing::error!(account = account.name, %error, "the archive's rules could not be applied");
                trouble = Some(error);
            }
        }
        trouble.map_or(Ok(()), Err)
    }
}

impl Service {
    /// Applies the rules to the account of a job.
    pub(crate) async fn apply_rules_claimed(self: &Arc<Self>, claim: &Claim) -> Result<()> {
        let now = self.clock.moment();
        if claim.follows_another(&self.store, now).await? {
            claim.postpone(&self.store, now.plus_seconds(PATIENCE), now).await?;
            return Ok(());
        }
        let broken = |error: &dyn std::error::Error| Error::Broken(format!("a job is not understood: {error}"));
        let account = AccountName::parse(&claim.job.account).map_err(|error| broken(&error))?;
        let run: RunRequest = serde_json::from_str(&claim.job.payload).map_err(|error| broken(&error))?;
        let rules = self.store.all_archive_rules().await?;
        self.tenant(&account).apply_rules(&rules, &run.task).await?;
        let tx = self.store.begin().await?;
        claim.complete(&tx).await?;
        Ok(tx.commit().await.map_err(StoreError::from)?)
    }
}

/// What a job that applies the rules is about.
#[derive(Serialize, Deserialize)]
struct RunRequest {
    task: String,
}

impl Tenant {
    /// Has the rules that go for this account applied as soon as a worker can; where that is asked for already, it is the same
    /// run.
    pub async fn run_archive_rules(&self) -> Result<RulesRun> {
        let (account, now) = (self.name(), self.service.clock.moment());
        let job = NewJob {
            kind: APPLY_RULES,
            account,
            // By the key, a run waits for the one before it.
            key: account.as_str(),
            payload: json!(RunRequest { task: random_id() }).to_string(),
            priority: 0,
            max_attempts: i64::MAX,
            not_before: now,
        };
        let tx = self.account.begin().await?;
        jobs::enqueue(&tx, job, now).await?;
        let waiting = jobs::waiting(&tx, APPLY_RULES, account, account.as_str()).await?;
        tx.commit().await.map_err(StoreError::from)?;
        self.service.work.notify_waiters();
        let payload = waiting.ok_or_else(|| Error::Broken("a job that was written is not there".into()))?.payload;
        let run: RunRequest = serde_json::from_str(&payload)
            .map_err(|error| Error::Broken(format!("a job that waits is not understood: {error}")))?;
        Ok(RulesRun { transition_task_id: run.task, dry_run: self.service.settings.keeping.rules_dry_run })
    }

    /// What a rule alone would do to the images of this account now.
    ///
    /// # Errors
    /// 404 for an unknown rule.
    pub async fn preview_archive_rule(&self, id: &str) -> Result<Vec<RuleTransition>> {
        let rule = self.rule(id).await?;
        let selected = self.selected(rule.transition, &[&rule]).await?;
        let foreseen = selected.into_iter().map(|image| RuleTransition {
            transition_task_id: None,
            rule_ids: image.rules,
            image_digest: image.digest,
            tags: image.tags,
            transition: transition(rule.transition),
            transition_state: None,
            detail: None,
            created_at: None,
        });
        Ok(foreseen.collect())
    }

    /// What a rule did to images of this account, the last first, batch by batch.
    ///
    /// # Errors
    /// 404 for an unknown rule.
    pub async fn archive_rule_history(&self, id: &str, part: Part) -> Result<Batches<RuleTransition>> {
        let (account, rule) = (self.account.clone(), self.rule(id).await?.id);
        Ok(Batches::of_part(part, move |after, offset, limit| {
            let (account, rule) = (account.clone(), rule.clone());
            async move {
                let part = archive_transitions::Part { after, offset, limit };
                let rows = account.archive_transitions(&rule, part).await?;
                let last = rows.last().map(|row| row.id);
                Ok((rows.into_iter().map(shown).collect::<Result<Vec<_>>>()?, last))
            }
        }))
    }

    async fn apply_rules(&self, rules: &[Rule], task: &str) -> Result<()> {
        for (transition, is_global) in SCOPES {
            let is_of_scope = |rule: &&Rule| {
                let reaches = rule.system_global || rule.account == self.name().as_str();
                rule.transition == transition && rule.system_global == is_global && reaches
            };
            let scope: Vec<&Rule> = rules.iter().filter(is_of_scope).collect();
            if scope.is_empty() {
                continue;
            }
            for image in self.selected(transition, &scope).await? {
                if self.service.settings.keeping.rules_dry_run {
                    let (account, digest, rules) = (self.name(), image.digest, image.rules);
                    tracing::info!(%account, digest, ?rules, ?transition, "a dry run: the archive's rules would move the image");
                } else {
                    self.apply(transition, &image, task).await?;
                }
            }
        }
        Ok(())
    }

    /// The images that the rules of one scope select.
    async fn selected(&self, transition: Transition, rules: &[&Rule]) -> Result<Vec<Selected>> {
        let place = match transition {
            Transition::Archive => Place::WorkingSet,
            Transition::Delete => Place::Archive,
        };
        let rules: Vec<Rule> = rules.iter().map(|rule| (*rule).clone()).collect();
        let now = self.service.clock.moment();
        let rows = self.account.tag_mappings(place, age_limit(&rules, now)).await?;
        let selecting = move || {
            let (images, mappings) = subjects(rows);
            select(&rules.iter().collect::<Vec<_>>(), &images, mappings, now)
        };
        let selected = threads::spawn_blocking(selecting).await;
        selected.map_err(|error| Error::Broken(format!("the archive's rules cannot be applied: {error}")))
    }

    async fn apply(&self, transition: Transition, image: &Selected, task: &str) -> Result<()> {
        let by = format!("task {task}");
        let failure = match transition {
            Transition::Archive => self.move_to_archive(&image.digest, &by).await,
            Transition::Delete => self.delete_from_archive(&image.digest, false, &by).await,
        };
        let failure = failure.err().map(|error| match error {
            Error::Refused(refusal) => refusal.message,
            error => {
                let hint = error.hint();
                tracing::error!(digest = image.digest, %error, hint, "a rule of the archive could not be applied");
                "it failed; the log of the service tells why".to_owned()
            }
        });
        let row = Model {
            id: 0,
            account: self.name().to_string(),
            task: task.to_owned(),
            digest: image.digest.clone(),
            rules: json!(image.rules).to_string(),
            tags: json!(image.tags).to_string(),
            transition,
            failure,
            created_at: self.service.clock.moment(),
        };
        let tx = self.account.begin().await?;
        archive_transitions::insert(&tx, row).await?;
        Ok(tx.commit().await.map_err(StoreError::from)?)
    }

    /// Archives an image, and removes it from the working set if the archive has its last analysis (D-26).
    async fn move_to_archive(&self, digest: &str, by: &str) -> Result<()> {
        let archived = self.archive_image(digest, by).await?;
        if archived.status != ArchivingStatus::Archived {
            return Err(Error::conflict(archived.detail));
        }
        let (image, kept) = (self.account.image(digest).await?, self.account.archived_image(digest).await?);
        let (Some(image), Some(kept)) = (image, kept) else { return Ok(()) };
        let is_kept = image.analyzed_at.is_some_and(|analyzed_at| analyzed_at <= kept.analyzed_at);
        if !is_kept || image.analysis_status != AnalysisStatus::Analyzed {
            return Err(Error::conflict("it was analysed again meanwhile"));
        }
        self.delete_image(digest, true).await.map(drop)
    }
}

/// Each image once, in the order of their rows, and the tags.
fn subjects(mut rows: Vec<tag_mappings::Mapping>) -> (Vec<Candidate>, Vec<Mapping>) {
    rows.sort_unstable_by_key(|row| row.image);
    let (mut images, mut places) = (Vec::new(), HashMap::new());
    let mapping = |row: tag_mappings::Mapping| {
        let tag_mappings::Mapping { digest, parent_digest: parent, analyzed_at, since, .. } = row;
        let image = *places.entry(row.image).or_insert_with(|| {
            images.push(Candidate { digest, parent, analyzed_at, since });
            images.len() - 1
        });
        let tag_mappings::Mapping { registry, repository, tag, detected_at, .. } = row;
        Mapping { image, registry, repository, tag, detected_at }
    };
    let mappings = rows.into_iter().map(mapping).collect();
    (images, mappings)
}

#[allow(clippy::needless_pass_by_value, reason = "it is what combinators hand on")]
fn shown(row: Model) -> Result<RuleTransition> {
    let list = |text: &str| {
        let list = serde_json::from_str::<Vec<String>>(text);
        list.map_err(|error| Error::Broken(format!("the transition {} cannot be read: {error}", row.id)))
    };
    let seconds = |moment: Moment| Timestamp::from(moment).into();
    Ok(RuleTransition {
        transition_task_id: Some(row.task.clone()),
        rule_ids: list(&row.rules)?,
        tags: list(&row.tags)?,
        image_digest: row.digest.clone(),
        transition: transition(row.transition),
        transition_state: Some(match row.failure {
            None => TransitionState::Complete,
            Some(_) => TransitionState::Failed,
        }),
        detail: row.failure.clone(),
        created_at: Some(seconds(row.created_at)),
    })
}
