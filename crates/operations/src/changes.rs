//! Why something is no longer what it was: which vulnerability data changed which finding, which bundle which verdict.
//!
//! What data changed of findings is kept as it happens; what became of verdicts and policies is read from the events that
//! told it. Both are forgotten when events are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde::Deserialize;
use windlass_matching::StoredFinding;
use windlass_store::{
    Moment, events,
    finding_changes::{Described, Page},
    image_tags, vulnerability_data,
};
use windlass_v1::{
    changes::{
        CausingData, Change, ChangeList, Judged, PolicyChanged, SourceRecord, VerdictChanged, VulnerabilityChanged,
        What,
    },
    events::EventType,
};

use crate::{Error, Result, Tenant, analysis, event_log::moment, reevaluation::told_change};

const LIMIT: u64 = 100;
const LARGEST_LIMIT: u64 = 1000;
/// Images that are named with a change.
const IMAGES: u64 = 10;

/// How far a list was told: each of its two sources by the last one that was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Cursor {
    finding: Option<(Moment, i64)>,
    event: Option<(Moment, String)>,
}

impl Cursor {
    /// `MOMENT.ID-MOMENT.ID`, with nothing for what was not told of.
    fn to_text(&self) -> String {
        let finding = self.finding.map(|(moment, id)| format!("{}.{id}", moment.0)).unwrap_or_default();
        let event = self.event.as_ref().map(|(moment, id)| format!("{}.{id}", moment.0)).unwrap_or_default();
        format!("{finding}-{event}")
    }

    fn parse(text: &str) -> Option<Self> {
        let (finding, event) = text.split_once('-')?;
        let parts = |text: &str| -> Option<Option<(Moment, String)>> {
            if text.is_empty() {
                return Some(None);
            }
            let (moment, id) = text.split_once('.')?;
            let is_id = id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
            is_id.then_some(Some((Moment(moment.parse().ok()?), id.to_owned())))
        };
        let finding = match parts(finding)? {
            Some((moment, id)) => Some((moment, id.parse().ok()?)),
            None => None,
        };
        Some(Self { finding, event: parts(event)? })
    }
}

/// An image whose changes are told.
#[derive(Clone, Copy)]
struct Subject<'a> {
    digest: &'a str,
    analysis: i64,
    tags: &'a [String],
}

impl Subject<'_> {
    fn is_judged(&self, change: &VerdictChanged) -> bool {
        [&change.before, &change.now].iter().any(|judged| judged.image_digest.as_deref() == Some(self.digest))
    }
}

impl Tenant {
    /// What changed of an image since a moment, newest first.
    ///
    /// # Errors
    /// 404 for an image that is unknown or not analysed, 400 for a moment, a limit or a page that is none.
    pub async fn changes_of_image(
        &self,
        digest: &str,
        since: Option<&str>,
        page: Option<&str>,
        limit: Option<i64>,
    ) -> Result<ChangeList> {
        let image = self.image_row(digest).await?;
        let analysis = analysis::analysis_of(&image)?;
        let tags = self.account.tags_of_images(&[image.id]).await?;
        let tags: Vec<String> = tags.iter().map(image_tags::Model::fulltag).collect();
        let of = Subject { digest: &image.digest, analysis, tags: &tags };
        self.changes(Some(of), since, page, limit).await
    }

    /// What changed of all images since a moment, newest first.
    ///
    /// # Errors
    /// As [`Tenant::changes_of_image`].
    pub async fn changes_of_all(
        &self,
        since: Option<&str>,
        page: Option<&str>,
        limit: Option<i64>,
    ) -> Result<ChangeList> {
        self.changes(None, since, page, limit).await
    }

    async fn changes(
        &self,
        of: Option<Subject<'_>>,
        since: Option<&str>,
        page: Option<&str>,
        limit: Option<i64>,
    ) -> Result<ChangeList> {
        let since = since.map(|text| moment("since", text)).transpose()?.unwrap_or_default();
        let limit = match limit {
            None => LIMIT,
            Some(limit) => u64::try_from(limit)
                .ok()
                .filter(|limit| (1..=LARGEST_LIMIT).contains(limit))
                .ok_or_else(|| Error::invalid(format!("'limit' is a number from 1 to {LARGEST_LIMIT}")))?,
        };
        let mut cursor = match page {
            None => Cursor::default(),
            Some(page) => {
                Cursor::parse(page).ok_or_else(|| Error::invalid("'page' is what an earlier answer calls next_page"))?
            }
        };
        let part = Page { since, before: cursor.finding, limit: limit + 1 };
        let found = self.account.finding_changes(of.map(|image| image.analysis), part).await?;
        let resources = of.map(|image| image.tags);
        let happened = self.account.events_of_changes(resources, since, cursor.event.clone(), limit + 1).await?;

        let mut merged: Vec<Either> = found.into_iter().map(|row| Either::Finding(Box::new(row))).collect();
        merged.extend(happened.into_iter().map(|row| Either::Event(Box::new(row))));
        merged.sort_by_key(|either| std::cmp::Reverse(either.moment()));
        let more = merged.len() as u64 > limit;
        merged.truncate(limit as usize);
        let mut findings = Vec::new();
        for either in &merged {
            match either {
                Either::Finding(row) => {
                    cursor.finding = Some((row.changed_at, row.id));
                    findings.push(row.as_ref());
                }
                Either::Event(row) => cursor.event = Some((row.occurred_at, row.id.clone())),
            }
        }
        let causes = self.causes(&findings, of.map(|image| image.digest)).await?;
        let mut changes = Vec::with_capacity(merged.len());
        for either in &merged {
            let what = match either {
                Either::Finding(row) => told_finding(row, &causes)?,
                Either::Event(row) => told_event(row).filter(|what| match what {
                    What::Verdict(change) => of.is_none_or(|image| image.is_judged(change)),
                    _ => true,
                }),
            };
            let changed_at = Timestamp::from(either.moment()).into();
            changes.extend(what.map(|what| Change { changed_at, what }));
        }
        Ok(ChangeList { changes, next_page: more.then(|| cursor.to_text()) })
    }

