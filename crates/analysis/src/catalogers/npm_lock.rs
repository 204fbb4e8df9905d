//! npm's `package-lock.json` and `npm-shrinkwrap.json`, versions 1 to 3 (`spec/analysis.md` §6.2).

use std::collections::BTreeMap;

use serde::Deserialize;
use windlass_sbom::{License, Package};

use super::{
    listing::{Listing, not_a},
    npm,
};
use crate::{Evidence, Unreadable};

pub(crate) const LOCK: Listing = Listing {
    name: "javascript-lock-cataloger",
    evidence: Evidence::Declared,
    selects: |file| {
        matches!(file.name(), b"package-lock.json" | b"npm-shrinkwrap.json") && !file.is_below("node_modules")
    },
    parse,
};

#[derive(Deserialize)]
struct Lock {
    /// Versions 2 and 3: by path below the project.
    #[serde(default)]
    packages: BTreeMap<String, Locked>,
    /// Version 1: by name, nested.
    #[serde(default)]
    dependencies: BTreeMap<String, Nested>,
}

#[derive(Deserialize)]
struct Locked {
    name: Option<String>,
    #[serde(default)]
    version: String,
    #[serde(default)]
    resolved: String,
    #[serde(default)]
    integrity: String,
    #[serde(default)]
    license: serde_json::Value,
    #[serde(default)]
    link: bool,
    #[serde(default)]
    dev: bool,
}

#[derive(Deserialize)]
struct Nested {
    #[serde(default)]
    version: String,
    #[serde(default)]
    resolved: String,
    #[serde(default)]
    integrity: String,
    #[serde(default)]
    dev: bool,
    #[serde(default)]
    dependencies: BTreeMap<String, Nested>,
}

fn parse(text: &str) -> Result<Vec<Package>, Unreadable> {
    let lock: Lock = serde_json::from_str(text).map_err(|error| not_a("package-lock.json", error))?;
    let mut packages = Vec::new();
    if lock.packages.is_empty() {
        // serde_json limits the depth, so the walk is bounded as well.
        nested(&lock.dependencies, &mut packages);
    }
    for (path, locked) in lock.packages {
        let Some((_, tail)) = path.rsplit_once("node_modules/") else { continue };
        if locked.link || locked.dev {
            continue;
        }
        let licenses = locked.license.as_str().map(License::declared).into_iter().collect();
        let name = locked.name.unwrap_or_else(|| tail.to_owned());
        packages.extend(describe(&name, &locked.version, &locked.resolved, &locked.integrity, licenses));
    }
    packages.sort_by(Package::document_order);
    packages.dedup_by(|a, b| a.name == b.name && a.version == b.version);
    Ok(packages)
}

fn nested(dependencies: &BTreeMap<String, Nested>, packages: &mut Vec<Package>) {
    for (name, locked) in dependencies {
        if !locked.dev {
            // `npm:other@1.0` installs another package under this name.
            let alias = locked.version.strip_prefix("npm:").and_then(|aliased| aliased.rsplit_once('@'));
            let (name, version) = alias.unwrap_or((name, &locked.version));
            packages.extend(describe(name, version, &locked.resolved, &locked.integrity, Vec::new()));
        }
        nested(&locked.dependencies, packages);
    }
}

fn describe(name: &str, version: &str, resolved: &str, integrity: &str, licenses: Vec<License>) -> Option<Package> {
    (!name.is_empty() && !version.is_empty()).then(|| Package {
        licenses,
        ..npm::locked(
            name,
            version,
            "javascript-npm-package-lock-entry",
            serde_json::json!({ "resolved": resolved, "integrity": integrity }),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &str) -> Vec<(String, String)> {
        parse(text).expect("a lock").into_iter().map(|package| (package.name, package.version)).collect()
    }

    #[test]
    fn paths_of_versions_two_and_three_end_in_the_name() {
        let text = r#"{"lockfileVersion": 3, "packages": {"": {"name": "app", "version": "1.0.0"},
            "node_modules/a": {"version": "1.0.0"}, "node_modules/a/node_modules/@s/b": {"version": "2.0.0"},
            "node_modules/local": {"link": true}, "node_modules/tool": {"version": "1.0.0", "dev": true}}}"#;
        assert_eq!(listed(text), [("@s/b".into(), "2.0.0".into()), ("a".into(), "1.0.0".into())]);
    }

    #[test]
    fn version_one_nests_and_may_alias() {
        let text = r#"{"lockfileVersion": 1, "dependencies": {"a": {"version": "1.0.0", "dependencies":
            {"b": {"version": "npm:@s/c@3.0.0"}}}}}"#;
        assert_eq!(listed(text), [("@s/c".into(), "3.0.0".into()), ("a".into(), "1.0.0".into())]);
    }
}
