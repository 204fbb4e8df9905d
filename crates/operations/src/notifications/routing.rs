//! Who is told what, and when: a function of a notice, an endpoint's routing and the time.
//!
//! [`Route::wants`] decides whether an endpoint is told at all, [`Route::place`] when and with what else,
//! [`Route::settle`] what is left to tell of what was gathered once it is due, and [`Route::quiet_until`] whether that has to
//! wait once more.

use std::collections::BTreeMap;

use globset::GlobMatcher;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use windlass_channels::{Facts, Notice, VulnerabilityChange, VulnerabilityFact};
use windlass_v1::{
    evaluations::EvaluationStatus,
    notifications::{Routing, VulnerabilityRouting},
    vulnerabilities::SeverityName,
    webhooks::NotificationType,
};

use super::windows;
use crate::wildcards::wildcard;

/// How long the notices of many images are gathered that are told as one.
const COLLAPSE: SignedDuration = SignedDuration::from_secs(60);
/// Changes of one verdict, while it was held, from which on it is told as unsteady.
const UNSTEADY: usize = 3;
/// What gathered notices are about that are of no one subject.
const MANY: &str = "*";
const VULNERABILITIES: &str = "*vulnerabilities";

/// A routing with what it takes to apply it.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    routing: Routing,
    zone: TimeZone,
    events: Vec<GlobMatcher>,
    registries: Vec<GlobMatcher>,
    repositories: Vec<GlobMatcher>,
    tags: Vec<GlobMatcher>,
}

/// When a notice is sent, and with what else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    pub(crate) due: Timestamp,
    /// What the delivery is about: those about one subject go in order.
    pub(crate) subject: String,
    /// Whether it joins others about that subject until it is due.
    pub(crate) gathers: bool,
}

/// A time zone that is not known.
#[derive(Debug, thiserror::Error)]
#[error("routing.time_zone: {0:?} is no time zone: give an IANA name, as Europe/Berlin")]
pub(crate) struct UnknownZone(String);

impl Route {
    pub(crate) fn new(routing: Routing) -> Result<Self, UnknownZone> {
        let zone = match routing.time_zone.as_deref() {
            None => TimeZone::UTC,
            Some(name) => windows::zone(name).ok_or_else(|| UnknownZone(name.chars().take(64).collect()))?,
        };
        let globs = |patterns: &[String]| patterns.iter().map(|pattern| wildcard(pattern)).collect();
        Ok(Self {
            zone,
            events: globs(&routing.events.types),
            registries: globs(&routing.images.registries),
            repositories: globs(&routing.images.repositories),
            tags: globs(&routing.images.tags),
            routing,
        })
    }

    /// Whether the endpoint is told.
    pub(crate) fn wants(&self, kind: NotificationType, facts: &Facts) -> bool {
        self.wants_kind(kind)
            && fits(&self.registries, facts.registry.as_deref())
            && fits(&self.repositories, facts.repository.as_deref())
            && fits(&self.tags, facts.tag.as_deref())
            && match kind {
                NotificationType::EventLog => self.wants_event(facts),
                NotificationType::VulnUpdate => self.wants_vulnerabilities(facts),
                NotificationType::PolicyEval => {
                    !self.routing.verdicts.flips || facts.verdict.as_ref().is_none_or(|verdict| verdict.flips)
                }
                NotificationType::TagUpdate | NotificationType::AnalysisUpdate => true,
            }
    }

    fn wants_kind(&self, kind: NotificationType) -> bool {
        match self.routing.types.as_slice() {
            [] => kind != NotificationType::EventLog,
            types => types.contains(&kind),
        }
    }

    fn wants_event(&self, facts: &Facts) -> bool {
        let levels = &self.routing.events.levels;
        let is_of_level = |level: &str| levels.iter().any(|wanted| wanted.as_str() == level);
        fits(&self.events, facts.event_type.as_deref())
            && (levels.is_empty() || facts.level.as_deref().is_some_and(is_of_level))
    }

    fn wants_vulnerabilities(&self, facts: &Facts) -> bool {
        self.filters_no_vulnerabilities() || facts.vulnerabilities.iter().any(|fact| self.wants_vulnerability(fact))
    }

    fn filters_no_vulnerabilities(&self) -> bool {
        self.routing.vulnerabilities == VulnerabilityRouting::default()
    }

    fn wants_vulnerability(&self, fact: &VulnerabilityFact) -> bool {
        let wanted = &self.routing.vulnerabilities;
        let severity = SeverityName::parse(&fact.severity).unwrap_or(SeverityName::Unknown);
        wanted.min_severity.is_none_or(|least| severity >= least)
            && (!wanted.kev || fact.kev)
            && wanted.min_epss.is_none_or(|least| fact.epss.is_some_and(|epss| epss >= least))
            && (!wanted.fix_available || !fact.fixed_in.is_empty())
            && (!wanted.added || fact.change == VulnerabilityChange::Added)
    }

