//! Updates over a real socket.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tempfile::{TempDir, tempdir};
use windlass_vulnerabilities::{Cache, Error, Fetch as _, Http, Outcome, UpdateOptions, update};

use crate::server::{Reply, Server};
use crate::updates::{options, published, time};

const ARCHIVE: &str = "db.tar.zst";
const NOW: &str = "2026-07-01T12:00:00Z";

/// A mirror that serves a folder; `alter` may put another answer in place of a file's.
fn mirror(alter: impl Fn(&str, &[u8]) -> Option<Reply> + Send + Sync + 'static) -> (Server, UpdateOptions) {
    let folder = published("2026-07-01T06:00:00Z");
    let server = Server::tcp(move |request| match fs::read(folder.path().join(request.path.trim_start_matches('/'))) {
        Ok(file) => alter(&request.path, &file).unwrap_or_else(|| Reply::new(200, file)),
        Err(_) => Reply::new(404, "no such file"),
    });
    let options = options(&format!("http://{}", server.address));
    (server, options)
}

fn http() -> Http {
    Http::new("windlass-test").unwrap()
}

fn update_from(options: &UpdateOptions) -> (TempDir, Cache, Result<Outcome, Error>) {
    let home = tempdir().unwrap();
    let cache = Cache::new(home.path());
    let outcome = update(&cache, &http(), options, time(NOW), &mut |_| ());
    (home, cache, outcome)
}

/// The error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[test]
fn a_listed_archive_is_fetched_verified_and_installed() {
    let (server, options) = mirror(|_, _| None);
    let (_home, cache, outcome) = update_from(&options);
    assert!(matches!(outcome, Ok(Outcome::Updated { previous: None, .. })), "{outcome:?}");
    assert_eq!(cache.open().unwrap().built_at(), time("2026-07-01T06:00:00Z"));
    let asked = server.requests();
    let paths: Vec<_> = asked.iter().map(|request| (request.method.as_str(), request.path.as_str())).collect();
    assert_eq!(paths, [("GET", "/v6/latest.json"), ("GET", "/v6/db.tar.zst")]);
    assert_eq!(asked[0].header("user-agent"), Some("windlass-test"));
}

#[test]
fn an_archive_without_a_stated_length_is_as_good() {
    let (_server, options) = mirror(|_, file| Some(Reply::new(200, file).chunked()));
    let (_home, cache, outcome) = update_from(&options);
    assert!(matches!(outcome, Ok(Outcome::Updated { .. })), "{outcome:?}");
    cache.open().unwrap();
}

#[test]
fn a_truncated_archive_is_fetched_again_and_a_mirror_that_goes_on_truncating_is_given_up() {
    let attempts = AtomicUsize::new(0);
    let (server, options) = mirror(move |path, file| {
        let cut = path.ends_with(ARCHIVE) && attempts.fetch_add(1, Ordering::SeqCst) == 0;
        cut.then(|| Reply::new(200, file).cut_after(file.len() / 2))
    });
    let (_home, _, outcome) = update_from(&options);
    assert!(matches!(outcome, Ok(Outcome::Updated { .. })), "{outcome:?}");
    assert_eq!(server.requests().len(), 3);

    let (server, options) =
        mirror(|path, file| path.ends_with(ARCHIVE).then(|| Reply::new(200, file).cut_after(file.len() - 1)));
    let (_home, cache, outcome) = update_from(&options);
    assert!(matches!(outcome, Err(Error::Fetch { .. })), "{outcome:?}");
    assert_eq!(server.requests().len(), 1 + 3);
    assert!(cache.open().is_err(), "half a database is none");
}

#[test]
fn an_archive_of_another_checksum_is_refused() {
    let (_server, options) = mirror(|path, file| {
        path.ends_with(ARCHIVE).then(|| {
            let mut altered = file.to_vec();
            *altered.last_mut().unwrap() ^= 1;
            Reply::new(200, altered)
        })
    });
    let (_home, cache, outcome) = update_from(&options);
    assert!(matches!(outcome, Err(Error::Checksum { .. })), "{outcome:?}");
    assert!(cache.open().is_err());
}

#[test]
fn what_is_not_there_is_not_asked_for_again() {
    for missing in ["latest.json", ARCHIVE] {
        let (server, options) = mirror(move |path, _| path.ends_with(missing).then(|| Reply::new(404, "")));
        let (_home, _, outcome) = update_from(&options);
        let error = chain(&outcome.unwrap_err());
        assert!(error.contains("the server answered 404") && error.contains(missing), "{error}");
        assert_eq!(server.requests().iter().filter(|request| request.path.ends_with(missing)).count(), 1);
    }
}

#[test]
fn a_server_that_is_busy_is_asked_again_when_it_says() {
    let attempts = AtomicUsize::new(0);
    let (_server, options) = mirror(move |_, _| {
        (attempts.fetch_add(1, Ordering::SeqCst) == 0).then(|| Reply::new(503, "").with("Retry-After", "0"))
    });
    let (_home, _, outcome) = update_from(&options);
    assert!(matches!(outcome, Ok(Outcome::Updated { .. })), "{outcome:?}");
}

#[test]
fn a_server_that_does_not_answer_in_time_is_no_longer_waited_for() {
    let (server, _) = mirror(|_, _| {
        thread::sleep(Duration::from_secs(2));
        None
    });
    let url = format!("http://{}/v6/latest.json", server.address);
    let error = http().open(&url, Duration::from_millis(100)).err().unwrap();
    assert!(error.transient && error.reason.contains("timed out"), "{error}");
}

#[test]
fn nobody_at_the_address_is_an_error_that_names_it() {
    let (server, _) = mirror(|_, _| None);
    let url = format!("http://{}/v6/latest.json", server.address);
    drop(server);
    let error = http().open(&url, Duration::from_secs(5)).err().unwrap();
    assert!(error.transient && error.reason.contains("refused"), "{error}");
}
