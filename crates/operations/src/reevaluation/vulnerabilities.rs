//! What came, went and changed of the vulnerabilities of a tag (`spec/operations.md` §2.4).

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};
use windlass_channels::{Facts, VulnerabilityChange};
use windlass_store::{Transaction, findings};
use windlass_v1::{
    Annotations, events::EventType, subscriptions::SubscriptionType, vulnerabilities::VulnerabilityChanges,
    webhooks::VulnUpdateChange,
};

use super::change::{Change, Identity, Told, present};
use crate::{Error, Happening, Result, images::happening};

/// Facts that an event has: filters look at them all, and nobody reads more.
const FACTS: usize = 2000;

/// What became of vulnerabilities, as it is told and as it is filtered by.
#[derive(Debug, Default)]
pub(super) struct Diff {
    pub(super) changes: VulnerabilityChanges,
    facts: Facts,
}

/// The first and the last of the changes of each finding, where there are several: what came and went meanwhile is nothing.
pub(super) fn first_and_last(changes: &[Arc<Change>]) -> Vec<(&Change, &Change)> {
    let mut ends: BTreeMap<&Identity, (&Change, &Change)> = BTreeMap::new();
    for change in changes {
        ends.entry(&change.identity).and_modify(|(_, last)| *last = change).or_insert((change, change));
    }
    ends.into_values().collect()
}

impl Diff {
    /// Of changes that data made, in their order.
    pub(super) fn of(changes: &[Arc<Change>]) -> Self {
        Self::between(
            first_and_last(changes).into_iter().map(|(first, last)| (first.before.as_ref(), last.after.as_ref())),
        )
    }

    /// From what was to what is, one finding after the other.
    pub(super) fn between<'t>(pairs: impl Iterator<Item = (Option<&'t Told>, Option<&'t Told>)>) -> Self {
        let mut diff = Self::default();
        for (before, after) in pairs {
            let more = before.zip(after).and_then(|(before, after)| after.more_than(before));
            let updated = diff.changes.updated.len();
            diff.changes.add(before.map(|told| &told.summary), after.map(|told| &told.summary), more);
            let fact = match (before, after) {
                (None, Some(after)) => Some(after.fact(VulnerabilityChange::Added)),
                (Some(before), None) => Some(before.fact(VulnerabilityChange::Removed)),
                (Some(_), Some(after)) if diff.changes.updated.len() > updated => {
                    Some(after.fact(VulnerabilityChange::Updated))
                }
                _ => None,
            };
            diff.facts.vulnerabilities.extend(fact);
        }
        diff.changes.sort();
        let rank = |fact: &windlass_channels::VulnerabilityFact| {
            let worst = ["Critical", "High", "Medium", "Low", "Negligible"];
            let severity = worst.iter().position(|word| *word == fact.severity).unwrap_or(worst.len());
            (fact.change, !fact.kev, severity)
        };
        let facts = &mut diff.facts.vulnerabilities;
        facts.sort_by(|a, b| {
            rank(a).cmp(&rank(b)).then_with(|| (&a.id, &a.package, &a.version).cmp(&(&b.id, &b.package, &b.version)))
        });
        facts.truncate(FACTS);
        diff
    }

    /// From one image to another; `None` where nobody knows any more what was found in the first. To be asked while
    /// [nobody matches](windlass_store::vulnerability_data::pause_matching).
    pub(super) async fn of_images(tx: &Transaction, from: i64, to: i64) -> Result<Option<Self>> {
        let Some(before) = findings::of_analysis(tx, from).await? else { return Ok(None) };
        let Some(after) = findings::of_analysis(tx, to).await? else { return Ok(None) };
        let (before, after) = (present(before)?, present(after)?);
        let gone = before.iter().filter(|(key, _)| !after.contains_key(*key)).map(|(_, told)| (Some(&**told), None));
        let there = after.iter().map(|(key, told)| (before.get(key).map(|told| &**told), Some(&**told)));
        Ok(Some(Self::between(gone.chain(there))))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The event that tells of it. `digest` is the image's.
    pub(super) fn happening<'a>(self, fulltag: &'a str, digest: &str, annotations: &str) -> Result<Happening<'a>> {
        let change = VulnUpdateChange {
            image_digest: digest.to_owned(),
            diff_vulnerability_result: self.changes,
            annotations: told_annotations(annotations)?,
        };
        let mut details: Value = json!(change);
        details["subscription_type"] = SubscriptionType::VulnUpdate.as_str().into();
        let facts = Facts { digest: Some(digest.to_owned()), ..self.facts };
        Ok(Happening { facts, ..happening(EventType::TagVulnerabilitiesUpdate, fulltag, details) })
    }
}

/// The annotations of an image, where it has any.
pub(super) fn told_annotations(text: &str) -> Result<Option<Annotations>> {
    let unreadable = |error| Error::Broken(format!("the annotations of an image cannot be read: {error}"));
    let annotations: Annotations = serde_json::from_str(text).map_err(unreadable)?;
    Ok(Some(annotations).filter(|annotations| !annotations.0.is_empty()))
}
