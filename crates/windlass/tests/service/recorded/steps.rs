//! What happened between the recorded exchanges.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use reqwest::{
    Method,
    blocking::{Client, Response},
};
use serde_json::{Value, json};

use super::names::Names;
use crate::place::{PASSWORD, Place};

/// Numbers of exchanges, and why they are left out.
pub(super) const CANNOT_BE_REPLAYED: &[(&str, &str)] = &[
    ("293", "its bundle was not recorded"),
    ("294", "its bundle was not recorded"),
    ("330", "it is about an image of Docker Hub"),
    ("334", "a receiver of webhooks was set up before it"),
];

/// Brings the service where the recorded one was before an exchange.
pub(super) fn before(number: &str, place: &mut Place, names: &mut Names, shared: &Path) {
    let image = |tag: &str| json!({"tag": format!("{}/{tag}", place.registry.address)});
    match number {
        "057" => drop(ask(place, Method::POST, "/images", &image("test/small:latest"))),
        "058" => {
            place.serve("worker");
            wait(place, "sha256:4dbb9075bdf4dd25e5a8f2ca1e6386403841707c5ea7447f67cb7f31abd4be6c", names);
            wait(place, "sha256:a467893a5223a0be6ceb7b2e668b602107bf42c20868f94f6473d368f3377081", names);
        }
        "153" => {
            let path = "/policies/2c53a13c-1765-11e8-82ef-23527761d060";
            let mut default = ask(place, Method::GET, path, &Value::Null)[0].take();
            default["active"] = true.into();
            ask(place, Method::PUT, path, &default);
        }
        "161" => {
            let body =
                json!({"subscription_key": "docker.io/x/y:z", "subscription_type": "vuln_update", "active": false});
            ask(place, Method::POST, "/subscriptions", &body);
        }
        "181" => {
            let body = json!({"type": "password", "value": "newpass1"});
            ask(place, Method::POST, "/accounts/acct1/users/user1/credentials", &body);
        }
        "229" => drop(ask(place, Method::POST, "/imports/images", &json!({}))),
        "289" => {
            let path = shared.join("reference/bundle-with-all-rules-2020-08-20.json");
            let text = fs::read_to_string(path).expect("the bundle can be read");
            ask(place, Method::POST, "/policies", &serde_json::from_str(&text).expect("it is JSON"));
        }
        "303" => {
            let mut body = image("docker.io/library/alpine:latest");
            body["dockerfile"] = "RlJPTSBzY3JhdGNoCkFERCB4IC8KQ01EIFsiL2Jpbi9zaCJdCg==".into();
            body["annotations"] = json!({"a": "b", "n": "v"});
            let added = ask(place, Method::POST, "/images", &body);
            let recorded = json!([{
                "imageDigest": "sha256:0fe36d79a31ea524fa5daf7ef00bf7eab4e73c8447fbe08287742f73b59c7d5b",
                "image_detail": [{"imageId": "fc872579496fd63f180f3b6219abe78679803738acfefdcbee2bbf979ca42f5d"}],
            }]);
            names.learn(&recorded, &added);
            wait(place, "sha256:0fe36d79a31ea524fa5daf7ef00bf7eab4e73c8447fbe08287742f73b59c7d5b", names);
        }
        "321" => {
            let digest =
                names.spelt(&json!(["sha256:0fe36d79a31ea524fa5daf7ef00bf7eab4e73c8447fbe08287742f73b59c7d5b"]));
            wait(place, "sha256:0fe36d79a31ea524fa5daf7ef00bf7eab4e73c8447fbe08287742f73b59c7d5b", names);
            ask(place, Method::POST, "/archives/images", &digest);
        }
        _ => {}
    }
}

fn ask(place: &Place, method: Method, path: &str, body: &Value) -> Value {
    let client = Client::builder().no_proxy().build().expect("a client");
    let request = client.request(method, format!("{}/v1{path}", place.url)).basic_auth("admin", Some(PASSWORD));
    let answer = request.header("content-type", "application/json").body(body.to_string()).send();
    serde_json::from_str(&answer.and_then(Response::text).expect("the service answers")).unwrap_or_default()
}

/// Waits until an image is analysed.
fn wait(place: &Place, recorded: &str, names: &Names) {
    let digest = names.spelt(&json!(recorded));
    let path = format!("/images/{}", digest.as_str().expect("it is a digest"));
    let started = Instant::now();
    while ask(place, Method::GET, &path, &Value::Null)[0]["analysis_status"] != "analyzed" {
        assert!(started.elapsed() < Duration::from_mins(1), "{digest} is not analysed");
        std::thread::sleep(Duration::from_millis(100));
    }
}
