//! Windows executables and libraries by their version resource (`spec/analysis.md` §6.6): assemblies of .NET as packages of
//! NuGet, whose names they have by convention, all others as programs.
//!
//! An assembly that a `deps.json` beside it lists is left to that, which has the exact name and version of its package.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};
use windlass_sbom::{Metadata, Package, PackageType, package_url};

use super::{
    executable,
    pe_version::{self, VersionResource},
};
use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Unreadable, View};

pub(crate) struct PeBinaries;

/// What one file says.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) enum PeFact {
    Version(VersionResource),
    /// File names of the assemblies that a `deps.json` lists.
    Assemblies(BTreeSet<String>),
}

const EXTENSIONS: [&str; 3] = [".dll", ".exe", ".bpl"];
const LIST: &str = ".deps.json";

impl Cataloger for PeBinaries {
    type Facts = PeFact;

    fn name(&self) -> &'static str {
        "pe-binary-package-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        let has_extension = || EXTENSIONS.iter().any(|extension| file.name_ends_with_ignoring_case(extension));
        file.head.starts_with(b"MZ") && has_extension() || file.name_ends_with(LIST)
    }

    #[expect(clippy::redundant_closure, reason = "the function is not general enough over lifetimes")]
    fn read(&self, file: &Candidate<'_>, content: &mut Content) -> Result<Option<PeFact>, Unreadable> {
        if file.name_ends_with(LIST) {
            // The cataloger of these files states what is wrong with them.
            return Ok(serde_json::from_slice(&content.bytes()?).ok().map(|deps| PeFact::Assemblies(assemblies(deps))));
        }
        let version = executable::with(content, |file| pe_version::read(file))?;
        Ok(version.flatten().map(PeFact::Version))
    }

    fn assemble(&self, view: &View<'_, PeFact>, catalog: &mut Catalog) {
        let mut packages: BTreeMap<(PackageType, String, String), Package> = BTreeMap::new();
        for found in view.files() {
            let PeFact::Version(resource) = found.facts else { continue };
            if resource.is_assembly && is_listed(view, &found.path) {
                continue;
            }
            let Some((kind, name, version)) = identity(resource, &found.path) else { continue };
            let package = packages.entry((kind, name.clone(), version.clone())).or_insert_with(|| Package {
                found_by: self.name().to_owned(),
                introduced_by: view.layer(found.layer),
                purl: package_url(kind, "", &name, &version, &[]),
                metadata: metadata(resource),
                ..Package::new(kind, name, version)
            });
            package.locations.push(view.location(&found));
        }
        for package in packages.into_values() {
            catalog.add(package);
        }
    }
}

/// The part of a `deps.json` that names files: by target and library, in groups of which the keys are paths.
#[derive(Deserialize)]
struct Deps {
    #[serde(default)]
    targets: BTreeMap<String, BTreeMap<String, Library>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Library {
    #[serde(default)]
    runtime: BTreeMap<String, Value>,
    #[serde(default)]
    runtime_targets: BTreeMap<String, Value>,
}

fn assemblies(deps: Deps) -> BTreeSet<String> {
    let libraries = deps.targets.into_values().flat_map(BTreeMap::into_values);
    let paths = libraries.flat_map(|library| library.runtime.into_keys().chain(library.runtime_targets.into_keys()));
    paths.map(|path| path.rsplit('/').next().unwrap_or_default().to_owned()).collect()
}

/// Whether a list beside the assembly at `path` has its name.
fn is_listed(view: &View<'_, PeFact>, path: &str) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else { return false };
    let lists = view.children(folder).into_iter().filter(|file| file.ends_with(LIST));
    lists.filter_map(|file| view.file(&format!("{folder}/{file}"))).any(|list| match list.facts {
        PeFact::Assemblies(names) => names.contains(name),
        PeFact::Version(_) => false,
    })
}

fn identity(resource: &VersionResource, path: &str) -> Option<(PackageType, String, String)> {
    let first = |keys: [&str; 3]| keys.iter().find_map(|key| resource.get(key));
    let version = ["ProductVersion", "FileVersion"].iter().find_map(|key| version_of(resource.get(key)?))?;
    let (kind, name) = if resource.is_assembly {
        let file = path.rsplit('/').next().unwrap_or(path);
        (
            PackageType::Dotnet,
            without_extension(first(["InternalName", "OriginalFilename", "ProductName"]).unwrap_or(file)),
        )
    } else {
        (PackageType::Binary, first(["ProductName", "FileDescription", "InternalName"])?)
    };
    Some((kind, name.to_owned(), version))
}

/// The version in `13.0.3+0a2e291c` (the commit stands behind the plus sign), `1, 7, 1, 0` and `6.0.1 built by: x`.
fn version_of(text: &str) -> Option<String> {
    let text = text.replace(", ", ".").replace(',', ".");
    let version = text.split(['+', ' ']).next()?;
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.to_owned())
}

