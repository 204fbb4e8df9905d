//! How the service and its parts are, over the API.

use std::{fs, path::PathBuf};

use axum::http::StatusCode;
use serde_json::{Value, json};
use windlass_operations::testing::{Bench, on_every_service};
use windlass_store::services::Model;
use windlass_v1::services::ServiceState;

use crate::client::Client;

/// The recorded answer to a request.
fn recorded(name: &str) -> Option<Value> {
    let Some(shared) = std::env::var_os("WINDLASS_SHARED") else {
        eprintln!("SKIPPED: WINDLASS_SHARED names no folder with recorded exchanges");
        return None;
    };
    let path = PathBuf::from(shared).join("recorded").join(name);
    let document: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    Some(document["response"]["body"].clone())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn report(bench: &Bench, service: &Value) {
    let row = Model {
        host_id: text(&service["hostid"]),
        name: text(&service["servicename"]),
        base_url: text(&service["base_url"]),
        up: service["status"].as_bool().unwrap(),
        message: text(&service["status_message"]),
        status: service["service_detail"].to_string(),
        started_at: bench.now(),
        heartbeat: bench.now(),
        process: None,
        places: None,
    };
    bench.service.store().report_service(row).await.unwrap();
}

/// In the order of names.
fn sorted(mut services: Value) -> Value {
    services.as_array_mut().unwrap().sort_by_key(|service| service["servicename"].to_string());
    services
}

#[test]
fn the_service_tells_of_its_parts_as_recorded() {
    on_every_service(|bench| async move {
        let (Some(system), Some(list)) = (recorded("002_system.json"), recorded("014_system_services.json")) else {
            return;
        };
        let admin = Client::admin(&bench);
        for service in system["service_states"].as_array().unwrap() {
            report(&bench, service).await;
        }
        let own = admin.get("/v1/system").await.ok();
        assert_eq!(sorted(own["service_states"].clone()), sorted(system["service_states"].clone()));
        assert_eq!(sorted(admin.get("/v1/system/services").await.ok()), sorted(list));
        let catalog = recorded("015_system_services_type.json").unwrap();
        assert_eq!(admin.get("/v1/system/services/catalog").await.ok(), catalog);
        let one = recorded("225_service_get.json").unwrap();
        assert_eq!(admin.get("/v1/system/services/catalog/anchore-quickstart").await.ok(), one);
        let refused = recorded("226_service_delete_up.json").unwrap();
        let answer = admin.delete("/v1/system/services/apiext/anchore-quickstart").await;
        assert_eq!((answer.status, answer.json()), (StatusCode::CONFLICT, refused));
        assert_eq!(admin.get("/v1/status").await.ok(), recorded("001_status.json").unwrap());
    });
}

#[test]
fn every_part_that_clients_wait_for_is_up_once_the_process_reports_itself() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        assert_eq!(admin.get("/system").await.ok(), json!({"service_states": []}));
        assert_eq!(admin.get("/status").await.ok()["up"], true, "it answers");
        bench.service.report(ServiceState::Registered).await.unwrap();
        assert_eq!(admin.get("/status").await.ok()["available"], false);
        bench.service.report(ServiceState::Available).await.unwrap();
        for name in ["apiext", "catalog", "policy_engine", "simplequeue", "analyzer"] {
            let found = admin.get(&format!("/system/services/{name}")).await.ok();
            assert_eq!(
                (&found[0]["status"], &found[0]["service_detail"]["up"]),
                (&json!(true), &json!(true)),
                "{name}"
            );
        }
        assert_eq!(admin.get("/status").await.ok()["available"], true);
    });
}

#[test]
fn a_part_that_is_down_is_forgotten_and_one_that_is_unknown_not_found() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let path = "/system/services/analyzer/h1";
        for method in ["get", "delete"] {
            let answer = if method == "get" { admin.get(path).await } else { admin.delete(path).await };
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method}");
        }
        assert_eq!(admin.get("/system/services/analyzer").await.ok(), json!([]));
        let down = json!({"hostid": "h1", "servicename": "analyzer", "base_url": "http://h1", "status": false,
            "status_message": "orphaned", "service_detail": {"odd": 1}});
        report(&bench, &down).await;
        let shown = admin.get(path).await.ok();
        assert_eq!(
            (&shown[0]["status_message"], &shown[0]["service_detail"]),
            (&json!("orphaned"), &json!(r#"{"odd":1}"#))
        );
        assert_eq!(admin.delete(path).await.ok(), json!(true));
        assert_eq!(admin.get(path).await.status, StatusCode::NOT_FOUND);
        let nobody = Client::of(&bench);
        for path in ["/status", "/system", "/system/services"] {
            assert_eq!(nobody.get(path).await.status, StatusCode::UNAUTHORIZED);
        }
    });
}
