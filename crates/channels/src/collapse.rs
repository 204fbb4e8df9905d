//! Many notices as few: what they have in common is told once.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use windlass_v1::webhooks::NotificationType;

use crate::{
    Facts, Notice, VulnerabilityChange, VulnerabilityFact,
    wording::{clean, severity_rank},
};

/// Sentences that are kept of a verdict's reasons.
const MOST_RULES: usize = 20;

/// Notices grouped by what they tell, the most urgent first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Digest {
    pub verdicts: Vec<VerdictGroup>,
    pub vulnerabilities: Vec<VulnerabilityGroup>,
    pub others: Vec<OtherGroup>,
}

/// How much somebody should mind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Something is in order again.
    Good,
    Info,
    Warning,
    Error,
    Critical,
}

/// Subjects whose verdict changed in the same way for the same reason.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerdictGroup {
    pub urgency: Urgency,
    /// `go`, `warn` or `stop`.
    pub from: String,
    pub to: String,
    pub flips: bool,
    pub reason: String,
    pub policy: String,
    pub rules: Vec<String>,
    pub subjects: Vec<String>,
}

/// A vulnerability, under all its names, that came, changed or went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VulnerabilityGroup {
    pub urgency: Urgency,
    /// The CVE if it has one.
    pub id: String,
    pub aliases: Vec<String>,
    pub change: VulnerabilityChange,
    /// The worst that was told.
    pub severity: String,
    pub kev: bool,
    pub epss: Option<f64>,
    pub url: Option<String>,
    /// Name and version.
    pub packages: Vec<String>,
    pub fixed_in: Vec<String>,
    pub subjects: Vec<String>,
}

/// Subjects of which the same is said.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OtherGroup {
    pub urgency: Urgency,
    pub kind: NotificationType,
    pub event_type: Option<String>,
    pub level: Option<String>,
    pub message: String,
    pub subjects: Vec<String>,
}

/// Groups notices: one vulnerability in many images becomes one entry, whichever of its names each of them used; so does
/// a change of verdict that many images share. The order of the notices does not matter, but for that of reasons.
pub fn collapse(notices: &[Notice]) -> Digest {
    let names = Names::of(notices);
    let mut vulnerabilities: BTreeMap<(usize, VulnerabilityChange), VulnerabilityGroup> = BTreeMap::new();
    let mut verdicts: BTreeMap<[&str; 4], VerdictGroup> = BTreeMap::new();
    let mut others: BTreeMap<(NotificationType, Option<&str>, &str), OtherGroup> = BTreeMap::new();
    for notice in notices {
        let subject = clean(&notice.subject);
        for fact in &notice.facts.vulnerabilities {
            let key = (names.flaw(&fact.id), fact.change);
            let group =
                vulnerabilities.entry(key).or_insert_with(|| VulnerabilityGroup::new(names.all(&fact.id), fact));
            group.add(fact, &subject);
        }
        if let Some(verdict) = &notice.facts.verdict {
            let group = verdicts
                .entry([&verdict.to, &verdict.from, &verdict.reason, &verdict.policy])
                .or_insert_with(|| VerdictGroup::new(verdict));
            group.flips |= verdict.flips;
            insert(&mut group.subjects, subject);
            for rule in verdict.rules.iter().map(|rule| clean(rule)) {
                if group.rules.len() < MOST_RULES && !group.rules.contains(&rule) {
                    group.rules.push(rule);
                }
            }
        } else if notice.facts.vulnerabilities.is_empty() {
            let key = (notice.kind, notice.facts.event_type.as_deref(), notice.message.as_str());
            insert(&mut others.entry(key).or_insert_with(|| OtherGroup::new(notice)).subjects, subject);
        }
    }
    let mut digest = Digest {
        verdicts: verdicts.into_values().collect(),
        vulnerabilities: vulnerabilities.into_values().collect(),
        others: others.into_values().collect(),
    };
    digest.verdicts.sort_by_key(|group| std::cmp::Reverse(group.urgency));
    digest.others.sort_by_key(|group| std::cmp::Reverse(group.urgency));
    digest.vulnerabilities.sort_by(|a, b| {
        let rank = |one: &VulnerabilityGroup| (one.urgency, one.kev, severity_rank(&one.severity));
        let epss = |one: &VulnerabilityGroup| one.epss.unwrap_or_default();
        a.change
            .cmp(&b.change)
            .then_with(|| rank(b).cmp(&rank(a)))
            .then_with(|| epss(b).total_cmp(&epss(a)))
            .then_with(|| a.id.cmp(&b.id))
    });
    digest
}

