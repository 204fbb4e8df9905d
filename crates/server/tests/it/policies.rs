//! Policy bundles over HTTP, and beside what the original answered.

use std::{env, path::PathBuf};

use axum::http::StatusCode;
use serde_json::{Value, json};
use windlass_operations::testing::on_every_service;

use crate::client::Client;

const DEFAULT: &str = "2c53a13c-1765-11e8-82ef-23527761d060";

pub(crate) fn bundle(id: &str, gate: &str) -> Value {
    json!({
        "id": id, "version": "1_0", "name": "nb",
        "policies": [{"id": "p", "version": "1_0", "rules": [{"gate": gate, "trigger": "always", "action": "STOP"}]}],
        "mappings": [{"name": "all", "registry": "*", "repository": "*", "image": {"type": "tag", "value": "*"},
            "policy_id": "p"}],
    })
}

#[test]
fn a_bundle_is_added_activated_and_removed() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let added = admin.post("/policies", &bundle("one", "always")).await.ok();
        assert_eq!((&added["active"], &added["policy_source"]), (&json!(false), &json!("local")));
        assert_eq!(added["policybundle"], bundle("one", "always"), "optional lists may be left out (F13)");
        let listed = admin.get("/policies").await.ok();
        assert_eq!((&listed[1]["policyId"], &listed[1]["policybundle"]), (&json!("one"), &json!({})));

        let refused = admin.delete(&format!("/policies/{DEFAULT}")).await.refusal();
        let message = "cannot delete an active policy - activate a different policy then delete this one";
        assert_eq!(refused, (409, message.into()), "F2");

        let record = admin.get("/policies/one").await.ok()[0].clone();
        let activated = admin.put("/policies/one?active=true", &record).await.ok();
        assert_eq!(activated[0]["active"], true);
        let active: Vec<Value> = admin.get("/policies").await.ok().as_array().unwrap().clone();
        assert_eq!(active.iter().map(|policy| policy["active"].clone()).collect::<Vec<_>>(), [false, true]);

        let refused = admin.put("/policies/one", &record).await.refusal();
        let message = "cannot deactivate an active policy - can only activate an inactive policy";
        assert_eq!(refused, (409, message.into()));
        let again = admin.post("/policies", &bundle("one", "always")).await.ok();
        assert_eq!(again["active"], true, "F14");

        assert_eq!(admin.delete(&format!("/policies/{DEFAULT}")).await.ok(), "deleted");
        let gone = admin.get(&format!("/policies/{DEFAULT}")).await.refusal();
        assert_eq!(gone, (404, format!("Policy bundle {DEFAULT} not found in DB")));
    });
}

#[test]
fn a_bundle_is_found_by_its_id_whatever_is_in_it() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let default = admin.get(&format!("/policies/{DEFAULT}")).await.ok()[0].clone();
        for (id, path) in
            [("a/b", "/v1/policies/a%2Fb"), ("a%2Fb", "/policies/a%252Fb"), ("5% of a", "/policies/5%25%20of%20a")]
        {
            admin.post("/policies", &bundle(id, "always")).await.ok();
            let record = admin.get(path).await.ok()[0].clone();
            assert_eq!(record["policyId"], id);
            assert_eq!(admin.put(&format!("{path}?active=true"), &record).await.ok()[0]["active"], true);
            admin.put(&format!("/policies/{DEFAULT}?active=true"), &default).await.ok();
            assert_eq!(admin.delete(path).await.ok(), "deleted");
            assert_eq!(admin.get(path).await.status, StatusCode::NOT_FOUND);
        }
    });
}

#[test]
fn what_is_no_bundle_is_refused_as_the_original_did() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let answer = admin.post("/policies", &json!({})).await;
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.refusal(), (400, "'id' is a required property".into()));
        let mut misspelt = bundle("one", "always");
        misspelt["policies"][0]["rules"][0]["action"] = "stop".into();
        let refused = admin.post("/policies", &misspelt).await.refusal();
        assert!(refused.0 == 400 && refused.1.ends_with(" - 'policies.0.rules.0.action'"), "{refused:?}");

        let answer = admin.post("/policies", &bundle("one", "nogate")).await;
        assert_eq!(answer.refusal(), (400, "Bundle failed validation".into()));
        assert_eq!(answer.json()["detail"]["validation_details"][0]["problem_type"], "GateNotFoundError");
        let nul = admin.post("/policies", &bundle("a\0b", "always")).await;
        assert_eq!(nul.status, StatusCode::BAD_REQUEST);

        admin.post("/policies", &bundle("one", "always")).await.ok();
        let put = async |body: Value| admin.put("/policies/one", &body).await.refusal();
        let other = json!({"policyId": "two", "policybundle": bundle("one", "always")});
        let message = "policyId in route is different from policyId in payload: one != two";
        assert_eq!(put(other).await, (400, message.into()), "F2");
        assert_eq!(put(json!({"policybundle": {}})).await.0, 400);
        assert_eq!(put(json!({"policyId": "one"})).await.0, 400);
        let broken =
            json!({"policyId": "one", "policybundle": {"id": "one", "version": "1_0", "policies": 5, "mappings": []}});
        assert_eq!(put(broken).await, (400, "5 is not of type 'array' - 'policybundle.policies'".into()));
        let unknown = admin.put("/policies/nope", &json!({"policyId": "one", "policybundle": {}})).await.refusal();
        assert_eq!(unknown, (404, "Policy bundle nope not found in DB".into()));
    });
}

