//! Comparing again only what a new database touches gives what comparing everything again gives.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Mutex},
};

use proptest::{
    prelude::*,
    test_runner::{TestCaseError, TestRunner},
};
use tempfile::tempdir;
use windlass_advisories::{Epss, KnownExploited, LookupKey, Record};
use windlass_matching::{
    Answer, Decoration, Inventory, Options, PackageOutcome, Records, Surroundings, compose, match_packages, match_sbom,
    testing::{AdvisoryBuilder, DISTRIBUTIONS, advisory, artifact_of, deb_from, package, record_of, sbom},
};
use windlass_sbom::PackageType;
use windlass_vulnerabilities::{Builder, Database, Finish, Touched, changes};

use crate::records::built;

/// What is known of a CVE beside its records.
#[derive(Clone, Debug, Default)]
struct Known {
    exploited: Vec<u32>,
    predicted: Vec<(u32, u32)>,
}

fn database(path: &Path, records: impl IntoIterator<Item = AdvisoryBuilder>, known: &Known) -> Database {
    let mut all: Vec<(String, Record)> = records.into_iter().map(AdvisoryBuilder::record).collect();
    for cve in &known.exploited {
        let entry = KnownExploited { cve: format!("CVE-2024-{cve}"), ..KnownExploited::default() };
        all.push(("kev".into(), Record::KnownExploited(entry)));
    }
    for (cve, thousandths) in &known.predicted {
        let epss = f64::from(*thousandths) / 1000.0;
        let score = Epss { cve: format!("CVE-2024-{cve}"), epss, percentile: epss, date: "2026-01-01".into() };
        all.push(("epss".into(), Record::Epss(score)));
    }
    all.sort_by(|(one, _), (other, _)| Builder::order(one).cmp(&Builder::order(other)));
    let mut builder = Builder::create(path, built()).unwrap();
    for (provider, record) in all {
        builder.add(&provider, record).unwrap();
    }
    builder.finish(Finish::Ready, &mut |_| ()).unwrap();
    Database::open(path).unwrap()
}

fn known() -> impl Strategy<Value = Known> {
    let exploited = proptest::collection::btree_set(0_u32..6, 0..3);
    let predicted = proptest::collection::btree_map(0_u32..6, 0_u32..3, 0..6);
    (exploited, predicted).prop_map(|(exploited, predicted)| Known {
        exploited: exploited.into_iter().collect(),
        predicted: predicted.into_iter().collect(),
    })
}

/// A former and a present database, and an artifact.
#[derive(Clone, Debug)]
struct Story {
    records: Vec<u32>,
    removed: BTreeSet<usize>,
    added: Vec<u32>,
    known: [Known; 2],
    distribution: &'static str,
    packages: Vec<u32>,
    owners: Vec<(usize, usize)>,
    by_cve: bool,
}

fn story() -> impl Strategy<Value = Story> {
    let records = proptest::collection::vec(any::<u32>(), 20..80);
    let removed = proptest::collection::btree_set(0_usize..80, 0..4);
    let added = proptest::collection::vec(any::<u32>(), 0..4);
    let packages = proptest::collection::vec(any::<u32>(), 1..40);
    let owners = proptest::collection::vec((0_usize..40, 0_usize..40), 0..10);
    let distribution = proptest::sample::select(DISTRIBUTIONS.to_vec());
    (records, removed, added, [known(), known()], distribution, packages, owners, any::<bool>()).prop_map(
        |(records, removed, added, known, distribution, packages, owners, by_cve)| Story {
            records,
            removed,
            added,
            known,
            distribution,
            packages,
            owners,
            by_cve,
        },
    )
}

