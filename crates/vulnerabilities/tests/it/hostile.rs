//! Files that are not what they claim.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::tempdir;
use windlass_advisories::{Advisories, Standing};
use windlass_vulnerabilities::{Budget, Cache, Compression, Database, Error, export};

use crate::records::{built_in, cpe};

/// A tar.gz of raw headers, because a tar library would refuse to write these names.
fn archive(folder: &Path, entries: &[(&str, u8, &[u8])]) -> PathBuf {
    let mut tar = Vec::new();
    for (name, kind, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(tar::EntryType::new(*kind));
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.set_cksum();
        tar.extend_from_slice(header.as_bytes());
        tar.extend_from_slice(content);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    let path = folder.join("hostile.tar.gz");
    let mut gzip = flate2::write::GzEncoder::new(fs::File::create(&path).unwrap(), flate2::Compression::fast());
    gzip.write_all(&tar).unwrap();
    gzip.finish().unwrap();
    path
}

fn refusal(folder: &Path, path: &Path, budget: Budget) -> String {
    let cache = Cache::new(&folder.join("cache"));
    let error = cache.import(path, "a test", None, budget, &mut |_| ()).unwrap_err();
    assert!(!cache.database_path().exists());
    error.to_string()
}

#[test]
fn names_that_point_elsewhere_are_refused() {
    let folder = tempdir().unwrap();
    for name in ["../vulnerability.db", "/tmp/vulnerability.db", "a/../../vulnerability.db", "deep/vulnerability.db"] {
        let path = archive(folder.path(), &[(name, b'0', b"x")]);
        let message = refusal(folder.path(), &path, Budget::default());
        assert!(message.contains("points elsewhere"), "{name}: {message}");
    }
}

#[test]
fn links_devices_and_second_databases_are_refused() {
    let folder = tempdir().unwrap();
    for kind in *b"123456" {
        if kind == b'5' {
            continue;
        }
        let path = archive(folder.path(), &[("vulnerability.db", kind, b"")]);
        let message = refusal(folder.path(), &path, Budget::default());
        assert!(message.contains("not a file"), "{message}");
    }
    let path = archive(folder.path(), &[("vulnerability.db", b'0', b"x"), ("./vulnerability.db", b'0', b"y")]);
    assert!(refusal(folder.path(), &path, Budget::default()).contains("it has two"));
    let path = archive(folder.path(), &[("import.json", b'0', b"{}")]);
    assert!(refusal(folder.path(), &path, Budget::default()).contains("has no vulnerability.db"));
    let many = vec![("other", b'0', &b""[..]); 100];
    let path = archive(folder.path(), &many);
    assert!(refusal(folder.path(), &path, Budget::default()).contains("more than 64 entries"));
}

#[test]
fn a_bomb_stops_at_the_budget() {
    let folder = tempdir().unwrap();
    let zeros = vec![0; 8 << 20];
    let budget = Budget { archive: 1 << 20, database: 1 << 20 };
    let path = archive(folder.path(), &[("vulnerability.db", b'0', &zeros)]);
    assert!(refusal(folder.path(), &path, budget).contains("1048576 are allowed"));
    let path = archive(folder.path(), &[("other", b'0', &zeros)]);
    assert!(refusal(folder.path(), &path, budget).contains("does not belong there"));
    let cache = Cache::new(&folder.path().join("cache"));
    let error = cache.import_from(&mut &zeros[..], "a stream", None, budget, &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("larger than the 1048576 bytes allowed"), "{error}");
}

#[test]
fn a_wrong_checksum_is_refused_and_a_right_one_taken_in_any_spelling() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("v.tar.zst");
    let checksum = export(&built_in(folder.path()), &path, Compression::Zstd).unwrap().checksum;
    let cache = Cache::new(&folder.path().join("cache"));
    let import =
        |checksum: &str| cache.import(&path, "a test", Some(checksum), Budget::default(), &mut |_| ()).map(drop);
    let wrong = checksum.replace(&checksum[10..14], "ffff");
    for wrong in [wrong.as_str(), "", "sha256:", "md5:0"] {
        assert!(matches!(import(wrong), Err(Error::Checksum { .. })), "{wrong:?}");
    }
    import(&checksum).unwrap();
    import(&checksum["sha256:".len()..].to_uppercase()).unwrap();
}

