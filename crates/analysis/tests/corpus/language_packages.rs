//! Packages of languages in real images, held against what the languages' own tools say.

use std::{collections::BTreeSet, path::Path};

use serde_json::Value;
use windlass_sbom::{Metadata, Package, PackageType, Sbom};

use crate::support::{self, assert_same, packages, text};

/// Name, version and path.
type Place = (String, String, String);

#[test]
fn python_distributions_are_those_of_pip() {
    each("python", |name, sbom, truth| {
        let wanted = truth.iter().map(|package| {
            let dashes = text(&package["name"]).replace(['_', '.'], "-").to_lowercase();
            (dashes, text(&package["version"]))
        });
        assert_same(name, &wanted.collect(), &packages(sbom, PackageType::Python).map(named).collect());
    });
}

#[test]
fn gems_are_those_of_gem() {
    each("gem", |name, sbom, truth| {
        let wanted = truth.iter().map(|package| (text(&package["name"]), text(&package["version"])));
        assert_same(name, &wanted.collect(), &packages(sbom, PackageType::Gem).map(named).collect());
    });
}

#[test]
fn npm_packages_are_those_that_lie_there() {
    each("package_json", |name, sbom, truth| {
        let wanted = truth.iter().filter(|package| package["version"].is_string()).map(|package| {
            let path = text(&package["path"]);
            (text(&package["name"]), text(&package["version"]), path)
        });
        let found = packages(sbom, PackageType::Npm).map(placed);
        // The project itself and a manifest within a gem are none that were installed for Node.
        let installed = ["/srv/web/node_modules/", "/usr/share/nodejs/"];
        let found = found.filter(|(_, _, path)| installed.iter().any(|folder| path.starts_with(folder)));
        assert_same(name, &wanted.collect(), &found.collect());
    });
    each("npm_ls", |name, sbom, truth| {
        let wanted = truth.iter().map(|package| (text(&package["name"]), text(&package["version"])));
        assert_found(name, wanted, &packages(sbom, PackageType::Npm).map(named).collect());
    });
}

#[test]
fn jars_are_found_wherever_they_are_nested() {
    each("java", |name, sbom, truth| {
        let wanted = truth.iter().map(|archive| (text(&archive["artifact"]), text(&archive["version"])));
        let found = packages(sbom, PackageType::JavaArchive).chain(packages(sbom, PackageType::JenkinsPlugin));
        assert_found(name, wanted, &found.map(named).collect());
    });
}

#[test]
fn linked_go_modules_are_those_that_go_lists() {
    each("go", |name, sbom, truth| {
        let wanted: BTreeSet<Place> = truth
            .iter()
            .flat_map(|program| {
                let modules = program["deps"].as_array().expect("a list of modules").iter();
                modules.map(|module| (text(&module["path"]), text(&module["version"]), text(&program["path"])))
            })
            .collect();
        let is_dependency = |package: &&Package| {
            let Metadata::GoBinary(go) = &package.metadata else { return false };
            package.name != "stdlib" && package.name != go.main_module
        };
        let found: BTreeSet<Place> = packages(sbom, PackageType::GoModule).filter(is_dependency).map(placed).collect();
        assert_eq!(found, wanted, "{name}");
        let programs: BTreeSet<String> = truth.iter().map(|program| text(&program["path"])).collect();
        let standard = packages(sbom, PackageType::GoModule).filter(|package| package.name == "stdlib");
        assert_same(name, &programs, &standard.map(|package| placed(package).2).collect());
    });
}

#[test]
fn go_programs_have_the_version_that_was_linked_into_them() {
    let Some(corpus) = support::corpus() else { return };
    let sbom = scan(&corpus, "go-app");
    for (module, version) in [
        ("example.test/corpus/hello", "v1.2.3"),
        ("github.com/caddyserver/caddy/v2/cmd/caddy", "v2.6.2"),
        ("github.com/prometheus/node_exporter", "v1.5.0"),
        // Nothing in the program tells its version.
        ("github.com/OJ/gobuster", "(devel)"),
    ] {
        let versions: BTreeSet<_> =
            packages(&sbom, PackageType::GoModule).filter(|package| package.name == module).map(named).collect();
        assert_eq!(versions, BTreeSet::from([(module.to_owned(), version.to_owned())]));
    }
}

#[test]
fn rust_crates_are_those_that_were_linked() {
    let Some(corpus) = support::corpus() else { return };
    let sbom = scan(&corpus, "rust-app");
    let truth = support::expected(&corpus, "rust-app");
    let programs = truth["packages"]["rust"].as_object().expect("crates by program");
    let wanted = programs.iter().filter(|(path, _)| !path.ends_with("Cargo.lock")).flat_map(|(path, crates)| {
        let crates = crates.as_array().expect("a list of crates").iter();
        crates.map(|one| (text(&one["name"]), text(&one["version"]), path.clone()))
    });
    assert_same("rust-app", &wanted.collect(), &packages(&sbom, PackageType::RustCrate).map(placed).collect());
}

/// Shows each image of which the truth knows packages of an ecosystem.
fn each(ecosystem: &str, hold: impl Fn(&str, &Sbom, &[Value])) {
    let Some(corpus) = support::corpus() else { return };
    let mut images = 0;
    for name in ["debian-app", "java-app", "go-app"] {
        let truth = support::expected(&corpus, name);
        let Some(packages) = truth["packages"][ecosystem].as_array() else { continue };
        hold(name, &scan(&corpus, name), packages);
        images += 1;
    }
    assert!(images > 0, "no image of the corpus has {ecosystem}");
}

fn assert_found(image: &str, wanted: impl Iterator<Item = (String, String)>, found: &BTreeSet<(String, String)>) {
    let wanted: BTreeSet<_> = wanted.collect();
    let missing: Vec<_> = wanted.difference(found).collect();
    assert!(!wanted.is_empty() && missing.is_empty(), "{image}: missing {missing:#?}");
}

fn scan(corpus: &Path, name: &str) -> Sbom {
    support::scan(&corpus.join("images").join(name))
}

fn named(package: &Package) -> (String, String) {
    (package.name.clone(), package.version.clone())
}

fn placed(package: &Package) -> Place {
    (package.name.clone(), package.version.clone(), package.locations[0].path.clone())
}
