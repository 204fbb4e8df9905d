//! pnpm's `pnpm-lock.yaml`, lock file versions 5 to 9 (`spec/analysis.md` §6.2).
//!
//! Packages are the keys of one map: `/@scope/name/1.0.0_peer@2.0.0` until version 5, `/@scope/name@1.0.0(peer@2.0.0)` until
//! 8, the same without the slash and the peers since 9. Until 8 entries say that they are for development only; since 9
//! none does, and all are listed.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use windlass_sbom::Package;

use super::{
    listing::{Listing, not_a},
    npm::{self, split_request},
    yaml,
};
use crate::{Evidence, Unreadable};

pub(crate) const LOCK: Listing = Listing {
    name: "javascript-lock-cataloger",
    evidence: Evidence::Declared,
    selects: |file| file.name() == b"pnpm-lock.yaml" && !file.is_below("node_modules"),
    parse,
};

#[derive(Deserialize)]
struct Lock {
    /// A number until 5, a text since.
    #[serde(rename = "lockfileVersion")]
    version: Value,
    #[serde(default)]
    packages: Option<BTreeMap<String, Locked>>,
}

#[derive(Deserialize)]
struct Locked {
    /// Name and version where the key has none: what comes from a repository or an archive.
    name: Option<String>,
    version: Option<String>,
    #[serde(default)]
    resolution: Resolution,
    #[serde(default)]
    dev: bool,
}

#[derive(Default, Deserialize)]
struct Resolution {
    #[serde(default)]
    integrity: String,
    /// Part of the project itself.
    directory: Option<String>,
}

fn parse(text: &str) -> Result<Vec<Package>, Unreadable> {
    let documents: Vec<Option<Lock>> = yaml::documents(text).map_err(|error| not_a("pnpm-lock.yaml", error))?;
    let mut packages = Vec::new();
    // pnpm puts a document about itself before the one about the project; its packages are installed as well.
    for lock in documents.into_iter().flatten() {
        let split = match lock.version.as_f64().or_else(|| lock.version.as_str()?.parse().ok()) {
            Some(version) if version < 6.0 => split_old_key,
            Some(_) => split_key,
            None => return Err(not_a("pnpm-lock.yaml", "lockfileVersion is no number")),
        };
        for (key, locked) in lock.packages.unwrap_or_default() {
            if !locked.dev && locked.resolution.directory.is_none() {
                packages.extend(describe(split(&key), locked));
            }
        }
    }
    packages.sort_by(Package::document_order);
    packages.dedup_by(|a, b| a.name == b.name && a.version == b.version);
    Ok(packages)
}

/// Name and version of `/name/1.0.0_peers`.
fn split_old_key(key: &str) -> Option<(&str, &str)> {
    let key = key.strip_prefix('/')?;
    let name_parts = if key.starts_with('@') { 2 } else { 1 };
    let (slash, _) = key.match_indices('/').nth(name_parts - 1)?;
    let version = key[slash + 1..].split(['_', '/']).next()?;
    Some((&key[..slash], version))
}

/// Name and version of `name@1.0.0(peers)`, with or without a slash before it.
fn split_key(key: &str) -> Option<(&str, &str)> {
    let key = key.strip_prefix('/').unwrap_or(key);
    split_request(key.split('(').next()?)
}

fn describe(key: Option<(&str, &str)>, locked: Locked) -> Option<Package> {
    // A version that begins with no digit is a place.
    let (name, version) = key.filter(|(_, version)| version.starts_with(|c: char| c.is_ascii_digit())).unzip();
    let name = locked.name.or_else(|| name.or(key.map(|(name, _)| name)).map(str::to_owned))?;
    let version = locked.version.or_else(|| version.map(str::to_owned))?;
    (!name.is_empty() && !version.is_empty()).then(|| {
        let value = serde_json::json!({ "resolution": { "integrity": locked.resolution.integrity } });
        npm::locked(&name, &version, "javascript-pnpm-lock-entry", value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &str) -> Vec<(String, String)> {
        parse(text).expect("a lock").into_iter().map(|package| (package.name, package.version)).collect()
    }

    #[test]
    fn version_5_separates_with_slashes_and_appends_peers() {
        let text = "lockfileVersion: 5.4\n\nspecifiers:\n  foo: ^1\n\npackages:\n\n  /@babel/core/7.16.7:\n    \
                    resolution: {integrity: sha512-abc==}\n    engines: {node: '>=6.9.0'}\n    dev: false\n\n  \
                    /acorn-jsx/5.3.2_acorn@8.8.0:\n    resolution: {integrity: sha512-def==}\n    dev: false\n\n  \
                    /eslint/8.0.0:\n    resolution: {integrity: sha512-x==}\n    dev: true\n\n  \
                    github.com/u/r/0123456789abcdef:\n    resolution: {tarball: https://codeload.github.com/u/r}\n    \
                    name: forked\n    version: 2.0.0\n    dev: false\n";
        let expected = [("@babel/core", "7.16.7"), ("acorn-jsx", "5.3.2"), ("forked", "2.0.0")];
        assert_eq!(listed(text), expected.map(|(name, version)| (name.to_owned(), version.to_owned())));
    }

    #[test]
    fn versions_6_to_9_separate_with_an_at_sign() {
        for (version, slash) in [("'6.0'", "/"), ("'9.0'", "")] {
            let text = format!(
                "lockfileVersion: {version}\n\npackages:\n\n  '{slash}@babel/helper@7.24.7(@babel/core@7.24.7)':\n    \
                 resolution: {{integrity: sha512-abc==}}\n\n  {slash}is-glob@4.0.3:\n    resolution: {{integrity: sha512-d}}\n\n  \
                 {slash}mine@file:../mine:\n    resolution: {{directory: ../mine, type: directory}}\n    name: mine\n    \
                 version: 1.0.0\n"
            );
            let expected = [("@babel/helper", "7.24.7"), ("is-glob", "4.0.3")];
            assert_eq!(listed(&text), expected.map(|(name, version)| (name.to_owned(), version.to_owned())));
        }
    }

    #[test]
    fn a_document_about_pnpm_itself_may_come_first() {
        let text = "---\nlockfileVersion: '9.0'\npackages:\n  pnpm@10.0.0: {resolution: {integrity: sha512-a}}\n\
                    ---\nlockfileVersion: '9.0'\npackages:\n  a@1.0.0: {resolution: {integrity: sha512-b}}\n";
        assert_eq!(listed(text), [("a".into(), "1.0.0".into()), ("pnpm".into(), "10.0.0".into())]);
    }

    #[test]
    fn what_is_no_lock_is_refused_and_one_without_packages_is_empty() {
        assert_eq!(listed("lockfileVersion: '9.0'\n"), []);
        assert_eq!(listed(""), []);
        assert!(parse("lockfileVersion: soon\n").is_err());
        assert!(parse("packages: {}\n").is_err());
        assert!(parse("- a\n- b\n").is_err());
    }
}
