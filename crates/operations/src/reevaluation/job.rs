//! The job that looks at an account's tags again.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use tokio::{sync::Semaphore, task::JoinSet};
use windlass_store::{
    AccountName, Error as StoreError, Moment, evaluations, image_tags, jobs::Claim, tag_changes, tag_states,
    vulnerability_data,
};

use super::{
    change::Change,
    look::{Look, Wants},
    verdict::{Flip, Standing, standing},
    vulnerabilities::Diff,
};
use crate::{
    Error, Result, Service, Tenant,
    evaluations::{Sieve, Yardstick},
    events::Telling,
};

/// Tags that are looked at together, and told of in one transaction.
const BATCH: u64 = 500;
/// Images that are judged at once: more than there are processors, so that none waits for storage.
const AT_ONCE: usize = 8;
/// Seconds until another worker's job about the same account is looked for again, and until what failed is tried again.
const PATIENCE: i64 = 2;
const RETRY: i64 = 300;

impl Service {
    /// Looks at every tag of the account that is due, then ends the job and asks for the next.
    pub(crate) async fn reevaluate_claimed(self: &Arc<Self>, claim: &Claim) -> Result<()> {
        let account = AccountName::parse(&claim.job.account).map_err(|error| Error::Broken(error.to_string()))?;
        let now = self.clock.moment();
        if claim.follows_another(&self.store, now).await? {
            claim.postpone(&self.store, now.plus_seconds(PATIENCE), now).await?;
            return Ok(());
        }
        let mut round = Round::begin(self.tenant(&account)).await?;
        let (mut after, mut again) = (0, false);
        loop {
            let states = round.tenant.account.due_tag_states(after, BATCH, self.clock.moment()).await?;
            let Some(last) = states.last() else { break };
            after = last.id;
            again |= round.look(states).await?;
        }
        let now = self.clock.moment();
        let tx = self.store.begin().await?;
        let next = if again { Some(now) } else { tag_states::next_due(&tx, &account, now).await? };
        if claim.complete(&tx).await?
            && let Some(next) = next
        {
            self.ask_for_reevaluation(&tx, &account, next).await?;
        }
        Ok(tx.commit().await.map_err(StoreError::from)?)
    }
}

/// One run of the job.
struct Round {
    tenant: Tenant,
    yardstick: Option<Yardstick>,
    sieve: Option<Sieve>,
    /// The data in force, and whether all packages are matched by it: only then is told what it changed, all at once.
    data: Option<i64>,
    is_matched: bool,
    /// Changes that were read.
    changes: HashMap<i64, Arc<Change>>,
}

/// What came of a look at a verdict.
enum Judgement {
    Unasked,
    Stays {
        until: Option<Moment>,
    },
    Given {
        row: Box<evaluations::Model>,
        flip: Option<Box<Flip>>,
    },
    /// It is tried again.
    Failed,
}

impl Judgement {
    /// The data that it was given by; `None`: none was given.
    #[expect(clippy::option_option, reason = "there may be no data")]
    fn data(&self) -> Option<Option<i64>> {
        match self {
            Self::Given { row, .. } => Some(row.data),
            Self::Unasked | Self::Stays { .. } | Self::Failed => None,
        }
    }
}

impl Round {
    async fn begin(tenant: Tenant) -> Result<Self> {
        let service = &tenant.service;
        let data = service.store.vulnerability_data_in_force().await?;
        let is_matched = data.as_ref().is_none_or(|data| data.matched_at.is_some());
        let data = data.map(|data| data.id);
        let yardstick = tenant.yardstick().await?;
        if let (Some(data), Some(yardstick), true) = (data, &yardstick, is_matched)
            && yardstick.reads_whole_data()
        {
            let tx = service.store.begin().await?;
            tag_states::wish_judged_by_other_data(&tx, tenant.name(), data, service.clock.moment()).await?;
            tx.commit().await.map_err(StoreError::from)?;
        }
        let is_apt = yardstick.as_ref().filter(|yardstick| yardstick.bundle.judges_findings_alone());
        let sieve = is_apt.map(|yardstick| Sieve::new(yardstick.clone(), service.clock.now()));
        Ok(Self { tenant, yardstick, sieve, data, is_matched, changes: HashMap::new() })
    }

