//! Databases of other writers and of earlier schemas.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::tempdir;
use windlass_advisories::{Advisories, CpeAttributes, SeverityValue, Standing};
use windlass_vulnerabilities::{Budget, Cache, Database, Error};

use crate::records::cpe;

/// A file of schema 6.0.0, hydrated by its writer: no channels, dates of support, exploitation or weaknesses, no rows
/// about what is unaffected, and documents with members that later schemas dropped.
fn of_schema_6_0_0(folder: &Path) -> PathBuf {
    let path = folder.join("old.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            r#"
            create table blobs (id integer primary key autoincrement, value text not null);
            create table db_metadata (build_timestamp datetime not null, model integer not null,
                revision integer not null, addition integer not null);
            create table providers (id text, version text, processor text, date_captured datetime, input_digest text,
                primary key (id));
            create table vulnerability_handles (id integer primary key autoincrement, name text not null,
                status text not null, published_date datetime, modified_date datetime, withdrawn_date datetime,
                provider_id text not null, blob_id integer);
            create table packages (id integer primary key autoincrement, ecosystem text, name text);
            create table package_cpes (package_id integer, cpe_id integer, primary key (package_id, cpe_id));
            create table cpes (id integer primary key autoincrement, part text not null, vendor text,
                product text not null, edition text, language text, software_edition text, target_hardware text,
                target_software text, other text);
            create table operating_systems (id integer primary key autoincrement, name text, release_id text,
                major_version text, minor_version text, label_version text, codename text);
            create table operating_system_specifier_overrides (alias text, version text, version_pattern text,
                codename text, replacement text, replacement_major_version text, replacement_minor_version text,
                replacement_label_version text, rolling numeric);
            create table affected_package_handles (id integer primary key autoincrement,
                vulnerability_id integer not null, operating_system_id integer, package_id integer, blob_id integer);
            create table affected_cpe_handles (id integer primary key autoincrement,
                vulnerability_id integer not null, cpe_id integer, blob_id integer);

            insert into db_metadata values ('2025-02-01 01:32:07+00:00', 6, 0, 0);
            insert into providers values ('nvd', '2', 'vunnel@0.29', '2025-02-01T00:10:11.123Z', 'xxh64:1');
            insert into operating_systems values (1, 'ubuntu', 'ubuntu', '22', '4', null, 'jammy');
            insert into operating_system_specifier_overrides values
                ('centos', '', '', '', 'rhel', null, null, null, 0), ('wolfi', '', '', '', null, null, null, null, 1);
            insert into packages values (1, 'deb', 'openssl'), (2, 'java-archive', 'com.acme:thing');
            insert into cpes (id, part, vendor, product) values (1, 'a', 'acme', 'thing');
            insert into package_cpes values (2, 1);
            insert into blobs values
                (1, '{"id":"CVE-2022-0001","severities":[{"scheme":"CVSS","value":{"vector":"CVSS:3.1/AV:N","version":"3.1"},"rank":1},{"scheme":"CHMLN","value":"high","rank":2}],"metrics":{}}'),
                (2, '{"cves":["CVE-2022-0001"],"ranges":[{"version":{"type":"dpkg","constraint":"< 3.0.2"},"fix":{"version":"3.0.2","state":"fixed","detail":{"git_commit":"abc","timestamp":null}}}]}'),
                (3, '{"ranges":[{"version":{"constraint":"< 2"},"fix":{"state":"no-such-state"}}]}');
            insert into vulnerability_handles values (1, 'CVE-2022-0001', '', '2022-03-15 17:15:08.513+00:00', null, null, 'nvd', 1);
            insert into affected_package_handles values (1, 1, 1, 1, 2), (2, 1, null, 2, 3);

            create unique index idx_package on packages (ecosystem collate nocase, name collate nocase);
            create index idx_package_name on packages (name collate nocase);
            create index idx_affected_package_handles_package_id on affected_package_handles (package_id);
            create index idx_affected_package_handles_operating_system_id on affected_package_handles (operating_system_id);
            create unique index idx_cpe on cpes (part collate nocase, vendor collate nocase, product collate nocase);
            create index idx_cpe_product on cpes (product collate nocase);
            create index idx_affected_cpe_handles_cpe_id on affected_cpe_handles (cpe_id);
            create index idx_vuln_provider_id on vulnerability_handles (name collate nocase, provider_id collate nocase);
            "#,
        )
        .unwrap();
    path
}

#[test]
fn a_database_of_the_first_schema_is_read() {
    let folder = tempdir().unwrap();
    let database = Database::open(&of_schema_6_0_0(folder.path())).unwrap();
    assert_eq!(database.schema().to_string(), "v6.0.0");
    assert_eq!(database.built().unwrap(), "2025-02-01T01:32:07Z");
    assert_eq!(database.providers().unwrap()[0].date_captured.as_deref(), Some("2025-02-01T00:10:11.123Z"));

    let (jammy, release) = database.operating_systems("ubuntu").unwrap().remove(0);
    assert_eq!((release.channel.as_str(), release.eol_date.as_str(), release.label_version.as_str()), ("", "", ""));
    let found = database.by_distribution("openssl", &[jammy], Standing::Affected).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].blob.ranges[0].version.constraint, "< 3.0.2");
    assert!(database.by_distribution("openssl", &[jammy], Standing::Unaffected).unwrap().is_empty());
    assert!(database.by_ecosystem("openssl", "deb", Standing::Unaffected).unwrap().is_empty());

    let record = database.vulnerability(found[0].vulnerability).unwrap();
    assert_eq!(record.published.as_deref(), Some("2022-03-15T17:15:08.513Z"));
    assert!(matches!(record.blob.severities[0].value, SeverityValue::Cvss { .. }));
    assert!(matches!(record.blob.severities[1].value, SeverityValue::Word(_)));

    assert!(database.known_exploited("CVE-2022-0001").unwrap().is_empty());
    assert!(database.epss("CVE-2022-0001").unwrap().is_none());
    assert!(database.cwes("CVE-2022-0001").unwrap().is_empty());
    assert_eq!(database.operating_system_overrides().unwrap().len(), 2);
    assert_eq!(database.canonical_ecosystem("golang").unwrap(), None);
}

#[test]
fn a_package_that_a_cpe_stands_for_is_found_by_the_cpe() {
    let folder = tempdir().unwrap();
    let database = Database::open(&of_schema_6_0_0(folder.path())).unwrap();
    let found = database.by_cpe(&cpe("acme", "thing")).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].cpe, cpe("acme", "thing"));
    assert_eq!(found[0].blob.ranges[0].version.constraint, "< 2");
    let other = CpeAttributes { target_software: "node.js".into(), ..cpe("acme", "thing") };
    assert!(database.by_cpe(&other).unwrap().is_empty());
}

#[test]
fn an_older_database_gets_the_indexes_of_the_tables_it_has() {
    let folder = tempdir().unwrap();
    let path = of_schema_6_0_0(folder.path());
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("drop index idx_package; drop index idx_package_name; drop index idx_cpe_product")
        .unwrap();
    drop(connection);
    assert!(matches!(Database::open(&path), Err(Error::NotHydrated { .. })));
    let cache = Cache::new(&folder.path().join("cache"));
    cache.import(&path, "manual import", None, Budget::default(), &mut |_| ()).unwrap();
    assert_eq!(cache.open().unwrap().by_cpe(&cpe("acme", "thing")).unwrap().len(), 1);
    assert_eq!(cache.import_metadata().unwrap().unwrap().client_version, "v6.1.9");
}
