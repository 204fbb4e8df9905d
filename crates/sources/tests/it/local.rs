//! Archives, layouts, folders and bills of materials on this machine.

use std::path::Path;

use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;
use windlass_image::Digest;
use windlass_sources::{Bill, Error, Input, Options, resolve};

use crate::support::{
    OCI_INDEX, Sample, bytes, chain, descriptor, diff_id, failure, failure_with, for_platform, gzip, image, image_with,
    layout, tar, tar_of, write_folder,
};

fn file(folder: &TempDir, name: &str, bytes: &[u8]) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_saved_image_is_recognised_plain_gzipped_and_zstandard() {
    let folder = TempDir::new().unwrap();
    let sample = Sample::new("linux/amd64", &["one", "two"]);
    let archive = tar_of(&sample.saved("debian:12"));
    let zstandard = zstd::encode_all(&archive[..], 1).unwrap();
    for (name, bytes) in [("a.tar", archive.clone()), ("a.tar.gz", gzip(&archive)), ("a.tar.zst", zstandard)] {
        let found = image(&file(&folder, name, &bytes));
        assert_eq!((found.id, &found.config), (Digest::of(&sample.config), &sample.config), "{name}");
        assert_eq!(found.tags, ["docker.io/library/debian:12"]);
        assert_eq!(found.layers.iter().map(crate::support::bytes).collect::<Vec<_>>(), sample.tars, "{name}");
        assert!(found.layers.iter().all(|layer| layer.digest.is_none()));
    }
}

#[test]
fn the_manifest_made_up_for_a_saved_image_names_diff_ids_and_tar_sizes() {
    let folder = TempDir::new().unwrap();
    let sample = Sample::new("linux/amd64", &["one"]);
    let found = image(&file(&folder, "a.tar", &tar_of(&sample.saved("debian:12"))));
    let expected = format!(
        concat!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","#,
            r#""config":{{"mediaType":"application/vnd.docker.container.image.v1+json","size":{},"digest":"{}"}},"#,
            r#""layers":[{{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":{},"digest":"{}"}}]}}"#
        ),
        sample.config.len(),
        Digest::of(&sample.config),
        sample.tars[0].len(),
        Digest::of(&sample.tars[0]),
    );
    assert_eq!(String::from_utf8(found.manifest).unwrap(), expected);
    assert_eq!(found.manifest_digest, Digest::of(expected.as_bytes()));
}

#[test]
fn layers_of_one_archive_are_read_side_by_side() {
    let folder = TempDir::new().unwrap();
    let sample = Sample::new("linux/amd64", &["one", "two", "three", "four"]);
    let found = image(&file(&folder, "a.tar", &tar_of(&sample.saved("x:1"))));
    std::thread::scope(|scope| {
        for (layer, expected) in found.layers.iter().zip(&sample.tars) {
            scope.spawn(move || (0..20).for_each(|_| assert_eq!(&bytes(layer), expected)));
        }
    });
}

#[test]
fn a_layer_may_be_a_link_to_another_members_bytes() {
    let folder = TempDir::new().unwrap();
    let sample = Sample::new("linux/amd64", &["same", "same"]);
    let mut members = sample.saved("x:1");
    members.retain(|(name, _)| name != "layer1/layer.tar");
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in &members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, &bytes[..]).unwrap();
    }
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    builder.append_link(&mut link, "layer1/layer.tar", "../layer0/layer.tar").unwrap();
    let found = image(&file(&folder, "a.tar", &builder.into_inner().unwrap()));
    assert_eq!(bytes(&found.layers[1]), sample.tars[1]);
}

#[test]
fn a_link_in_a_circle_or_out_of_the_archive_is_a_missing_layer() {
    let folder = TempDir::new().unwrap();
    for target in ["../layer0/layer.tar", "../../../../etc/passwd"] {
        let sample = Sample::new("linux/amd64", &["one"]);
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in sample.saved("x:1").iter().filter(|(name, _)| name != "layer0/layer.tar") {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            builder.append_data(&mut header, name, &bytes[..]).unwrap();
        }
        let mut link = tar::Header::new_gnu();
        link.set_entry_type(tar::EntryType::Symlink);
        link.set_size(0);
        builder.append_link(&mut link, "layer0/layer.tar", target).unwrap();
        let error = failure(&file(&folder, "a.tar", &builder.into_inner().unwrap()));
        assert!(matches!(error, Error::MissingBlob { .. }), "{target}: {}", chain(&error));
    }
}

