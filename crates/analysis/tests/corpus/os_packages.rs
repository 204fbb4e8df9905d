//! Packages of distributions in real images, held against what the native package managers say.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::Value;
use windlass_sbom::{Metadata, Package, PackageType, Sbom};

use crate::support::{self, assert_same, packages, text};

const DEB: [&str; 7] = ["debian-slim", "debian-app", "distroless", "go-app", "java-app", "rust-app", "big"];
const RPM: [&str; 3] = ["rpm-sqlite", "rpm-ndb", "rpm-bdb"];

#[test]
fn debian_packages_are_those_of_dpkg() {
    let Some(corpus) = support::corpus() else { return };
    for name in DEB {
        let sbom = scan(&corpus, name);
        let truth = support::expected(&corpus, name);
        let wanted: BTreeSet<_> = truth["packages"]["deb"]
            .as_array()
            .expect("packages of dpkg")
            .iter()
            .map(|package| {
                let version = text(&package["version"]);
                let source = Some(text(&package["source"])).filter(|source| !source.is_empty());
                let source = source.unwrap_or_else(|| text(&package["name"]));
                // The distroless truth does not tell the version of the source.
                let source_version = package["source_version"].as_str().unwrap_or(&version).to_owned();
                (text(&package["name"]), version, text(&package["architecture"]), source, source_version)
            })
            .collect();
        let found = packages(&sbom, PackageType::Deb).map(|package| {
            let Metadata::Dpkg(entry) = &package.metadata else { panic!("no metadata of dpkg: {package:?}") };
            let or = |value: &str, other: &str| if value.is_empty() { other } else { value }.to_owned();
            let source = or(&entry.source, &package.name);
            let source_version = or(&entry.source_version, &package.version);
            let source_version = if name == "distroless" { package.version.clone() } else { source_version };
            (package.name.clone(), package.version.clone(), entry.architecture.clone(), source, source_version)
        });
        assert_same(name, &wanted, &found.collect());
        for package in packages(&sbom, PackageType::Deb) {
            let purl = package.purl.as_deref().unwrap_or_default();
            assert!(purl.starts_with("pkg:deb/debian/"), "{name}: {purl}");
        }
    }
}

#[test]
fn debian_packages_belong_to_the_layer_whose_command_installed_them() {
    let Some(corpus) = support::corpus() else { return };
    let base: BTreeSet<_> = support::expected(&corpus, "debian-slim")["packages"]["deb"]
        .as_array()
        .expect("packages of dpkg")
        .iter()
        .map(|package| (text(&package["name"]), text(&package["version"])))
        .collect();
    for name in ["debian-app", "big"] {
        let sbom = scan(&corpus, name);
        let commands = commands(&support::expected(&corpus, name));
        let mut attributed = 0;
        for package in packages(&sbom, PackageType::Deb) {
            let layer = introduced_by(package, &commands);
            if base.contains(&(package.name.clone(), package.version.clone())) {
                assert_eq!(layer, 0, "{name}: {} is of the base image", package.name);
                continue;
            }
            assert!(
                commands[layer].1.contains("apt-get install"),
                "{name}: {} came with {:?}",
                package.name,
                commands[layer]
            );
            if let Some(asked) =
                commands.iter().position(|(_, command)| command.split(' ').any(|word| word == package.name))
            {
                assert!(
                    layer <= asked,
                    "{name}: {} was there by layer {asked} at the latest, not {layer}",
                    package.name
                );
                attributed += usize::from(layer == asked);
            }
        }
        assert!(attributed >= 10, "{name}: only {attributed} packages came with the command that names them");
    }
}

#[test]
fn rpm_packages_are_those_of_rpm_in_every_database_format() {
    let Some(corpus) = support::corpus() else { return };
    for name in RPM {
        let sbom = scan(&corpus, name);
        let truth = support::expected(&corpus, name);
        let optional = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let wanted: BTreeSet<_> = truth["packages"]["rpm"]
            .as_array()
            .expect("packages of rpm")
            .iter()
            .map(|package| {
                let fields =
                    ["name", "version", "release", "arch", "source_rpm", "license", "vendor", "modularity", "size"];
                (package["epoch"].as_str().map(str::to_owned), fields.map(|field| optional(&package[field])))
            })
            .collect();
        let found = packages(&sbom, PackageType::Rpm).map(|package| {
            let Metadata::Rpm(entry) = &package.metadata else { panic!("no metadata of rpm: {package:?}") };
            let license = package.licenses.first().map(|license| license.value.clone()).unwrap_or_default();
            let fields = [
                entry.name.clone(),
                entry.version.clone(),
                entry.release.clone(),
                entry.architecture.clone(),
                entry.source_rpm.clone(),
                license,
                entry.vendor.clone(),
                entry.modularity_label.clone().expect("a database tells"),
                entry.size.to_string(),
            ];
            (entry.epoch.map(|epoch| epoch.to_string()), fields)
        });
        assert_same(name, &wanted, &found.collect());
        assert_eq!(sbom.unknowns, [], "{name}");
        let files: BTreeSet<_> = truth["packages"]["rpm_files"]
            .as_array()
            .expect("files of rpm")
            .iter()
            .map(|file| ["package", "path", "digest", "flags"].map(|field| optional(&file[field])))
            .collect();
        let owned = packages(&sbom, PackageType::Rpm).flat_map(|package| {
            let Metadata::Rpm(entry) = &package.metadata else { panic!("no metadata of rpm: {package:?}") };
            let owner = format!("{}.{}", entry.name, entry.architecture);
            entry
                .files
                .iter()
                .map(move |file| [owner.clone(), file.path.clone(), file.digest.value.clone(), file.flags.clone()])
        });
        let owned: BTreeSet<_> = owned.collect();
        assert!(
            !owned.is_empty() && owned.is_subset(&files),
            "{name}: {:?}",
            owned.difference(&files).collect::<Vec<_>>()
        );
        let absent: Vec<_> = files.difference(&owned).map(|[_, path, ..]| path).collect();
        let listing =
            std::fs::read_to_string(corpus.join(format!("expected/{name}.files.jsonl"))).expect("a list of files");
        let there: BTreeSet<String> = listing
            .lines()
            .filter_map(|line| Some(serde_json::from_str::<Value>(line).ok()?["path"].as_str()?.to_owned()))
            .collect();
        assert!(absent.iter().all(|path| !there.contains(*path)), "{name}: left out although there: {absent:?}");
    }
}

