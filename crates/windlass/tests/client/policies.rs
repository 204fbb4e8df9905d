//! Bundles of a service and of a hub, and what rules may say.

use serde_json::json;
use windlass_client::testing::StandIn;

use crate::place::Place;

#[test]
fn bundles_are_added_shown_activated_and_deleted() {
    let record = json!({"policyId": "p1", "active": false, "policy_source": "local", "created_at": "2024-01-01T00:00:00Z",
        "last_updated": "2024-01-02T00:00:00Z", "policybundle": {"name": "ours", "id": "p1"}});
    let service = StandIn::start()
        .answers("POST /v1/policies", 200, record.to_string())
        .answers("GET /v1/policies", 200, json!([record, {"policyId": "p2", "active": true}]).to_string())
        .answers("GET /v1/policies/p1", 200, json!([record]).to_string())
        .answers("PUT /v1/policies/p1", 200, json!([record]).to_string())
        .answers("DELETE /v1/policies/p1", 200, "true")
        .answers("DELETE /v1/policies/p2", 409, r#"{"message": "it is active", "httpcode": 409, "detail": {}}"#);
    let place = Place::before(&service);
    place.write("bundle.json", r#"{"id": "p1"}"#);
    place.write("bad.json", "{");
    assert!(place.ok("policies add bundle.json").starts_with("Policy ID: p1\nActive: False\nSource: local\n"));
    assert_eq!(service.asked().pop().expect("asked").json(), json!({"id": "p1"}));
    let list = place.ok("policies list");
    assert!(list.find("p2") < list.find("p1"), "the active one first: {list}");
    assert!(place.ok("policy get p1").contains("Updated: 2024-01-02T00:00:00Z"), "as anchore-cli calls it");
    assert_eq!(place.ok("policies get p1 --detail"), "{\n    \"id\": \"p1\",\n    \"name\": \"ours\"\n}\n");
    assert_eq!(place.ok("policies activate p1"), "Success: p1 activated\n");
    let mut active = record.clone();
    active["active"] = true.into();
    assert_eq!(service.asked().pop().expect("asked").json(), active, "the whole record, active");
    assert_eq!(place.ok("policies del p1"), "Success\n");
    assert_eq!(place.run("policies del p2").exit, 1);
    assert_eq!(place.run("policies add bad.json").exit, 2);
}

#[test]
fn gates_triggers_and_parameters_are_described() {
    let specification = json!([{"name": "FILES", "description": "About files", "triggers": [{"name": "suid", "description": "Set",
        "parameters": [{"name": "Path", "description": "Where", "required": false, "example": "/bin"}]}]},
        {"name": "old", "description": "Gone", "state": "eol", "superceded_by": "files"}]);
    let service = StandIn::start().answers("GET /v1/system/policy_spec", 200, specification.to_string());
    let place = Place::before(&service);
    assert_eq!(place.ok("policies describe"), "Gate   Description\nfiles  About files\n");
    assert!(place.ok("policies describe --all").contains("eol"));
    assert!(place.ok("policies describe --gate Files").contains("suid     Set          path"));
    assert!(
        place.ok("policies describe --gate files --trigger suid").contains("path       Where        False     /bin")
    );
    assert_eq!(place.run("policies describe --trigger suid").exit, 2, "of which gate?");
    assert_eq!(place.run("policies describe --gate fools").exit, 2);
}

#[test]
fn bundles_of_a_hub_are_listed_shown_and_installed() {
    let bundle = json!({"id": "x", "name": "strict", "comment": "Strict rules",
        "policies": [{"id": "1", "name": "rules"}], "whitelists": [{"id": "2", "name": "known"}],
        "mappings": [{"name": "all", "registry": "*", "repository": "*", "image": {"value": "*"}, "policy_id": "1", "whitelist_ids": ["2"]}]});
    let hub = StandIn::start()
        .answers(
            "GET /v1/index.json",
            200,
            json!({"content": [{"type": "bundle", "name": "strict", "description": "Strict", "location": "bundles/strict.json"},
                {"type": "else", "name": "other"}]}).to_string(),
        )
        .answers("GET /v1/bundles/strict.json", 200, bundle.to_string());
    let service = StandIn::start().answers("GET /v1/policies", 200, r#"[{"policyId": "strict"}]"#).answers(
        "POST /v1/policies",
        200,
        r#"{"policyId": "mine"}"#,
    );
    let place = Place::before(&service).with("WINDLASS_HUB_URL", &hub.url());
    assert_eq!(place.ok("policies hub list"), "Name    Description\nstrict  Strict\n");
    let shown = place.ok("policies hub get strict");
    assert!(shown.contains("Mapping Policies: rules\nMapping Whitelists: known\n"), "{shown}");
    assert!(hub.asked().iter().all(|asked| asked.header("authorization").is_none()), "the hub is not told who asks");
    let there = place.run("policies hub install strict");
    assert_eq!(there.exit, 2);
    assert!(there.err.contains("--force"), "{}", there.err);
    place.ok("policies hub install strict --target-id mine");
    assert_eq!(service.asked().pop().expect("asked").json()["id"], "mine");
    assert_eq!(place.run("policies hub get unknown").exit, 2);
}
