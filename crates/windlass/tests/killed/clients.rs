//! Clients that add images while processes are killed, and do not take no for an answer.

use std::{
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use reqwest::{
    StatusCode,
    blocking::{Client, RequestBuilder},
};
use serde_json::{Value, json};

use crate::installation::PASSWORD;

const PATIENCE: Duration = Duration::from_mins(10);
/// Where notices are posted.
pub(crate) const HOOK: &str = "/hook";

/// An image in the registry.
pub(crate) struct Pushed {
    pub(crate) tag: String,
    pub(crate) digest: String,
}

pub(crate) struct Clients {
    url: String,
    http: Client,
    /// Requests without an answer.
    pub(crate) cut_off: AtomicUsize,
    /// Answers that nobody should get.
    pub(crate) refusals: Mutex<Vec<String>>,
}

impl Clients {
    pub(crate) fn of(url: String) -> Self {
        let http = Client::builder().no_proxy().timeout(Duration::from_mins(1)).build().expect("a client");
        Self { url, http, cut_off: AtomicUsize::new(0), refusals: Mutex::default() }
    }

    /// Has everything that happens to images told to a receiver.
    pub(crate) fn tell(&self, receiver: SocketAddr) {
        let url = format!("http://{receiver}{HOOK}");
        let endpoint = json!({"name": "all", "channel": {"kind": "webhook", "format": "anchore-v1", "url": url}});
        self.ask(|| {
            let request = self.http.post(format!("{}/notifications/endpoints", self.url));
            request.header("content-type", "application/json").body(endpoint.to_string())
        });
    }

    /// Adds these images, each as soon as `may_add` allows it, until it is answered with success.
    pub(crate) fn add<'a>(&self, images: impl Iterator<Item = &'a Pushed>, may_add: impl Fn(usize) -> bool) {
        for (number, image) in images.enumerate() {
            patiently("the turn of an image", Duration::from_millis(20), || may_add(number).then_some(()));
            self.add_one(image, false);
        }
    }

    pub(crate) fn add_one(&self, image: &Pushed, force: bool) {
        let added = self.ask(|| {
            let request = self.http.post(format!("{}/images", self.url));
            let body = json!({"tag": image.tag}).to_string();
            request.query(&[("force", force)]).header("content-type", "application/json").body(body)
        });
        assert_eq!(added.pointer("/0/imageDigest"), Some(&image.digest.clone().into()), "{added}");
    }

    /// Waits until no image waits for its analysis any more, and returns the digests of those that have none.
    pub(crate) fn wait_for_analyses(&self) -> Vec<String> {
        patiently("the analyses", Duration::from_millis(200), || {
            let images = self.ask(|| self.http.get(format!("{}/images", self.url)));
            let images = images.as_array().expect("a list");
            let status = |image: &Value| image["analysis_status"].as_str().unwrap_or_default().to_owned();
            let failed = images.iter().filter(|image| status(image) == "analysis_failed");
            let failed: Vec<String> =
                failed.filter_map(|image| image["imageDigest"].as_str()).map(ToOwned::to_owned).collect();
            let analysed = images.iter().filter(|image| status(image) == "analyzed");
            (analysed.count() + failed.len() == images.len()).then_some(failed)
        })
    }

    /// The names of the packages of an image.
    pub(crate) fn packages(&self, image: &Pushed) -> Vec<String> {
        let content = self.ask(|| self.http.get(format!("{}/images/{}/content/os", self.url, image.digest)));
        let packages = content["content"].as_array().into_iter().flatten();
        packages.filter_map(|package| package["package"].as_str()).map(ToOwned::to_owned).collect()
    }

    /// The answer to a request, which is made until there is one.
    fn ask(&self, request: impl Fn() -> RequestBuilder) -> Value {
        patiently("an answer", Duration::from_millis(50), || {
            let answer = request().basic_auth("admin", Some(PASSWORD)).send();
            let answer = answer.and_then(|answer| Ok((answer.status(), answer.text()?)));
            match answer {
                Ok((StatusCode::OK, text)) => return Some(serde_json::from_str(&text).expect("it is JSON")),
                Ok((status, text)) => self.refusals.lock().expect("nobody panics").push(format!("{status} {text}")),
                Err(_) => drop(self.cut_off.fetch_add(1, Relaxed)),
            }
            None
        })
    }
}

pub(crate) fn patiently<T>(what: &str, pause: Duration, attempt: impl Fn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(result) = attempt() {
            return result;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} is waited for in vain");
        thread::sleep(pause);
    }
}
