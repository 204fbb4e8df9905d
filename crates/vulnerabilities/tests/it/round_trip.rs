//! What a builder writes, a reader answers.

use std::fs;

use crate::records::{
    advisory, below, build, built, built_in, cpe, cvss, debian, everything, of_release, record, word,
};
use tempfile::tempdir;
use windlass_advisories::{
    Advisories, CpeAttributes, Cwe, OperatingSystem, PackageBlob, Range, Standing, Status, VersionConstraint,
};
use windlass_vulnerabilities::{Builder, Database, Error, Finish, SCHEMA};

#[test]
fn the_header_says_what_was_built_and_when() {
    let folder = tempdir().unwrap();
    let database = Database::open(&built_in(folder.path())).unwrap();
    assert_eq!(database.schema(), SCHEMA);
    assert_eq!(database.built().unwrap(), "2026-07-01T00:54:38Z");
    let providers = database.providers().unwrap();
    let ids: Vec<_> = providers.iter().map(|provider| provider.id.as_str()).collect();
    assert_eq!(ids, ["debian", "eol", "epss", "github", "kev", "nvd"]);
    assert_eq!(providers[0], crate::records::provider("debian"));
    let counts = database.record_counts().unwrap();
    assert_eq!(counts[3], ("github".to_owned(), 1));
    assert_eq!(counts[4], ("kev".to_owned(), 1));
}

#[test]
fn a_package_of_a_release_is_found_by_any_case_of_its_name() {
    let folder = tempdir().unwrap();
    let database = Database::open(&built_in(folder.path())).unwrap();
    let releases = database.operating_systems("Debian").unwrap();
    let (bookworm, release) = releases.iter().find(|(_, release)| release.major_version == "12").unwrap();
    assert_eq!(
        *release,
        OperatingSystem {
            codename: "bookworm".into(),
            eol_date: "2028-06-30".into(),
            eoas_date: "2026-06-10".into(),
            ..debian("12")
        }
    );

    let found = database.by_distribution("Apache-Log4J2", &[*bookworm], Standing::Affected).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(*found[0].blob, below("dpkg", "2.15.0-1"));
    assert_eq!(found[0].operating_system, Some(*bookworm));

    let record = database.vulnerability(found[0].vulnerability).unwrap();
    assert_eq!((record.name.as_str(), record.provider.as_str()), ("CVE-2021-44228", "debian"));
    assert_eq!(record.published.as_deref(), Some("2021-12-10T10:15:09Z"));
    assert_eq!(record.modified, record.published, "a record that was never changed counts as changed when published");

    let both: Vec<_> = releases.iter().map(|(id, _)| *id).collect();
    assert_eq!(database.by_distribution("apache-log4j2", &both, Standing::Affected).unwrap().len(), 2);
    assert_eq!(database.by_distribution("liblogging-log4j2", &both, Standing::Unaffected).unwrap().len(), 1);
    assert!(database.by_distribution("liblogging-log4j2", &both, Standing::Affected).unwrap().is_empty());
    assert!(database.by_distribution("apache-log4j2", &[], Standing::Affected).unwrap().is_empty());
}

#[test]
fn a_package_of_an_ecosystem_is_not_one_of_a_release() {
    let folder = tempdir().unwrap();
    let database = Database::open(&built_in(folder.path())).unwrap();
    let found =
        database.by_ecosystem("org.apache.logging.log4j:LOG4J-core", "java-archive", Standing::Affected).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].blob.cves, ["CVE-2021-44228"]);
    let record = database.vulnerability(found[0].vulnerability).unwrap();
    assert_eq!(record.name, "GHSA-jfh8-c2jp-5v3q");
    assert_eq!(record.withdrawn.as_deref(), Some("2024-01-01T00:00:00Z"));
    assert_eq!(record.status, Status::Active);
    assert!(database.by_ecosystem("apache-log4j2", "deb", Standing::Affected).unwrap().is_empty());
    assert_eq!(database.canonical_ecosystem("Golang").unwrap().as_deref(), Some("go-module"));
    assert_eq!(database.canonical_ecosystem("npm").unwrap(), None);
}

