//! Newer databases are found and installed, or not.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tempfile::{TempDir, tempdir};
use windlass_vulnerabilities::{
    Body, Builder, Cache, Compression, Error, Fetch, FetchError, Finish, Outcome, UpdateOptions, check, export, update,
};

use crate::records::{everything, provider};

const SOURCE: &str = "https://mirror.example/databases";

/// Answers by address; `failures` come first.
#[derive(Default)]
struct Memory {
    answers: HashMap<String, Vec<u8>>,
    failures: RefCell<Vec<FetchError>>,
    /// Bytes after which the next body breaks off.
    breaks_after: Cell<Option<usize>>,
    asked: RefCell<Vec<(String, Duration)>>,
    waits: Cell<u32>,
}

impl Fetch for Memory {
    fn open(&self, url: &str, limit: Duration) -> Result<Body, FetchError> {
        self.asked.borrow_mut().push((url.to_owned(), limit));
        if let Some(failure) = self.failures.borrow_mut().pop() {
            return Err(failure);
        }
        let Some(answer) = self.answers.get(url) else {
            return Err(FetchError { reason: "404 Not Found".into(), transient: false, retry_after: None });
        };
        let length = Some(answer.len() as u64);
        let received = self.breaks_after.take().map_or(&answer[..], |length| &answer[..length]).to_vec();
        Ok(Body { reader: Box::new(Cursor::new(received)) as Box<dyn Read>, length })
    }