#[test]
fn bundles_without_an_id_get_one_and_those_of_the_successor_are_kept_as_they_are() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let added = admin.post("/policies?detail=false", &bundle("", "always")).await.ok();
        // md5 of `admin:nb`
        assert_eq!(added["policyId"].as_str().map(str::len), Some(32));
        assert_eq!(added["policybundle"], json!({}));
        let successor = json!({
            "id": "two", "version": "2", "name": "two",
            "rule_sets": [{"id": "p", "version": "2", "name": "p", "rules": []}], "mappings": [],
        });
        let added = admin.post("/policies", &successor).await.ok();
        assert_eq!(added["policybundle"], successor);
    });
}

#[test]
fn the_language_of_bundles_is_described() {
    on_every_service(|bench| async move {
        let gates = Client::admin(&bench).get("/system/policy_spec").await.ok();
        assert_eq!(gates[0]["state"], "active");
        assert!(gates.as_array().unwrap().iter().any(|gate| gate["name"] == "vulnerabilities"));
    });
}

#[test]
fn a_check_needs_a_tag_and_an_image() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let refused = admin.get("/images/sha256:00/check").await.refusal();
        assert_eq!(refused, (400, "Missing query parameter 'tag'".into()));
        let refused = admin.get("/images/sha256:00/check?tag=a/b:c&profile=odd").await.refusal();
        assert_eq!(refused, (400, "'odd' is not one of ['compat', 'native']".into()));
        for path in ["/images/sha256:00/check?tag=a/b:c&unmapped=stop", "/images/by_id/00/check?tag=a/b:c"] {
            assert_eq!(admin.get(path).await.refusal(), (404, "image not found in DB".into()));
        }
    });
}

/// Exchanges about policies in the order in which they were recorded.
fn recorded() -> Option<Vec<(String, Value)>> {
    let Some(shared) = env::var_os("WINDLASS_SHARED") else {
        eprintln!("SKIPPED: WINDLASS_SHARED names no folder with recorded exchanges");
        return None;
    };
    let folder = PathBuf::from(shared).join("recorded");
    let mut exchanges = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let number: u32 = name.split('_').next().and_then(|number| number.parse().ok()).unwrap_or_default();
        if name.contains("polic")
            && (19..=155).contains(&number)
            && entry.path().extension().is_some_and(|kind| kind == "json")
        {
            exchanges.push((name, serde_json::from_slice(&std::fs::read(entry.path()).unwrap()).unwrap()));
        }
    }
    exchanges.sort_by(|a, b| a.0.cmp(&b.0));
    Some(exchanges)
}

/// What two answers must have in common: everything but times, where a bundle came from (B12), and the marks that the
/// original left in bundles and beside them.
fn comparable(mut answer: Value) -> Value {
    let records = match &mut answer {
        Value::Array(records) => records.iter_mut().collect(),
        record => vec![record],
    };
    for record in records {
        for key in ["created_at", "last_updated", "policy_source", "policybundlemeta"] {
            record.as_object_mut().map(|members| members.remove(key));
        }
        if let Some(bundle) = record.get_mut("policybundle").and_then(Value::as_object_mut) {
            bundle.remove("active");
            bundle.remove("last_updated");
        }
    }
    if let Value::Array(records) = &mut answer {
        records.sort_by_key(|record| record["policyId"].to_string());
    }
    answer
}

#[test]
fn answers_are_those_that_were_recorded() {
    let Some(exchanges) = recorded() else { return };
    on_every_service(|bench| {
        let exchanges = exchanges.clone();
        async move {
            let admin = Client::admin(&bench);
            let mut compared = 0;
            for (name, exchange) in exchanges {
                let (request, response) = (&exchange["request"], &exchange["response"]);
                let path = request["path"].as_str().unwrap();
                if !path.starts_with("/v1/policies") {
                    continue;
                }
                if name.starts_with("153_") {
                    // What made the default bundle the active one again is not among the recorded exchanges.
                    let default = admin.get(&format!("/policies/{DEFAULT}")).await.ok()[0].clone();
                    admin.put(&format!("/policies/{DEFAULT}?active=true"), &default).await.ok();
                }
                let parameters = request["params"].as_object().into_iter().flatten();
                let query: Vec<String> =
                    parameters.map(|(key, value)| format!("{key}={}", value.as_str().unwrap())).collect();
                let path = format!("{path}?{}", query.join("&"));
                let answer = match request["method"].as_str().unwrap() {
                    "GET" => admin.get(&path).await,
                    "DELETE" => admin.delete(&path).await,
                    "POST" => admin.post(&path, &request["body"]).await,
                    "PUT" => admin.put(&path, &request["body"]).await,
                    method => panic!("{name}: {method}"),
                };
                // Conflicts are told as such (F2).
                let status = if response["status"] == 500 { json!(409) } else { response["status"].clone() };
                assert_eq!(json!(answer.status.as_u16()), status, "{name}: {}", answer.text());
                let mut expected = response["body"].clone();
                if response["status"] == 500 {
                    expected["httpcode"] = status;
                }
                let mut told = comparable(answer.json());
                let problems = told.pointer_mut("/detail/validation_details").and_then(Value::as_array_mut);
                for problem in problems.into_iter().flatten() {
                    problem.as_object_mut().unwrap().remove("hint");
                }
                assert_eq!(told, comparable(expected), "{name}");
                compared += 1;
            }
            assert!(compared >= 15, "{compared} exchanges were compared");
        }
    });
}
