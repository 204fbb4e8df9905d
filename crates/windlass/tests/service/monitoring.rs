//! What is told to those who look after the service: its metrics, and whether it can work.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use reqwest::{StatusCode, blocking::Response};

use crate::process::Process;

/// For longer than this, what was measured is not told again.
const HOLDS: Duration = Duration::from_millis(1100);

/// The names of what is told, and its lines.
fn scrape(process: &Process) -> (BTreeSet<String>, String) {
    let text = process.get("/metrics").send().and_then(Response::text).expect("it answers");
    let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    (names.map(str::to_owned).collect(), text)
}

fn value<'a>(text: &'a str, series: &str) -> &'a str {
    let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("{series}: {text}"))
}

#[test]
fn a_process_tells_how_much_waits_and_what_it_did() {
    let process = Process::with("all", &[("WINDLASS_TIMERS__SERVICE_WATCHER", "-1")]);
    let database = rusqlite::Connection::open(process.path("data/windlass.db")).expect("a database");
    // A job that was given up.
    let job = "INSERT INTO jobs (kind, account, key, payload, state, priority, attempts, max_attempts, not_before, created_at, last_updated) \
               VALUES ('analyse', 'admin', 'k', '{}', 'dead', 0, 3, 3, 0, 0, 0)";
    database.execute_batch(job).expect("it is written");
    for _ in 0..2 {
        assert_eq!(process.get("/v1/images").send().expect("it answers").status(), 200);
    }
    let watched = "windlass_schedule_runs_total{schedule=\"service_watcher\",outcome=\"done\"}";
    let (begun, mut text) = (Instant::now(), String::new());
    while !text.contains(watched) {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing recurs: {text}");
        std::thread::sleep(HOLDS);
        text = scrape(&process).1;
    }
    assert_eq!(value(&text, "windlass_jobs{kind=\"analyse\",state=\"dead\"}"), "1");
    assert_eq!(value(&text, "windlass_jobs{kind=\"analyse\",state=\"waiting\"}"), "0", "none is told as well");
    assert_eq!(value(&text, "windlass_database_up"), "1");
    assert_eq!(value(&text, "windlass_database_connections_limit{pool=\"write\"}"), "1");
    let asked = "windlass_http_requests_total{method=\"GET\",operation=\"list_images\",status=\"200\"}";
    assert_eq!(value(&text, asked), "2");

    // What was counted a moment ago is told again; then the damage is.
    database.execute_batch("DROP TABLE notices").expect("there is one");
    std::thread::sleep(HOLDS);
    let (_, text) = scrape(&process);
    assert_eq!(value(&text, "windlass_database_up"), "0", "it does not answer as it should");
    assert!(text.contains("windlass_http_requests_total"), "and all else is told");
}

/// `spec/operations.md` D-21: the original counts what failed as done.
#[test]
fn a_run_that_fails_is_counted_as_failed_and_not_as_done() {
    let nowhere = [
        ("WINDLASS_TIMERS__FEED_SYNC", "-1"),
        ("WINDLASS_VULNERABILITIES__OFFLINE", "false"),
        ("WINDLASS_VULNERABILITIES__SOURCE", "http://127.0.0.1:1/latest.json"),
    ];
    let process = Process::with("all", &nowhere);
    let failed = "windlass_schedule_runs_total{schedule=\"feed_sync\",outcome=\"failed\"}";
    let (begun, mut text) = (Instant::now(), String::new());
    while !text.contains(failed) {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing has failed: {text}");
        std::thread::sleep(HOLDS);
        text = scrape(&process).1;
    }
    assert_ne!(value(&text, failed), "0");
    let done = "windlass_schedule_runs_total{schedule=\"feed_sync\",outcome=\"done\"}";
    assert!(!text.contains(done), "nothing was done: {text}");
}

#[test]
fn whatever_is_told_is_described() {
    let process = Process::with("all", &[]);
    let (names, text) = scrape(&process);
    assert!(names.contains("windlass_jobs"), "{names:?}");
    for name in names {
        assert!(
            text.contains(&format!("# HELP {name} ")),
            "{name} is not in the table of crates/server/src/metrics.rs"
        );
    }
}

#[test]
fn a_worker_tells_of_itself_where_it_is_told_to_and_nothing_else() {
    let process = Process::with("worker", &[("WINDLASS_METRICS__LISTEN", "127.0.0.1:0")]);
    let status = |path: &str| process.get(path).send().expect("it answers").status();
    for path in ["/health", "/health/ready", "/v1/health/ready", "/version", "/metrics"] {
        assert_eq!(status(path), StatusCode::OK, "{path}");
    }
    for path in ["/v1/images", "/system/services", "/openapi.json"] {
        assert_eq!(status(path), StatusCode::NOT_FOUND, "{path}");
    }
    let anonymous = process.client().get(format!("{}/metrics", process.url)).send().expect("it answers");
    assert_eq!(anonymous.status(), StatusCode::UNAUTHORIZED);
    assert!(scrape(&process).0.contains("windlass_jobs"));
}

#[test]
fn a_process_that_cannot_reach_object_storage_lives_but_is_not_ready() {
    let bucket = "s3://bucket?region=eu-central-1&endpoint=http://127.0.0.1:1&access_key_id=a&secret_access_key=b";
    let process = Process::start(&[("WINDLASS_OBJECTS", bucket)]);
    assert_eq!(process.get("/health").send().expect("it answers").status(), StatusCode::OK);
    let ready = process.client().get(format!("{}/health/ready", process.url)).send().expect("it answers");
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready.text().expect("a body").contains("Object storage does not answer."));
    let log = process.log();
    assert!(log.contains("object storage does not answer") && log.contains("127.0.0.1:1"), "{log}");
}