/// Compares again what is touched and keeps the rest; how many inputs fared each way.
fn rematched(story: &Story) -> Result<[usize; 2], TestCaseError> {
    let folder = tempdir().unwrap();
    let kept = story.records.iter().enumerate().filter(|(place, _)| !story.removed.contains(place));
    let present = kept.map(|(_, number)| number).chain(&story.added).map(|number| record_of(*number));
    let former = story.records.iter().map(|number| record_of(*number));
    let old = database(&folder.path().join("old.db"), former, &story.known[0]);
    let new = database(&folder.path().join("new.db"), present, &story.known[1]);
    let touched = changes(&old, &new).unwrap();
    prop_assert!(!touched.everything);

    let options = Options { by_cve: story.by_cve, ..Options::default() };
    let image = artifact_of(story.distribution, &story.packages, &story.owners);
    let inventory = Inventory::of(&image, &options);
    let mut records = Records::new();
    let (mut outcomes, mut counts) = (Vec::<PackageOutcome>::new(), [0, 0]);
    let former = match_packages(inventory.inputs(), &old, &options).unwrap();
    let expected = match_packages(inventory.inputs(), &new, &options).unwrap();
    for ((input, former), expected) in inventory.inputs().iter().zip(former).zip(&expected) {
        let keys: BTreeSet<LookupKey> = input.lookup_keys(&options).into_iter().chain(former.lookup_keys()).collect();
        if touched.touches(&keys) {
            counts[0] += 1;
            outcomes.push(match_packages(std::slice::from_ref(input), &new, &options).unwrap().remove(0));
            continue;
        }
        counts[1] += usize::from(!former.matches.is_empty());
        // Predictions are not of the stored record: they are read where they change.
        let stored = former.store(input, &options, &mut records);
        let decorated = |key: &_| {
            let record = records.get(key)?.as_ref().clone();
            Some(Arc::new(record.decorated(|cve| Decoration::look_up(cve, &new)).unwrap()))
        };
        let same = stored.load(decorated).unwrap();
        prop_assert_eq!(&same, expected, "{:?}", input);
        outcomes.push(same);
    }
    let surroundings = Surroundings::look_up(inventory.distributions(), &new, &options).unwrap();
    let composed =
        compose(&image, &inventory, &Answer::all(outcomes, &inventory, &options), &surroundings, &options).unwrap();
    prop_assert_eq!(composed, match_sbom(&image, &new, &options).unwrap());
    Ok(counts)
}

#[test]
fn what_is_not_touched_stays_as_it_was() {
    let counts = Mutex::new([0, 0]);
    let mut runner = TestRunner::new(ProptestConfig { cases: 48, ..ProptestConfig::default() });
    let property = |story: Story| {
        let [again, kept] = rematched(&story)?;
        let mut counts = counts.lock().unwrap();
        *counts = [counts[0] + again, counts[1] + kept];
        Ok(())
    };
    runner.run(&story(), property).unwrap();
    let [again, kept] = counts.into_inner().unwrap();
    assert!(again > 50 && kept > 50, "the stories must be of both kinds: {again} and {kept}");
}

fn touched(old: Vec<AdvisoryBuilder>, new: Vec<AdvisoryBuilder>) -> Touched {
    touched_with(old, &Known::default(), new, &Known::default())
}

fn touched_with(old: Vec<AdvisoryBuilder>, before: &Known, new: Vec<AdvisoryBuilder>, after: &Known) -> Touched {
    let folder = tempdir().unwrap();
    let old = database(&folder.path().join("old.db"), old, before);
    let new = database(&folder.path().join("new.db"), new, after);
    changes(&old, &new).unwrap()
}

fn of_debian(cve: &str, name: &str, fixed: &str) -> AdvisoryBuilder {
    advisory(cve, "debian").in_release("debian:12", name, &format!("< {fixed}")).fixed(fixed)
}

#[test]
fn equal_databases_touch_nothing() {
    let records = || vec![of_debian("CVE-2024-1", "apt", "2"), of_debian("CVE-2024-2", "bash", "5")];
    let touched = touched(records(), records().into_iter().rev().collect());
    assert!(touched.is_empty(), "{touched:?}");
    assert!(!touched.touches(&[LookupKey::in_distribution("debian", "apt")]));
}