    /// Looks at some tags. Whether some of them are to be looked at again at once.
    async fn look(&mut self, states: Vec<tag_states::Model>) -> Result<bool> {
        let ids: Vec<i64> = states.iter().map(|state| state.id).collect();
        let pending = self.tenant.service.store.tag_changes(&ids).await?;
        let waiting: HashSet<i64> =
            if self.is_matched { HashSet::new() } else { pending.iter().map(|row| row.state).collect() };
        let (later, states): (Vec<_>, Vec<_>) = states.into_iter().partition(|state| waiting.contains(&state.id));
        if !later.is_empty() {
            // Whoever ends matching wishes for them.
            let tx = self.tenant.account.begin().await?;
            tag_states::postpone(&tx, &later, None).await?;
            tx.commit().await.map_err(StoreError::from)?;
        }
        let mut changes: HashMap<i64, Vec<Arc<Change>>> = HashMap::new();
        self.read(pending.iter().filter(|row| !waiting.contains(&row.state)).map(|row| row.change)).await?;
        for row in pending.iter().filter(|row| !waiting.contains(&row.state)) {
            changes.entry(row.state).or_default().extend(self.changes.get(&row.change).cloned());
        }
        let looks = self.tenant.look_at(states, changes).await?;
        let judgements = self.judge(&looks).await?;
        self.write(looks, judgements).await
    }

    /// Reads changes that were not read yet.
    async fn read(&mut self, ids: impl Iterator<Item = i64>) -> Result<()> {
        let mut new: Vec<i64> = ids.filter(|id| !self.changes.contains_key(id)).collect();
        new.sort_unstable();
        new.dedup();
        let service = &self.tenant.service;
        for part in new.chunks(BATCH as usize) {
            let rows = service.store.finding_changes(part).await?;
            let judged = match &self.sieve {
                Some(_) => service.changed_findings(&rows).await?,
                None => None,
            };
            let mut judged = judged.map(Vec::into_iter);
            for row in rows {
                let judged = judged.as_mut().and_then(Iterator::next);
                self.changes.insert(row.id, Arc::new(Change::of(&row, judged)?));
            }
        }
        Ok(())
    }

    /// The verdicts, as far as they are asked for; images whose verdict cannot have changed are not judged.
    async fn judge(&mut self, looks: &[Look]) -> Result<Vec<Judgement>> {
        let service = Arc::clone(&self.tenant.service);
        let now = service.clock.moment();
        let images: Vec<i64> = looks.iter().filter_map(|look| look.image.as_ref()).map(|image| image.id).collect();
        let mut tags: HashMap<i64, Vec<image_tags::Model>> = HashMap::new();
        if self.yardstick.is_some() {
            for tag in self.tenant.account.tags_of_images(&images).await? {
                tags.entry(tag.image).or_default().push(tag);
            }
        }
        let mut judgements = Vec::with_capacity(looks.len());
        let (mut judging, room) = (JoinSet::new(), Arc::new(Semaphore::new(AT_ONCE)));
        for (at, look) in looks.iter().enumerate() {
            let inputs = look.image.as_ref().zip(self.yardstick.as_ref()).and_then(|(image, yardstick)| {
                yardstick.inputs(image, tags.get(&image.id).map(Vec::as_slice).unwrap_or_default())
            });
            let (yardstick, sieve) = (self.yardstick.as_ref(), self.sieve.as_mut());
            judgements.push(match standing(look, yardstick, sieve, inputs.as_deref(), self.data, now) {
                Standing::Unasked => Judgement::Unasked,
                Standing::Stays { until } => Judgement::Stays { until },
                Standing::Open => {
                    if let Some((image, yardstick)) = look.image.clone().zip(self.yardstick.clone()) {
                        let (tenant, fulltag) = (self.tenant.clone(), look.state.fulltag.clone());
                        let room = Arc::clone(&room);
                        judging.spawn(async move {
                            let place = room.acquire_owned().await;
                            let judged = tenant.judge_by(&yardstick, &image, &fulltag).await;
                            drop(place);
                            (at, judged)
                        });
                    }
                    Judgement::Failed
                }
            });
        }
        while let Some(judged) = judging.join_next().await {
            let (at, judged) = judged.map_err(|error| Error::Broken(error.to_string()))?;
            let look = &looks[at];
            judgements[at] = match judged {
                Ok(Some(row)) => {
                    let flip = self.tenant.flip(look, &row, now).await?.map(Box::new);
                    Judgement::Given { row: Box::new(row), flip }
                }
                Ok(None) => Judgement::Unasked,
                Err(error) => {
                    tracing::warn!(tag = look.state.fulltag, %error, "the image cannot be judged now");
                    Judgement::Failed
                }
            };
        }
        Ok(judgements)
    }

