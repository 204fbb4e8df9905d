//! What Python projects declare: requirements files and the locks of Poetry, uv, PDM and Pipenv
//! (`spec/analysis.md` §6.1).

use std::collections::BTreeMap;

use serde::Deserialize;
use windlass_sbom::{Metadata, Package, PackageType, package_url};

use super::{
    listing::{Listing, not_a},
    python::normalise,
};
use crate::{Candidate, Evidence, Unreadable};

pub(crate) const REQUIREMENTS: Listing = Listing {
    name: "python-requirements-cataloger",
    evidence: Evidence::Declared,
    selects: |file| {
        let name = file.name();
        name.ends_with(b".txt") && name.windows(12).any(|part| part == b"requirements")
    },
    parse: requirements,
};

pub(crate) const TOML_LOCKS: Listing = Listing {
    name: "python-lock-cataloger",
    evidence: Evidence::Declared,
    selects: |file: &Candidate<'_>| {
        matches!(file.name(), b"poetry.lock" | b"uv.lock" | b"pdm.lock") || file.name_ends_with(".py.lock")
    },
    parse: toml_lock,
};

pub(crate) const PIPFILE: Listing = Listing {
    name: "python-pipfile-lock-cataloger",
    evidence: Evidence::Declared,
    selects: |file| file.name() == b"Pipfile.lock",
    parse: pipfile_lock,
};

fn describe(kind: &str, name: &str, version: &str, value: serde_json::Value) -> Option<Package> {
    let name = normalise(name);
    (!name.is_empty() && !version.is_empty()).then(|| Package {
        purl: package_url(PackageType::Python, "", &name, version, &[]),
        metadata: Metadata::Other { kind: kind.into(), value },
        ..Package::new(PackageType::Python, name, version)
    })
}

/// Lines that pin a version exactly (`name[extra]==1.0 ; marker  # comment`); ranges pin nothing and are no package.
#[expect(clippy::unnecessary_wraps, reason = "a listing's parser may fail; this format has no invalid text")]
fn requirements(text: &str) -> Result<Vec<Package>, Unreadable> {
    Ok(text
        .replace("\\\n", " ")
        .lines()
        .filter_map(|line| {
            let line = line.split(" #").next()?.trim();
            if line.starts_with(['#', '-']) {
                return None;
            }
            let (pin, marker) = line.split_once(';').unwrap_or((line, ""));
            let pin = pin.split(" --hash").next()?.trim();
            let (name, version) = pin.split_once("===").or_else(|| pin.split_once("=="))?;
            let version = version.trim();
            let exact = !version.is_empty() && !version.contains(['*', ',', '<', '>', '=', ' ']);
            let (name, extras) = name.split_once('[').unwrap_or((name, ""));
            let value = serde_json::json!({
                "name": name.trim(), "versionConstraint": format!("=={version}"),
                "extras": extras.trim_end_matches([']', ' ']), "markers": marker.trim(),
            });
            if exact { describe("python-pip-requirements-entry", name, version, value) } else { None }
        })
        .collect())
}

#[derive(Deserialize)]
struct TomlLock {
    #[serde(default)]
    package: Vec<TomlPackage>,
}

#[derive(Deserialize)]
struct TomlPackage {
    name: String,
    version: Option<String>,
    source: Option<toml::Value>,
}

fn toml_lock(text: &str) -> Result<Vec<Package>, Unreadable> {
    let lock: TomlLock = toml::from_str(text).map_err(|error| not_a("lock file", error.message()))?;
    Ok(lock
        .package
        .into_iter()
        .filter_map(|package| {
            // uv lists the project itself with its own folder as the source.
            let local = ["virtual", "editable", "directory"];
            if package.source.as_ref().is_some_and(|source| local.iter().any(|kind| source.get(kind).is_some())) {
                return None;
            }
            let version = package.version?;
            let value = serde_json::json!({ "name": package.name, "version": version });
            describe("python-poetry-lock-entry", &package.name, &version, value)
        })
        .collect())
}

#[derive(Deserialize)]
struct PipfileLock {
    #[serde(default)]
    default: BTreeMap<String, Pinned>,
}

#[derive(Deserialize)]
struct Pinned {
    #[serde(default)]
    version: String,
    #[serde(default)]
    hashes: Vec<String>,
}

fn pipfile_lock(text: &str) -> Result<Vec<Package>, Unreadable> {
    let lock: PipfileLock = serde_json::from_str(text).map_err(|error| not_a("Pipfile.lock", error))?;
    Ok(lock
        .default
        .into_iter()
        .filter_map(|(name, pinned)| {
            let version = pinned.version.trim_start_matches('=');
            describe("python-pipfile-lock-entry", &name, version, serde_json::json!({ "hashes": pinned.hashes }))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(packages: Result<Vec<Package>, Unreadable>) -> Vec<(String, String)> {
        packages.expect("a listing").into_iter().map(|package| (package.name, package.version)).collect()
    }

    #[test]
    fn only_exact_pins_of_a_requirements_file_count() {
        let text = "# comment\nDjango==2.2.0  # web\nrequests[security] == 2.19.1 ; python_version > '3'\nflask>=0.12\n\
                    jinja2==2.*\n-r other.txt\npyyaml==5.1 \\\n    --hash=sha256:abc\nlocal @ file:///x\n";
        let expected = [("django", "2.2.0"), ("requests", "2.19.1"), ("pyyaml", "5.1")];
        assert_eq!(listed(requirements(text)), expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }

    #[test]
    fn toml_locks_leave_the_project_itself_out() {
        let text = "version = 1\n[[package]]\nname = \"app\"\nversion = \"0.1\"\nsource = { virtual = \".\" }\n\
                    [[package]]\nname = \"Foo_Bar\"\nversion = \"1.2\"\n";
        assert_eq!(listed(toml_lock(text)), [("foo-bar".into(), "1.2".into())]);
        assert!(toml_lock("[[package]]\nname = 1\n").is_err());
    }

    #[test]
    fn pipenv_pins_begin_with_equals_signs() {
        let text =
            r#"{"default": {"Requests": {"version": "==2.19.1", "hashes": []}}, "develop": {"x": {"version": "==1"}}}"#;
        assert_eq!(listed(pipfile_lock(text)), [("requests".into(), "2.19.1".into())]);
    }
}
