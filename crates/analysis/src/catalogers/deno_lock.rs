//! Deno's `deno.lock`, versions 3 to 5 (`spec/analysis.md` §6.2): packages of npm, and of JSR, for which there are neither
//! package URLs nor advisories. Modules imported from a URL are files, not packages, and are left out.

use std::collections::BTreeMap;

use serde::Deserialize;
use windlass_sbom::{Metadata, Package, PackageType};

use super::{
    listing::{Listing, not_a},
    npm::{npm_url, split_request},
};
use crate::{Evidence, Unreadable};

pub(crate) const LOCK: Listing = Listing {
    name: "javascript-lock-cataloger",
    evidence: Evidence::Declared,
    selects: |file| file.name() == b"deno.lock" && !file.is_below("node_modules"),
    parse,
};

#[derive(Deserialize)]
struct Lock {
    /// Since version 4.
    #[serde(flatten)]
    listed: Registries,
    /// Version 3.
    #[serde(default)]
    packages: Registries,
}

#[derive(Default, Deserialize)]
struct Registries {
    #[serde(default)]
    npm: BTreeMap<String, Locked>,
    #[serde(default)]
    jsr: BTreeMap<String, Locked>,
}

#[derive(Deserialize)]
struct Locked {
    #[serde(default)]
    integrity: String,
}

fn parse(text: &str) -> Result<Vec<Package>, Unreadable> {
    let lock: Lock = serde_json::from_str(text).map_err(|error| not_a("deno.lock", error))?;
    let mut packages = Vec::new();
    for registries in [lock.listed, lock.packages] {
        packages.extend(registries.npm.iter().filter_map(|(key, locked)| describe(PackageType::Npm, key, locked)));
        packages.extend(registries.jsr.iter().filter_map(|(key, locked)| describe(PackageType::Unknown, key, locked)));
    }
    packages.sort_by(Package::document_order);
    packages.dedup_by(|a, b| a.name == b.name && a.version == b.version && a.kind == b.kind);
    Ok(packages)
}

/// Of `name@1.0.0_peer@2.0.0`; no version has an underscore.
fn describe(kind: PackageType, key: &str, locked: &Locked) -> Option<Package> {
    let (name, version) = split_request(key)?;
    let version = version.split('_').next().filter(|version| !version.is_empty())?;
    Some(Package {
        purl: if kind == PackageType::Npm { npm_url(name, version) } else { None },
        metadata: Metadata::Other {
            kind: "deno-lock-entry".into(),
            value: serde_json::json!({ "integrity": locked.integrity }),
        },
        ..Package::new(kind, name, version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &str) -> Vec<(PackageType, String, String)> {
        parse(text).expect("a lock").into_iter().map(|package| (package.kind, package.name, package.version)).collect()
    }

    #[test]
    fn packages_of_both_registries_are_read_in_each_version() {
        let registries = r#""jsr": {"@std/path@1.0.8": {"integrity": "ab"}},
            "npm": {"@s/a@1.2.3_@s+peer@4.5.6": {"integrity": "sha512-x", "dependencies": ["b"]}, "b@2.0.0": {}}"#;
        let version_3 = format!(
            r#"{{"version": "3", "packages": {{"specifiers": {{"npm:b@2": "npm:b@2.0.0"}}, {registries}}},
            "remote": {{"https://deno.land/std@0.177.0/a.ts": "cd"}}}}"#
        );
        let version_5 = format!(r#"{{"version": "5", "specifiers": {{"npm:b@2": "2.0.0"}}, {registries}}}"#);
        for text in [version_3, version_5] {
            let expected = [
                (PackageType::Npm, "@s/a", "1.2.3"),
                (PackageType::Unknown, "@std/path", "1.0.8"),
                (PackageType::Npm, "b", "2.0.0"),
            ];
            let expected = expected.map(|(kind, name, version)| (kind, name.to_owned(), version.to_owned()));
            assert_eq!(listed(&text), expected);
        }
    }

    #[test]
    fn what_is_no_lock_is_refused_and_an_empty_one_is_empty() {
        assert_eq!(listed(r#"{"version": "5"}"#), []);
        assert!(parse("").is_err());
        assert!(parse(r#"{"npm": []}"#).is_err());
    }
}
