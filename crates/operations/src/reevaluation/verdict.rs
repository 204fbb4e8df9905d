//! Verdicts that became others (`spec/operations.md` §2.5).

use std::collections::HashMap;

use serde_json::{Value, json};
use windlass_channels::{Facts, VerdictChange};
use windlass_policy::Action;
use windlass_store::{Moment, evaluations, tag_states};
use windlass_v1::{
    evaluations::{EvaluationResult, EvaluationStatus, FinalActionReason, OrFalse, ResultRow},
    events::EventType,
    subscriptions::SubscriptionType,
};

use super::{
    look::Look,
    vulnerabilities::{first_and_last, told_annotations},
};
use crate::{
    Happening, Result, Tenant,
    evaluations::{Changed, Sieve, Yardstick, are_chosen_otherwise},
    images::happening,
};

/// Rules that are told of, and characters of each sentence.
const RULES: usize = 20;
const SENTENCE: usize = 300;

/// What is known of a verdict before the image is judged.
#[derive(Debug)]
pub(super) enum Standing {
    /// Nobody asks for it, or there is nothing to judge or to judge by.
    Unasked,
    /// It is what was told.
    Stays { until: Option<Moment> },
    /// The image must be judged.
    Open,
}

/// Whether the verdict that was told still is the one, as far as that can be said without judging.
pub(super) fn standing(
    look: &Look,
    yardstick: Option<&Yardstick>,
    sieve: Option<&mut Sieve>,
    inputs: Option<&str>,
    data: Option<i64>,
    now: Moment,
) -> Standing {
    let (Some(yardstick), Some(image)) = (yardstick, look.image.as_ref()) else { return Standing::Unasked };
    if !look.wants.verdicts || look.is_double {
        return Standing::Unasked;
    }
    let state = &look.state;
    let Some(told) = state.action.as_deref().and_then(Action::parse) else { return Standing::Open };
    let is_same = state.analysis == image.analysis
        && state.digest.as_ref() == Some(&image.digest)
        && state.policy_digest.as_ref() == Some(&yardstick.policy.digest)
        && inputs.is_some()
        && state.inputs.as_deref() == inputs
        && state.valid_until.is_none_or(|until| now < until)
        && (state.data == data || !yardstick.reads_whole_data());
    if !is_same {
        return Standing::Open;
    }
    if look.changes.is_empty() {
        return Standing::Stays { until: state.valid_until };
    }
    let ends = first_and_last(&look.changes);
    let changed = ends.iter().map(|(first, last)| {
        Some(Changed { first: (first.id, first.judged.as_ref()?), last: (last.id, last.judged.as_ref()?) })
    });
    let (Some(sieve), Some(changed)) = (sieve, changed.collect::<Option<Vec<_>>>()) else { return Standing::Open };
    match sieve.stays(told, image, &state.fulltag, &changed) {
        Some(stays) => {
            let until = state.valid_until.into_iter().chain(stays.until.map(Moment::from)).min();
            Standing::Stays { until }
        }
        None => Standing::Open,
    }
}

/// A verdict that is another one than was told.
#[derive(Debug)]
pub(super) struct Flip {
    last: Value,
    now: Value,
    facts: VerdictChange,
}

impl Tenant {
    /// What there is to tell of a verdict; `None` where it is the one that was told, or the first.
    pub(super) async fn flip(&self, look: &Look, row: &evaluations::Model, now: Moment) -> Result<Option<Flip>> {
        let state = &look.state;
        let Some(told) = state.action.as_ref().filter(|told| **told != row.final_action) else { return Ok(None) };
        let last = match state.evaluation {
            Some(id) => self.account.evaluation(id).await?,
            None => None,
        };
        let document = |id: i64| async move {
            // That a document is lost must keep nobody from being told.
            self.evaluation_document(id).await.unwrap_or_else(|error| {
                tracing::warn!(evaluation = id, %error, "the document of a verdict cannot be read");
                None
            })
        };
        let before = match &last {
            Some(last) => document(last.id).await,
            None => None,
        };
        let after = document(row.id).await;
        let reason = reason(look, row, before.as_ref().zip(after.as_ref()), now);
        let facts = VerdictChange {
            from: told.clone(),
            to: row.final_action.clone(),
            flips: EvaluationStatus::of(told) != EvaluationStatus::of(&row.final_action),
            reason: reason.to_owned(),
            policy: row.policy_id.clone(),
            rules: after.as_ref().map(|after| rules(before.as_ref(), after)).unwrap_or_default(),
        };
        let last = match &last {
            Some(last) => reference(last),
            None => json!({
                "evaluation": state.evaluation, "image_digest": state.digest, "final_action": told,
                "status": EvaluationStatus::of(told), "policy_digest": state.policy_digest, "data": state.data,
            }),
        };
        Ok(Some(Flip { last, now: reference(row), facts }))
    }
}

