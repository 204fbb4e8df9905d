//! Databases leave as archives and come back as files, archives or streams.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use tempfile::tempdir;
use windlass_advisories::{Advisories, Standing};
use windlass_vulnerabilities::{
    Budget, Cache, Compression, Database, Error, Finish, Indexes, Integrity, Progress, export, hydrate,
};

use crate::records::{build, built, built_in, everything};

fn import(cache: &Cache, path: &Path) -> Result<(), Error> {
    cache.import(path, "manual import", None, Budget::default(), &mut |_| ()).map(drop)
}

/// A database without indexes, as it is distributed.
fn distributed(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("distributed.db");
    build(&path, everything(), Finish::Distribution);
    path
}

fn answers(cache: &Cache) {
    let database = cache.open().unwrap();
    let found = database.by_ecosystem("org.apache.logging.log4j:log4j-core", "java-archive", Standing::Affected);
    assert_eq!(found.unwrap().len(), 1);
}

#[test]
fn a_database_file_is_installed_with_its_indexes() {
    let folder = tempdir().unwrap();
    let cache = Cache::new(&folder.path().join("cache"));
    assert!(matches!(cache.open(), Err(Error::Missing { .. })));
    let distributed = distributed(folder.path());
    assert!(matches!(Database::open(&distributed), Err(Error::NotHydrated { .. })));
    import(&cache, &distributed).unwrap();
    answers(&cache);
    assert!(matches!(Database::open(&distributed), Err(Error::NotHydrated { .. })), "the file given stays as it was");

    let status = cache.status("2026-07-03T00:54:38Z".parse().unwrap()).unwrap();
    assert_eq!(status.integrity, Integrity::Valid);
    assert_eq!(status.age.as_hours(), 48);
    assert_eq!(status.source.as_deref(), Some("manual import"));
    assert_eq!(status.schema.to_string(), "v6.1.9");
    assert!(status.indexed);
    let records: Vec<_> = status.providers.iter().map(|p| (p.provider.id.as_str(), p.records)).collect();
    assert_eq!(records, [("debian", 1), ("eol", 0), ("epss", 1), ("github", 1), ("kev", 1), ("nvd", 1)]);
}

#[test]
fn what_is_exported_can_be_imported() {
    let folder = tempdir().unwrap();
    for (name, compression) in [("v.tar.zst", Compression::Zstd), ("v.tar.gz", Compression::Gzip)] {
        assert_eq!(Compression::of_name(name), Some(compression));
        let archive = folder.path().join(name);
        let listing = export(&distributed(folder.path()), &archive, compression).unwrap();
        assert_eq!((listing.path.as_str(), listing.built.as_second()), (name, built().as_second()));
        let again = folder.path().join(format!("again-{name}"));
        assert_eq!(export(&distributed(folder.path()), &again, compression).unwrap().checksum, listing.checksum);

        let cache = Cache::new(&folder.path().join(format!("cache-{name}")));
        cache.import(&archive, "here", Some(&listing.checksum), Budget::default(), &mut |_| ()).unwrap();
        answers(&cache);

        let cache = Cache::new(&folder.path().join(format!("stream-{name}")));
        let mut stream = fs::File::open(&archive).unwrap();
        cache.import_from(&mut stream, "a pipe", None, Budget::default(), &mut |_| ()).unwrap();
        answers(&cache);
        assert_eq!(cache.import_metadata().unwrap().unwrap().source, "a pipe");
    }
}

#[test]
fn hydration_makes_the_indexes_of_a_complete_database() {
    let folder = tempdir().unwrap();
    let path = distributed(folder.path());
    let mut steps = Vec::new();
    hydrate(&path, Indexes::All, &mut |step| steps.push(step)).unwrap();
    Database::open(&path).unwrap();
    assert!(steps.contains(&Progress::Analysing));
    assert!(steps.iter().any(|step| matches!(step, Progress::Indexing { done: 0, .. })));
    hydrate(&path, Indexes::All, &mut |_| ()).unwrap();
}

#[test]
fn an_altered_database_is_noticed() {
    let folder = tempdir().unwrap();
    let cache = Cache::new(folder.path());
    import(&cache, &built_in(folder.path())).unwrap();
    let connection = rusqlite::Connection::open(cache.database_path()).unwrap();
    connection.execute("delete from affected_package_handles", []).unwrap();
    drop(connection);
    let status = cache.status(built()).unwrap();
    assert!(matches!(status.integrity, Integrity::Altered { .. }));
    fs::remove_file(folder.path().join("6/import.json")).unwrap();
    assert_eq!(cache.status(built()).unwrap().integrity, Integrity::Unknown);
    assert!(cache.delete().unwrap());
    assert!(!cache.delete().unwrap());
}

/// Yields a part of the bytes and then fails.
struct Breaking<'a>(&'a [u8]);

impl Read for Breaking<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Err(io::Error::new(io::ErrorKind::ConnectionReset, "the line went dead"));
        }
        self.0.read(buffer)
    }
}

#[test]
fn an_import_that_breaks_off_anywhere_leaves_the_old_database() {
    let folder = tempdir().unwrap();
    let archive = folder.path().join("v.tar.zst");
    export(&distributed(folder.path()), &archive, Compression::Zstd).unwrap();
    let bytes = fs::read(&archive).unwrap();
    let cache = Cache::new(&folder.path().join("cache"));
    import(&cache, &built_in(folder.path())).unwrap();
    let before = (fs::read(cache.database_path()).unwrap(), cache.import_metadata().unwrap());
    for part in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
        let name = "a download";
        cache.import_from(&mut Breaking(&bytes[..part]), name, None, Budget::default(), &mut |_| ()).unwrap_err();
        cache.import_from(&mut &bytes[..part], name, None, Budget::default(), &mut |_| ()).unwrap_err();
    }
    assert_eq!((fs::read(cache.database_path()).unwrap(), cache.import_metadata().unwrap()), before);
    let left: Vec<_> = fs::read_dir(cache.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "nothing but the database and the lock: {left:?}");
}

#[test]
fn what_an_interrupted_process_left_is_cleared_away() {
    let folder = tempdir().unwrap();
    let cache = Cache::new(folder.path());
    import(&cache, &built_in(folder.path())).unwrap();
    fs::create_dir(folder.path().join(".incoming-dead")).unwrap();
    fs::write(folder.path().join(".incoming-dead/download"), b"half").unwrap();
    import(&cache, &built_in(folder.path())).unwrap();
    assert!(!folder.path().join(".incoming-dead").exists());

    // A system that cannot exchange two names was stopped between moving the old folder aside and the new one in.
    fs::rename(folder.path().join("6"), folder.path().join("6.previous")).unwrap();
    answers(&cache);
    assert!(!folder.path().join("6.previous").exists());
}
