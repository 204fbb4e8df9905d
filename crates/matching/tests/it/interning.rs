//! Package versions matched apart from images, stored, read back and put together give what matching the image gives.

use std::{collections::BTreeSet, convert::Infallible, sync::Arc, sync::Mutex};

use proptest::prelude::*;
use windlass_advisories::{
    Advisories, CpeAdvisory, CpeAttributes, Cwe, Epss, KnownExploited, LookupError, LookupKey, OperatingSystem,
    OperatingSystemId, OperatingSystemOverride, PackageAdvisory, Provider, Standing, VulnerabilityHandle,
    VulnerabilityId,
};
use windlass_matching::{
    Answer, Decoration, IgnoreRule, Inventory, Matcher, Options, Outcome, PackageInput, PackageOutcome, Records,
    StoredOutcome, Surroundings, compose, match_packages, match_sbom,
    testing::{DISTRIBUTIONS, MemoryAdvisories, advisory, artifact_of, deb, deb_from, package, record_of, sbom},
};
use windlass_sbom::{Evidence, Location, PackageType, Relationship, RelationshipKind, Sbom};

fn database(records: &[u32]) -> MemoryAdvisories {
    let mut database = MemoryAdvisories::new()
        .with_known_exploited("CVE-2024-1", true)
        .with_epss("CVE-2024-0", 0.123_456_789, 0.9)
        .with_epss("CVE-2024-2", 0.000_1, 0.3);
    for number in records {
        database.insert(record_of(*number));
    }
    database
}

/// As text and back.
fn written<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

/// The outcome from what a store would hold: inputs, outcomes and surroundings as texts, records by key.
fn from_store(image: &Sbom, database: &MemoryAdvisories, options: &Options) -> Outcome {
    let inventory = Inventory::of(image, options);
    // Packages of other images come first, and in another order than in this one.
    let mut inputs = vec![PackageInput::of(&deb("other", "1"), None, false)];
    inputs.extend(inventory.inputs().iter().rev().map(written));
    let mut records = Records::new();
    let mut stored: Vec<StoredOutcome> = match_packages(&inputs, database, options)
        .unwrap()
        .iter()
        .zip(&inputs)
        .map(|(outcome, input)| written(&outcome.store(input, options, &mut records)))
        .collect();
    stored.remove(0);
    stored.reverse();

    let outcomes: Vec<PackageOutcome> = stored
        .iter()
        .map(|one| {
            let record = |key: &_| {
                let record = written(&**records.get(key)?);
                let record: Result<_, Infallible> =
                    record.decorated(|cve| Ok(written(&Decoration::look_up(cve, database).unwrap())));
                Some(Arc::new(record.unwrap()))
            };
            one.load(record).unwrap()
        })
        .collect();
    let surroundings = written(&Surroundings::look_up(inventory.distributions(), database, options).unwrap());
    let answers = Answer::all(outcomes, &inventory, options);
    compose(image, &inventory, &answers, &surroundings, options).unwrap()
}