#[test]
fn a_product_is_found_by_the_attributes_that_are_given() {
    let folder = tempdir().unwrap();
    let database = Database::open(&built_in(folder.path())).unwrap();
    let vendors = |wanted: CpeAttributes| -> Vec<String> {
        database.by_cpe(&wanted).unwrap().into_iter().map(|found| found.cpe.vendor).collect()
    };
    assert_eq!(vendors(cpe("Apache", "LOG4J")), ["apache"]);
    assert_eq!(vendors(cpe("", "log4j")), ["acme", "apache"]);
    assert_eq!(vendors(CpeAttributes { target_software: "Node.js".into(), ..cpe("", "log4j") }), ["acme"]);
    assert!(vendors(cpe("apache", "log4net")).is_empty(), "an unaffected product is no finding");
    let error = database.by_cpe(&cpe("apache", "")).unwrap_err();
    assert!(error.to_string().contains("must name its product"), "{error}");
}

#[test]
fn a_cve_has_its_decorations() {
    let folder = tempdir().unwrap();
    let database = Database::open(&built_in(folder.path())).unwrap();
    let exploited = database.known_exploited("cve-2021-44228").unwrap();
    assert_eq!(exploited.len(), 1);
    assert_eq!((exploited[0].date_added.as_str(), exploited[0].due_date.as_str()), ("2021-12-10", "2021-12-24"));
    let epss = database.epss("CVE-2021-44228").unwrap().unwrap();
    assert_eq!((epss.epss, epss.percentile, epss.date.as_str()), (0.975, 0.9999, "2026-06-30"));
    assert_eq!(
        database.cwes("CVE-2021-44228").unwrap(),
        [Cwe {
            cve: "CVE-2021-44228".into(),
            cwe: "CWE-502".into(),
            source: "security@apache.org".into(),
            kind: "Secondary".into()
        }]
    );
    assert!(database.known_exploited("CVE-1999-0001").unwrap().is_empty());
    assert_eq!(database.epss("CVE-1999-0001").unwrap(), None);
}

#[test]
fn records_are_found_by_name_and_provider() {
    let folder = tempdir().unwrap();
    let database = Database::open(&built_in(folder.path())).unwrap();
    let all = database.vulnerabilities_named("cve-2021-44228", None).unwrap();
    let providers: Vec<_> = all.iter().map(|record| record.provider.as_str()).collect();
    assert_eq!(providers, ["nvd", "debian"]);
    let nvd = database.vulnerabilities_named("CVE-2021-44228", Some("NVD")).unwrap();
    assert_eq!(nvd.len(), 1);
    assert_eq!(nvd[0].modified.as_deref(), Some("2023-04-03T20:15:07.123Z"));
}

#[test]
fn nvd_lends_its_severity_to_records_without_one() {
    let folder = tempdir().unwrap();
    let database = Database::open(&built_in(folder.path())).unwrap();
    let severity_of =
        |provider| database.vulnerabilities_named("CVE-2021-44228", Some(provider)).unwrap()[0].blob.severities.clone();
    assert_eq!(severity_of("debian"), [cvss("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H")]);
    let github = database.vulnerabilities_named("GHSA-jfh8-c2jp-5v3q", None).unwrap();
    assert_eq!(github[0].blob.severities, [word("critical")]);
}

#[test]
fn distributions_that_share_data_are_known() {
    let folder = tempdir().unwrap();
    let database = Database::open(&built_in(folder.path())).unwrap();
    let overrides = database.operating_system_overrides().unwrap();
    let rocky = overrides.iter().find(|rule| rule.alias == "rocky").unwrap();
    assert_eq!(rocky.replacement.as_deref(), Some("rhel"));
    assert!(overrides.iter().any(|rule| rule.alias == "wolfi" && rule.rolling));
    assert!(overrides.iter().all(|rule| rule.alias != "redhat"), "a rule for readers of older schemas is not ours");
}