impl Digest {
    /// That of its most urgent entry.
    pub fn urgency(&self) -> Urgency {
        let verdicts = self.verdicts.iter().map(|group| group.urgency);
        let vulnerabilities = self.vulnerabilities.iter().map(|group| group.urgency);
        let others = self.others.iter().map(|group| group.urgency);
        verdicts.chain(vulnerabilities).chain(others).max().unwrap_or(Urgency::Info)
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.verdicts.len() + self.vulnerabilities.len() + self.others.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first so many entries.
    pub(crate) fn first(&self, most: usize) -> Self {
        let mut left = most;
        let mut take = |there: usize| {
            let taken = there.min(left);
            left -= taken;
            taken
        };
        Self {
            verdicts: self.verdicts[..take(self.verdicts.len())].to_vec(),
            vulnerabilities: self.vulnerabilities[..take(self.vulnerabilities.len())].to_vec(),
            others: self.others[..take(self.others.len())].to_vec(),
        }
    }
}

impl Urgency {
    fn of_verdict(action: &str) -> Self {
        match action {
            "go" => Self::Good,
            "warn" => Self::Warning,
            _ => Self::Error,
        }
    }

    fn of_vulnerability(change: VulnerabilityChange, severity: &str, kev: bool) -> Self {
        match (change, severity) {
            (VulnerabilityChange::Removed, _) => Self::Good,
            (_, "Critical") => Self::Critical,
            _ if kev => Self::Critical,
            (_, "High") => Self::Error,
            (_, "Medium") => Self::Warning,
            _ => Self::Info,
        }
    }

    fn of_event(facts: &Facts) -> Self {
        if facts.level.as_deref() == Some("error") { Self::Error } else { Self::Info }
    }
}

impl VerdictGroup {
    fn new(verdict: &crate::VerdictChange) -> Self {
        Self {
            urgency: Urgency::of_verdict(&verdict.to),
            from: clean(&verdict.from),
            to: clean(&verdict.to),
            flips: verdict.flips,
            reason: clean(&verdict.reason),
            policy: clean(&verdict.policy),
            rules: Vec::new(),
            subjects: Vec::new(),
        }
    }
}

impl OtherGroup {
    fn new(notice: &Notice) -> Self {
        Self {
            urgency: Urgency::of_event(&notice.facts),
            kind: notice.kind,
            event_type: notice.facts.event_type.as_deref().map(clean),
            level: notice.facts.level.as_deref().map(clean),
            message: clean(&notice.message),
            subjects: Vec::new(),
        }
    }
}

impl VulnerabilityGroup {
    fn new(names: &BTreeSet<&str>, fact: &VulnerabilityFact) -> Self {
        let id = names.iter().copied().find(|name| is_cve(name)).unwrap_or(&fact.id);
        Self {
            urgency: Urgency::Good,
            id: clean(id),
            aliases: names.iter().filter(|name| **name != id).map(|name| clean(name)).collect(),
            change: fact.change,
            severity: clean(&fact.severity),
            kev: false,
            epss: None,
            url: None,
            packages: Vec::new(),
            fixed_in: Vec::new(),
            subjects: Vec::new(),
        }
    }

