//! What a service has to do, and what recurs.

use serde_json::json;
use windlass_client::testing::StandIn;

use crate::place::Place;

#[test]
fn jobs_are_listed_shown_and_tried_again() {
    let job = json!({"id": 7, "kind": "analyse", "account": "team", "key": "sha256:aa", "state": "dead", "attempts": 3,
        "max_attempts": 3, "due_at": "2026-01-01T00:00:00Z", "worker": null, "lease_until": null,
        "last_error": "cannot reach r.example", "created_at": "2026-01-01T00:00:00Z", "last_updated": "2026-01-02T00:00:00Z"});
    let jobs = "/v1/system/jobs";
    let refused = json!({"message": "the job 8 is waiting", "httpcode": 409, "detail": {}});
    let page = json!({"results": [job], "next_page": false, "page": 1});
    let service = StandIn::start()
        .answers(&format!("GET {jobs}"), 200, page.to_string())
        .answers(&format!("GET {jobs}/7"), 200, job.to_string())
        .answers(&format!("POST {jobs}/7/retry"), 200, job.to_string())
        .answers(&format!("POST {jobs}/8/retry"), 409, refused.to_string());
    let place = Place::before(&service);
    let list = place.ok("system jobs --state dead --kind analyse --page 1 --limit 5");
    assert!(list.starts_with("ID  Kind") && list.contains("team") && list.contains("cannot reach r.example"), "{list}");
    let asked = service.asked().pop().expect("asked").line;
    assert_eq!(asked, format!("GET {jobs}?state=dead&kind=analyse&page=1&limit=5"));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&place.ok("system jobs -o json")).expect("JSON"), page);
    assert!(place.ok("system jobs -o yaml").contains("kind: analyse"));
    let shown = place.ok("system jobs get 7");
    assert!(shown.starts_with("ID: 7\nKind: analyse\nAccount: team\n") && shown.contains("Worker: None"), "{shown}");
    assert_eq!(place.ok("system jobs retry 7"), "Success\n");
    let done = place.run("system jobs retry 8");
    assert!(done.exit == 1 && done.err.contains("the job 8 is waiting"), "{}", done.err);
    for wrong in ["system jobs --state lost", "system jobs retry", "system jobs --state dead retry 7"] {
        assert_eq!(place.run(wrong).exit, 2, "{wrong}");
    }
}

#[test]
fn what_recurs_is_told_with_how_it_went() {
    let schedule = |name: &str, seconds: Option<u64>, outcome: Option<&str>, error: Option<&str>| {
        json!({"name": name, "interval_seconds": seconds, "runs": 1, "last_run_at": "2026-01-01T00:00:00Z",
            "last_outcome": outcome, "last_error": error, "worker": "host-0", "next_run_at": "2026-01-01T06:00:00Z"})
    };
    let schedules = json!([
        schedule("feed_sync", Some(21_600), Some("failed"), Some("there is no data")),
        schedule("image_watcher", None, None, None),
    ]);
    let service = StandIn::start().answers("GET /v1/system/schedules", 200, schedules.to_string());
    let place = Place::before(&service);
    let list = place.ok("system schedules");
    let words =
        |number: usize| list.lines().nth(number).expect("a line").split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words(1), "feed_sync 21600 2026-01-01T00:00:00Z failed 2026-01-01T06:00:00Z there is no data");
    assert_eq!(words(2), "image_watcher off 2026-01-01T00:00:00Z None 2026-01-01T06:00:00Z None");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&place.ok("system schedules -o json")).expect("JSON"),
        schedules
    );
}
