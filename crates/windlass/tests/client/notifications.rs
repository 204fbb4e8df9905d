//! Where notices go, and how they fared.

use serde_json::{Value, json};
use windlass_client::testing::StandIn;

use crate::place::Place;

const ENDPOINTS: &str = "/v1/notifications/endpoints";

fn endpoint() -> Value {
    json!({
        "name": "chat", "channel": {"kind": "slack", "url": "https://hooks.slack.com/********"}, "verify": true, "timeout": 10,
        "routing": {"types": ["vuln_update"]}, "limits": {"concurrency": 4, "per_minute": 120}, "enabled": true,
        "system_global": false, "read_only": false,
        "health": {"failures": 2, "failing_since": "2026-01-01T00:00:00Z", "dead": 1, "disabled_because": null},
        "created_at": "2026-01-01T00:00:00Z", "last_updated": "2026-01-01T00:00:00Z",
    })
}

fn last(service: &StandIn) -> (String, Value) {
    let asked = service.asked().pop().expect("asked");
    let body = if asked.body.is_empty() { Value::Null } else { asked.json() };
    (asked.line, body)
}

#[test]
fn an_endpoint_is_described_by_options() {
    let service = StandIn::start().answers(&format!("POST {ENDPOINTS}"), 200, endpoint().to_string());
    let place = Place::before(&service);
    let shown = place.ok(
        "notification endpoint add chat --channel slack --url https://hooks.slack.com/services/x --type vuln_update \
         --min-severity high --kev --fix-available --repository team/* --every 60 --quiet-hours 22:00-07:00 --except-urgent \
         --time-zone Europe/Berlin --collapse --damping 10 --set limits.per_minute=30 --set templates.title=News",
    );
    assert!(shown.starts_with("Name: chat\nChannel: slack\n") && shown.contains("State: failing"), "{shown}");
    assert_eq!(
        last(&service).1,
        json!({
            "name": "chat", "channel": {"kind": "slack", "url": "https://hooks.slack.com/services/x"},
            "routing": {
                "types": ["vuln_update"], "images": {"repositories": ["team/*"]},
                "vulnerabilities": {"kev": true, "fix_available": true, "min_severity": "High"}, "collapse": true,
                "verdicts": {"damping_minutes": 10}, "window": {"every_minutes": 60},
                "quiet_hours": {"from": "22:00", "to": "07:00", "except_urgent": true}, "time_zone": "Europe/Berlin",
            },
            "limits": {"per_minute": 30}, "templates": {"title": "News"},
        })
    );
    place.write("hook.yaml", "channel:\n  kind: webhook\n  url: https://x.example/\nrouting:\n  collapse: true\n");
    let words = [
        "notification",
        "endpoint",
        "add",
        "hook",
        "--file",
        "hook.yaml",
        "--set",
        "channel.auth.scheme=bearer",
        "--set",
        "channel.auth.token=-",
        "--disable",
    ];
    assert_eq!(place.run_with(&words, "hunter2\n").exit, 0);
    assert_eq!(
        last(&service).1,
        json!({"channel": {"kind": "webhook", "url": "https://x.example/", "auth": {"scheme": "bearer", "token": "hunter2"}},
            "routing": {"collapse": true}, "name": "hook", "enabled": false})
    );
    assert_eq!(place.run("notification endpoint add x --set nonsense").exit, 2);
    assert_eq!(place.run("notification endpoint add x --quiet-hours nonsense").exit, 2);
    assert_eq!(place.run("notification endpoint add x --every 5 --daily 09:00").exit, 2);
}