    fn add(&mut self, fact: &VulnerabilityFact, subject: &str) {
        if severity_rank(&fact.severity) > severity_rank(&self.severity) {
            self.severity = clean(&fact.severity);
        }
        // Those, too, that are no names of this flaw alone: the CVEs of an advisory about several.
        for alias in fact.aliases.iter().map(|alias| clean(alias)).filter(|alias| *alias != self.id) {
            insert(&mut self.aliases, alias);
        }
        self.kev |= fact.kev;
        self.epss = larger(self.epss, fact.epss);
        if self.url.is_none() {
            self.url = fact.url.as_deref().map(clean);
        }
        insert(&mut self.packages, clean(&format!("{} {}", fact.package, fact.version)));
        for version in &fact.fixed_in {
            insert(&mut self.fixed_in, clean(version));
        }
        insert(&mut self.subjects, subject.to_owned());
        self.urgency = Urgency::of_vulnerability(self.change, &self.severity, self.kev);
    }
}

fn larger(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if one.total_cmp(&other).is_lt() { other } else { one }),
        (one, other) => one.or(other),
    }
}

/// Keeps a list sorted and without repetitions.
fn insert(list: &mut Vec<String>, one: String) {
    if let Err(place) = list.binary_search(&one) {
        list.insert(place, one);
    }
}

/// How names begin that the CVE programme gives.
const CVE: &str = "CVE-";

fn is_cve(name: &str) -> bool {
    name.starts_with(CVE)
}

/// Which names belong to the same flaw: two names do where anybody calls one an alias of the other.
///
/// As where findings are folded, an advisory about several CVEs is no other name of any of them, and flaws with different
/// CVEs are never joined, whatever else they share: a flaw has one CVE at most.
struct Names<'a> {
    flaw_of: BTreeMap<&'a str, usize>,
    names: Vec<BTreeSet<&'a str>>,
}

impl<'a> Names<'a> {
    fn of(notices: &'a [Notice]) -> Self {
        let mut all = Self { flaw_of: BTreeMap::new(), names: Vec::new() };
        let facts = notices.iter().flat_map(|notice| &notice.facts.vulnerabilities);
        // In an order of their own: where names contradict each other, the first to join two flaws keeps others from it.
        let facts: BTreeSet<(&str, &[String])> =
            facts.map(|fact| (fact.id.as_str(), fact.aliases.as_slice())).collect();
        for (id, aliases) in facts {
            let mut flaw = all.flaw_or_new(id);
            let names = || aliases.iter().map(String::as_str);
            let cves: BTreeSet<&str> = names().chain([id]).filter(|name| is_cve(name)).collect();
            for alias in names().filter(|alias| cves.len() == 1 || !is_cve(alias)) {
                let other = all.flaw_or_new(alias);
                flaw = all.merged(flaw, other);
            }
        }
        all
    }

    fn flaw_or_new(&mut self, name: &'a str) -> usize {
        *self.flaw_of.entry(name).or_insert_with(|| {
            self.names.push(BTreeSet::from([name]));
            self.names.len() - 1
        })
    }

    /// Makes two flaws one, unless each has a CVE. Names move to the larger, so that each moves few times.
    fn merged(&mut self, one: usize, other: usize) -> usize {
        if one == other || (self.cve(one).is_some() && self.cve(other).is_some()) {
            return one;
        }
        let (from, to) = if self.names[one].len() < self.names[other].len() { (one, other) } else { (other, one) };
        let moved = std::mem::take(&mut self.names[from]);
        for name in &moved {
            self.flaw_of.insert(name, to);
        }
        self.names[to].extend(moved);
        to
    }

    fn cve(&self, flaw: usize) -> Option<&'a str> {
        self.names[flaw].range(CVE..).next().copied().filter(|name| is_cve(name))
    }

    fn flaw(&self, name: &str) -> usize {
        self.flaw_of[name]
    }

    fn all(&self, name: &str) -> &BTreeSet<&'a str> {
        &self.names[self.flaw(name)]
    }
}
