//! Many notices become few entries.

use proptest::{prelude::*, sample::subsequence};

use crate::{Notice, Urgency, VulnerabilityChange, collapse, testing};

fn with(subject: &str, id: &str, aliases: &[&str]) -> Notice {
    let mut notice = testing::vuln_update();
    subject.clone_into(&mut notice.subject);
    notice.facts.vulnerabilities[0].id = id.into();
    notice.facts.vulnerabilities[0].aliases = aliases.iter().map(|alias| (*alias).into()).collect();
    notice
}

#[test]
fn one_vulnerability_in_many_images_is_one_entry_under_all_its_names() {
    let digest = collapse(&testing::digest());
    assert_eq!(digest.len(), 1);
    let only = &digest.vulnerabilities[0];
    assert_eq!((only.id.as_str(), only.aliases.as_slice()), ("CVE-2026-1000", &["GHSA-xxxx-yyyy-zzzz".to_owned()][..]));
    assert_eq!(only.subjects.len(), 30);
    assert_eq!(digest.urgency(), Urgency::Critical);
}

#[test]
fn names_are_folded_across_several_steps_and_strangers_are_not() {
    let notices = [
        with("a:1", "ELSA-1", &["CVE-1"]),
        with("b:1", "GHSA-1", &["GO-1"]),
        with("c:1", "GO-1", &["CVE-1"]),
        with("d:1", "CVE-2", &[]),
    ];
    let digest = collapse(&notices);
    let told: Vec<(&str, usize, usize)> =
        digest.vulnerabilities.iter().map(|one| (one.id.as_str(), one.aliases.len(), one.subjects.len())).collect();
    assert_eq!(told, [("CVE-1", 3, 3), ("CVE-2", 0, 1)]);
}

/// As findings are folded: whoever has one of the flaws need not have the other.
#[test]
fn an_advisory_about_several_cves_makes_one_of_none_of_them() {
    let digest = |notices: &[Notice]| -> Vec<(String, String, Vec<String>)> {
        let entries = collapse(notices).vulnerabilities.into_iter();
        entries.map(|one| (one.id, one.aliases.join(" "), one.subjects)).collect()
    };
    let entry = |id: &str, aliases: &str, subjects: &[&str]| {
        (id.to_owned(), aliases.to_owned(), subjects.iter().map(|subject| (*subject).to_owned()).collect::<Vec<_>>())
    };
    let several = [
        with("a:1", "ALAS-1", &["CVE-1", "CVE-2", "ALSA-1"]),
        with("b:1", "CVE-1", &[]),
        with("c:1", "CVE-2", &["GHSA-2"]),
        with("d:1", "CVE-3", &["CVE-2"]),
        with("e:1", "ALSA-1", &[]),
    ];
    let told = [
        entry("ALAS-1", "ALSA-1 CVE-1 CVE-2", &["a:1", "e:1"]),
        entry("CVE-1", "", &["b:1"]),
        entry("CVE-2", "GHSA-2", &["c:1"]),
        entry("CVE-3", "CVE-2", &["d:1"]),
    ];
    assert_eq!(digest(&several), told);

    // Names that contradict each other, whichever comes first.
    let mut contradicting =
        [with("a:1", "CVE-1", &["GHSA-1"]), with("b:1", "CVE-2", &["GHSA-1"]), with("c:1", "GHSA-1", &[])];
    let told = [entry("CVE-1", "GHSA-1", &["a:1", "c:1"]), entry("CVE-2", "GHSA-1", &["b:1"])];
    assert_eq!(digest(&contradicting), told);
    contradicting.reverse();
    assert_eq!(digest(&contradicting), told);
}

#[test]
fn what_came_is_told_before_what_went_and_the_worst_first() {
    let mut notice = testing::vuln_update();
    let mut add = |id: &str, change, severity: &str, kev, epss| {
        let one =
            crate::VulnerabilityFact { change, kev, epss, severity: severity.into(), ..testing::vulnerability(id) };
        notice.facts.vulnerabilities.push(crate::VulnerabilityFact { aliases: Vec::new(), ..one });
    };
    add("CVE-1", VulnerabilityChange::Removed, "Critical", true, None);
    add("CVE-2", VulnerabilityChange::Added, "Low", false, Some(0.9));
    add("CVE-3", VulnerabilityChange::Added, "Low", false, Some(0.1));
    add("CVE-4", VulnerabilityChange::Added, "Medium", false, None);
    add("CVE-5", VulnerabilityChange::Added, "Low", true, None);
    notice.facts.vulnerabilities.remove(0);
    let digest = collapse(&[notice]);
    let ids: Vec<&str> = digest.vulnerabilities.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["CVE-5", "CVE-4", "CVE-2", "CVE-3", "CVE-1"]);
}

#[test]
fn verdicts_are_one_entry_for_the_same_reason_and_events_for_the_same_words() {
    let mut other = testing::stop();
    other.subject = "docker.io/library/b:1".into();
    let mut again = testing::analysis_failed();
    again.subject = "docker.io/library/b:1".into();
    let digest = collapse(&[testing::go(), testing::stop(), other, testing::analysis_failed(), again]);
    let told: Vec<(&str, usize)> = digest.verdicts.iter().map(|one| (one.to.as_str(), one.subjects.len())).collect();
    assert_eq!(told, [("stop", 2), ("go", 1)]);
    assert_eq!((digest.others.len(), digest.others[0].subjects.len()), (1, 2));
}

proptest! {
    #[test]
    fn nothing_is_lost_and_the_order_of_arrival_does_not_matter(
        some in subsequence((0..30_usize).collect::<Vec<_>>(), 1..30),
    ) {
        let mut notices: Vec<Notice> = some.iter().map(|at| testing::digest()[*at].clone()).collect();
        notices.extend([testing::stop(), testing::go(), testing::tag_update()]);
        let one = collapse(&notices);
        notices.reverse();
        prop_assert_eq!(&one, &collapse(&notices));
        prop_assert_eq!(one.vulnerabilities.iter().map(|one| one.subjects.len()).sum::<usize>(), some.len());
        prop_assert_eq!((one.verdicts.len(), one.others.len()), (2, 1));
    }
}
