//! Processes that share a service: each is there for what its roles do, and for nothing else.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    place::{Done, PASSWORD, Place},
    receivers::Hooks,
};

const PATIENCE: Duration = Duration::from_mins(2);
const NETWORKS: (&str, &str) = ("WINDLASS_NOTIFICATIONS__ALLOWED_NETWORKS", "[127.0.0.0/8]");

fn ask(place: &Place, words: &str) -> Done {
    let mut command = place.windlass(words);
    command.env("WINDLASS_URL", format!("{}/v1", place.url));
    place.run(command.env("WINDLASS_USER", "admin").env("WINDLASS_PASSWORD", PASSWORD))
}

fn demand(place: &Place, words: &str) -> String {
    let done = ask(place, words);
    assert_eq!(done.exit, 0, "{words}: {}", done.said);
    done.said
}

#[test]
fn whoever_waits_for_the_service_waits_for_a_worker_and_one_that_stops_is_gone() {
    let Some(mut place) = Place::new("api,scheduler") else { return };
    let alone = ask(&place, "system wait --timeout 2 --interval 1");
    assert!(alone.exit != 0 && alone.said.contains("analyzer"), "{}", alone.said);
    place.serve("worker");
    demand(&place, "system wait --timeout 60 --interval 1");
    let status = demand(&place, "system status");
    let of_host = |host: &str| {
        let line = |line: &&str| line.contains(&format!("({host},")) && line.ends_with(": up");
        status.lines().filter(line).filter_map(|line| line.split(' ').nth(1)).collect::<Vec<_>>()
    };
    assert_eq!(of_host("host-0"), ["apiext", "catalog", "policy_engine", "simplequeue"], "{status}");
    assert_eq!(of_host("host-1"), ["analyzer"], "{status}");

    place.stop_last();
    let status = demand(&place, "system status");
    assert!(!status.contains("analyzer"), "{status}");
    assert_ne!(ask(&place, "system wait --timeout 2 --interval 1").exit, 0);
    assert!(!demand(&place, "event list --all").contains("system.service"), "it was told to");
}

#[test]
fn links_in_notices_of_a_worker_lead_to_the_api() {
    let Some(mut place) = Place::new("api,scheduler") else { return };
    let hooks = Hooks::start();
    place.serve_with("worker", &[NETWORKS]);
    let channel = json!({"kind": "webhook", "url": format!("http://{}/hook", hooks.address)});
    place.write("endpoint.json", &json!({ "channel": channel }).to_string());
    demand(&place, "notification endpoint add hook --file endpoint.json");
    let image = format!("{}/test/small:latest", place.registry.address);
    demand(&place, &format!("image add {image}"));
    let begun = Instant::now();
    while hooks.posted("/hook").is_empty() {
        assert!(begun.elapsed() < PATIENCE, "nothing is told: {}", place.read("worker.log"));
        std::thread::sleep(Duration::from_millis(100));
    }
    let (_, _, told) = hooks.posted("/hook").remove(0);
    assert_eq!(told["source"], format!("{}/accounts/admin", place.url), "{told}");
    let link = told["data"]["links"]["image"].as_str().unwrap_or_default();
    assert!(link.starts_with(&format!("{}/v1/images/sha256:", place.url)), "{told}");
}

#[test]
fn a_process_that_keeps_objects_elsewhere_than_another_of_its_database_says_so() {
    let Some(mut place) = Place::new("all") else { return };
    let objects = format!("fs:{}", place.path("elsewhere").display());
    place.serve_with("api", &[("WINDLASS_OBJECTS", &objects)]);
    let begun = Instant::now();
    while !place.read("api.log").contains("keeps objects elsewhere") {
        assert!(begun.elapsed() < PATIENCE, "{}", place.read("api.log"));
        std::thread::sleep(Duration::from_millis(100));
    }
    let log = place.read("api.log");
    assert!(log.contains("host-0") && log.contains("data/objects") && log.contains("elsewhere/archive"), "{log}");
}