#[test]
fn rpm_packages_belong_to_the_layer_whose_command_installed_them() {
    let Some(corpus) = support::corpus() else { return };
    let sbom = scan(&corpus, "rpm-sqlite");
    let commands = commands(&support::expected(&corpus, "rpm-sqlite"));
    for package in packages(&sbom, PackageType::Rpm) {
        let Metadata::Rpm(entry) = &package.metadata else { panic!("no metadata of rpm: {package:?}") };
        let nevra = format!("{}-{}-{}.{}", entry.name, entry.version, entry.release, entry.architecture);
        let wanted = match entry.name.as_str() {
            "gpg-pubkey" => commands.iter().position(|(_, command)| command.starts_with("rpm --import")),
            _ => commands.iter().position(|(_, command)| command.split(' ').any(|word| word == nevra)),
        };
        assert_eq!(Some(introduced_by(package, &commands)), wanted, "{nevra}");
    }
}

#[test]
fn alpine_packages_are_those_of_the_database() {
    let Some(corpus) = support::corpus() else { return };
    let sbom = scan(&corpus, "alpine");
    let truth = support::expected(&corpus, "alpine");
    let wanted: BTreeMap<_, _> = truth["packages"]["apk"]
        .as_array()
        .expect("packages of apk")
        .iter()
        .map(|package| {
            let files: BTreeSet<_> =
                package["files"].as_array().expect("files").iter().map(|file| format!("/{}", text(file))).collect();
            let origin = package["origin"].as_str().map_or_else(|| text(&package["name"]), str::to_owned);
            ((text(&package["name"]), text(&package["version"])), (origin, files))
        })
        .collect();
    let found: BTreeMap<_, _> = packages(&sbom, PackageType::Apk)
        .map(|package| {
            let Metadata::Apk(entry) = &package.metadata else { panic!("no metadata of apk: {package:?}") };
            // The truth lists files without their folders.
            let files = entry.files.iter().filter(|file| file.digest.is_some()).map(|file| file.path.clone()).collect();
            ((package.name.clone(), package.version.clone()), (entry.origin_package.clone(), files))
        })
        .collect();
    assert_eq!(found, wanted);
    let commands = commands(&truth);
    for package in packages(&sbom, PackageType::Apk) {
        let wanted = usize::from(matches!(package.name.as_str(), "curl" | ".build-deps"));
        if package.name != ".build-deps" {
            assert_eq!(introduced_by(package, &commands), wanted, "{}", package.name);
        }
    }
}

#[test]
fn broken_databases_are_unknowns_and_hide_nothing_else() {
    let Some(corpus) = support::corpus() else { return };
    let sbom = support::scan(&corpus.join("hostile/bad-metadata"));
    for path in ["/var/lib/rpm/Packages", "/var/lib/rpm/rpmdb.sqlite", "/usr/lib/sysimage/rpm/Packages.db"] {
        assert!(sbom.unknowns.iter().any(|unknown| unknown.path == path), "{path}: {:?}", sbom.unknowns);
    }
    assert!(packages(&sbom, PackageType::Deb).count() > 0 || packages(&sbom, PackageType::Apk).count() > 0);
}

fn scan(corpus: &Path, name: &str) -> Sbom {
    support::scan(&corpus.join("images").join(name))
}

/// Diff ID and command of each layer.
fn commands(truth: &Value) -> Vec<(String, String)> {
    let steps = truth["history"].as_array().expect("a history").iter();
    let commands = steps.filter(|step| step["empty_layer"] != true).map(|step| text(&step["created_by"]));
    let layers = truth["layers"].as_array().expect("layers").iter().map(|layer| text(&layer["diff_id"]));
    layers.zip(commands).collect()
}

fn introduced_by(package: &Package, commands: &[(String, String)]) -> usize {
    let layer = package.introduced_by.as_deref().expect("packages of images come with a layer");
    commands.iter().position(|(diff_id, _)| diff_id == layer).expect("a layer of the image")
}