    /// Tells what is to be told, and keeps that it was.
    async fn write(&self, looks: Vec<Look>, judgements: Vec<Judgement>) -> Result<bool> {
        let service = &self.tenant.service;
        let now = service.clock.moment();
        let tx = self.tenant.account.begin().await?;
        // What is matched while a tag comes to another image would be told of neither.
        let moving = looks.iter().any(Look::moves);
        let in_force = if moving { vulnerability_data::pause_matching(&tx).await?.map(|row| row.id) } else { None };
        let states: Vec<tag_states::Model> = looks.iter().map(|look| look.state.clone()).collect();
        let locked: HashSet<i64> = tag_states::lock(&tx, &states).await?.into_iter().collect();
        let mut telling = service.telling(&tx, self.tenant.name()).await?;
        let (mut told, mut again) = (Vec::new(), false);
        for (look, judgement) in looks.into_iter().zip(judgements) {
            if !locked.contains(&look.state.id) {
                continue;
            }
            if look.moves() {
                // Other data judges otherwise; and what it changed of the image before is told first.
                let is_outdated = judgement.data().is_some_and(|data| data != in_force);
                if is_outdated || tag_changes::count(&tx, look.state.id).await? > look.changes.len() as u64 {
                    again = true;
                    continue;
                }
            }
            let rows = look.changes.iter().map(|change| tag_changes::Model { state: look.state.id, change: change.id });
            told.extend(rows);
            again |= self.write_one(&tx, &mut telling, look, judgement, now).await?;
        }
        telling.write(&tx).await?;
        tag_changes::delete(&tx, &told).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(again)
    }

    async fn write_one(
        &self,
        tx: &windlass_store::Transaction,
        telling: &mut Telling<'_>,
        look: Look,
        judgement: Judgement,
        now: Moment,
    ) -> Result<bool> {
        let account = self.tenant.name();
        let Look { state, wants, image, is_double, pins, changes } = look;
        let tag_states::Model { id, wishes, fulltag, pinned, .. } = state.clone();
        let blank = tag_states::Model { id, wishes, fulltag, pinned, ..tag_states::Model::default() };
        if wants == Wants::default() {
            tag_states::keep(tx, &blank).await?;
            return Ok(false);
        }
        let made = match pins {
            Some(pins) => tag_states::pin(tx, account, &state.fulltag, &pins, now).await?,
            None => false,
        };
        let tells = wants.vulnerabilities && !is_double;
        let is_same = image.as_ref().is_some_and(|image| state.digest.as_ref() == Some(&image.digest));
        if let (true, Some(digest)) = (tells, &state.digest) {
            let diff = Diff::of(&changes);
            if !diff.is_empty() {
                let annotations = image.as_ref().filter(|_| is_same).map_or("{}", |image| image.annotations.as_str());
                telling.add(diff.happening(&state.fulltag, digest, annotations)?)?;
            }
        }
        let Some(image) = image else {
            // It is looked at again when it is analysed, and judged anew then.
            tag_states::keep(tx, &tag_states::Model { due_at: None, inputs: None, ..state }).await?;
            return Ok(made);
        };
        if let (true, Some(from), Some(to)) = (tells, state.analysis, image.analysis)
            && from != to
            && let Some(diff) = Diff::of_images(tx, from, to).await?.filter(|diff| !diff.is_empty())
        {
            telling.add(diff.happening(&state.fulltag, &image.digest, &image.annotations)?)?;
        }
        let told = tag_states::Model { digest: Some(image.digest.clone()), analysis: image.analysis, ..blank };
        let told = match judgement {
            Judgement::Unasked => told,
            Judgement::Stays { until } => tag_states::Model {
                action: state.action,
                evaluation: state.evaluation,
                policy_digest: state.policy_digest,
                inputs: state.inputs,
                data: state.data,
                valid_until: until,
                due_at: until,
                ..told
            },
            Judgement::Given { row, flip } => {
                if let Some(flip) = flip {
                    telling.add(flip.happening(&state.fulltag, &image.digest, &image.annotations)?)?;
                }
                let evaluations::Model { final_action, policy_digest, inputs, data, valid_until, .. } = *row;
                tag_states::Model {
                    action: Some(final_action),
                    evaluation: Some(row.id),
                    policy_digest: Some(policy_digest),
                    inputs: Some(inputs),
                    data,
                    valid_until,
                    due_at: valid_until,
                    ..told
                }
            }
            // What was told stays; that nothing is known of what went in makes it be judged.
            Judgement::Failed => tag_states::Model {
                action: state.action,
                evaluation: state.evaluation,
                policy_digest: state.policy_digest,
                data: state.data,
                due_at: Some(now.plus_seconds(RETRY)),
                ..told
            },
        };
        tag_states::keep(tx, &told).await?;
        Ok(made)
    }
}