    fn wait(&self, _: u32, _: &FetchError) {
        self.waits.set(self.waits.get() + 1);
    }
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A folder that is published: `v6/latest.json` and the archive.
pub(crate) fn published(built: &str) -> TempDir {
    let folder = tempdir().unwrap();
    let database = folder.path().join("vulnerability.db");
    let mut builder = Builder::create(&database, time(built)).unwrap();
    for (id, records) in everything() {
        builder.describe(&provider(id));
        for record in records {
            builder.add(id, record).unwrap();
        }
    }
    builder.finish(Finish::Distribution, &mut |_| ()).unwrap();
    let listing = export(&database, &folder.path().join("v6/db.tar.zst"), Compression::Zstd).unwrap();
    fs::write(folder.path().join("v6/latest.json"), listing.to_json()).unwrap();
    folder
}

fn served(folder: &Path) -> Memory {
    let answer = |name: &str| (format!("{SOURCE}/v6/{name}"), fs::read(folder.join("v6").join(name)).unwrap());
    Memory { answers: HashMap::from([answer("latest.json"), answer("db.tar.zst")]), ..Memory::default() }
}

pub(crate) fn options(source: &str) -> UpdateOptions {
    UpdateOptions { source: source.into(), ..UpdateOptions::default() }
}

fn updated(cache: &Cache, fetch: &dyn Fetch, options: &UpdateOptions, now: &str) -> Result<Outcome, Error> {
    update(cache, fetch, options, time(now), &mut |_| ())
}

#[test]
fn the_first_update_installs_and_the_next_finds_nothing_newer() {
    let home = tempdir().unwrap();
    let cache = Cache::new(home.path());
    let fetch = served(published("2026-07-01T06:00:00Z").path());
    let outcome = updated(&cache, &fetch, &options(SOURCE), "2026-07-01T12:00:00Z").unwrap();
    let Outcome::Updated { previous: None, metadata, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(metadata.source, "https://mirror.example/databases/v6/db.tar.zst");
    assert_eq!(cache.open().unwrap().built_at(), time("2026-07-01T06:00:00Z"));
    let limits: Vec<_> = fetch.asked.borrow().iter().map(|(_, limit)| limit.as_secs()).collect();
    assert_eq!(limits, [30, 300]);

    let outcome = updated(&cache, &fetch, &options(SOURCE), "2026-07-01T13:59:59Z").unwrap();
    assert!(matches!(outcome, Outcome::NotDue { .. }), "{outcome:?}");
    let outcome = updated(&cache, &fetch, &options(SOURCE), "2026-07-01T14:00:00Z").unwrap();
    assert!(matches!(outcome, Outcome::Current { .. }), "{outcome:?}");
    assert_eq!(cache.last_update_check(), Some(time("2026-07-01T14:00:00Z")));
    let at_once = UpdateOptions { every: SignedDuration::ZERO, ..options(SOURCE) };
    let outcome = updated(&cache, &fetch, &at_once, "2026-07-01T14:00:01Z").unwrap();
    assert!(matches!(outcome, Outcome::Current { .. }), "{outcome:?}");
}

#[test]
fn a_newer_database_replaces_the_old() {
    let home = tempdir().unwrap();
    let cache = Cache::new(home.path());
    for (built, now) in
        [("2026-07-01T06:00:00Z", "2026-07-01T12:00:00Z"), ("2026-07-02T06:00:00Z", "2026-07-02T12:00:00Z")]
    {
        let outcome = updated(&cache, &served(published(built).path()), &options(SOURCE), now).unwrap();
        assert!(matches!(outcome, Outcome::Updated { .. }), "{outcome:?}");
        assert_eq!(cache.open().unwrap().built_at(), time(built));
    }
    let older = served(published("2026-06-30T06:00:00Z").path());
    let outcome = updated(&cache, &older, &options(SOURCE), "2026-07-03T12:00:00Z").unwrap();
    assert!(matches!(outcome, Outcome::Current { .. }), "an older one is no update: {outcome:?}");
}

#[test]
fn a_folder_is_a_source_without_network() {
    let mirror = published("2026-07-01T06:00:00Z");
    let home = tempdir().unwrap();
    let fetch = Memory::default();
    let folder = mirror.path().to_str().unwrap();
    for (at, source) in
        [folder.to_owned(), format!("file://{folder}"), format!("{folder}/v6/latest.json")].iter().enumerate()
    {
        let cache = Cache::new(&home.path().join(at.to_string()));
        let options = UpdateOptions { offline: true, ..options(source) };
        let outcome = updated(&cache, &fetch, &options, "2026-07-01T12:00:00Z").unwrap();
        assert!(matches!(outcome, Outcome::Updated { .. }), "{outcome:?}");
        assert_eq!(check(&fetch, source).unwrap().built, time("2026-07-01T06:00:00Z"));
    }
    assert!(fetch.asked.borrow().is_empty());
}

#[test]
fn offline_keeps_what_is_there_and_says_when_nothing_is() {
    let home = tempdir().unwrap();
    let cache = Cache::new(home.path());
    let fetch = served(published("2026-07-01T06:00:00Z").path());
    let offline = UpdateOptions { offline: true, ..options(SOURCE) };
    let error = updated(&cache, &fetch, &offline, "2026-07-01T12:00:00Z").unwrap_err();
    assert!(matches!(error, Error::Offline { .. }) && error.hint().unwrap().contains("db import"), "{error}");
    assert!(fetch.asked.borrow().is_empty());
    updated(&cache, &fetch, &options(SOURCE), "2026-07-01T12:00:00Z").unwrap();
    let outcome = updated(&cache, &fetch, &offline, "2026-07-09T12:00:00Z").unwrap();
    assert_eq!(outcome, Outcome::Offline { built: time("2026-07-01T06:00:00Z") });
}

fn failure(transient: bool) -> FetchError {
    FetchError { reason: "503 Service Unavailable".into(), transient, retry_after: None }
}

#[test]
fn what_may_pass_is_tried_again_and_what_will_not_is_reported() {
    let home = tempdir().unwrap();
    let cache = Cache::new(home.path());
    let fetch = served(published("2026-07-01T06:00:00Z").path());
    fetch.failures.replace(vec![failure(true), failure(true)]);
    updated(&cache, &fetch, &options(SOURCE), "2026-07-01T12:00:00Z").unwrap();
    assert_eq!(fetch.waits.get(), 2);

    fetch.failures.replace(vec![failure(true), failure(true), failure(true)]);
    let error = updated(&cache, &fetch, &options(SOURCE), "2026-07-02T12:00:00Z").unwrap_err();
    assert_eq!(error.to_string(), "could not fetch https://mirror.example/databases/v6/latest.json");
    fetch.failures.replace(vec![failure(false)]);
    fetch.waits.set(0);
    updated(&cache, &fetch, &options(SOURCE), "2026-07-02T12:00:00Z").unwrap_err();
    assert_eq!(fetch.waits.get(), 0);
    assert_eq!(cache.open().unwrap().built_at(), time("2026-07-01T06:00:00Z"));
}

#[test]
fn a_download_that_breaks_off_starts_again() {
    let home = tempdir().unwrap();
    let cache = Cache::new(home.path());
    let mirror = published("2026-07-01T06:00:00Z");
    let fetch = served(mirror.path());
    let half = fs::metadata(mirror.path().join("v6/db.tar.zst")).unwrap().len() as usize / 2;
    // The listing's body, too, so that both are seen to recover.
    fetch.breaks_after.set(Some(0));
    assert!(updated(&cache, &fetch, &options(SOURCE), "2026-07-01T12:00:00Z").is_err(), "an empty listing is none");
    let archive = format!("{SOURCE}/v6/db.tar.zst");
    struct Halving<'a>(&'a Memory, &'a str, usize);
    impl Fetch for Halving<'_> {
        fn open(&self, url: &str, limit: Duration) -> Result<Body, FetchError> {
            let first = !self.0.asked.borrow().iter().any(|(asked, _)| asked == url);
            if url == self.1 && first {
                self.0.breaks_after.set(Some(self.2));
            }
            self.0.open(url, limit)
        }
        fn wait(&self, attempt: u32, error: &FetchError) {
            self.0.wait(attempt, error);
        }
    }
    let outcome = updated(&cache, &Halving(&fetch, &archive, half), &options(SOURCE), "2026-07-01T12:00:00Z").unwrap();
    assert!(matches!(outcome, Outcome::Updated { .. }), "{outcome:?}");
    assert_eq!(fetch.asked.borrow().iter().filter(|(asked, _)| *asked == archive).count(), 2);
    assert_eq!(fetch.waits.get(), 1);
}

#[test]
fn an_archive_that_is_not_the_listed_one_is_not_installed() {
    let home = tempdir().unwrap();
    let cache = Cache::new(home.path());
    let mut fetch = served(published("2026-07-01T06:00:00Z").path());
    let other = served(published("2026-07-02T06:00:00Z").path());
    let archive = format!("{SOURCE}/v6/db.tar.zst");
    fetch.answers.insert(archive.clone(), other.answers[&archive].clone());
    let error = updated(&cache, &fetch, &options(SOURCE), "2026-07-01T12:00:00Z").unwrap_err();
    assert!(matches!(error, Error::Checksum { .. }), "{error}");
    assert!(cache.open().is_err());
    assert_eq!(cache.last_update_check(), None);
}

#[test]
fn a_listing_of_another_model_is_refused() {
    let home = tempdir().unwrap();
    let mut fetch = served(published("2026-07-01T06:00:00Z").path());
    let listing = fetch.answers.get_mut(&format!("{SOURCE}/v6/latest.json")).unwrap();
    *listing = String::from_utf8(listing.clone()).unwrap().replace("v6.1.9", "v7.0.0").into_bytes();
    let error = updated(&Cache::new(home.path()), &fetch, &options(SOURCE), "2026-07-01T12:00:00Z").unwrap_err();
    assert!(error.to_string().contains("offers schema v7.0.0"), "{error}");
}

#[test]
fn a_damaged_database_is_replaced_whatever_its_age() {
    let home = tempdir().unwrap();
    let cache = Cache::new(home.path());
    let fetch = served(published("2026-07-01T06:00:00Z").path());
    updated(&cache, &fetch, &options(SOURCE), "2026-07-01T12:00:00Z").unwrap();
    fs::write(cache.database_path(), b"SQLite format 3\0 no more").unwrap();
    let outcome = updated(&cache, &fetch, &options(SOURCE), "2026-07-01T12:01:00Z").unwrap();
    assert!(matches!(outcome, Outcome::Updated { previous: None, .. }), "{outcome:?}");
    cache.open().unwrap();
}
