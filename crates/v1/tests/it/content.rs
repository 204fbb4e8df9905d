//! Content of the recorded images, made again of bills of materials that hold what it was made of.

use serde_json::{Value, json};
use windlass_sbom::{
    Cpe, CpeSource, Evidence, File, FileDigest, FileKind, ImageSource, License, Location, Metadata, Package,
    PackageType, Sbom, Source,
    metadata::{ApkEntry, DpkgEntry, JavaArchive, JavaManifest, KeyValue, PomProperties, PythonPackage},
};
use windlass_v1::{
    content::{Content, ContentType},
    metadata::history,
};

use crate::support::body;

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// What is known, or nothing for the word that stands for it.
fn known(value: &Value, absent: &str) -> String {
    let text = text(value);
    if text == absent { String::new() } else { text }
}

fn package(entry: &Value) -> Package {
    let kind = match entry["type"].as_str().unwrap() {
        "dpkg" => PackageType::Deb,
        "APKG" => PackageType::Apk,
        "PYTHON" => PackageType::Python,
        "JAVA-JAR" => PackageType::JavaArchive,
        other => panic!("packages of type {other} were not recorded"),
    };
    let mut package = Package::new(kind, text(&entry["package"]), text(&entry["version"]));
    let license = entry["license"].as_str().unwrap_or_default();
    // Several licences and one of several words cannot be told apart; only their words are compared.
    package.licenses =
        license.split(' ').filter(|word| !matches!(*word, "" | "Unknown")).map(License::declared).collect();
    let cpes = entry["cpes"].as_array().unwrap().iter();
    package.cpes = cpes.map(|cpe| text(cpe).parse::<Cpe>().unwrap()).collect();
    for cpe in &mut package.cpes {
        cpe.source = CpeSource::Generated;
    }
    let location = entry["location"].as_str().unwrap_or_default();
    package.locations = vec![Location::new(location, None, Evidence::Primary)];
    package.metadata = metadata(kind, entry, location);
    package
}

fn metadata(kind: PackageType, entry: &Value, location: &str) -> Metadata {
    match kind {
        PackageType::Deb => Metadata::Dpkg(Box::new(DpkgEntry {
            source: known(&entry["sourcepkg"], "N/A"),
            maintainer: text(&entry["origin"]).strip_suffix(" (maintainer)").unwrap().into(),
            installed_size: text(&entry["size"]).parse::<u64>().unwrap() / 1000,
            ..DpkgEntry::default()
        })),
        PackageType::Apk => Metadata::Apk(Box::new(ApkEntry {
            origin_package: known(&entry["sourcepkg"], "N/A"),
            maintainer: text(&entry["origin"]),
            installed_size: text(&entry["size"]).parse().unwrap(),
            ..ApkEntry::default()
        })),
        PackageType::Python => {
            let origin = text(&entry["origin"]);
            let (author, email) = match origin.strip_suffix('>').and_then(|origin| origin.split_once(" <")) {
                Some((author, email)) => (author, email),
                None => (origin.as_str(), ""),
            };
            let (root, module) = location.rsplit_once('/').unwrap();
            Metadata::Python(Box::new(PythonPackage {
                author: author.into(),
                author_email: email.into(),
                site_packages_root_path: root.into(),
                top_level_packages: vec![module.into()],
                ..PythonPackage::default()
            }))
        }
        _ => {
            let pom = text(&entry["metadata"]["pom.properties"]);
            let property = |name: &str| {
                pom.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default().to_owned()
            };
            let version =
                KeyValue { key: "Implementation-Version".into(), value: text(&entry["implementation-version"]) };
            Metadata::JavaArchive(Box::new(JavaArchive {
                virtual_path: location.into(),
                manifest: Some(JavaManifest { main: vec![version], sections: vec![] }),
                pom_properties: Some(PomProperties {
                    group_id: property("groupId"),
                    artifact_id: property("artifactId"),
                    version: property("version"),
                    ..PomProperties::default()
                }),
                ..JavaArchive::default()
            }))
        }
    }
}

