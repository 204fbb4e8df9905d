//! PHP packages as Composer records them: `installed.json` of an installation, `composer.lock` of a project
//! (`spec/analysis.md` §6.6).

use serde::Deserialize;
use serde_json::Value;
use windlass_sbom::{License, Metadata, Package, PackageType, package_url};

use super::listing::{Listing, not_a};
use crate::{Evidence, Unreadable};

pub(crate) const INSTALLED: Listing = Listing {
    name: "php-composer-installed-cataloger",
    evidence: Evidence::InstalledInImage,
    selects: |file| file.name() == b"installed.json",
    parse: |text| match serde_json::from_str(text) {
        Ok(Installed::Two { packages } | Installed::One(packages)) => {
            Ok(packages.into_iter().filter_map(|package| package.describe("php-composer-installed-entry")).collect())
        }
        // Other programs call their files installed.json too.
        Err(_) => Ok(Vec::new()),
    },
};

pub(crate) const LOCK: Listing = Listing {
    name: "php-composer-lock-cataloger",
    evidence: Evidence::Declared,
    selects: |file| file.name() == b"composer.lock",
    parse: parse_lock,
};

fn parse_lock(text: &str) -> Result<Vec<Package>, Unreadable> {
    let lock: Lock = serde_json::from_str(text).map_err(|error| not_a("composer.lock", error))?;
    Ok(lock.packages.into_iter().filter_map(|package| package.describe("php-composer-lock-entry")).collect())
}

/// Composer 2 writes an object, Composer 1 wrote a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Installed {
    Two { packages: Vec<Entry> },
    One(Vec<Entry>),
}

#[derive(Deserialize)]
struct Lock {
    packages: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
    #[serde(default)]
    license: Value,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

impl Entry {
    fn describe(self, kind: &str) -> Option<Package> {
        let (vendor, name) = self.name.split_once('/').unwrap_or(("", &self.name));
        // Versions are written with or without the v of a tag; data about them has none.
        let version = self.version.strip_prefix('v').unwrap_or(&self.version);
        if name.is_empty() || version.is_empty() {
            return None;
        }
        let licenses = match &self.license {
            Value::Array(several) => several.iter().filter_map(Value::as_str).map(License::declared).collect(),
            other => other.as_str().map(License::declared).into_iter().collect(),
        };
        let mut value = serde_json::Map::new();
        value.insert("name".into(), self.name.clone().into());
        value.insert("version".into(), self.version.clone().into());
        for key in ["source", "dist", "type", "description", "homepage", "time"] {
            if let Some(member) = self.rest.get(key) {
                value.insert(key.into(), member.clone());
            }
        }
        Some(Package {
            licenses,
            purl: package_url(PackageType::Composer, vendor, name, version, &[]),
            metadata: Metadata::Other { kind: kind.to_owned(), value: Value::Object(value) },
            ..Package::new(PackageType::Composer, self.name.clone(), version)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_generations_of_installed_json_are_read() {
        let entry = r#"{"name": "symfony/yaml", "version": "v5.4.0", "license": ["MIT"]}"#;
        for text in [format!("[{entry}]"), format!(r#"{{"packages": [{entry}], "dev": true}}"#)] {
            let packages = (INSTALLED.parse)(&text).expect("a listing");
            assert_eq!(packages.len(), 1, "{text}");
            assert_eq!((packages[0].name.as_str(), packages[0].version.as_str()), ("symfony/yaml", "5.4.0"));
            assert_eq!(packages[0].purl.as_deref(), Some("pkg:composer/symfony/yaml@5.4.0"));
        }
        assert!((INSTALLED.parse)(r#"{"installed": 1}"#).expect("another program's file").is_empty());
    }

    #[test]
    fn a_broken_lock_file_is_an_unknown_and_development_packages_do_not_count() {
        assert!(parse_lock("{").is_err());
        let text =
            r#"{"packages": [{"name": "a/b", "version": "1.0"}], "packages-dev": [{"name": "c/d", "version": "1"}]}"#;
        let names: Vec<_> = parse_lock(text).expect("a lock").into_iter().map(|package| package.name).collect();
        assert_eq!(names, ["a/b"]);
    }
}
