//! Object storage is checked, moved and mended while the service works, and archived images go from hand to hand.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::Duration,
};

use serde_json::Value;
use windlass_store::testing::{on_every_address, url_of};

use crate::{
    killing::{Sight, Witness, stopped_at_it},
    place::{Done, PASSWORD, Place},
    servers,
    tour::Tour,
};

/// Documents in a folder, but not those of the archive in it.
pub(crate) fn documents(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("archive") {
            found.extend(documents(&path));
        } else if path.extension().is_some_and(|extension| extension == "zst") {
            found.push(path);
        }
    }
    found.sort();
    found
}

pub(crate) fn objects(place: &Place, words: &str, settings: &[(&str, &str)]) -> Done {
    place.run(place.windlass(&format!("objects {words} --data-dir data")).envs(settings.iter().copied()))
}

#[test]
fn objects_are_checked_moved_and_mended_while_the_service_works() {
    let Some(mut place) = Place::new("all") else { return };
    let client = |place: &Place, steps: &[(&str, i32, &[&str])]| {
        let program = || place.windlass("");
        let mut tour = Tour::new(place, &program);
        for (words, exit, says) in steps {
            tour.step(words, *exit, says);
        }
        tour.end();
    };
    let program = || place.windlass("");
    let mut tour = Tour::new(&place, &program);
    tour.step("image add {big}", 0, &[]);
    tour.step("image wait {big} --timeout 120 --interval 1", 0, &["analyzed"]);
    tour.learn("digest", "image get {big} --json", "/0/imageDigest");
    tour.step("archive images add {digest}", 0, &["archived"]);
    tour.end();
    let (old, new) = (place.path("data/objects"), place.path("moved"));
    let url = |path: &Path| format!("fs:{}", path.display());
    let sound = objects(&place, "check", &[]);
    assert!(sound.exit == 0 && sound.out.contains("0 not, 0 orphans"), "{}", sound.said);

    let migrate = format!("migrate --from {} --to {} --without-archive", url(&old), url(&new));
    let ahead = objects(&place, &format!("{migrate} --dry-run"), &[]);
    let expected = format!(": {} to be copied", documents(&old).len());
    assert!(ahead.exit == 0 && ahead.out.contains(&expected), "{}", ahead.said);
    assert!(!new.exists(), "what is only foreseen makes no folder");
    // Killed at some moment, and run again.
    let mut killed = place.windlass(&format!("objects {migrate} --data-dir data --parallel 1"));
    let mut killed = killed.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    thread::sleep(Duration::from_millis(150));
    killed.kill().expect("it is a child of ours");
    killed.wait().expect("it is a child of ours");
    let moved = objects(&place, &migrate, &[]);
    assert!(moved.exit == 0 && moved.out.contains(": complete") && moved.out.contains(" 0 failed"), "{}", moved.said);
    // Who was killed may have left what it tried the place with: nothing refers to that.
    for document in documents(&old) {
        assert!(new.join(document.strip_prefix(&old).expect("it lies there")).is_file(), "{}", document.display());
    }
    // The archive lies in the same folder and is another place: it is not moved where that is not wanted (D-18).
    assert!(!new.join("archive").exists() && !documents(&old.join("archive")).is_empty());
    let hasty = objects(&place, &format!("{migrate} --remove"), &[]);
    assert!(hasty.exit == 2 && hasty.said.contains("previous_objects"), "{}", hasty.said);

    let (new_url, old_url) = (url(&new), url(&old));
    let archive = format!("{old_url}/archive");
    let settings = [
        ("WINDLASS_OBJECTS", new_url.as_str()),
        ("WINDLASS_PREVIOUS_OBJECTS", old_url.as_str()),
        ("WINDLASS_ARCHIVE_OBJECTS", archive.as_str()),
    ];
    fs::remove_dir_all(&new).expect("it was made");
    place.restart_with(&settings);
    let content: &[(&str, i32, &[&str])] =
        &[("image content {big} os", 0, &["openssl"]), ("evaluate check {big}", 1, &[])];
    // What is not in the new place yet is read from the old one.
    client(&place, content);
    let moved = objects(&place, &format!("{migrate} --remove"), &settings);
    assert!(moved.exit == 0 && moved.out.contains(": complete"), "{}", moved.said);
    assert_eq!(documents(&old), [""; 0].map(PathBuf::from));
    client(&place, content);
    let told = objects(&place, "moves", &settings);
    assert!(told.exit == 0 && told.out.contains(&new_url) && told.out.contains("complete"), "{}", told.said);

    // Who reads what is damaged learns that it failed; who looks after the service, why and what to do.
    let whole: Vec<(PathBuf, Vec<u8>)> =
        documents(&new).into_iter().map(|file| (file.clone(), fs::read(file).expect("a file"))).collect();
    for (file, _) in &whole {
        fs::write(file, "no longer it").expect("a file");
    }
    client(&place, &[("image content {big} os", 2, &[])]);
    let log = place.read("all.log");
    assert!(log.contains("object sha256:") && log.contains("windlass objects check --repair"), "{log}");
    for (file, content) in whole {
        fs::write(file, content).expect("a file");
    }

    // One is damaged, one is lost, and a copy of the latter is elsewhere.
    let all = documents(&new);
    let (damaged, lost) = (&all[0], &all[1]);
    let copy = place.path("backup").join(lost.strip_prefix(&new).expect("it lies there"));
    fs::create_dir_all(copy.parent().expect("a folder")).expect("a folder");
    fs::rename(lost, &copy).expect("a file");
    fs::write(damaged, "no longer it").expect("a file");
    let name = |path: &Path| format!("sha256:{}", path.file_stem().expect("a name").to_string_lossy());
    let found = objects(&place, "check", &settings);
    assert_eq!(found.exit, 1, "{}", found.said);
    for said in ["damaged ", "missing ", &name(damaged), &name(lost), "it is the ", "hint: "] {
        assert!(found.out.contains(said), "{said}: {}", found.said);
    }
    let from = url(&place.path("backup"));
    let mended = objects(&place, &format!("check --repair --from {from} -o json"), &settings);
    let report: Value = serde_json::from_str(&mended.out).expect("it is JSON");
    let repairs = report.pointer("/storages/0/troubles").and_then(Value::as_array).expect("a list");
    let of =
        |path: &Path| repairs.iter().find(|trouble| trouble["object"] == *name(path)).map(|trouble| &trouble["repair"]);
    assert_eq!(
        (mended.exit, of(lost), of(damaged)),
        (1, Some(&"restored".into()), Some(&"removed".into())),
        "{report:#}"
    );
    client(
        &place,
        &[("image add {big} --force", 0, &[]), ("image wait {big} --timeout 120 --interval 1", 0, &["analyzed"])],
    );
    client(&place, content);

    let nowhere = place.run(&mut place.windlass("objects check --data-dir elsewhere"));
    assert!(nowhere.exit == 2 && nowhere.said.contains("there is no database"), "{}", nowhere.said);
    let down = ("WINDLASS_OBJECTS", "s3://bucket?endpoint=http://127.0.0.1:9&access_key_id=a&secret_access_key=b");
    let down = objects(&place, "check", &[down, ("WINDLASS_STORAGE__ATTEMPTS", "1")]);
    assert!(down.exit == 2 && down.said.contains("hint: ") && !down.said.contains("access_key"), "{}", down.said);
}

