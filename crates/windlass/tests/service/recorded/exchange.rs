//! One question and its answer.

use std::{
    fs,
    path::{Path, PathBuf},
};

use reqwest::{Method, blocking::Client, redirect::Policy};
use serde_json::Value;

use super::names::Names;

pub(super) struct Exchange {
    /// Three digits; some are missing.
    pub(super) number: String,
    /// Name of the file, without its ending.
    pub(super) name: String,
    request: Value,
    pub(super) status: u64,
    pub(super) content_type: String,
    pub(super) body: Value,
}

/// What came back of a request.
pub(super) struct Replayed {
    pub(super) status: u64,
    pub(super) content_type: String,
    /// A text that is no JSON as a string.
    pub(super) body: Value,
}

/// Resources whose documents follow from what is in the images, or from what is known of them: ours are others.
const OF_OTHER_DATA: &[&str] = &[
    "/content/",
    "/vuln/",
    "/metadata/",
    "/check",
    "/query/",
    "/events",
    "/feeds",
    "/artifacts/",
    "/system",
    "/status",
];

impl Exchange {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a recorded exchange can be read");
        let document: Value = serde_json::from_str(&text).expect("a recorded exchange is JSON");
        let name = path.file_stem().expect("it is a file").to_string_lossy().into_owned();
        let response = &document["response"];
        Self {
            number: name.chars().take(3).collect(),
            name,
            request: document["request"].clone(),
            status: response["status"].as_u64().expect("an answer has a status"),
            content_type: media_type(response["headers"]["Content-Type"].as_str()),
            body: response["body"].clone(),
        }
    }

    /// Whether values can be compared, and not only shapes.
    pub(super) fn has_the_same_data(&self) -> bool {
        let path = self.request["path"].as_str().unwrap_or_default();
        self.status >= 400 || !OF_OTHER_DATA.iter().any(|part| path.contains(part))
    }

    pub(super) fn send(&self, url: &str, names: &Names) -> Replayed {
        let request = names.spelt(&self.request);
        let path = request["path"].as_str().expect("a request has a path");
        let path = path.strip_prefix("http://127.0.0.1:8228").unwrap_or(path);
        let method = Method::from_bytes(request["method"].as_str().unwrap_or_default().as_bytes()).expect("a method");
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
        let mut sent = client.request(method, format!("{url}{path}"));
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        for (name, value) in request["params"].as_object().into_iter().flatten() {
            sent = sent.query(&[(name, text(value))]);
        }
        for (name, value) in request["headers"].as_object().into_iter().flatten() {
            sent = sent.header(name, names.token_for(&text(value)));
        }
        if let Some([user, password]) = request["auth"].as_array().map(Vec::as_slice) {
            sent = sent.basic_auth(text(user), Some(text(password)));
        }
        if !request["body"].is_null() {
            sent = sent.body(text(&request["body"]));
        }
        let answer = sent.send().expect("the service answers");
        let content_type = media_type(answer.headers().get("content-type").and_then(|value| value.to_str().ok()));
        let status = u64::from(answer.status().as_u16());
        let body = answer.text().expect("an answer is a text");
        Replayed { status, content_type, body: serde_json::from_str(&body).unwrap_or(Value::String(body)) }
    }
}

fn media_type(header: Option<&str>) -> String {
    header.unwrap_or("none").split(';').next().unwrap_or_default().trim().to_owned()
}

/// All of a folder, in order.
pub(super) fn all(folder: &Path) -> Vec<Exchange> {
    let listed = fs::read_dir(folder).expect("the recorded exchanges are there");
    let mut paths: Vec<_> = listed.map(|entry| entry.expect("a folder can be read").path()).collect();
    let numbered = |path: &PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes()[0].is_ascii_digit());
    paths.retain(|path| numbered(path) && path.extension().is_some_and(|kind| kind == "json"));
    paths.sort();
    paths.iter().map(|path| Exchange::read(path)).collect()
}