/// A verdict in short: the document is had by the id.
fn reference(row: &evaluations::Model) -> Value {
    let status = EvaluationStatus::of(&row.final_action);
    json!({
        "evaluation": row.id, "policyId": row.policy_id, "image_digest": row.digest, "tag": row.fulltag,
        "final_action": row.final_action, "status": status, "policy_digest": row.policy_digest, "data": row.data,
    })
}

impl Flip {
    /// The event that tells of it.
    pub(super) fn happening<'a>(self, fulltag: &'a str, digest: &str, annotations: &str) -> Result<Happening<'a>> {
        let mut details = json!({
            "subscription_type": SubscriptionType::PolicyEval,
            "curr_eval": self.now,
            "last_eval": self.last,
            "change_reason": self.facts.reason,
            "rules": self.facts.rules,
        });
        if let Some(annotations) = told_annotations(annotations)? {
            details["annotations"] = json!(annotations);
        }
        let facts = Facts { digest: Some(digest.to_owned()), verdict: Some(self.facts), ..Facts::default() };
        Ok(Happening { facts, ..happening(EventType::TagPolicyEvaluationUpdate, fulltag, details) })
    }
}

/// Why a verdict is another one than was told.
fn reason(
    look: &Look,
    row: &evaluations::Model,
    documents: Option<(&EvaluationResult, &EvaluationResult)>,
    now: Moment,
) -> &'static str {
    let state: &tag_states::Model = &look.state;
    if state.digest.as_ref() != Some(&row.digest) || state.analysis != Some(row.analysis) {
        "image"
    } else if state.policy_digest.as_ref() != Some(&row.policy_digest) {
        "policy"
    } else if state.inputs.as_deref().is_some_and(|told| are_chosen_otherwise(told, &row.inputs)) {
        "settings"
    } else if !look.changes.is_empty() {
        "vulnerability_data"
    } else if state.valid_until.is_some_and(|until| until <= now) {
        if documents.is_some_and(|(before, after)| has_expired_item(before, after)) {
            "allowlist_expiry"
        } else {
            "time"
        }
    } else if state.data != row.data {
        "vulnerability_data"
    } else {
        "unknown"
    }
}

type RowKey<'r> = (&'r str, &'r str, &'r str, &'r str);

fn key(row: &ResultRow) -> RowKey<'_> {
    (&row.policy_id, &row.gate, &row.trigger, &row.trigger_id)
}

fn rows(document: &EvaluationResult) -> &[ResultRow] {
    document.table().map(|table| table.rows.as_slice()).unwrap_or_default()
}

/// Whether what an item of an allow-list covered before is covered no more.
fn has_expired_item(before: &EvaluationResult, after: &EvaluationResult) -> bool {
    let uncovered: std::collections::HashSet<RowKey<'_>> =
        rows(after).iter().filter(|row| row.whitelisted == OrFalse(None)).map(key).collect();
    rows(before).iter().any(|row| row.whitelisted != OrFalse(None) && uncovered.contains(&key(row)))
}

/// Which rules make the difference, in sentences.
fn rules(before: Option<&EvaluationResult>, after: &EvaluationResult) -> Vec<String> {
    let mut sentences = Vec::new();
    match after.final_action_reason {
        FinalActionReason::Whitelisted => sentences.push("the image is on the list of allowed images".to_owned()),
        FinalActionReason::Blacklisted => sentences.push("the image is on the list of denied images".to_owned()),
        FinalActionReason::PolicyEvaluation => {}
    }
    let actions = |document: Option<&EvaluationResult>| -> HashMap<(String, String, String, String), String> {
        let own = |row: &ResultRow| {
            let (policy, gate, trigger, id) = key(row);
            let key = (policy.to_owned(), gate.to_owned(), trigger.to_owned(), id.to_owned());
            (key, row.gate_action.as_str().to_owned())
        };
        document.map(rows).unwrap_or_default().iter().map(own).collect()
    };
    let (old, new) = (actions(before), actions(Some(after)));
    let severe = |action: &str| Action::parse(action).is_some_and(|action| action != Action::Go);
    let owned =
        |row: &ResultRow| (row.policy_id.clone(), row.gate.clone(), row.trigger.clone(), row.trigger_id.clone());
    let mut tell = |row: &ResultRow, how: &str| {
        let sentence = format!("{how}: {} {}: {}", row.gate, row.trigger, row.check_output);
        sentences.push(sentence.chars().take(SENTENCE).collect());
    };
    let worst = after.final_action.as_str();
    let before_worst = before.map(|before| before.final_action.as_str());
    for row in rows(after) {
        let action = row.gate_action.as_str();
        if severe(action) && action == worst && old.get(&owned(row)).map(String::as_str) != Some(action) {
            tell(row, action);
        }
    }
    for row in before.map(rows).unwrap_or_default() {
        let action = row.gate_action.as_str();
        if severe(action) && Some(action) == before_worst && new.get(&owned(row)).map(String::as_str) != Some(action) {
            tell(row, &format!("no longer {action}"));
        }
    }
    sentences.truncate(RULES);
    sentences
}