#[test]
fn an_archived_image_goes_from_one_service_to_another_as_a_file() {
    let Some(place) = Place::new("all") else { return };
    let program = || place.windlass("");
    let mut tour = Tour::new(&place, &program);
    tour.step("image add {big}", 0, &[]);
    tour.step("image wait {big} --timeout 120 --interval 1", 0, &["analyzed"]);
    tour.learn("digest", "image get {big} --json", "/0/imageDigest");
    tour.step("archive images add {digest}", 0, &["archived"]);
    tour.step("archive images export {digest} --file b.tar.zst", 0, &["b.tar.zst"]);
    tour.step("archive images import b.tar.zst", 1, &["already"]);
    tour.step("archive images del {digest}", 0, &[]);
    tour.step("image del {digest} --force", 0, &[]);
    tour.step("archive images import b.tar.zst", 0, &["{digest}", "archived"]);
    tour.step("archive images restore {digest}", 0, &["{digest}"]);
    tour.step("image content {big} npm", 0, &["lodash"]);
    tour.step("system storage --fresh", 0, &["documents", "analyses", "bundles", "archived images", "admin"]);
    tour.step("system storage --account admin", 0, &["Images Of Quota: 1 of as many as wanted"]);
    tour.step("system quota admin --images 1", 0, &["Images: 1", "Bytes: as many as wanted"]);
    tour.step("system quota admin --bytes 9000000000", 0, &["Images: 1", "Bytes: 9000000000"]);
    tour.step("system quota admin", 0, &["Images: 1", "Bytes: 9000000000"]);
    tour.step("system quota admin --reset", 0, &["Images: as many as wanted", "Bytes: as many as wanted"]);
    tour.step("system quota admin --images 1", 0, &["Images: 1", "Bytes: as many as wanted"]);
    tour.step("image add {small}", 1, &["account admin may have 1 images", "larger quota"]);
    tour.end();
    let bundle = fs::read(place.path("b.tar.zst")).expect("it was written");
    fs::write(place.path("cut.tar.zst"), &bundle[..bundle.len() / 2]).expect("a file");
    let mut tour = Tour::new(&place, &program);
    tour.step("archive images import cut.tar.zst", 1, &["cannot be imported as a bundle", "breaks off"]);
    tour.end();
}