    /// When a notice that the endpoint wants is sent.
    pub(crate) fn place(&self, kind: NotificationType, subject: &str, facts: &Facts, now: Timestamp) -> Placement {
        let damping = self.damping().filter(|_| kind == NotificationType::PolicyEval);
        let gathered = |due: Timestamp, subject: &str| Placement { due, subject: subject.to_owned(), gathers: true };
        let placed = match windows::end(self.routing.window, &self.zone, now) {
            Some(end) => gathered(end, MANY),
            None => match damping {
                Some(damping) => gathered(later(now, damping), subject),
                None if self.routing.collapse && kind == NotificationType::VulnUpdate => {
                    gathered(later(now, COLLAPSE), VULNERABILITIES)
                }
                None => Placement { due: now, subject: subject.to_owned(), gathers: false },
            },
        };
        let due = self.quiet_until([(kind, facts)], placed.due).unwrap_or(placed.due);
        Placement { due, ..placed }
    }

    /// When the quiet hours end in which nothing of this is sent at `moment`; `None` where it may be, because there are none
    /// then or one of them is urgent.
    pub(crate) fn quiet_until<'a>(
        &self,
        told: impl IntoIterator<Item = (NotificationType, &'a Facts)>,
        moment: Timestamp,
    ) -> Option<Timestamp> {
        let hours = self.routing.quiet_hours?;
        let is_urgent = hours.except_urgent && told.into_iter().any(|(kind, facts)| self.is_urgent(kind, facts));
        windows::quiet_until(hours, &self.zone, moment).filter(|_| !is_urgent)
    }

    /// Whether it tells of what is exploited, or is as bad as can be, and the endpoint wants to know of it.
    fn is_urgent(&self, kind: NotificationType, facts: &Facts) -> bool {
        let bad = |fact: &&VulnerabilityFact| {
            fact.change != VulnerabilityChange::Removed
                && (fact.kev || fact.severity == SeverityName::Critical.as_str())
        };
        kind == NotificationType::VulnUpdate
            && facts.vulnerabilities.iter().filter(bad).any(|fact| self.wants_vulnerability(fact))
    }

    fn damping(&self) -> Option<SignedDuration> {
        let minutes = self.routing.verdicts.damping_minutes;
        (minutes > 0).then(|| SignedDuration::from_mins(minutes.into()))
    }

    /// What is left to tell of what was gathered, in its order: of vulnerabilities those that the endpoint wants, of verdicts
    /// that went to and fro nothing, or that they did; nothing, too, of one that passes or fails as before, where only flips
    /// are wanted.
    pub(crate) fn settle(&self, mut notices: Vec<Notice>) -> Vec<Notice> {
        if !self.filters_no_vulnerabilities() {
            for notice in notices.iter_mut().filter(|notice| notice.kind == NotificationType::VulnUpdate) {
                notice.facts.vulnerabilities.retain(|fact| self.wants_vulnerability(fact));
            }
        }
        if self.damping().is_none() {
            return notices;
        }
        let mut changes: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        for (at, notice) in notices.iter().enumerate().filter(|(_, notice)| is_change_of_verdict(notice)) {
            changes.entry((notice.account.clone(), notice.subject.clone())).or_default().push(at);
        }
        let mut untold = Vec::new();
        for places in changes.into_values().filter(|places| places.len() > 1) {
            let (first, last) = (places[0], places[places.len() - 1]);
            let verdict = |at: usize| notices[at].facts.verdict.clone();
            let (Some(before), Some(after)) = (verdict(first), verdict(last)) else { continue };
            let flips = EvaluationStatus::of(&before.from) != EvaluationStatus::of(&after.to);
            if before.from == after.to || (self.routing.verdicts.flips && !flips) {
                untold.extend(places);
            } else if places.len() >= UNSTEADY {
                let told = &mut notices[last];
                told.message = format!("{} (the verdict changed {} times meanwhile)", told.message, places.len());
                if let Some(verdict) = &mut told.facts.verdict {
                    (verdict.from, verdict.flips) = (before.from, flips);
                }
                untold.extend(&places[..places.len() - 1]);
            }
        }
        let mut at = 0;
        notices.retain(|_| {
            at += 1;
            !untold.contains(&(at - 1))
        });
        notices
    }
}

fn is_change_of_verdict(notice: &Notice) -> bool {
    notice.kind == NotificationType::PolicyEval && notice.facts.verdict.is_some()
}

fn fits(patterns: &[GlobMatcher], text: Option<&str>) -> bool {
    patterns.is_empty() || text.is_some_and(|text| patterns.iter().any(|pattern| pattern.is_match(text)))
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