#[test]
fn the_same_records_give_the_same_bytes() {
    let folder = tempdir().unwrap();
    for finish in [Finish::Ready, Finish::Distribution] {
        let (first, second) = (folder.path().join("first.db"), folder.path().join("second.db"));
        build(&first, everything(), finish);
        build(&second, everything(), finish);
        assert_eq!(fs::read(first).unwrap(), fs::read(second).unwrap(), "{finish:?}");
    }
}

#[test]
fn statements_are_written_in_order_and_once() {
    let write = |order: [usize; 3], path: &std::path::Path| {
        let statements = [
            of_release("zlib", debian("12"), below("dpkg", "1.3")),
            of_release("apt", debian("12"), below("dpkg", "2.6")),
            of_release("apt", debian("11"), below("dpkg", "2.6")),
        ];
        let mut one = advisory("CVE-2026-0001");
        one.packages = order.iter().map(|at| statements[*at].clone()).collect();
        one.packages.push(statements[0].clone());
        build(path, vec![("debian", vec![record(one)])], Finish::Ready)
    };
    let folder = tempdir().unwrap();
    let (first, second) = (folder.path().join("first.db"), folder.path().join("second.db"));
    let summary = write([0, 1, 2], &first);
    write([2, 0, 1], &second);
    assert_eq!((summary.vulnerabilities, summary.packages, summary.cpes), (1, 3, 0));
    assert_eq!(fs::read(first).unwrap(), fs::read(second).unwrap());
}

#[test]
fn a_record_given_twice_is_one_record() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("v.db");
    let of = |release: &str| {
        let mut one = advisory("CVE-2026-0001");
        one.packages = vec![of_release("apt", debian(release), below("dpkg", "2.6"))];
        record(one)
    };
    let summary = build(&path, vec![("debian", vec![of("11"), of("12")])], Finish::Ready);
    assert_eq!((summary.vulnerabilities, summary.packages), (1, 2));
}

#[test]
fn a_date_that_is_none_is_left_out() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("v.db");
    let mut one = advisory("CVE-2026-0001");
    one.published = Some("soon".into());
    let mut blob = below("dpkg", "2.6");
    for (range, date) in blob.ranges.iter_mut().zip(["0000-00-00"]) {
        let detail = range.fix.as_mut().and_then(|fix| fix.detail.as_mut()).unwrap();
        detail.available.as_mut().unwrap().date = date.into();
    }
    one.packages = vec![of_release("apt", debian("12"), blob)];
    build(&path, vec![("debian", vec![record(one)])], Finish::Ready);
    let database = Database::open(&path).unwrap();
    let releases: Vec<_> = database.operating_systems("debian").unwrap().into_iter().map(|(id, _)| id).collect();
    let found = database.by_distribution("apt", &releases, Standing::Affected).unwrap();
    let detail = found[0].blob.ranges[0].fix.as_ref().unwrap().detail.as_ref().unwrap();
    assert_eq!(detail.available, None);
    assert_eq!(database.vulnerability(found[0].vulnerability).unwrap().published, None);
}

#[test]
fn every_minor_of_a_rhel_release_has_the_records_of_the_major() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("v.db");
    let rhel = |minor: &str| OperatingSystem {
        name: "redhat".into(),
        release_id: "rhel".into(),
        major_version: "9".into(),
        minor_version: minor.into(),
        ..OperatingSystem::default()
    };
    let mut one = advisory("CVE-2026-0001");
    for (minor, fixed) in [("", "2-9.el9"), ("04", "2-4.el9_4")] {
        let mut statement = of_release("openssl", rhel(minor), below("rpm", fixed));
        statement.ecosystem = "rpm".into();
        one.packages.push(statement);
    }
    one.packages[1].operating_system = Some(rhel("4"));
    build(&path, vec![("rhel", vec![record(one)])], Finish::Ready);
    let database = Database::open(&path).unwrap();
    let releases = database.operating_systems("rhel").unwrap();
    assert_eq!(releases.len(), 12);
    for (id, release) in releases {
        let found = database.by_distribution("openssl", &[id], Standing::Affected).unwrap();
        let fixed = if release.minor_version == "4" { "2-4.el9_4" } else { "2-9.el9" };
        assert_eq!(found.len(), 1, "9.{}", release.minor_version);
        assert_eq!(*found[0].blob, below("rpm", fixed));
    }
}