#[test]
fn an_endpoint_is_changed_in_what_is_given_only() {
    let one = format!("{ENDPOINTS}/chat");
    let service = StandIn::start()
        .answers(&format!("GET {one}"), 200, endpoint().to_string())
        .answers(&format!("PUT {one}"), 200, endpoint().to_string())
        .answers(&format!("GET {ENDPOINTS}"), 200, json!([endpoint()]).to_string())
        .answers(&format!("DELETE {one}"), 200, "true")
        .answers(
            &format!("POST {one}/test"),
            200,
            json!({"accepted": false, "status": 404, "milliseconds": 12,
            "reason": "404 Not Found", "excerpt": "no_service"})
            .to_string(),
        )
        .answers(
            &format!("POST {one}/rotate-secret"),
            200,
            json!({"secret": "whsec_x",
            "former_until": "2026-01-02T00:00:00Z"})
            .to_string(),
        );
    let place = Place::before(&service);
    place.ok("notification endpoint update chat --daily 09:00 --disable");
    let (line, body) = last(&service);
    assert_eq!(line, format!("PUT {one}"));
    assert_eq!(body["routing"], json!({"types": ["vuln_update"], "window": {"daily_at": "09:00"}}));
    assert_eq!(body["channel"]["url"], "https://hooks.slack.com/********", "the mask keeps the secret");
    assert_eq!((&body["enabled"], body.get("health")), (&json!(false), None));
    let list = place.ok("notification endpoint list");
    assert!(
        list.starts_with("Name  Channel  State    Failures  Given Up\nchat  slack    failing  2         1"),
        "{list}"
    );
    assert!(place.ok("notification endpoint get chat").contains("Failing since: 2026-01-01T00:00:00Z"));
    assert_eq!(place.ok("notification endpoint delete chat"), "Success\n");
    let test = place.run("notification endpoint test chat");
    assert_eq!(test.exit, 1, "the receiver did not take it");
    assert!(test.out.contains("Status: 404") && test.out.contains("Answer: no_service"), "{}", test.out);
    let rotated = place.ok("notification endpoint rotate-secret chat");
    assert!(rotated.contains("Secret: whsec_x") && rotated.contains("until: 2026-01-02"), "{rotated}");
}

#[test]
fn deliveries_are_listed_shown_and_let_go_again() {
    let deliveries = "/v1/notifications/deliveries";
    let delivery = json!({"id": "d1", "endpoint": "chat", "account": "team", "subject": "app:1", "state": "dead",
        "created_at": "2026-01-01T00:00:00Z", "due_at": "2026-01-01T00:00:00Z", "give_up_at": "2026-01-04T00:00:00Z",
        "attempts": 3, "last_error": "connection refused"});
    let mut detail = delivery.clone();
    detail["notices"] =
        json!([{"type": "tag_update", "subject": "app:1", "message": "m", "occurred_at": "2026-01-01T00:00:00Z"}]);
    detail["log"] =
        json!([{"number": 1, "begun_at": "2026-01-01T00:00:00Z", "status": 503, "milliseconds": 7, "reason": "busy"}]);
    let service = StandIn::start()
        .answers(
            &format!("GET {deliveries}"),
            200,
            json!({"results": [delivery], "next_page": false, "page": 1}).to_string(),
        )
        .answers(&format!("GET {deliveries}/d1"), 200, detail.to_string())
        .answers(&format!("POST {deliveries}/d1/replay"), 200, delivery.to_string())
        .answers(&format!("POST {deliveries}/replay"), 200, r#"{"deliveries": ["d1", "d2"], "more": false}"#);
    let place = Place::before(&service);
    let list = place.ok("notification delivery list --state dead --endpoint chat --limit 5");
    assert!(list.contains("app:1") && list.contains("connection refused"), "{list}");
    assert_eq!(last(&service).0, format!("GET {deliveries}?state=dead&endpoint=chat&limit=5"));
    let shown = place.ok("notification delivery get d1");
    assert!(shown.contains("tag_update") && shown.contains("503") && shown.contains("busy"), "{shown}");
    assert_eq!(place.ok("notification delivery replay d1"), "Success\n");
    assert_eq!(place.ok("notification delivery replay --dead --endpoint chat"), "2 deliveries go again\n");
    assert_eq!(last(&service).1, json!({"state": "dead", "endpoint": "chat"}));
    assert_eq!(place.run("notification delivery replay").exit, 2, "which?");
}