fn without_extension(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, extension)) if EXTENSIONS.iter().any(|known| known[1..].eq_ignore_ascii_case(extension)) => stem,
        _ => name,
    }
}

fn metadata(resource: &VersionResource) -> Metadata {
    let stated = |key: &str| resource.get(key).unwrap_or_default();
    if resource.is_assembly {
        let value = json!({
            "assemblyVersion": stated("Assembly Version"),
            "legalCopyright": stated("LegalCopyright"),
            "comments": stated("Comments"),
            "internalName": stated("InternalName"),
            "companyName": stated("CompanyName"),
            "productName": stated("ProductName"),
            "productVersion": stated("ProductVersion"),
        });
        return Metadata::Other { kind: "dotnet-portable-executable-entry".into(), value };
    }
    let strings: Vec<_> = resource.strings.iter().map(|text| json!({ "key": text.key, "value": text.value })).collect();
    Metadata::Other { kind: "pe-binary".into(), value: json!({ "VersionResources": strings }) }
}

#[cfg(test)]
mod tests {
    use windlass_image::testing::Tar;

    use super::*;
    use crate::{
        catalogers::pe_version::testing::executable,
        testing::{names, package, scan},
    };

    const NEWTONSOFT: &[(&str, &str)] = &[
        ("CompanyName", "Newtonsoft"),
        ("FileVersion", "13.0.3.27908"),
        ("InternalName", "Newtonsoft.Json.dll"),
        ("ProductName", "Json.NET"),
        ("ProductVersion", "13.0.3+0a2e291c0d9c0c7675d445703e51750363a549ef"),
        ("Assembly Version", "13.0.0.0"),
    ];

    #[test]
    fn assemblies_are_packages_of_nuget_and_other_executables_programs() {
        let notifu = [("ProductName", "Notifu"), ("ProductVersion", "1, 7, 1, 0")];
        let sbom = scan([Tar::new()
            .file("app/Newtonsoft.Json.dll", executable(NEWTONSOFT, true))
            .file("app/notifu.exe", executable(&notifu, false))
            .file("app/notifu64.EXE", executable(&notifu, false))
            .file("app/data.bin", executable(&notifu, false))
            .file("app/silent.dll", executable(&[], true))]);
        assert_eq!(names(&sbom), [("Newtonsoft.Json", "13.0.3"), ("Notifu", "1.7.1.0")]);
        let json = package(&sbom, "Newtonsoft.Json");
        assert_eq!(json.purl.as_deref(), Some("pkg:nuget/Newtonsoft.Json@13.0.3"));
        let Metadata::Other { value, .. } = &json.metadata else { panic!("no version resource") };
        assert_eq!(value["assemblyVersion"], "13.0.0.0");
        let notifu = package(&sbom, "Notifu");
        assert_eq!((notifu.kind, notifu.locations.len()), (PackageType::Binary, 2));
    }

    #[test]
    fn an_assembly_that_a_deps_json_lists_is_not_listed_twice() {
        let deps = r#"{"targets": {".NETCoreApp,Version=v8.0": {"Newtonsoft.Json/13.0.1": {"runtime":
            {"lib/net6.0/Newtonsoft.Json.dll": {"fileVersion": "13.0.3.27908"}}}}},
            "libraries": {"Newtonsoft.Json/13.0.1": {"type": "package"}}}"#;
        let plugin = [("InternalName", "Plugin.dll"), ("ProductVersion", "2.0.0")];
        let sbom = scan([Tar::new()
            .file("app/app.deps.json", deps)
            .file("app/Newtonsoft.Json.dll", executable(NEWTONSOFT, true))
            .file("app/Plugin.dll", executable(&plugin, true))
            .file("broken/broken.deps.json", "{")
            .file("broken/Plugin.dll", executable(&plugin, true))]);
        assert_eq!(names(&sbom), [("Newtonsoft.Json", "13.0.1"), ("Plugin", "2.0.0")]);
        assert_eq!(package(&sbom, "Plugin").locations.len(), 2);
    }

    #[test]
    fn damaged_executables_hold_nothing() {
        let mut file = executable(NEWTONSOFT, true);
        file.truncate(file.len() / 2);
        assert_eq!(names(&scan([Tar::new().file("a.dll", file).file("b.dll", "MZ")])), []);
    }
}