#[test]
fn an_altered_record_touches_the_packages_it_speaks_of_and_no_others() {
    let touched = touched(
        vec![of_debian("CVE-2024-1", "apt", "2"), of_debian("CVE-2024-2", "bash", "5")],
        vec![of_debian("CVE-2024-1", "apt", "3"), of_debian("CVE-2024-2", "bash", "5")],
    );
    assert_eq!(touched.records, 1);
    let inputs = |distribution: &str, name: &str| {
        let image = sbom(distribution, [deb_from(name, "", &format!("{name}-utils"), "1")]);
        Inventory::of(&image, &Options::default()).inputs()[0].lookup_keys(&Options::default())
    };
    assert!(touched.touches(&inputs("debian:12", "apt")));
    assert!(touched.touches(&inputs("raspbian:12", "apt")), "it reads Debian's records");
    assert!(!touched.touches(&inputs("debian:12", "bash")));
    assert!(!touched.touches(&inputs("ubuntu:22.04", "apt")));
}

#[test]
fn a_record_of_a_flaw_touches_those_that_name_it() {
    // One without a judgement would be given the NVD's, and so be another record.
    let github =
        || advisory("GHSA-1", "github").alias("CVE-2024-1").severity("low").in_ecosystem("npm", "ws", "< 8.0.0");
    let nvd = |word: &str| advisory("CVE-2024-1", "nvd").severity(word).in_product("ws_project:ws", "< 8.0.0");
    let touched = touched(vec![github(), nvd("low")], vec![github(), nvd("high")]);
    let folder = tempdir().unwrap();
    let database = database(&folder.path().join("old.db"), [github(), nvd("low")], &Known::default());
    let image = sbom("", [package(PackageType::Npm, "ws", "7.0.0")]);
    let inventory = Inventory::of(&image, &Options::default());
    let outcomes = match_packages(inventory.inputs(), &database, &Options::default()).unwrap();
    assert!(!touched.touches(&inventory.inputs()[0].lookup_keys(&Options::default())), "nothing new is found");
    assert!(touched.touches(&outcomes[0].lookup_keys()), "what is found is described otherwise");
}

#[test]
fn exploitation_touches_its_cve_and_predictions_are_told_apart() {
    let records = || vec![of_debian("CVE-2024-1", "apt", "2"), of_debian("CVE-2024-2", "bash", "5")];
    let before = Known { exploited: vec![], predicted: vec![(1, 10), (2, 20)] };
    let after = Known { exploited: vec![2], predicted: vec![(1, 11), (2, 20), (3, 30)] };
    let touched = touched_with(records(), &before, records(), &after);
    assert_eq!(touched.keys.into_iter().collect::<Vec<_>>(), [LookupKey::cve("CVE-2024-2")]);
    assert_eq!(touched.predictions, ["CVE-2024-1", "CVE-2024-3"]);
    assert_eq!(touched.records, 1);
}

#[test]
fn a_new_release_touches_the_distributions_that_read_it() {
    let of = |release: &str| advisory("CVE-2024-1", "rhel").in_release(release, "bash", "< 5");
    let touched = touched(vec![of("rhel:8")], vec![of("rhel:8"), of("rhel:9")]);
    for distribution in ["redhat", "rhel", "rocky", "almalinux"] {
        assert!(touched.touches(&[LookupKey::releases(distribution)]), "{distribution}");
    }
    assert!(!touched.touches(&[LookupKey::releases("debian")]));
}

#[test]
fn other_rules_about_who_reads_whose_records_touch_everything() {
    let folder = tempdir().unwrap();
    let records = || vec![of_debian("CVE-2024-1", "apt", "2")];
    let path = folder.path().join("old.db");
    drop(database(&path, records(), &Known::default()));
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute("delete from operating_system_specifier_overrides where alias = 'raspbian'", []).unwrap();
    connection.close().unwrap();
    let new = database(&folder.path().join("new.db"), records(), &Known::default());
    let touched = changes(&Database::open(&path).unwrap(), &new).unwrap();
    assert!(touched.everything && touched.touches(&[]));
}
