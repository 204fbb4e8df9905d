//! Which changes of findings can change a verdict. Of thousands of images that new data touches, few verdicts change: the
//! others are not judged anew for it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use windlass_matching::{Finding, Outcome};
use windlass_policy::{Action, Alone, FirstSeen, Image, Knowledge, Request};
use windlass_sbom::{Package, Sbom};
use windlass_store::images;

use super::Yardstick;
use crate::vulnerabilities::ChangedFinding;

/// A finding before the first and after the last of its changes, which are named by their ids.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Changed<'a> {
    pub(crate) first: (i64, &'a ChangedFinding),
    pub(crate) last: (i64, &'a ChangedFinding),
}

/// What is known of changes by the bundle of one account.
pub(crate) struct Sieve {
    yardstick: Yardstick,
    now: Timestamp,
    /// By mapping and change: before and after it.
    known: HashMap<(usize, i64), Option<[Alone; 2]>>,
}

impl Sieve {
    pub(crate) fn new(yardstick: Yardstick, now: Timestamp) -> Self {
        Self { yardstick, now, known: HashMap::new() }
    }

    /// Whether a verdict stays what it is whatever these changes do, and until when; `None`: the image must be judged anew.
    pub(crate) fn stays(
        &mut self,
        told: Action,
        image: &images::Model,
        fulltag: &str,
        changes: &[Changed<'_>],
    ) -> Option<Stays> {
        let bundle = &self.yardstick.bundle;
        if !bundle.judges_findings_alone() {
            return None;
        }
        let mapping = bundle.mapping_of(fulltag, &image.digest, &image.image_id)?;
        let (mut before, mut after) = (Alone::NOTHING, Alone::NOTHING);
        for change in changes {
            before = before.and(self.alone(mapping, fulltag, change.first)?[0]);
            after = after.and(self.alone(mapping, fulltag, change.last)?[1]);
        }
        let becomes_worse = after.worst < told;
        let may_become_better = told != Action::Go && before.worst <= told && after.best > told;
        (!becomes_worse && !may_become_better).then_some(Stays { until: after.valid_until })
    }

    fn alone(&mut self, mapping: usize, tag: &str, (id, change): (i64, &ChangedFinding)) -> Option<[Alone; 2]> {
        if let Some(known) = self.known.get(&(mapping, id)) {
            return *known;
        }
        let judged = |finding: &Option<Finding>| match finding {
            Some(finding) => self.judge(mapping, tag, change, finding),
            None => Some(Alone::NOTHING),
        };
        let both = judged(&change.before).zip(judged(&change.after)).map(|(before, after)| [before, after]);
        self.known.insert((mapping, id), both);
        both
    }

    fn judge(&self, mapping: usize, tag: &str, change: &ChangedFinding, finding: &Finding) -> Option<Alone> {
        let input = &change.package;
        let mut package = Package::new(input.kind, &input.name, &input.version);
        package.cpes.clone_from(&input.cpes);
        let times = BTreeMap::from([(finding.vulnerability.id.clone(), change.first_seen)]);
        let first_seen = FirstSeen::from([(package.id.clone(), Arc::new(times))]);
        let sbom = Sbom { packages: vec![package], ..Sbom::default() };
        let outcome = Outcome { findings: vec![finding.clone()], ..Outcome::default() };
        let knowledge = Knowledge { first_seen: Some(&first_seen), ..Knowledge::default() };
        let image = Image::new(&sbom, &outcome, knowledge);
        self.yardstick.bundle.judge_alone(mapping, &Request::new(&image, tag, self.now))
    }
}

/// How long a verdict stays what it is, as far as these changes decide it; `None`: for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stays {
    pub(crate) until: Option<Timestamp>,
}
