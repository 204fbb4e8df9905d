//! What the service says of itself, beside what the original said: a client that was made from the original's description
//! finds every operation of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::PathBuf,
};

use serde_json::Value;

use crate::process::Process;

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// The original's description of its API, which is not part of the repository.
fn original() -> Option<Value> {
    let Some(shared) = env::var_os("WINDLASS_SHARED").map(PathBuf::from) else {
        eprintln!("SKIPPED: WINDLASS_SHARED names no folder with the original's description");
        return None;
    };
    let path = shared.join("reference/anchore-v1-swagger.yaml");
    let Ok(text) = fs::read_to_string(&path) else {
        eprintln!("SKIPPED: {} cannot be read", path.display());
        return None;
    };
    Some(serde_saphyr::from_str(&text).expect("it is YAML"))
}

/// A path with its parameters as they are counted, not as they are called.
fn shape(path: &str) -> String {
    let segment = |segment: &str| if segment.starts_with('{') { "{}".to_owned() } else { segment.to_owned() };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// Each operation of a description, as method and path, with what it takes in the query.
fn operations(description: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for (path, item) in description["paths"].as_object().expect("it has paths") {
        for (method, operation) in item.as_object().expect("a path has operations") {
            if !METHODS.contains(&method.as_str()) {
                continue;
            }
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let query = parameters.filter(|parameter| parameter["in"] == "query");
            let query = query.map(|parameter| parameter["name"].as_str().expect("it has a name").to_owned());
            all.insert(format!("{method} {}", shape(path)), query.collect());
        }
    }
    all
}

#[test]
fn every_operation_of_the_original_is_described_with_its_parameters() {
    let Some(original) = original() else { return };
    let original = operations(&original);
    assert_eq!(original.len(), 112, "the original has so many operations");
    let process = Process::start(&[]);
    for document in ["/v1/openapi.json", "/v1/swagger.json"] {
        let text = process.get(document).send().and_then(reqwest::blocking::Response::text).expect("it answers");
        let ours = operations(&serde_json::from_str(&text).expect("it is JSON"));
        let mut wrong = Vec::new();
        for (operation, query) in &original {
            match ours.get(operation) {
                None => wrong.push(format!("{operation}: missing")),
                Some(ours) => wrong.extend(query.difference(ours).map(|name| format!("{operation}: no {name}"))),
            }
        }
        assert!(wrong.is_empty(), "{document}:\n{}", wrong.join("\n"));
    }
}
