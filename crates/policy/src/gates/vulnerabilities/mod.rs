//! Gate `vulnerabilities` (`spec/policy.md` §4.13), and triggers of our own on what is known of findings and how far
//! they could be looked for.
//!
//! Findings fire under ids of one form in all triggers, `{vulnerability}+{package}`, so that an allow-list item covers
//! a finding whichever rule fires.

mod blacklist;
mod coverage_incomplete;
mod distro_end_of_life;
mod epss;
mod fix_available_since;
mod kev_list;
mod package;
mod published_since;
mod score_test;
mod stale_feed_data;
#[cfg(test)]
mod testing;
mod vulnerability_data_unavailable;

use std::sync::Arc;

use crate::{
    About, Firings, Gate,
    finding::FindingFact,
    gate::{Origin, State},
};

pub(super) const GATE: Gate = Gate {
    name: "vulnerabilities",
    description: "Known vulnerabilities of packages, what is known of them, and how far they could be looked for.",
    state: State::Active,
    origin: Origin::Original,
    triggers: &[
        package::TRIGGER,
        stale_feed_data::TRIGGER,
        vulnerability_data_unavailable::TRIGGER,
        blacklist::TRIGGER,
        kev_list::TRIGGER,
        epss::TRIGGER,
        fix_available_since::TRIGGER,
        published_since::TRIGGER,
        coverage_incomplete::TRIGGER,
        distro_end_of_life::TRIGGER,
    ],
};

/// Fires for a finding: `CVE-2024-1 in openssl 3.0.1 (dpkg) ` and what is the matter with it. `index` is its place
/// among the image's findings.
fn fire(firings: &mut Firings, index: usize, fact: &FindingFact<'_>, matter: &str) {
    let (id, package) = (fact.id(), &fact.package);
    firings
        .fire(format!("{id} in {} {} ({}) {matter}", package.name(), package.full_version, package.kind))
        .id(Arc::clone(fact.trigger_id()))
        .about(About::Finding(index));
}