#[test]
fn a_service_that_is_killed_while_it_archives_and_restores_loses_nothing() {
    let Some(mut place) = Place::new("all") else { return };
    let witness = Witness::of_file(&place.path("data/windlass.db"));
    killed_while_it_archives_and_restores(&mut place, &witness, &[]);
}

#[test]
fn a_service_with_its_objects_in_a_database_that_is_killed_loses_nothing() {
    on_every_address(|address| async move {
        let database = url_of(&address);
        let settings = [("WINDLASS_DATABASE", database.as_str()), ("WINDLASS_OBJECTS", "db:")];
        // It blocks, which a thread of the runtime must not.
        thread::scope(|scope| {
            scope.spawn(|| {
                let Some(mut place) = Place::new("all") else { return };
                place.restart_with(&settings);
                killed_while_it_archives_and_restores(&mut place, &Witness::of(&address), &settings);
            });
        });
    });
}

#[test]
fn a_service_with_its_objects_in_a_bucket_that_is_killed_loses_nothing() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let Some(server) = runtime.block_on(servers::s3()) else { return };
    let Some(mut place) = Place::new("all") else { return };
    let bucket = servers::s3_url(&server.address);
    let settings = [("WINDLASS_DATABASE", "sqlite:data/other.db"), ("WINDLASS_OBJECTS", bucket.as_str())];
    place.restart_with(&settings);
    let witness = Witness::of_file(&place.path("data/other.db"));
    killed_while_it_archives_and_restores(&mut place, &witness, &settings);
}

/// How often somebody tries to catch the service at what takes a few milliseconds.
const ATTEMPTS: usize = 30;

/// The settings are those with which the service runs, and is started again.
fn killed_while_it_archives_and_restores(place: &mut Place, witness: &Witness, settings: &[(&str, &str)]) {
    // Images are collected at once: whoever puts their documents again is seen by that.
    let settings = &[settings, &[("WINDLASS_TIMERS__IMAGE_GC", "-2")]].concat();
    place.restart_with(settings);
    let ask = |place: &Place, words: &str| {
        let mut command = place.windlass(words);
        command.env("WINDLASS_URL", format!("{}/v1", place.url));
        command.env("WINDLASS_USER", "admin").env("WINDLASS_PASSWORD", PASSWORD);
        command
    };
    let demand = |place: &Place, words: &str, says: &str| {
        let done = place.run(&mut ask(place, words));
        assert!(done.exit == 0 && done.out.contains(says), "{words}: {}: {}", done.exit, done.said);
        done.out
    };
    let tag = format!("{}/test/big:v1", place.registry.address);
    demand(place, &format!("image add {tag}"), "");
    demand(place, &format!("image wait {tag} --timeout 120 --interval 1"), "analyzed");
    let got = demand(place, &format!("image get {tag} --json"), "");
    let digest = serde_json::from_str::<Value>(&got).expect("it is JSON")[0]["imageDigest"].as_str().map(str::to_owned);
    let digest = digest.expect("a digest");
    let delete = |place: &Place| {
        demand(place, &format!("image del {digest} --force"), "");
        witness.sees_collected(&digest);
    };
    // As late in it as it was seen so often, or a little earlier where it was done by then.
    let kill_at = |place: &mut Place, words: &str, undo: &dyn Fn(&Place), times: usize, sees: Sight| {
        for missed in 0..ATTEMPTS {
            let times = times.saturating_sub(missed).max(1);
            let before = witness.claims();
            let client = ask(place, words).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
            if stopped_at_it(place, client.expect("the program starts"), times, || sees(witness, &before)) {
                place.restart_with(settings);
                return;
            }
            undo(place);
        }
        panic!("{words}: nobody has seen the service at it");
    };
    let sound = |place: &Place| {
        let checked = objects(place, "check", settings);
        assert!(checked.exit == 0 && checked.out.contains(" 0 not,"), "{}", checked.said);
    };
    let (archive, restore) = (format!("archive images add {digest}"), format!("archive images restore {digest}"));
    let unarchive = |place: &Place| drop(place.run(&mut ask(place, &format!("archive images del {digest} --force"))));
    for times in [1, 3, 6] {
        kill_at(place, &archive, &unarchive, times, Witness::sees_archiving);
        sound(place);
        // Whoever was at it may be thought to be alive for an hour; who knows better says so.
        unarchive(place);
        demand(place, &archive, "archived");
        sound(place);
        delete(place);
        kill_at(place, &restore, &delete, times, Witness::sees_restoring);
        sound(place);
        // It was about to be restored, or it was not and is now.
        let again = place.run(&mut ask(place, &restore));
        assert!(again.exit <= 1, "{}", again.said);
        demand(place, &format!("image content {tag} npm"), "lodash");
        demand(place, &format!("image get {tag}"), "analyzed");
        sound(place);
    }
}
