//! .NET libraries listed in `*.deps.json` (`spec/analysis.md` §6.6).

use std::collections::BTreeMap;

use serde::Deserialize;
use windlass_sbom::{Metadata, Package, PackageType, metadata::DotnetDeps, package_url};

use super::listing::{Listing, not_a};
use crate::{Evidence, Unreadable};

pub(crate) const DEPS: Listing = Listing {
    name: "dotnet-deps-binary-cataloger",
    evidence: Evidence::Installed,
    selects: |file| file.name_ends_with_ignoring_case(".deps.json"),
    parse: parse_deps,
};

pub(crate) const PACKAGES_LOCK: Listing = Listing {
    name: "dotnet-packages-lock-cataloger",
    evidence: Evidence::Installed,
    selects: |file| file.name() == b"packages.lock.json",
    parse: parse_lock,
};

#[derive(Deserialize)]
struct Deps {
    #[serde(default)]
    libraries: BTreeMap<String, Library>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Library {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    sha512: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    hash_path: String,
}

fn parse_deps(text: &str) -> Result<Vec<Package>, Unreadable> {
    let deps: Deps = serde_json::from_str(text).map_err(|error| not_a("deps.json", error))?;
    let libraries = deps.libraries.into_iter();
    Ok(libraries
        .filter_map(|(key, library)| {
            let (name, version) = key.split_once('/')?;
            // The project itself and its sister projects come from no registry.
            let listed = matches!(library.kind.as_str(), "package" | "runtimepack" | "project");
            let name = name.strip_prefix("runtimepack.").unwrap_or(name);
            (listed && !name.is_empty() && !version.is_empty()).then(|| {
                let metadata = DotnetDeps {
                    name: name.to_owned(),
                    version: version.to_owned(),
                    path: library.path,
                    sha512: library.sha512,
                    hash_path: library.hash_path,
                };
                Package { metadata: Metadata::DotnetDeps(Box::new(metadata)), ..nuget(name, version) }
            })
        })
        .collect())
}

#[derive(Deserialize)]
struct LockFile {
    #[serde(default)]
    dependencies: BTreeMap<String, BTreeMap<String, Locked>>,
}

#[derive(Deserialize)]
struct Locked {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    resolved: String,
}

fn parse_lock(text: &str) -> Result<Vec<Package>, Unreadable> {
    let lock: LockFile = serde_json::from_str(text).map_err(|error| not_a("packages.lock.json", error))?;
    let locked: std::collections::BTreeSet<(String, String)> = lock
        .dependencies
        .into_values()
        .flatten()
        .filter(|(_, locked)| locked.kind != "Project" && !locked.resolved.is_empty())
        .map(|(name, locked)| (name, locked.resolved))
        .collect();
    Ok(locked.iter().map(|(name, version)| nuget(name, version)).collect())
}

fn nuget(name: &str, version: &str) -> Package {
    Package {
        purl: package_url(PackageType::Dotnet, "", name, version, &[]),
        ..Package::new(PackageType::Dotnet, name, version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_packages_by_name_and_version() {
        let text = r#"{"libraries": {"Newtonsoft.Json/12.0.1": {"type": "package", "sha512": "x", "path": "newtonsoft.json/12.0.1"},
            "broken": {"type": "package"}, "Ref/1.0": {"type": "reference"}}}"#;
        let packages = parse_deps(text).expect("deps");
        assert_eq!(packages.len(), 1);
        assert_eq!(packages[0].purl.as_deref(), Some("pkg:nuget/Newtonsoft.Json@12.0.1"));
    }

    #[test]
    fn locked_packages_of_several_frameworks_are_listed_once() {
        let text = r#"{"version": 1, "dependencies": {
            "net6.0": {"A": {"type": "Direct", "resolved": "1.0"}, "P": {"type": "Project"}},
            "net7.0": {"A": {"type": "Transitive", "resolved": "1.0"}}}}"#;
        let names: Vec<_> = parse_lock(text).expect("a lock").into_iter().map(|p| (p.name, p.version)).collect();
        assert_eq!(names, [("A".to_owned(), "1.0".to_owned())]);
        assert!(parse_lock("1").is_err());
    }
}
