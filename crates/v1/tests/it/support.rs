//! Recorded exchanges, and schemas as a server uses them.

use std::path::PathBuf;

use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

/// A file or folder of the shared test data; none, with a message, where it is not there.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let root = std::env::var_os("WINDLASS_SHARED").map_or_else(|| beside.into(), PathBuf::from);
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there; set WINDLASS_SHARED to the folder with shared test data", path.display());
    None
}

/// A request that was sent to the original service, and what it answered.
pub(crate) struct Exchange {
    /// The file it is recorded in, without suffix.
    pub(crate) name: String,
    /// `GET /images/{}/check`: method and path without version, what varies left out.
    pub(crate) route: String,
    pub(crate) request: Value,
    pub(crate) status: u64,
    pub(crate) is_problem: bool,
    pub(crate) body: Value,
}

/// Every recorded exchange, in the order in which they took place; none where they are not there.
pub(crate) fn exchanges() -> Vec<Exchange> {
    let Some(folder) = shared("recorded") else { return Vec::new() };
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "json"))
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(|first: char| first.is_ascii_digit()))
        .collect();
    paths.sort();
    paths.iter().map(exchange).collect()
}

fn exchange(path: &PathBuf) -> Exchange {
    let mut document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (request, response) = (document["request"].take(), document["response"].take());
    let content_type = response["headers"]["Content-Type"].as_str().unwrap_or_default();
    Exchange {
        name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        route: format!("{} {}", request["method"].as_str().unwrap(), route(request["path"].as_str().unwrap())),
        status: response["status"].as_u64().unwrap(),
        is_problem: content_type.starts_with("application/problem+json"),
        body: response["body"].clone(),
        request: request["body"].clone(),
    }
}

/// The path without version and query, with `{}` for its variable segments.
fn route(path: &str) -> String {
    let path = path.strip_prefix("http://127.0.0.1:8228").unwrap_or(path);
    let path = path.split('?').next().unwrap();
    let segments: Vec<&str> = path.split('/').filter(|segment| !matches!(*segment, "" | "v1")).collect();
    let is_fixed = |index: usize| match segments[0] {
        "images" => {
            index == 0 || (index == 1 && segments[1] == "by_id") || (index > 1 && segments[index - 1] != "by_id")
        }
        "imports" => index != 2,
        "archives" => index < 2,
        "system" => index < 2 || segments[1] == "webhooks",
        "accounts" => index.is_multiple_of(2) || (index == 2 && segments[2] == "state"),
        "policies" | "subscriptions" | "registries" | "events" => index == 0,
        _ => true,
    };
    let name = |(index, segment): (usize, &&str)| if is_fixed(index) { (*segment).to_owned() } else { "{}".to_owned() };
    format!("/{}", segments.iter().enumerate().map(name).collect::<Vec<_>>().join("/"))
}

/// The body of the exchange with that name; none where exchanges are not there.
pub(crate) fn body(name: &str) -> Option<Value> {
    let path = shared(&format!("recorded/{name}.json"))?;
    Some(exchange(&path).body)
}

/// What is wrong with a body by the schema of a type.
pub(crate) fn violations<T: ToSchema>(body: &Value) -> Vec<String> {
    let mut schemas = Vec::new();
    T::schemas(&mut schemas);
    let components: serde_json::Map<String, Value> =
        schemas.into_iter().map(|(name, one)| (name, json!(one))).collect();
    let mut schema = json!(<T as PartialSchema>::schema());
    schema["components"] = json!({"schemas": components});
    let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&schema).unwrap();
    validator.iter_errors(body).map(|error| error.to_string()).collect()
}
