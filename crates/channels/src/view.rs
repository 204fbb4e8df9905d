//! What templates see of a message.

use minijinja::value::{Serde, Value};
use serde::Serialize;
use windlass_v1::webhooks::NotificationType;

use crate::{
    Facts, Message, Notice, VerdictChange, VulnerabilityChange, VulnerabilityFact,
    collapse::{Digest, Urgency, collapse},
    links::{Links, page},
    wording::clean,
};

/// Notices that templates can go through one by one.
const MOST_NOTICES: usize = 200;
/// Vulnerabilities of one notice that are told.
const MOST_VULNERABILITIES: usize = 100;

/// A message with what is concluded from it.
pub(crate) struct View<'a> {
    pub(crate) message: &'a Message<'a>,
    pub(crate) digest: Digest,
    pub(crate) urgency: Urgency,
    account: String,
    /// Each once.
    subjects: Vec<String>,
}

#[derive(Serialize)]
struct Context<'a> {
    title: &'a str,
    account: &'a str,
    endpoint: String,
    test: bool,
    id: &'a str,
    now: String,
    urgency: Urgency,
    link: Option<String>,
    subjects: &'a [String],
    verdicts: &'a [crate::collapse::VerdictGroup],
    vulnerabilities: &'a [crate::collapse::VulnerabilityGroup],
    others: &'a [crate::collapse::OtherGroup],
    more: usize,
    total: Total,
    notices: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Total {
    verdicts: usize,
    vulnerabilities: usize,
    /// Of the vulnerabilities, those that are gone.
    removed: usize,
    others: usize,
    notices: usize,
}

/// A notice in compact form: what happened and where to read more, without whole evaluations.
#[derive(Serialize)]
pub(crate) struct Told<'a> {
    pub(crate) id: &'a str,
    pub(crate) account: String,
    pub(crate) kind: NotificationType,
    pub(crate) subject: String,
    pub(crate) occurred_at: String,
    pub(crate) message: String,
    #[serde(flatten)]
    pub(crate) facts: Facts,
    /// Vulnerabilities that are not listed.
    pub(crate) more_vulnerabilities: usize,
    pub(crate) links: Links,
}

impl<'a> View<'a> {
    pub(crate) fn new(message: &'a Message<'a>) -> Self {
        let digest = collapse(message.notices);
        let mut subjects: Vec<String> = message.notices.iter().map(|notice| clean(&notice.subject)).collect();
        subjects.sort();
        subjects.dedup();
        let first = message.notices.first().map_or("", |notice| &notice.account);
        let account = if message.notices.iter().all(|notice| notice.account == first) {
            clean(first)
        } else {
            "several accounts".to_owned()
        };
        Self { message, urgency: digest.urgency(), digest, account, subjects }
    }

    /// Endpoints of the whole installation may tell of several; then it says so.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// Each once, sorted.
    pub(crate) fn subjects(&self) -> &[String] {
        &self.subjects
    }

    /// Where to read more: about the image if there is but one.
    pub(crate) fn link(&self) -> Option<String> {
        let pages = || self.message.notices.iter().map(|notice| page(self.message.base_url, notice));
        let first = pages().next()??;
        if pages().all(|page| page.as_ref() == Some(&first)) { Some(first) } else { self.home() }
    }

    pub(crate) fn home(&self) -> Option<String> {
        (!self.message.base_url.is_empty()).then(|| self.message.base_url.to_owned())
    }

    /// What a template sees when it is to tell no more than so many entries.
    pub(crate) fn context(&self, most: usize, title: &str) -> Value {
        let shown = self.digest.first(most);
        Value::from(Serde(Context {
            title,
            account: &self.account,
            endpoint: clean(self.message.endpoint),
            test: self.message.test,
            id: self.message.id,
            now: seconds(self.message.now),
            urgency: self.urgency,
            link: self.link(),
            subjects: &self.subjects,
            verdicts: &shown.verdicts,
            vulnerabilities: &shown.vulnerabilities,
            others: &shown.others,
            more: self.digest.len() - shown.len(),
            total: Total {
                verdicts: self.digest.verdicts.len(),
                vulnerabilities: self.digest.vulnerabilities.len(),
                removed: self
                    .digest
                    .vulnerabilities
                    .iter()
                    .filter(|one| one.change == VulnerabilityChange::Removed)
                    .count(),
                others: self.digest.others.len(),
                notices: self.message.notices.len(),
            },
            notices: self.told(most.min(MOST_NOTICES)),
        }))
    }

    /// The first so many notices.
    pub(crate) fn told(&self, most: usize) -> Vec<Told<'a>> {
        self.message.notices.iter().take(most).map(|notice| Told::new(notice, self.message.base_url)).collect()
    }
}

impl<'a> Told<'a> {
    pub(crate) fn new(notice: &'a Notice, base_url: &str) -> Self {
        let more_vulnerabilities = notice.facts.vulnerabilities.len().saturating_sub(MOST_VULNERABILITIES);
        Self {
            id: &notice.id,
            account: clean(&notice.account),
            kind: notice.kind,
            subject: clean(&notice.subject),
            occurred_at: seconds(notice.occurred_at),
            message: clean(&notice.message),
            facts: cleaned(&notice.facts),
            more_vulnerabilities,
            links: Links::of(base_url, notice),
        }
    }
}

/// What is known, each text in one line.
fn cleaned(facts: &Facts) -> Facts {
    let optional = |text: &Option<String>| text.as_deref().map(clean);
    let all = |texts: &[String]| texts.iter().map(|text| clean(text)).collect();
    let vulnerability = |one: &VulnerabilityFact| VulnerabilityFact {
        id: clean(&one.id),
        aliases: all(&one.aliases),
        severity: clean(&one.severity),
        package: clean(&one.package),
        version: clean(&one.version),
        fixed_in: all(&one.fixed_in),
        url: optional(&one.url),
        ..*one
    };
    Facts {
        digest: optional(&facts.digest),
        registry: optional(&facts.registry),
        repository: optional(&facts.repository),
        tag: optional(&facts.tag),
        verdict: facts.verdict.as_ref().map(|verdict| VerdictChange {
            from: clean(&verdict.from),
            to: clean(&verdict.to),
            flips: verdict.flips,
            reason: clean(&verdict.reason),
            policy: clean(&verdict.policy),
            rules: all(&verdict.rules),
        }),
        vulnerabilities: facts.vulnerabilities.iter().take(MOST_VULNERABILITIES).map(vulnerability).collect(),
        event_type: optional(&facts.event_type),
        level: optional(&facts.level),
    }
}

fn seconds(moment: jiff::Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
