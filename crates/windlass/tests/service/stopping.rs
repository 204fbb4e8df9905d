//! A process that is told to stop does so in time, whatever it is doing.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::place::{PASSWORD, Place};

const PATIENCE: Duration = Duration::from_mins(1);

/// What the service says of its only image.
fn status(place: &Place) -> String {
    let client = reqwest::blocking::Client::builder().no_proxy().build().expect("a client");
    let asked = client.get(format!("{}/v1/images", place.url)).basic_auth("admin", Some(PASSWORD)).send();
    let images = asked.and_then(reqwest::blocking::Response::text).expect("it answers");
    let images: Value = serde_json::from_str(&images).expect("it is JSON");
    images[0]["analysis_status"].as_str().expect("a text").to_owned()
}

fn wait_for(place: &Place, wanted: &str) {
    let begun = Instant::now();
    while status(place) != wanted {
        assert!(begun.elapsed() < PATIENCE, "{}: {}", status(place), place.read("worker.log"));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_worker_whose_registry_says_nothing_stops_in_time_and_gives_its_job_back() {
    let Some(mut place) = Place::new("api") else { return };
    let image = format!("{}/test/small:latest", place.registry.address);
    let mut add = place.windlass(&format!("image add {image}"));
    add.env("WINDLASS_URL", format!("{}/v1", place.url))
        .env("WINDLASS_USER", "admin")
        .env("WINDLASS_PASSWORD", PASSWORD);
    let added = place.run(&mut add);
    assert_eq!(added.exit, 0, "{}", added.said);
    place.registry.freeze();
    place.serve_with("worker", &[("WINDLASS_LOG_FORMAT", "json")]);
    wait_for(&place, "analyzing");

    let (ended, took) = place.stop_last();
    // Nothing was left to wait for: the half minute that it may take is for requests under way.
    assert!(ended.success() && took < Duration::from_secs(10), "{ended} after {took:?}");
    assert_eq!(status(&place), "not_analyzed", "it waits again");
    let log = place.read("worker.log");
    let given_back = log.lines().find(|line| line.contains("the job is given back")).expect(&log);
    let given_back: Value = serde_json::from_str(given_back).expect("it is JSON");
    let job = &given_back["spans"][0];
    assert_eq!((job["name"].as_str(), job["account"].as_str()), (Some("job"), Some("admin")), "{given_back}");
    assert!(job["id"].is_i64() && job["key"].as_str().is_some_and(|key| key.starts_with("sha256:")), "{given_back}");

    place.registry.thaw();
    place.serve("worker");
    wait_for(&place, "analyzed");
}