/// Content in an order that does not depend on the original's sorting.
fn sorted(mut content: Value) -> Vec<Value> {
    let content = content.as_array_mut().unwrap();
    content.sort_by_key(|entry| {
        (entry["package"].to_string(), entry["version"].to_string(), entry["filename"].to_string())
    });
    content.clone()
}

#[test]
fn packages_of_the_recorded_images_are_told_as_they_were() {
    for (name, kind, least) in [
        ("245_small_content_os", "os", 90),
        ("066_big_content_os", "os", 500),
        ("306_alpine_content_os", "os", 5),
        ("067_big_content_python", "python", 8),
        ("070_big_content_java", "java", 1),
    ] {
        let Some(recorded) = body(name) else { return };
        let recorded = recorded["content"].clone();
        let packages: Vec<Package> = recorded.as_array().unwrap().iter().map(package).collect();
        assert!(packages.len() >= least, "{name}");
        let sbom = Sbom { packages, ..Sbom::default() };
        let ours = json!(Content::of(&sbom, ContentType::parse(kind).unwrap()));
        for (ours, recorded) in sorted(ours).iter().zip(sorted(recorded)) {
            assert_eq!(*ours, recorded, "{name}");
        }
    }
}

fn file(entry: &Value) -> File {
    let digest = entry["sha256"].as_str().map(|value| FileDigest { algorithm: "sha256".into(), value: value.into() });
    File {
        location: Location::new(text(&entry["filename"]), None, Evidence::Primary),
        kind: match entry["type"].as_str().unwrap() {
            "file" => FileKind::RegularFile,
            "dir" => FileKind::Directory,
            "slink" => FileKind::SymbolicLink,
            "dev" => FileKind::CharacterDevice,
            other => panic!("files of type {other} were not recorded"),
        },
        mode: u32::from_str_radix(&text(&entry["mode"]), 8).unwrap(),
        uid: entry["uid"].as_u64().unwrap(),
        gid: entry["gid"].as_u64().unwrap(),
        // Not said of links: it is the length of where they lead.
        size: if entry["type"] == "slink" { 0 } else { entry["size"].as_u64().unwrap() },
        link_target: entry["linkdest"].as_str().unwrap_or_default().into(),
        digests: digest.into_iter().collect(),
    }
}

#[test]
fn files_of_the_recorded_images_are_told_as_they_were() {
    for name in ["075_big_content_files", "254_small_content_files", "307_alpine_content_files"] {
        let Some(mut recorded) = body(name) else { return };
        let files: Vec<File> = recorded["content"].as_array().unwrap().iter().map(file).collect();
        let sbom = Sbom { files, ..Sbom::default() };
        let ours = json!(Content::of(&sbom, ContentType::Files));
        assert_eq!(sorted(ours), sorted(recorded["content"].take()), "{name}");
    }
}

/// The document behind what was recorded in base64.
fn decoded(document: &Value) -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.decode(text(&document["metadata"]).replace('\n', "")).unwrap()
}

#[test]
fn documents_of_the_recorded_image_are_told_as_they_were() {
    let (Some(manifest), Some(steps)) =
        (body("258_small_metadata_manifest"), body("259_small_metadata_docker_history"))
    else {
        return;
    };
    let recorded: Value = serde_json::from_slice(&decoded(&steps)).unwrap();
    let step = |entry: &Value| json!({"created": entry["Created"], "created_by": entry["CreatedBy"], "empty_layer": entry["Id"] == "<missing>"});
    let config = json!({"history": recorded.as_array().unwrap().iter().map(step).collect::<Vec<_>>()});
    let image =
        ImageSource { manifest: decoded(&manifest), config: config.to_string().into_bytes(), ..ImageSource::default() };
    assert_eq!(json!(history(&image)), recorded);
    let sbom = Sbom { source: Source::Image(Box::new(image)), ..Sbom::default() };
    let told = |name: &str| json!(Content::of(&sbom, ContentType::parse(name).unwrap()));
    assert_eq!(told("manifest"), manifest["metadata"]);
    assert_eq!(told("dockerfile"), json!([]));
    assert!(told("docker_history").as_str().unwrap().lines().all(|line| line.len() <= 76));
}
