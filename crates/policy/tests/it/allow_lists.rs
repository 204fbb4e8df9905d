//! Findings that are accepted (`spec/policy.md` §1.3, §3.7, §8 B6).

use serde_json::{Value, json};

use crate::support::{Judged, allow_list, always, bundle, item, mapping, policy, rule, see};

fn with_lists(lists: &[Value], ids: &[&str]) -> Value {
    bundle(&json!({
        "policies": [policy("p", &[always("STOP"), rule("malware", "scan_not_run", "STOP")])],
        "whitelists": lists,
        "mappings": [mapping(&["p"], ids)],
    }))
}

#[test]
fn the_first_item_of_the_first_list_wins() {
    let lists = [
        allow_list(
            "w1",
            &[item("other", "malware", "always"), item("second", "ALWAYS", "alw*"), item("third", "always", "*")],
        ),
        allow_list("w2", &[item("late", "always", "always")]),
    ];
    let seen = see(&with_lists(&lists, &["w1", "w2"]));
    assert_eq!(seen.rows, ["p always/always go (w1/second)", "p malware/scan_not_run stop"]);
    let seen = see(&with_lists(&lists, &["w2", "w1"]));
    assert_eq!(seen.rows, ["p always/always go (w2/late)", "p malware/scan_not_run stop"]);
}

#[test]
fn an_item_covers_every_trigger_of_its_gate_but_no_other_gate() {
    let list = allow_list("w", &[json!({"gate": "malware", "trigger_id": "*"})]);
    let seen = see(&with_lists(&[list], &["w"]));
    assert_eq!(seen.rows, ["p always/always stop", "p malware/scan_not_run go (w/-)"]);
}

#[test]
fn where_all_findings_are_accepted_the_image_passes() {
    let list =
        allow_list("w", &[item("a", "always", "always"), item("m", "malware", "7feaec55f790ab6b3edba15014b8b5f2")]);
    let seen = see(&with_lists(&[list], &["w"]));
    assert_eq!(seen.verdict, "go policy_evaluation");
    assert_eq!(seen.rows, ["p always/always go (w/a)", "p malware/scan_not_run go (w/m)"]);
}

#[test]
fn an_item_is_inert_from_the_moment_it_expires_and_the_result_says_when() {
    let mut expiring = item("a", "always", "always");
    expiring["expires_on"] = json!("2024-06-02T00:00:00Z");
    let mut later = item("m", "malware", "*");
    later["expires_on"] = json!("2024-07-01T00:00:00Z");
    let document = with_lists(&[allow_list("w", &[expiring, later])], &["w"]);
    let at = |now: &str| {
        let seen = Judged { now, ..Judged::default() }.see(&document);
        (seen.verdict, seen.valid_until)
    };
    let passes = "go policy_evaluation".to_owned();
    let stops = "stop policy_evaluation".to_owned();
    assert_eq!(at("2024-06-01T23:59:59Z"), (passes, Some("2024-06-02T00:00:00Z".into())));
    assert_eq!(at("2024-06-02T00:00:00Z"), (stops.clone(), Some("2024-07-01T00:00:00Z".into())));
    assert_eq!(at("2024-07-01T00:00:00Z"), (stops, None));
}

#[test]
fn an_expression_that_cannot_be_used_accepts_nothing_and_stops_the_image() {
    let list = allow_list("w", &[item("bad", "always", "regexp:("), item("good", "malware", "*")]);
    let document = with_lists(&[list], &["w"]);
    let seen = see(&document);
    assert_eq!(seen.verdict, "stop policy_evaluation");
    assert_eq!(seen.rows, ["p always/always stop", "p malware/scan_not_run go (w/good)"]);
    assert_eq!(seen.problems.len(), 1);
    Judged::default().with(
        &document,
        |_| (),
        |evaluation, _| {
            assert_eq!(evaluation.problems[0].pointer, "/whitelists/0/items/0");
        },
    );
    // Nothing is found that it could be applied to: it does not matter then.
    let unused =
        allow_list("w", &[item("bad", "npms", "regexp:("), item("all", "always", "*"), item("good", "malware", "*")]);
    assert_eq!(see(&with_lists(&[unused], &["w"])).verdict, "go policy_evaluation");
}

#[test]
fn a_blank_before_an_expression_does_not_spoil_it() {
    let list = allow_list("w", &[item("a", "always", "  regexp:alw.ys$"), item("m", "malware", "*")]);
    assert_eq!(see(&with_lists(&[list], &["w"])).verdict, "go policy_evaluation");
}