#[test]
fn one_of_several_saved_images_is_chosen_by_its_tag() {
    let folder = TempDir::new().unwrap();
    let (one, two) = (Sample::new("linux/amd64", &["one"]), Sample::new("linux/amd64", &["two"]));
    let entry = |name: &str, tag: &str| json!({"Config": format!("{name}.json"), "RepoTags": [tag], "Layers": [format!("{name}.tar")]});
    let listing = serde_json::to_vec(&json!([entry("one", "app:1"), entry("two", "host:5000/app:2")])).unwrap();
    let archive = tar(&[
        ("one.json", &one.config),
        ("one.tar", &one.tars[0]),
        ("two.json", &two.config),
        ("two.tar", &two.tars[0]),
        ("manifest.json", &listing),
    ]);
    let path = file(&folder, "two.tar", &archive);
    let error = chain(&failure(&path));
    assert!(error.contains("several images: app:1, host:5000/app:2"), "{error}");
    assert!(error.contains("hint: choose one"), "{error}");
    assert_eq!(image(&format!("docker-archive:{path}:host:5000/app:2")).id, Digest::of(&two.config));
    assert!(matches!(failure(&format!("docker-archive:{path}:app:3")), Error::NoSuchName { .. }));
}

#[test]
fn archives_that_cannot_be_images_say_why() {
    let folder = TempDir::new().unwrap();
    let sample = Sample::new("linux/amd64", &["one"]);
    let legacy = tar(&[("repositories", b"{}"), ("abc/layer.tar", b"x"), ("abc/json", b"{}")]);
    assert!(chain(&failure(&file(&folder, "legacy.tar", &legacy))).contains("older than 1.10"));
    let empty = tar(&[("manifest.json", b"[]")]);
    assert!(matches!(failure(&file(&folder, "empty.tar", &empty)), Error::NoImage { .. }));
    let rootfs = file(&folder, "rootfs.tar", &tar(&[("etc/os-release", b"ID=x")]));
    assert!(chain(&failure(&rootfs)).contains("hint: an image archive is made by `docker save`"));
    assert!(chain(&failure(&format!("docker-archive:{rootfs}"))).contains("it has no manifest.json"));
    assert!(chain(&failure(&format!("oci-archive:{rootfs}"))).contains("it has no index.json"));
    let whole = tar_of(&sample.saved("x:1"));
    let cut = file(&folder, "cut.tar", &whole[..700]);
    assert!(chain(&failure(&cut)).contains("the archive ends within"));
    let xz = file(&folder, "a.tar.xz", b"\xfd7zXZ\0..........");
    assert!(chain(&failure(&format!("docker-archive:{xz}"))).contains("compressed with xz"));
    let text = file(&folder, "notes", b"hello");
    assert!(chain(&failure(&format!("oci-archive:{text}"))).contains("it is not a tar"));
    let missing = tar(&[("manifest.json", br#"[{"Config":"../../etc/passwd","Layers":[]}]"#)]);
    assert!(matches!(failure(&file(&folder, "m.tar", &missing)), Error::MissingBlob { .. }));
}

#[test]
fn a_compressed_archive_that_never_ends_stops_at_the_limit() {
    let folder = TempDir::new().unwrap();
    let bomb = file(&folder, "bomb.tar.gz", &gzip(&vec![0; 4 << 20]));
    let options = Options { spool_limit: 1 << 20, ..Options::default() };
    assert!(matches!(failure_with(&bomb, &options), Error::TooLarge { limit: 0x10_0000, .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Damage falls on headers and documents, which end at about 6,000 bytes.
    #[test]
    fn a_damaged_archive_is_an_image_or_an_error_but_never_a_crash(
        damage in prop::collection::vec((0_usize..8192, any::<u8>()), 1..12),
        length in 0_usize..12_000,
        oci in any::<bool>(),
    ) {
        let folder = TempDir::new().unwrap();
        let sample = Sample::new("linux/amd64", &["one", "two"]);
        let members = if oci { layout(&[sample.described()], &sample.blobs()) } else { sample.saved("a:1") };
        let mut archive = tar_of(&members);
        for (at, byte) in damage {
            if let Some(place) = archive.get_mut(at) {
                *place = byte;
            }
        }
        archive.truncate(archive.len().min(length.max(600)));
        let path = file(&folder, "damaged.tar", &archive);
        for scheme in ["docker-archive", "oci-archive"] {
            match resolve(&format!("{scheme}:{path}"), &Options::default()) {
                Ok(Input::Image(image)) => prop_assert!(image.layers.len() <= 2),
                Ok(_) => prop_assert!(false, "an archive is an image or nothing"),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}

#[test]
fn a_layout_is_read_from_a_folder_and_from_a_tar() {
    let folder = TempDir::new().unwrap();
    let sample = Sample::new("linux/arm64", &["one", "two"]);
    let mut entry = descriptor(crate::support::OCI_MANIFEST, &sample.manifest);
    entry["annotations"] =
        json!({"io.containerd.image.name": "docker.io/library/app:1", "org.opencontainers.image.ref.name": "1"});
    let members = layout(&[entry], &sample.blobs());
    write_folder(&folder.path().join("layout"), &members);
    let archive = file(&folder, "layout.tar", &tar_of(&members));
    for input in [text(&folder.path().join("layout")), &archive, &format!("oci-archive:{archive}:1")] {
        let found = image(input);
        assert_eq!(found.manifest, sample.manifest);
        assert_eq!(found.manifest_digest, Digest::of(&sample.manifest));
        assert_eq!(found.tags, ["docker.io/library/app:1"]);
        assert_eq!(found.platform.architecture, "arm64");
        assert_eq!(found.layers.iter().map(bytes).collect::<Vec<_>>(), sample.layers);
        for layer in &found.layers {
            assert_eq!(diff_id(layer), layer.diff_id);
        }
    }
}

#[test]
fn a_platform_is_picked_from_nested_indexes_and_attestations_are_not_images() {
    let folder = TempDir::new().unwrap();
    let samples = ["linux/amd64", "linux/arm64/v8", "linux/arm/v6"].map(|platform| Sample::new(platform, &[platform]));
    let attestation = Sample::new("unknown/unknown", &["provenance"]);
    let mut entries: Vec<_> = samples.iter().map(Sample::described).collect();
    entries.push(attestation.described());
    let inner = serde_json::to_vec(&json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})).unwrap();
    let mut blobs = vec![inner.clone()];
    for sample in samples.iter().chain([&attestation]) {
        blobs.extend(sample.blobs());
    }
    write_folder(folder.path(), &layout(&[descriptor(OCI_INDEX, &inner)], &blobs));
    let input = text(folder.path());
    for (platform, expected) in [("amd64", 0), ("aarch64", 1), ("arm64/v8", 1), ("armhf", 2)] {
        let found = image_with(input, &for_platform(platform));
        assert_eq!(found.id, Digest::of(&samples[expected].config), "{platform}");
    }
    let error = chain(&failure_with(input, &for_platform("s390x")));
    assert!(error.contains("holds linux/amd64, linux/arm64/v8, linux/arm/v6, but not linux/s390x"), "{error}");
    assert!(error.contains("hint: choose one of them with --platform"), "{error}");
}

#[test]
fn a_single_image_is_taken_whatever_its_platform_unless_one_is_demanded() {
    let folder = TempDir::new().unwrap();
    let sample = Sample::new("linux/s390x", &["one"]);
    write_folder(folder.path(), &layout(&[sample.described()], &sample.blobs()));
    assert_eq!(image(text(folder.path())).platform.architecture, "s390x");
    let error = chain(&failure_with(text(folder.path()), &for_platform("amd64")));
    assert!(error.contains("is made for linux/s390x, not for linux/amd64"), "{error}");
}

#[test]
fn an_index_that_lies_about_a_platform_is_found_out() {
    let folder = TempDir::new().unwrap();
    let (arm, amd) = (Sample::new("linux/arm64", &["one"]), Sample::new("linux/amd64", &["two"]));
    let mut lie = arm.described();
    lie["platform"]["architecture"] = "amd64".into();
    let mut truth = amd.described();
    truth["platform"]["architecture"] = "riscv64".into();
    write_folder(folder.path(), &layout(&[lie, truth], &[arm.blobs(), amd.blobs()].concat()));
    let error = failure_with(text(folder.path()), &for_platform("amd64"));
    assert!(matches!(error, Error::WrongPlatform { .. }), "{}", chain(&error));
}

#[test]
fn entries_without_a_platform_are_told_apart_by_their_configs_or_names() {
    let folder = TempDir::new().unwrap();
    let (one, two) = (Sample::new("linux/amd64", &["one"]), Sample::new("linux/arm64", &["two"]));
    let entry = |sample: &Sample, name: &str| {
        let mut entry = descriptor(crate::support::OCI_MANIFEST, &sample.manifest);
        entry["annotations"] = json!({"org.opencontainers.image.ref.name": name});
        entry
    };
    write_folder(folder.path(), &layout(&[entry(&one, "a"), entry(&two, "b")], &[one.blobs(), two.blobs()].concat()));
    let input = text(folder.path());
    assert_eq!(image_with(input, &for_platform("arm64")).id, Digest::of(&two.config));
    assert_eq!(image(&format!("oci-dir:{input}:b")).id, Digest::of(&two.config));
    assert!(chain(&failure(&format!("oci-dir:{input}:c"))).contains("no image named \"c\", only a, b"));
}

#[test]
fn a_changed_or_missing_blob_is_refused() {
    let sample = Sample::new("linux/amd64", &["one"]);
    let members = layout(&[sample.described()], &sample.blobs());
    let name_of = |bytes: &[u8]| format!("blobs/sha256/{}", Digest::of(bytes).hex());
    let broken = |change: &dyn Fn(&Path)| {
        let folder = TempDir::new().unwrap();
        write_folder(folder.path(), &members);
        change(folder.path());
        failure(text(folder.path()))
    };
    let config = name_of(&sample.config);
    let other = String::from_utf8(sample.config.clone()).unwrap().replace("amd64", "arm64");
    let error = broken(&|folder| std::fs::write(folder.join(&config), &other).unwrap());
    assert!(matches!(error, Error::WrongDigest { .. }), "{}", chain(&error));
    let error = broken(&|folder| std::fs::remove_file(folder.join(name_of(&sample.layers[0]))).unwrap());
    assert!(matches!(error, Error::MissingBlob { .. }), "{}", chain(&error));
    let error = broken(&|folder| std::fs::write(folder.join(name_of(&sample.layers[0])), b"short").unwrap());
    assert!(matches!(error, Error::WrongSize { .. }), "{}", chain(&error));
}

#[test]
fn a_folder_that_is_said_to_be_a_layout_must_be_one() {
    let folder = TempDir::new().unwrap();
    let error = chain(&failure(&format!("oci-dir:{}", folder.path().display())));
    assert!(error.ends_with("is not an OCI layout: it has no file oci-layout"), "{error}");
}

#[test]
fn what_is_in_a_registry_but_no_image_is_named() {
    let folder = TempDir::new().unwrap();
    let sample = Sample::new("linux/amd64", &["one"]);
    let changed = |from: &str, to: &str| {
        let mut sample = sample.clone();
        sample.manifest = String::from_utf8(sample.manifest).unwrap().replace(from, to).into_bytes();
        write_folder(folder.path(), &layout(&[sample.described()], &sample.blobs()));
        chain(&failure(text(folder.path())))
    };
    let chart = changed("application/vnd.oci.image.config.v1+json", "application/vnd.cncf.helm.config.v1+json");
    assert!(chart.contains("not a container image: its config is of type \"application/vnd.cncf.helm"), "{chart}");
    let layer = changed("application/vnd.oci.image.layer.v1.tar+gzip", "application/x-squashfs");
    assert!(
        layer.contains("layers of a kind that cannot be read") && layer.contains("application/x-squashfs"),
        "{layer}"
    );
    let both = changed("\"schemaVersion\":2", "\"schemaVersion\":2,\"manifests\":[]");
    assert!(both.contains("a manifest and an index at once"), "{both}");
}

#[test]
fn folders_and_bills_of_materials_are_recognised_by_their_content() {
    let folder = TempDir::new().unwrap();
    let Ok(Input::Directory(found)) = resolve(text(folder.path()), &Options::default()) else { panic!() };
    assert_eq!(found, folder.path());
    for (name, content) in [
        ("cdx", r#"{"$schema":"x","bomFormat":"CycloneDX","components":[]}"#),
        ("spdx", r#"{"packages":[{"a":[1,2]}],"spdxVersion":"SPDX-2.3"}"#),
        ("spdx3", r#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[]}"#),
        ("syft", r#"{"artifacts":[],"artifactRelationships":[]}"#),
    ] {
        let path = file(&folder, name, content.as_bytes());
        let Ok(Input::Sbom(bill)) = resolve(&path, &Options::default()) else { panic!("{name}") };
        assert_eq!(bill, Bill::File(path.into()));
    }
    let other = file(&folder, "package.json", br#"{"name":"x"}"#);
    assert!(matches!(failure(&other), Error::Unrecognised { .. }));
    assert!(matches!(resolve("sbom:-", &Options::default()), Ok(Input::Sbom(Bill::StandardInput))));
}

#[test]
fn a_platform_for_what_is_no_image_is_an_error() {
    let folder = TempDir::new().unwrap();
    let error = failure_with(&format!("dir:{}", folder.path().display()), &for_platform("amd64"));
    assert!(matches!(error, Error::PlatformWithoutImage { .. }));
}

#[test]
fn a_mistyped_path_is_answered_with_its_neighbours() {
    let folder = TempDir::new().unwrap();
    file(&folder, "application.tar", b"");
    let wrong = folder.path().join("aplication.tar");
    for input in [text(&wrong).to_owned(), format!("docker-archive:{}", text(&wrong))] {
        let error = chain(&failure(&input));
        assert!(error.contains("no such file") && error.contains("did you mean"), "{error}");
        assert!(error.ends_with("/application.tar?"), "{error}");
    }
    assert!(matches!(failure("./nothing"), Error::NoSuchPath { .. }));
    assert!(matches!(failure("-"), Error::Unnamed { .. }));
}
