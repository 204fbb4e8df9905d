//! Real images as layouts and as docker archives, and hostile ones. Needs the folder `WINDLASS_CORPUS`.

use std::time::{Duration, Instant};

use serde_json::Value;
use windlass_image::Digest;
use windlass_sources::{Error, Options, parse_platform};

use crate::support::{bytes, chain, diff_id, failure, failure_with, folder, image, image_with};

#[test]
fn every_image_is_the_same_as_layout_and_as_docker_archive() {
    let Some(corpus) = folder("WINDLASS_CORPUS") else { return };
    let mut compared = 0;
    for entry in std::fs::read_dir(corpus.join("images")).unwrap() {
        let archive = entry.unwrap().path();
        let Some(name) = archive.file_name().unwrap().to_str().unwrap().strip_suffix(".docker.tar") else { continue };
        let expected = std::fs::read(corpus.join(format!("expected/{name}.json"))).unwrap();
        let expected: Value = serde_json::from_slice(&expected).unwrap();
        let layout = image(corpus.join("images").join(name).to_str().unwrap());
        let saved = image(archive.to_str().unwrap());

        assert_eq!(layout.id.as_str(), expected["image_id"].as_str().unwrap(), "{name}");
        assert_eq!(layout.manifest_digest.as_str(), expected["manifest_digest"].as_str().unwrap(), "{name}");
        assert_eq!(layout.media_type, expected["manifest_media_type"].as_str().unwrap(), "{name}");
        assert_eq!(layout.platform.architecture, expected["architecture"].as_str().unwrap(), "{name}");
        assert_eq!((&saved.id, &saved.config), (&layout.id, &layout.config), "{name}");
        assert_eq!(saved.tags, [format!("corpus.test/{name}:latest")]);
        assert_eq!(saved.layers.len(), layout.layers.len(), "{name}");
        let listed = expected["layers"].as_array().unwrap();
        assert_eq!(listed.len(), layout.layers.len(), "{name}");
        for ((ours, theirs), listed) in layout.layers.iter().zip(&saved.layers).zip(listed) {
            assert_eq!(ours.digest.as_ref().unwrap().as_str(), listed["digest"].as_str().unwrap());
            assert_eq!(ours.diff_id.as_str(), listed["diff_id"].as_str().unwrap());
            assert_eq!(ours.diff_id, theirs.diff_id);
            // The rest would only take longer to hash.
            if theirs.size < 32 << 20 {
                assert_eq!(Digest::of(&bytes(ours)), *ours.digest.as_ref().unwrap(), "{name}");
                assert_eq!(diff_id(ours), ours.diff_id, "{name}");
                assert_eq!(diff_id(theirs), ours.diff_id, "{name}");
            }
        }
        compared += 1;
    }
    assert!(compared > 0, "the corpus holds no docker archive");
}

#[test]
fn hostile_documents_end_in_clear_bounded_errors() {
    let Some(corpus) = folder("WINDLASS_CORPUS") else { return };
    for (name, says) in [
        ("digest-traversal", "is not a digest"),
        ("huge-manifest", "is larger than the limit of 4194304 bytes"),
        ("index-loop", "indexes inside indexes"),
        ("invalid-config", "is malformed"),
        ("odd-config", "is malformed"),
        ("missing-blob", "has 1 diff ids for 2 layers"),
        ("wrong-size", "invalid value: integer `-1`"),
    ] {
        let started = Instant::now();
        let error = failure(corpus.join("hostile").join(name).to_str().unwrap());
        let text = chain(&error);
        assert!(text.contains(says), "{name}: {text}");
        assert!(text.len() < 700, "{name}: {text}");
        assert!(started.elapsed() < Duration::from_secs(2), "{name}");
    }
}

#[test]
fn hostile_layers_are_left_to_who_reads_them() {
    let Some(corpus) = folder("WINDLASS_CORPUS") else { return };
    for (name, layers) in [("500-layers", 500), ("gzip-bomb", 1)] {
        assert_eq!(image(corpus.join("hostile").join(name).to_str().unwrap()).layers.len(), layers, "{name}");
    }
}

#[test]
fn a_platform_is_chosen_from_a_layout_of_several() {
    let Some(corpus) = folder("WINDLASS_CORPUS") else { return };
    let layout = corpus.join("images/multiarch");
    if !layout.join("index.json").is_file() {
        eprintln!("SKIPPED: the corpus has no image multiarch");
        return;
    }
    let layout = layout.to_str().unwrap();
    let with = |platform| Options { platform: Some(parse_platform(platform).unwrap()), ..Options::default() };
    let arm = image_with(layout, &with("linux/aarch64"));
    let amd = image_with(layout, &with("x86_64"));
    assert_eq!((arm.platform.architecture.as_str(), amd.platform.architecture.as_str()), ("arm64", "amd64"));
    let error = failure_with(layout, &with("linux/s390x"));
    assert!(matches!(error, Error::NoSuchPlatform { .. }), "{}", chain(&error));
}
