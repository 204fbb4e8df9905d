//! Bun's `bun.lock` (`spec/analysis.md` §6.2): JSON with trailing commas, which YAML's flow style allows.
//!
//! `"packages"` maps each place in the tree to a list that begins with `name@version`. What is for development only is not
//! told apart and is listed as well.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use windlass_sbom::Package;

use super::{
    listing::{Listing, not_a},
    npm::{locked, split_request},
    yaml,
};
use crate::{Evidence, Unreadable};

pub(crate) const LOCK: Listing = Listing {
    name: "javascript-lock-cataloger",
    evidence: Evidence::Declared,
    selects: |file| file.name() == b"bun.lock" && !file.is_below("node_modules"),
    parse,
};

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    packages: BTreeMap<String, Vec<Value>>,
}

fn parse(text: &str) -> Result<Vec<Package>, Unreadable> {
    let documents: Vec<Option<Lock>> = yaml::documents(text).map_err(|error| not_a("bun.lock", error))?;
    let entries = documents.into_iter().flatten().flat_map(|lock| lock.packages.into_values());
    let mut packages: Vec<Package> = entries.filter_map(|entry| describe(&entry)).collect();
    packages.sort_by(Package::document_order);
    packages.dedup_by(|a, b| a.name == b.name && a.version == b.version);
    Ok(packages)
}

fn describe(entry: &[Value]) -> Option<Package> {
    let (name, version) = split_request(entry.first()?.as_str()?)?;
    // Anything else is a place: of the workspace, in a repository, an archive.
    if !version.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let integrity = entry.last().and_then(Value::as_str).filter(|text| text.starts_with("sha")).unwrap_or_default();
    Some(locked(name, version, "javascript-bun-lock-entry", serde_json::json!({ "integrity": integrity })))
}

#[cfg(test)]
mod tests {
    use windlass_sbom::Metadata;

    use super::*;

    #[test]
    fn packages_are_read_with_trailing_commas_and_without_the_workspace() {
        let text = r#"{
  "lockfileVersion": 1,
  "workspaces": {
    "": { "name": "app", "dependencies": { "is-odd": "^3.0.1", }, },
  },
  "packages": {
    "@s/a": ["@s/a@1.2.3", "", { "dependencies": { "b": "^1" } }, "sha512-abc=="],
    "alias": ["is-odd@3.0.1", "", {}, "sha512-def=="],
    "lib": ["lib@workspace:packages/lib"],
    "repository": ["repository@git+ssh://git@example.com/r.git#0123", {}, "0123"],
  }
}
"#;
        let read = parse(text).expect("a lock");
        let names: Vec<_> = read.iter().map(|package| (package.name.as_str(), package.version.as_str())).collect();
        assert_eq!(names, [("@s/a", "1.2.3"), ("is-odd", "3.0.1")]);
        assert_eq!(read[0].purl.as_deref(), Some("pkg:npm/%40s/a@1.2.3"));
        let Metadata::Other { value, .. } = &read[0].metadata else { panic!("no entry of a lock") };
        assert_eq!(value["integrity"], "sha512-abc==");
    }

    #[test]
    fn what_is_no_lock_is_refused_and_an_empty_one_is_empty() {
        assert!(parse("{}").expect("an empty lock").is_empty());
        assert!(parse("{\"packages\": 3}").is_err());
        assert!(parse("{\"packages\": ").is_err());
    }
}
