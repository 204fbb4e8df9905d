//! Installed npm packages: every `package.json` that has a name and a version (`spec/analysis.md` §6.2).

use serde::Deserialize;
use serde_json::Value;
use windlass_sbom::{License, Metadata, Package, PackageType, metadata::NpmPackage, package_url};

use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Unreadable, View};

pub(crate) struct NpmInstalled;

/// What is read of a package.json.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct NpmFact {
    package: NpmPackage,
    licenses: Vec<String>,
}

impl Cataloger for NpmInstalled {
    type Facts = NpmFact;

    fn name(&self) -> &'static str {
        "javascript-package-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::InstalledInImage
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        file.name() == b"package.json"
    }

    fn read(&self, _file: &Candidate<'_>, content: &mut Content) -> Result<Option<NpmFact>, Unreadable> {
        let bytes = content.bytes()?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        // Templates and test data are called package.json as well; what is no JSON object installs nothing.
        let Ok(manifest) = serde_json::from_slice::<Manifest>(bytes) else { return Ok(None) };
        Ok(manifest.into_fact())
    }

    fn assemble(&self, view: &View<'_, NpmFact>, catalog: &mut Catalog) {
        for found in view.files() {
            let npm = &found.facts.package;
            catalog.add(Package {
                found_by: self.name().to_owned(),
                locations: vec![view.location(&found)],
                introduced_by: view.layer(found.layer),
                licenses: found.facts.licenses.iter().map(|license| License::declared(license)).collect(),
                purl: npm_url(&npm.name, &npm.version),
                metadata: Metadata::Npm(Box::new(npm.clone())),
                ..Package::new(PackageType::Npm, npm.name.clone(), npm.version.clone())
            });
        }
    }
}

/// A package that a lock file names; `kind` and `value` are what the lock says of it.
pub(crate) fn locked(name: &str, version: &str, kind: &str, value: serde_json::Value) -> Package {
    Package {
        purl: npm_url(name, version),
        metadata: Metadata::Other { kind: kind.into(), value },
        ..Package::new(PackageType::Npm, name, version)
    }
}

/// The package URL of an npm name, whose scope becomes the namespace.
pub(crate) fn npm_url(name: &str, version: &str) -> Option<String> {
    let (scope, name) = match name.split_once('/') {
        Some((scope, name)) if scope.starts_with('@') => (scope, name),
        _ => ("", name),
    };
    package_url(PackageType::Npm, scope, name, version, &[])
}

/// Name and version (or request) of `name@version`, where a name may begin with an @.
pub(crate) fn split_request(text: &str) -> Option<(&str, &str)> {
    let at = text.char_indices().skip(1).find(|(_, c)| *c == '@')?.0;
    Some((&text[..at], &text[at + 1..]))
}

/// The members that are read; each may have any type in the wild, so none fails the others.
#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    name: Value,
    #[serde(default)]
    version: Value,
    #[serde(default)]
    author: Value,
    #[serde(default)]
    license: Value,
    #[serde(default)]
    licenses: Value,
    #[serde(default)]
    homepage: Value,
    #[serde(default)]
    repository: Value,
    #[serde(default)]
    description: Value,
    #[serde(default)]
    private: Value,
}

impl Manifest {
    fn into_fact(self) -> Option<NpmFact> {
        let (name, version) = (text(&self.name), text(&self.version));
        if name.is_empty() || version.is_empty() {
            return None;
        }
        let mut licenses = Vec::new();
        for statement in [&self.license, &self.licenses] {
            collect_licenses(statement, &mut licenses);
        }
        Some(NpmFact {
            licenses,
            package: NpmPackage {
                name,
                version,
                author: person(&self.author),
                homepage: text(&self.homepage),
                description: text(&self.description),
                url: match &self.repository {
                    Value::Object(repository) => repository.get("url").map(text).unwrap_or_default(),
                    other => text(other),
                },
                private: self.private == Value::Bool(true),
            },
        })
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().trim().to_owned()
}

/// `Name <mail> (url)`, written as one text or as an object.
fn person(value: &Value) -> String {
    let Value::Object(person) = value else { return text(value) };
    let part = |key: &str| person.get(key).map(text).unwrap_or_default();
    let mut whole = part("name");
    for (open, value, close) in [(" <", part("email"), ">"), (" (", part("url"), ")")] {
        if !value.is_empty() {
            whole = format!("{whole}{open}{value}{close}");
        }
    }
    whole.trim().to_owned()
}

/// A text, an object with a `type` (or `name`), or a list of either.
fn collect_licenses(statement: &Value, licenses: &mut Vec<String>) {
    match statement {
        Value::Array(several) => {
            for one in several.iter().filter(|one| !one.is_array()) {
                collect_licenses(one, licenses);
            }
        }
        Value::Object(one) => licenses.extend(["type", "name"].iter().find_map(|key| one.get(*key)).map(text)),
        other => licenses.push(text(other)),
    }
    licenses.retain(|license| !license.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(json: &str) -> Option<NpmFact> {
        serde_json::from_str::<Manifest>(json).expect("JSON").into_fact()
    }

    #[test]
    fn a_manifest_without_name_or_version_installs_nothing() {
        assert!(fact(r#"{"version": "1.0.0"}"#).is_none());
        assert!(fact(r#"{"name": "a"}"#).is_none());
        assert!(fact(r#"{"name": ["a"], "version": "1"}"#).is_none());
    }

    #[test]
    fn authors_and_licences_are_read_in_all_their_forms() {
        let read = fact(
            r#"{"name": "@s/a", "version": "1.0.0", "author": {"name": "N", "email": "n@x", "url": "https://x"},
                "license": {"type": "MIT"}, "licenses": [{"type": "BSD-3-Clause"}, "ISC"], "repository": {"url": "git://x"}}"#,
        )
        .expect("a package");
        assert_eq!(read.package.author, "N <n@x> (https://x)");
        assert_eq!(read.licenses, ["MIT", "BSD-3-Clause", "ISC"]);
        assert_eq!(read.package.url, "git://x");
    }

    #[test]
    fn a_scope_becomes_the_namespace() {
        assert_eq!(npm_url("@babel/core", "7.0.0").as_deref(), Some("pkg:npm/%40babel/core@7.0.0"));
        assert_eq!(npm_url("lodash", "4.17.15").as_deref(), Some("pkg:npm/lodash@4.17.15"));
    }
}
