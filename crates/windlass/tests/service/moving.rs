//! An installation moves to another place, as `docs/storage.md` says it, and what cannot be moved is refused before anything
//! is done.

use std::fs;

use crate::{
    place::Place,
    servers,
    storage::{documents, objects},
    tour::Tour,
};

#[test]
fn the_archive_of_a_default_installation_moves_with_its_documents() {
    let Some(mut place) = Place::new("all") else { return };
    let new = format!("fs:{}", place.path("moved").display());
    moved_as_documented(&mut place, &new);
}

#[test]
fn the_archive_of_a_default_installation_moves_to_a_bucket_with_its_documents() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let Some(server) = runtime.block_on(servers::s3()) else { return };
    let Some(mut place) = Place::new("all") else { return };
    moved_as_documented(&mut place, &servers::s3_url(&server.address));
}

fn moved_as_documented(place: &mut Place, new: &str) {
    let old = place.path("data/objects");
    let old_url = format!("fs:{}", old.display());
    let client = |place: &Place, steps: &[(&str, &[&str])]| {
        let program = || place.windlass("");
        let mut tour = Tour::new(place, &program);
        tour.learn("digest", "image get {big} --json", "/0/imageDigest");
        for (words, says) in steps {
            tour.step(words, 0, says);
        }
        tour.end();
    };
    let in_use: &[(&str, &[&str])] = &[
        ("archive images export {digest} --file b.tar.zst", &["b.tar.zst"]),
        ("image content {big} os", &["openssl"]),
    ];
    let program = || place.windlass("");
    let mut tour = Tour::new(place, &program);
    tour.step("image add {big}", 0, &[]);
    tour.step("image wait {big} --timeout 120 --interval 1", 0, &["analyzed"]);
    tour.end();
    client(place, &[("archive images add {digest}", &["archived"])]);

    let moving = [("WINDLASS_OBJECTS", new), ("WINDLASS_PREVIOUS_OBJECTS", old_url.as_str())];
    place.restart_with(&moving);
    client(place, in_use);
    let migrate = ["migrate", "--from", &old_url, "--to", new].join(" ");
    let ahead = objects(place, &format!("{migrate} --dry-run"), &moving);
    assert!(
        ahead.exit == 0 && ahead.out.contains("/archive: ") || ahead.out.contains("/archive at "),
        "{}",
        ahead.said
    );
    for (how, left) in [("", false), (" --remove", true)] {
        let moved = objects(place, &(migrate.clone() + how), &moving);
        assert!(moved.exit == 0 && moved.out.matches(": complete").count() == 2, "{}", moved.said);
        assert_eq!(documents(&old).is_empty() && documents(&old.join("archive")).is_empty(), left, "{}", moved.said);
        client(place, in_use);
    }
    let again = objects(place, &format!("{migrate} --remove"), &moving);
    assert!(again.exit == 0 && again.out.contains("0 copied"), "what is done is done: {}", again.said);

    fs::remove_dir_all(&old).expect("it is not needed any more");
    let moved = [("WINDLASS_OBJECTS", new)];
    place.restart_with(&moved);
    client(place, in_use);
    client(
        place,
        &[
            ("image del {digest} --force", &[]),
            ("archive images restore {digest}", &["{digest}"]),
            ("image content {big} os", &["openssl"]),
        ],
    );
    let sound = objects(place, "check", &moved);
    assert!(sound.exit == 0 && sound.out.matches(" 0 not,").count() == 2, "{}", sound.said);
}