fn options() -> impl Strategy<Value = Options> {
    (any::<bool>(), any::<bool>(), any::<bool>(), 0_usize..3).prop_map(|(like_grype, by_cve, with_rule, threads)| {
        let rule = IgnoreRule { vulnerability: "CVE-2024-3".into(), ..IgnoreRule::default() };
        let mut options = Options { like_grype, by_cve, threads, ..Options::default() };
        options.cpes.java = true;
        options.ignore.extend(with_rule.then_some(rule));
        options
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn an_image_is_the_sum_of_its_packages(
        records in proptest::collection::vec(any::<u32>(), 1..80),
        packages in proptest::collection::vec(any::<u32>(), 1..40),
        owners in proptest::collection::vec((0_usize..40, 0_usize..40), 0..20),
        distribution in proptest::sample::select(DISTRIBUTIONS.to_vec()),
        options in options(),
    ) {
        let database = database(&records);
        let image = artifact_of(distribution, &packages, &owners);
        let whole = match_sbom(&image, &database, &options).unwrap();
        prop_assert_eq!(from_store(&image, &database, &options), whole);
    }

    #[test]
    fn what_was_matched_before_changes_nothing(
        records in proptest::collection::vec(any::<u32>(), 1..80),
        images in proptest::collection::vec(
            (
                proptest::collection::vec(any::<u32>(), 1..40),
                proptest::collection::vec((0_usize..40, 0_usize..40), 0..20),
                proptest::sample::select(DISTRIBUTIONS.to_vec()),
            ),
            1..6,
        ),
        options in options(),
    ) {
        let database = database(&records);
        let mut matcher = Matcher::new(&database, options.clone()).unwrap();
        for (packages, owners, distribution) in images {
            let image = artifact_of(distribution, &packages, &owners);
            // The second time, all of it was.
            for _ in 0..2 {
                let whole = match_sbom(&image, &database, &options).unwrap();
                prop_assert_eq!(matcher.match_sbom(&image).unwrap(), whole);
            }
        }
    }

    #[test]
    fn a_package_asks_nothing_but_what_its_keys_say(
        records in proptest::collection::vec(any::<u32>(), 1..80),
        packages in proptest::collection::vec(any::<u32>(), 1..10),
        distribution in proptest::sample::select(DISTRIBUTIONS.to_vec()),
        options in options(),
    ) {
        let database = database(&records);
        for input in Inventory::of(&artifact_of(distribution, &packages, &[]), &options).inputs() {
            let witness = Witness { database: &database, asked: Mutex::default() };
            let outcomes = match_packages(std::slice::from_ref(input), &witness, &options).unwrap();
            let known: BTreeSet<LookupKey> =
                input.lookup_keys(&options).into_iter().chain(outcomes[0].lookup_keys()).collect();
            for asked in witness.asked.into_inner().unwrap() {
                let is_told = match &asked {
                    Asked::Key(key) => known.contains(key),
                    Asked::OfDistribution(name) => known.iter().any(|key| {
                        matches!(key, LookupKey::InDistribution { name: own, .. } if own == name)
                    }),
                };
                prop_assert!(is_told, "{:?} of {:?}", asked, input);
            }
        }
    }
}

#[derive(Debug)]
enum Asked {
    Key(LookupKey),
    /// A package by name; releases are asked for by number.
    OfDistribution(String),
}

/// A database that remembers what it was asked about packages and flaws.
struct Witness<'a> {
    database: &'a MemoryAdvisories,
    asked: Mutex<Vec<Asked>>,
}

impl Witness<'_> {
    fn note(&self, asked: Asked) {
        self.asked.lock().unwrap().push(asked);
    }
}

type Looked<T> = Result<T, LookupError>;

impl Advisories for Witness<'_> {
    fn operating_systems(&self, name: &str) -> Looked<Vec<(OperatingSystemId, OperatingSystem)>> {
        // The names that rules lead to are known to whoever compares two databases, not to the package.
        self.database.operating_systems(name)
    }

    fn operating_system_overrides(&self) -> Looked<Vec<OperatingSystemOverride>> {
        self.database.operating_system_overrides()
    }

    fn by_distribution(
        &self,
        name: &str,
        releases: &[OperatingSystemId],
        standing: Standing,
    ) -> Looked<Vec<PackageAdvisory>> {
        self.note(Asked::OfDistribution(name.to_ascii_lowercase()));
        self.database.by_distribution(name, releases, standing)
    }

    fn by_ecosystem(&self, name: &str, ecosystem: &str, standing: Standing) -> Looked<Vec<PackageAdvisory>> {
        self.note(Asked::Key(LookupKey::in_ecosystem(ecosystem, name)));
        self.database.by_ecosystem(name, ecosystem, standing)
    }

    fn by_cpe(&self, cpe: &CpeAttributes) -> Looked<Vec<CpeAdvisory>> {
        self.note(Asked::Key(LookupKey::product(&cpe.vendor, &cpe.product)));
        self.database.by_cpe(cpe)
    }

    fn vulnerability(&self, id: VulnerabilityId) -> Looked<Arc<VulnerabilityHandle>> {
        self.database.vulnerability(id)
    }

    fn vulnerabilities_named(&self, name: &str, provider: Option<&str>) -> Looked<Vec<Arc<VulnerabilityHandle>>> {
        self.note(Asked::Key(LookupKey::record(provider.unwrap_or_default(), name)));
        self.database.vulnerabilities_named(name, provider)
    }

    fn known_exploited(&self, cve: &str) -> Looked<Vec<KnownExploited>> {
        self.note(Asked::Key(LookupKey::cve(cve)));
        self.database.known_exploited(cve)
    }

    fn epss(&self, cve: &str) -> Looked<Option<Epss>> {
        self.database.epss(cve)
    }

    fn cwes(&self, cve: &str) -> Looked<Vec<Cwe>> {
        self.note(Asked::Key(LookupKey::cve(cve)));
        self.database.cwes(cve)
    }

    fn providers(&self) -> Looked<Vec<Provider>> {
        self.database.providers()
    }

    fn built(&self) -> Looked<String> {
        self.database.built()
    }

    fn canonical_ecosystem(&self, name: &str) -> Looked<Option<String>> {
        self.database.canonical_ecosystem(name)
    }
}