#[test]
fn files_of_other_kinds_are_named() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("file");
    for (bytes, reason) in [
        (&b""[..], "it is empty"),
        (b"{\"matches\":[]}", "it is not a SQLite file"),
        (b"\x28\xb5\x2f\xfd....", "it is a zstd archive"),
        (b"\x1f\x8b........", "it is a gzip archive"),
        (b"\xfd7zXZ\0.......", "it is an xz archive"),
        (b"SQLite format 3\0", "it ends after 16 bytes"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = Database::open(&path).unwrap_err();
        assert!(error.to_string().ends_with(reason), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        assert!(error.hint().is_some(), "{error}");
    }
    let error = Database::open(folder.path()).unwrap_err();
    assert!(error.to_string().ends_with("it is a directory"), "{error}");
    let error = Database::open(&folder.path().join("none")).unwrap_err();
    assert!(error.hint().unwrap().contains("windlass db update"), "{error}");
}

#[test]
fn a_file_cut_short_is_damaged() {
    let folder = tempdir().unwrap();
    let path = built_in(folder.path());
    let whole = fs::read(&path).unwrap();
    for length in [whole.len() - 1, whole.len() / 2, 4096, 100] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = Database::open(&path).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{length} bytes: {error}");
    }
}

#[test]
fn a_database_damaged_within_is_not_installed_and_the_old_one_answers_on() {
    let folder = tempdir().unwrap();
    let cache = Cache::new(&folder.path().join("cache"));
    let path = built_in(folder.path());
    cache.import(&path, "a test", None, Budget::default(), &mut |_| ()).unwrap();
    let before = cache.import_metadata().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 8192].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    Database::open(&path).expect("its first pages are as they should be");
    let archive = folder.path().join("v.tar.zst");
    export(&path, &archive, Compression::Zstd).unwrap();
    for given in [path, archive] {
        let error = cache.import(&given, "a test", None, Budget::default(), &mut |_| ()).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(given.file_name().unwrap().to_str().unwrap()), "{error}");
    }
    assert_eq!(cache.import_metadata().unwrap(), before);
    let database = cache.open().unwrap();
    let found = database.by_ecosystem("org.apache.logging.log4j:log4j-core", "java-archive", Standing::Affected);
    assert_eq!(found.unwrap().len(), 1);
}

#[test]
fn a_database_of_something_else_is_refused() {
    let folder = tempdir().unwrap();
    let other = |statements: &str| {
        let path = folder.path().join("other.db");
        let _ = fs::remove_file(&path);
        rusqlite::Connection::open(&path).unwrap().execute_batch(statements).unwrap();
        Database::open(&path).unwrap_err()
    };
    let metadata =
        "create table db_metadata (build_timestamp datetime, model integer, revision integer, addition integer);";
    for (statements, reason) in [
        ("create table songs (name text)".to_owned(), "it has no table db_metadata"),
        (metadata.to_owned(), "its table db_metadata is empty"),
        (
            format!("{metadata} insert into db_metadata values ('2026-07-01 00:00:00+00:00', 6, 1, 9)"),
            "it has no table blobs",
        ),
        ("create view db_metadata as select 6 as model".to_owned(), "it has no table db_metadata"),
    ] {
        let error = other(&statements);
        assert!(matches!(error, Error::NotADatabase { .. }), "{error}");
        assert!(error.to_string().ends_with(reason), "{error}");
    }
    let error = other(&format!("{metadata} insert into db_metadata values ('2026-07-01 00:00:00+00:00', 7, 0, 0)"));
    assert!(error.to_string().contains("has schema v7.0.0"), "{error}");
}

#[test]
fn a_document_that_is_not_json_fails_that_look_up_only() {
    let folder = tempdir().unwrap();
    let path = built_in(folder.path());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute(
            "update blobs set value = '{' where id = (select blob_id from affected_cpe_handles where cpe_id = 2)",
            [],
        )
        .unwrap();
    drop(connection);
    let database = Database::open(&path).unwrap();
    let error = database.by_cpe(&cpe("apache", "log4j")).unwrap_err();
    assert!(error.to_string().contains("for product \"log4j\" of vendor \"apache\": document "), "{error}");
    assert_eq!(database.by_cpe(&cpe("acme", "log4j")).unwrap().len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn altered_bytes_never_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40)) {
        let folder = tempdir().unwrap();
        let path = built_in(folder.path());
        let mut bytes = fs::read(&path).unwrap();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        fs::write(&path, bytes).unwrap();
        if let Ok(database) = Database::open(&path) {
            let releases: Vec<_> =
                database.operating_systems("debian").unwrap_or_default().into_iter().map(|(id, _)| id).collect();
            let _ = database.by_distribution("apache-log4j2", &releases, Standing::Affected);
            let _ = database.by_cpe(&cpe("apache", "log4j"));
            let _ = database.vulnerabilities_named("CVE-2021-44228", None);
            let _ = database.known_exploited("CVE-2021-44228");
            let _ = database.record_counts();
        }
    }
}