#[test]
fn a_record_about_all_versions_survives() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("v.db");
    let all_versions = PackageBlob {
        ranges: vec![Range {
            version: VersionConstraint { format: "dpkg".into(), constraint: String::new() },
            fix: None,
        }],
        ..PackageBlob::default()
    };
    let mut one = advisory("CVE-2026-0001");
    one.packages = vec![of_release("apt", debian("12"), all_versions.clone())];
    build(&path, vec![("debian", vec![record(one)])], Finish::Ready);
    let database = Database::open(&path).unwrap();
    let id = database.operating_systems("debian").unwrap()[0].0;
    assert_eq!(*database.by_distribution("apt", &[id], Standing::Affected).unwrap()[0].blob, all_versions);
}

#[test]
fn nvd_after_another_provider_is_refused() {
    let folder = tempdir().unwrap();
    let mut builder = Builder::create(&folder.path().join("v.db"), built()).unwrap();
    builder.add("debian", record(advisory("CVE-2026-0001"))).unwrap();
    let error = builder.add("nvd", record(advisory("CVE-2026-0001"))).unwrap_err();
    assert!(matches!(error, Error::NvdNotFirst), "{error}");
    let mut providers = ["kev", "debian", "nvd"];
    providers.sort_by_key(|id| Builder::order(id));
    assert_eq!(providers, ["nvd", "debian", "kev"]);
}

#[test]
fn a_provider_nobody_described_is_still_named() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("v.db");
    let mut builder = Builder::create(&path, built()).unwrap();
    builder.add("debian", record(advisory("CVE-2026-0001"))).unwrap();
    let summary = builder.finish(Finish::Ready, &mut |_| ()).unwrap();
    assert_eq!(summary.providers, [("debian".to_owned(), 1)]);
    assert_eq!(summary.bytes, fs::metadata(&path).unwrap().len());
    let providers = Database::open(&path).unwrap().providers().unwrap();
    assert_eq!((providers[0].id.as_str(), providers[0].date_captured.as_deref()), ("debian", None));
}

#[test]
fn what_an_ended_build_left_beside_its_target_is_cleared_away_and_what_is_being_built_is_not() {
    let folder = tempdir().unwrap();
    let left = folder.path().join(".vulnerability-x7Yz09");
    fs::write(&left, "half a database").unwrap();
    let others = Builder::create(&folder.path().join("other.db"), built()).unwrap();
    assert!(!left.exists());
    built_in(folder.path());
    others.finish(Finish::Ready, &mut |_| ()).expect("a build beside it does not disturb it");
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["other.db", "vulnerability.db"]);
}

#[test]
fn a_build_that_is_given_up_leaves_the_old_file() {
    let folder = tempdir().unwrap();
    let path = built_in(folder.path());
    let before = fs::read(&path).unwrap();
    let mut builder = Builder::create(&path, built()).unwrap();
    builder.add("debian", record(advisory("CVE-2026-0001"))).unwrap();
    drop(builder);
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the unfinished file is gone");
}

#[test]
fn many_threads_ask_one_database() {
    let folder = tempdir().unwrap();
    let database = Database::open(&built_in(folder.path())).unwrap();
    let releases: Vec<_> = database.operating_systems("debian").unwrap().into_iter().map(|(id, _)| id).collect();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..200 {
                    assert_eq!(
                        database.by_distribution("apache-log4j2", &releases, Standing::Affected).unwrap().len(),
                        2
                    );
                    assert_eq!(database.by_cpe(&cpe("apache", "log4j")).unwrap().len(), 1);
                }
            });
        }
    });
}