#[test]
fn a_package_found_twice_is_one_input_with_two_findings() {
    let mut there = package(PackageType::Npm, "ws", "7.0.0");
    there.locations = vec![Location::new("/elsewhere", None, Evidence::Primary)];
    let image = sbom("alpine:3.19", [package(PackageType::Npm, "ws", "7.0.0"), there]);
    let inventory = Inventory::of(&image, &Options::default());
    assert_eq!(inventory.inputs().len(), 1);
    assert_eq!((inventory.input(0), inventory.input(1)), (Some(0), Some(0)));
    let database = MemoryAdvisories::new().with(advisory("GHSA-1", "github").in_ecosystem("npm", "ws", "< 8.0.0"));
    let outcome = match_sbom(&image, &database, &Options::default()).unwrap();
    assert_eq!(outcome.findings.iter().map(|finding| finding.package).collect::<Vec<_>>(), [0, 1]);
}

/// A Debian package that owns a Python library of another version, whose flaw Debian has fixed.
fn with_owned_library() -> (Sbom, MemoryAdvisories) {
    let owner = deb_from("requests", "", "python3-requests", "2.28.1+dfsg-2");
    let mut image = sbom("debian:12", [owner, package(PackageType::Python, "requests", "2.20.0")]);
    image.relationships.push(Relationship {
        kind: RelationshipKind::OwnershipByFileOverlap,
        parent: image.packages[0].id.clone(),
        child: image.packages[1].id.clone(),
        files: Vec::new(),
    });
    let database = MemoryAdvisories::new()
        .with(
            advisory("CVE-2018-1", "debian")
                .in_release("debian:12", "requests", "< 2.28.1+dfsg-1")
                .fixed("2.28.1+dfsg-1"),
        )
        .with(advisory("GHSA-1", "github").alias("CVE-2018-1").in_ecosystem("python", "requests", "< 2.30"))
        .with(advisory("GHSA-2", "github").alias("CVE-2018-2").in_ecosystem("python", "requests", "< 2.30"));
    (image, database)
}

#[test]
fn what_a_store_keeps_tells_which_findings_an_owner_clears() {
    let (image, database) = with_owned_library();
    let options = Options::default();
    let inventory = Inventory::of(&image, &options);
    let outcomes = match_packages(inventory.inputs(), &database, &options).unwrap();
    let mut records = Records::new();
    let stored: Vec<StoredOutcome> = outcomes
        .iter()
        .zip(inventory.inputs())
        .map(|(outcome, input)| outcome.store(input, &options, &mut records))
        .collect();
    let cleared = inventory.cleared(&outcomes, |input| &stored[input].findings);
    let library = image.packages.iter().position(|package| package.name == "requests").unwrap();
    assert_eq!(cleared.keys().collect::<Vec<_>>(), [&library]);
    assert_eq!(cleared[&library].iter().map(|finding| finding.vulnerability.as_str()).collect::<Vec<_>>(), ["GHSA-1"]);

    // The rows alone say what matching the image says.
    let mut affected: Vec<(usize, &str)> = Vec::new();
    for package in 0..image.packages.len() {
        let Some(input) = inventory.input(package) else { continue };
        let of_package = cleared.get(&package).map(Vec::as_slice).unwrap_or_default();
        let open = stored[input].findings.iter().filter(|finding| !of_package.contains(finding));
        affected.extend(open.map(|finding| (package, finding.vulnerability.as_str())));
    }
    let whole = match_sbom(&image, &database, &options).unwrap();
    let expected: Vec<(usize, &str)> =
        whole.findings.iter().map(|finding| (finding.package, finding.vulnerability.id.as_str())).collect();
    assert_eq!(affected, expected);
    assert_eq!(whole.ignored[0].reasons[0].reason, "DistroPackageFixed");
}