#[test]
fn a_bundle_that_is_lost_is_looked_for_where_it_may_be_and_not_in_an_image_that_may_be_gone() {
    let Some(place) = Place::new("all") else { return };
    let program = || place.windlass("");
    let mut tour = Tour::new(&place, &program);
    tour.step("image add {small}", 0, &[]);
    tour.step("image wait {small} --timeout 120 --interval 1", 0, &["analyzed"]);
    tour.learn("digest", "image get {small} --json", "/0/imageDigest");
    tour.step("archive images add {digest}", 0, &["archived"]);
    tour.step("archive images export {digest} --file b.tar.zst", 0, &["b.tar.zst"]);
    let bundle = documents(&place.path("data/objects/archive")).remove(0);
    for damage in [true, false] {
        if damage {
            fs::write(&bundle, "no longer it").expect("a file");
        } else {
            fs::remove_file(&bundle).expect("it is there");
        }
        let found = objects(&place, "check", &[]);
        assert!(found.exit == 1 && found.out.contains("archive images import"), "{}", found.said);
        assert!(!found.out.contains("analysing"), "{}", found.said);
    }
    tour.step("archive images export {digest} --file c.tar.zst", 2, &[]);
    let log = place.read("all.log");
    assert!(log.contains("the bundle of an archived image") && log.contains("archive images import"), "{log}");
    // As the hint says.
    tour.step("archive images del {digest} --force", 0, &[]);
    tour.step("archive images import b.tar.zst", 0, &["archived"]);
    tour.step("archive images export {digest} --file c.tar.zst", 0, &["c.tar.zst"]);
    tour.end();
    let sound = objects(&place, "check", &[]);
    assert_eq!(sound.exit, 0, "{}", sound.said);
}

#[test]
fn what_cannot_be_moved_is_refused_before_anything_is_made_or_written() {
    let Some(place) = Place::new("all") else { return };
    let at = |name: &str| format!("fs:{}", place.path(name).display());
    let (old, new, typo) = (at("data/objects"), at("moved"), at("typo"));
    let refused = |words: &str, settings: &[(&str, &str)], said: &[&str]| {
        let done = objects(&place, words, settings);
        assert!(done.exit == 2 && said.iter().all(|said| done.said.contains(said)), "{words}: {}", done.said);
    };
    let absent = [typo.as_str(), "no such folder", "hint: "];
    refused(&format!("migrate --from {typo} --to {new}"), &[], &absent);
    refused(&format!("migrate --from {typo} --to {new} --dry-run"), &[], &absent);
    refused(&format!("check --repair --from {typo}"), &[], &absent);
    refused(&format!("migrate --from db:typo --to {new}"), &[], &["no objects in db:typo"]);
    refused(&format!("migrate --from {old} --to {old}/"), &[], &["to itself"]);
    refused(&format!("migrate --from {old} --to {}", at("data/../data/objects")), &[], &["to itself"]);
    let gone = objects(&place, "moves", &[]);
    assert!(gone.exit == 0 && !gone.out.contains("fs:") && !gone.out.contains("running"), "{}", gone.said);
    assert!(!place.path("typo").exists() && !place.path("moved").exists(), "nothing is made for what is refused");
    // What the service keeps there by its settings is never removed.
    let beside = [("WINDLASS_OBJECTS", new.as_str()), ("WINDLASS_ARCHIVE_OBJECTS", old.as_str())];
    refused(&format!("migrate --from {old} --to {new} --remove"), &beside, &["keeps objects there"]);

    let start = |settings: &[(&str, &str)], words: &str| {
        place.run(place.windlass(&format!("serve --data-dir data {words}")).envs(settings.iter().copied()))
    };
    let (below, roundabout) = (at("data/objects/archive"), at("data/./objects"));
    for (settings, said) in [
        (&[("WINDLASS_PREVIOUS_OBJECTS", roundabout.as_str())][..], "where documents are kept now"),
        (&[("WINDLASS_PREVIOUS_OBJECTS", below.as_str())], "where the archive's bundles are kept now"),
        (
            &[("WINDLASS_OBJECTS", below.as_str()), ("WINDLASS_PREVIOUS_OBJECTS", old.as_str())],
            "the archive of previous_objects is",
        ),
    ] {
        for words in ["--check-config", "--listen 127.0.0.1:0"] {
            let done = start(settings, words);
            assert!(
                done.exit == 2 && done.said.contains(said) && done.said.contains("hint: "),
                "{words}: {}",
                done.said
            );
        }
    }
    let done = start(&[("WINDLASS_OBJECTS", &new), ("WINDLASS_PREVIOUS_OBJECTS", &typo)], "--listen 127.0.0.1:0");
    assert!(done.exit == 2 && absent.iter().all(|said| done.said.contains(said)), "{}", done.said);
    assert!(!place.path("typo").exists());
}
