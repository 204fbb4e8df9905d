//! A process that is told to stop does so in time, whatever it is doing.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    place::{PASSWORD, Place},
    process::{self, Process},
};

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
        thread::sleep(Duration::from_millis(50));
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

#[test]
fn a_request_under_way_is_answered_by_a_service_that_takes_no_new_ones() {
    let process = Process::start(&[]);
    let begun = process.post("/v1/imports/images", "application/json", String::new()).send().expect("it answers");
    let import: Value = serde_json::from_str(&begun.text().expect("it answers")).expect("it is JSON");
    let address = process.url.trim_start_matches("http://").to_owned();
    let connect = || TcpStream::connect(&address);

    // One connection that waits for its next request, and one whose request has come only half.
    let mut idle = connect().expect("it listens");
    idle.write_all(b"GET /health HTTP/1.1\r\nhost: h\r\n\r\n").expect("it reads");
    assert!(idle.read(&mut [0; 1024]).expect("it answers") > 0);
    let (dockerfile, login) = ("FROM scratch\nLABEL a=b\n", STANDARD.encode(format!("admin:{}", process::PASSWORD)));
    let (first, rest) = dockerfile.split_at(10);
    let mut under_way = connect().expect("it listens");
    write!(
        under_way,
        "POST /v1/imports/images/{}/dockerfile HTTP/1.1\r\nhost: h\r\nauthorization: Basic {login}\r\n\
         content-type: application/octet-stream\r\ncontent-length: {}\r\n\r\n{first}",
        import["uuid"].as_str().expect("an import has an id"),
        dockerfile.len(),
    )
    .expect("it reads");

    // Its beginning is read by then.
    thread::sleep(Duration::from_millis(500));
    let began = Instant::now();
    let stopping = thread::spawn(move || process.stop());
    while connect().is_ok() {
        assert!(began.elapsed() < process::STOPPING, "it takes new connections");
        thread::sleep(Duration::from_millis(50));
    }
    thread::sleep(Duration::from_millis(500));
    assert!(!stopping.is_finished(), "it waits for the request");
    under_way.write_all(rest.as_bytes()).expect("it reads on");
    let mut answer = String::new();
    under_way.read_to_string(&mut answer).expect("it answers, and closes the connection");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let digest = format!("{:x}", Sha256::digest(dockerfile));
    assert!(answer.contains(&digest), "all of it has arrived: {answer}");

    let (ended, log) = stopping.join().expect("it ends");
    // What is idle is not waited for, and nothing had to be broken off, for which it has 20 seconds.
    assert!(ended.success() && began.elapsed() < Duration::from_secs(15), "{ended} after {:?}: {log}", began.elapsed());
}