#[test]
fn a_package_that_its_owner_answers_for_is_no_input() {
    let (mut image, _) = with_owned_library();
    let library = image.packages.iter().position(|package| package.name == "requests").unwrap();
    image.packages[library].version = "2.28.1".into();
    let inventory = Inventory::of(&image, &Options::default());
    assert_eq!((inventory.input(library), inventory.owner(library)), (None, Some(1 - library)));
    assert_eq!(inventory.inputs().len(), 1);
}

#[test]
fn a_stored_finding_has_columns_to_search_by() {
    let database = MemoryAdvisories::new()
        .with(
            advisory("GHSA-1", "github")
                .alias("CVE-1")
                .severity("high")
                .in_ecosystem("npm", "ws", "< 8.0.0")
                .fixed("8.0.0"),
        )
        .with_known_exploited("CVE-1", false)
        .with_epss("CVE-1", 0.5, 0.99);
    let input = PackageInput::of(&package(PackageType::Npm, "ws", "7.0.0"), None, false);
    let outcomes = match_packages(std::slice::from_ref(&input), &database, &Options::default()).unwrap();
    let mut records = Records::new();
    let stored = outcomes[0].store(&input, &Options::default(), &mut records);
    let [finding] = stored.findings.as_slice() else { panic!("{stored:?}") };
    assert_eq!((finding.vulnerability.as_str(), finding.namespace.as_str()), ("GHSA-1", "github:language:javascript"));
    assert_eq!((finding.names.join(" "), finding.cves.join(" ")), ("GHSA-1 CVE-1".into(), "CVE-1".into()));
    assert_eq!((finding.is_known_exploited, finding.epss), (true, Some((0.5, 0.99))));
    assert_eq!(finding.fix.suggested.as_deref(), Some("8.0.0"));
    let kept: Vec<_> = records.iter().collect();
    assert_eq!(kept.len(), 1);
    assert!(kept[0].1.epss.is_empty() && kept[0].1.known_exploited.is_empty(), "decorations change every day");
    assert_eq!(stored.records().into_iter().collect::<Vec<_>>(), [*kept[0].0]);
}

#[test]
fn a_record_that_is_missing_in_the_store_is_named() {
    let database = MemoryAdvisories::new().with(advisory("GHSA-1", "github").in_ecosystem("npm", "ws", "< 8.0.0"));
    let input = PackageInput::of(&package(PackageType::Npm, "ws", "7.0.0"), None, false);
    let outcomes = match_packages(std::slice::from_ref(&input), &database, &Options::default()).unwrap();
    let stored = outcomes[0].store(&input, &Options::default(), &mut Records::new());
    let error = stored.load(|_| None).unwrap_err();
    assert!(stored.records().contains(&error.key));
    assert!(error.to_string().contains("is not in the store"), "{error}");
}

#[test]
fn what_is_written_by_another_program_is_refused() {
    let detail = r#"{"kind":"cpe","matcher":"nobody","searched_by":{"namespace":"","name":"","version":"","key":{"ecosystem":"x"}},"found":{"vulnerability":"","constraint":"","format":"","cpes":[],"symbols":[]}}"#;
    let error = serde_json::from_str::<windlass_matching::MatchDetail>(detail).unwrap_err();
    assert!(error.to_string().contains("\"nobody\" is no matcher"), "{error}");
}
