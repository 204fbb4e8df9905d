//! What is known of tags that are looked at again.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use serde::Deserialize;
use windlass_store::{
    image_tags::TagName,
    images::{self, AnalysisStatus, Status},
    subscriptions::{self, Kind},
    tag_states,
};
use windlass_v1::{PullString, TagReference};

use super::change::Change;
use crate::{Result, Tenant};

/// Images that a subscription may name beside the newest.
const DIGESTS: usize = 100;

/// What somebody subscribes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wants {
    pub(super) vulnerabilities: bool,
    pub(super) verdicts: bool,
}

/// A state that is due, and what there is to compare it with.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) state: tag_states::Model,
    pub(super) wants: Wants,
    /// The image that the tag stands for, or that is pinned; only once it is analysed.
    pub(super) image: Option<images::Model>,
    /// Another state of the tag speaks of the same image.
    pub(super) is_double: bool,
    /// Images that are to have a state of their own, where this is the tag's; `None`: none are, and none has.
    pub(super) pins: Option<Vec<String>>,
    /// What data changed since it was told.
    pub(super) changes: Vec<Arc<Change>>,
}

impl Look {
    /// Whether the tag stands for another image than was told, or nothing was told of it.
    pub(super) fn moves(&self) -> bool {
        self.image.as_ref().is_some_and(|image| image.analysis != self.state.analysis)
    }
}

/// The value of a subscription on a tag.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Value {
    digests: Vec<String>,
}

fn digests(subscription: &subscriptions::Model) -> Vec<String> {
    let value = subscription.value.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let Value { digests } = value.unwrap_or_default();
    digests.into_iter().filter(|digest| !digest.is_empty() && digest.len() <= 128).take(DIGESTS).collect()
}

impl Tenant {
    /// Looks at states; `changes` are those that are to be told of each.
    pub(super) async fn look_at(
        &self,
        states: Vec<tag_states::Model>,
        mut changes: HashMap<i64, Vec<Arc<Change>>>,
    ) -> Result<Vec<Look>> {
        let keys: BTreeSet<&str> = states.iter().map(|state| state.fulltag.as_str()).collect();
        let keys: Vec<&str> = keys.into_iter().collect();
        let kinds = [Kind::VulnerabilityUpdate, Kind::PolicyEvaluation];
        let mut subscribed: HashMap<String, Vec<(Kind, Vec<String>)>> = HashMap::new();
        for row in self.account.active_subscriptions(&kinds, &keys).await? {
            let digests = digests(&row);
            subscribed.entry(row.key).or_default().push((row.kind, digests));
        }
        let parsed = keys.iter().filter_map(|key| match PullString::parse(key) {
            Ok(PullString::Tag(reference)) => Some(reference),
            _ => None,
        });
        let references: Vec<TagReference> = parsed.collect();
        let names =
            references.iter().map(|TagReference { registry, repo, tag }| TagName { registry, repository: repo, tag });
        let newest = self.account.images_of_tags(&names.collect::<Vec<_>>()).await?;
        let pinned: Vec<&str> =
            states.iter().map(|state| state.pinned.as_str()).filter(|digest| !digest.is_empty()).collect();
        let pinned: HashMap<String, images::Model> =
            self.account.images_with_digests(&pinned).await?.into_iter().map(|row| (row.digest.clone(), row)).collect();

        let known = self.account.pinned_tags(&keys).await?;
        let look = |state: tag_states::Model| {
            let subscriptions = subscribed.get(&state.fulltag).map(Vec::as_slice).unwrap_or_default();
            let is_pinned = !state.pinned.is_empty();
            let wants = |kind: Kind| {
                subscriptions
                    .iter()
                    .any(|(own, digests)| *own == kind && (!is_pinned || digests.contains(&state.pinned)))
            };
            let wants =
                Wants { vulnerabilities: wants(Kind::VulnerabilityUpdate), verdicts: wants(Kind::PolicyEvaluation) };
            let newest = newest.get(&state.fulltag);
            let image = if is_pinned { pinned.get(&state.pinned) } else { newest };
            let is_analysed = |image: &&images::Model| {
                image.status == Status::Active
                    && image.analysis_status == AnalysisStatus::Analyzed
                    && image.analysis.is_some()
            };
            let named: BTreeSet<&String> = subscriptions.iter().flat_map(|(_, digests)| digests).collect();
            let named: Vec<String> = named.into_iter().cloned().collect();
            let pins = Some(named).filter(|named| !is_pinned && (!named.is_empty() || known.contains(&state.fulltag)));
            Look {
                wants,
                is_double: is_pinned && newest.is_some_and(|newest| newest.digest == state.pinned),
                image: image.filter(is_analysed).cloned(),
                pins,
                changes: changes.remove(&state.id).unwrap_or_default(),
                state,
            }
        };
        Ok(states.into_iter().map(look).collect())
    }
}