    async fn causes(&self, rows: &[&Described], only: Option<&str>) -> Result<Causes> {
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let images = match only {
            Some(digest) => ids.iter().map(|id| (*id, vec![digest.to_owned()])).collect(),
            None => self.account.digests_of_changes(&ids, IMAGES).await?,
        };
        let mut data = HashMap::new();
        for id in rows.iter().map(|row| row.data).collect::<BTreeSet<_>>() {
            data.extend(self.service.store.vulnerability_data(id).await?.map(|row| (id, row)));
        }
        Ok(Causes { images, data })
    }
}

enum Either {
    Finding(Box<Described>),
    Event(Box<events::Model>),
}

impl Either {
    fn moment(&self) -> Moment {
        match self {
            Self::Finding(row) => row.changed_at,
            Self::Event(row) => row.occurred_at,
        }
    }
}

/// What changes are told with.
struct Causes {
    images: HashMap<i64, Vec<String>>,
    data: HashMap<i64, vulnerability_data::Model>,
}

fn told_finding(row: &Described, causes: &Causes) -> Result<Option<What>> {
    let Some(told) = told_change(row)? else { return Ok(None) };
    let Some(data) = causes.data.get(&row.data) else { return Ok(None) };
    let detail = row.after.as_deref().or(row.before.as_deref()).unwrap_or("{}");
    let finding: StoredFinding = serde_json::from_str(detail)
        .map_err(|error| Error::Broken(format!("change {} of a finding cannot be read: {error}", row.id)))?;
    let provider = finding.namespace.split(':').next().unwrap_or_default().to_owned();
    let records = finding
        .matches
        .iter()
        .map(|one| SourceRecord { provider: provider.clone(), id: one.detail.found.vulnerability.clone() });
    let records: BTreeSet<SourceRecord> = records.collect();
    let time = |moment: Moment| Timestamp::from(moment).into();
    Ok(Some(What::Vulnerability(Box::new(VulnerabilityChanged {
        change: told.change.to_owned(),
        vulnerability: told.vulnerability,
        changed: told.changed,
        by_owner: row.by_owner,
        records: records.into_iter().collect(),
        data: CausingData {
            checksum: data.checksum.clone(),
            built_at: time(data.built_at),
            imported_at: time(data.imported_at),
        },
        images: causes.images.get(&row.id).cloned().unwrap_or_default(),
    }))))
}

/// The details of events about verdicts.
#[derive(Default, Deserialize)]
#[serde(default)]
struct VerdictDetails {
    last_eval: Reference,
    curr_eval: Reference,
    change_reason: String,
    rules: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference {
    final_action: String,
    #[serde(flatten)]
    judged: Judged,
}

fn told_event(row: &events::Model) -> Option<What> {
    let event = row.id.clone();
    if EventType::parse(&row.kind) == Some(EventType::TagPolicyEvaluationUpdate) {
        let details: VerdictDetails = serde_json::from_str(&row.details).ok()?;
        return Some(What::Verdict(Box::new(VerdictChanged {
            tag: row.resource_id.clone().unwrap_or_default(),
            from: details.last_eval.final_action,
            to: details.curr_eval.final_action,
            reason: details.change_reason,
            rules: details.rules,
            before: details.last_eval.judged,
            now: details.curr_eval.judged,
            event,
        })));
    }
    let details: BTreeMap<String, Option<String>> = serde_json::from_str(&row.details).ok()?;
    let is_edit = EventType::parse(&row.kind) == Some(EventType::ActivePolicyContentChange);
    let detail = |name: &str| details.get(name).cloned().flatten();
    let (change, what) = if is_edit { ("edited", "digest") } else { ("activated", "id") };
    let before = detail(&format!("last_policy_bundle_{what}"));
    let now = detail(&format!("current_policy_bundle_{what}"))?;
    let policy_id = if is_edit { detail("policy_id")? } else { now.clone() };
    Some(What::Policy(PolicyChanged { change: change.to_owned(), policy_id, before, now, event }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_changes_are_of_types_that_there_are() {
        let known = [
            EventType::TagPolicyEvaluationUpdate,
            EventType::ActivePolicyUpdated,
            EventType::ActivePolicyContentChange,
        ];
        let named = known.map(|kind| format!("'{}'", kind.as_str())).join(", ");
        assert_eq!(events::OF_CHANGES, format!("kind IN ({named})"));
    }

    #[test]
    fn how_far_a_list_was_told_is_a_text() {
        let of = |finding, event: Option<(i64, &str)>| Cursor {
            finding,
            event: event.map(|(moment, id)| (Moment(moment), id.to_owned())),
        };
        for cursor in [of(None, None), of(Some((Moment(7), 3)), None), of(Some((Moment(7), 3)), Some((8, "ab01")))] {
            assert_eq!(Cursor::parse(&cursor.to_text()), Some(cursor));
        }
        for bad in ["", "x", "1-", "1.2", "1.x-", "-1.a'b", "-9999999999999999999999.a"] {
            assert_eq!(Cursor::parse(bad), None, "{bad}");
        }
    }
}
