//! A service starts where it can keep documents and bundles, or where it will be able to; else it says what has to be put right
//! (`spec/operations.md` D-16).

use std::{
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    place::Place,
    process::{PASSWORD, Process},
    servers,
    tour::Tour,
};

/// How long the start of a service may take that is to fail.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a service says that does not start, and the code it ends with.
fn refusal(mut command: Command) -> (Option<i32>, String) {
    let mut process =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let begun = Instant::now();
    while process.try_wait().expect("it is a child of ours").is_none() {
        if begun.elapsed() > PATIENCE {
            process.kill().expect("it runs");
            panic!("it started: {}", said(process));
        }
        thread::sleep(Duration::from_millis(20));
    }
    let code = process.wait().expect("it is a child of ours").code();
    (code, said(process))
}

fn said(process: std::process::Child) -> String {
    let output = process.wait_with_output().expect("it is a child of ours");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_storage_that_has_to_be_put_right_keeps_the_service_from_starting() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let started = runtime.block_on(async { (servers::s3().await, servers::s3_for_nobody().await) });
    let (Some(server), Some(guarded)) = started else { return };
    let Some(place) = Place::new("all") else { return };
    let denied = servers::s3_url(&guarded.address);
    let elsewhere = servers::s3_url(&server.address).replace("s3://bucket", "s3://elsewhere");
    for (setting, value, what) in [
        (
            "WINDLASS_OBJECTS",
            &denied,
            ["documents cannot be kept in s3://bucket/a/prefix", "403", "check the credentials"],
        ),
        (
            "WINDLASS_OBJECTS",
            &elsewhere,
            ["documents cannot be kept in s3://elsewhere", "NoSuchBucket", "create the bucket"],
        ),
        (
            "WINDLASS_ARCHIVE_OBJECTS",
            &elsewhere,
            ["the archive's bundles cannot be kept in s3://elsewhere", "NoSuchBucket", "create the bucket"],
        ),
        (
            "WINDLASS_PREVIOUS_OBJECTS",
            &elsewhere,
            ["cannot be read from s3://elsewhere", "NoSuchBucket", "create the bucket"],
        ),
        ("WINDLASS_ARCHIVE_OBJECTS", &denied, ["the archive's bundles cannot be kept", "403", "check the credentials"]),
    ] {
        let mut command = place.windlass("serve --data-dir other --listen 127.0.0.1:0");
        command.env(setting, value);
        let (code, said) = refusal(command);
        assert_eq!(code, Some(2), "{said}");
        for what in what {
            assert!(said.contains(what), "{what}: {said}");
        }
        assert!(!said.contains("access_key"), "{said}");
    }
}

#[test]
fn a_storage_that_cannot_be_reached_is_told_and_used_as_soon_as_it_can() {
    let Some(mut place) = Place::new("all") else { return };
    let port = servers::free_port();
    let bucket = servers::s3_url(&format!("http://127.0.0.1:{port}"));
    place.restart_with(&[
        ("WINDLASS_DATABASE", "sqlite:data/late.db"),
        ("WINDLASS_OBJECTS", &bucket),
        ("WINDLASS_STORAGE__ATTEMPTS", "1"),
    ]);
    let log = place.read("all.log");
    for what in [
        "documents cannot be kept now",
        "the archive's bundles cannot be kept now",
        &format!("s3://bucket/a/prefix/archive at http://127.0.0.1:{port}"),
        "can be reached from here",
    ] {
        assert!(log.contains(what), "{what}: {log}");
    }
    assert!(!log.contains("access_key"), "{log}");
    let program = || place.windlass("");
    let mut tour = Tour::new(&place, &program);
    // What needs no documents works.
    tour.step("image list", 0, &[]);
    tour.step("policy list", 0, &[]);
    tour.end();

    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let Some(_server) = runtime.block_on(servers::s3_on(port)) else { return };
    let mut tour = Tour::new(&place, &program);
    tour.step("image add {small}", 0, &[]);
    tour.step("image wait {small} --timeout 120 --interval 1", 0, &["analyzed"]);
    tour.learn("digest", "image get {small} --json", "/0/imageDigest");
    tour.step("archive images add {digest}", 0, &["archived"]);
    tour.end();
}

#[test]
fn the_password_of_the_administrator_may_stand_in_the_file_of_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("windlass.yaml"), format!("admin_password: {PASSWORD}\n")).expect("a file");
    let settings = [("WINDLASS_CONFIG", "windlass.yaml"), ("WINDLASS_ADMIN_PASSWORD", "")];
    let process = Process::within(folder, "api", &settings);
    assert_eq!(process.get("/v1/images").send().expect("it answers").status(), 200);
    assert!(!process.log().contains("shown this once"), "{}", process.log());
}

#[test]
fn what_keeps_a_service_from_starting_is_found_by_a_check_of_its_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    for (variable, value, said) in [
        ("WINDLASS_SECRET_KEY", "short", ["WINDLASS_SECRET_KEY", "not 32 bytes in base64", "make one with"]),
        ("WINDLASS_STORAGE__GRACE_MINUTES", "5", ["storage.grace_minutes is 5", "must be 10 or more", "hint: "]),
        ("WINDLASS_BASE_URL", "not a url", ["base_url", "no address", "hint: "]),
        ("WINDLASS_WEBHOOKS__GENERAL__URL", "notaurl", ["webhooks.general.url", "error: ", "hint: "]),
        ("WINDLASS_TIMERS__IMAG_WATCHER", "5", ["imag_watcher", "did you mean", "image_watcher"]),
    ] {
        for words in [&["--check-config"][..], &["--listen", "127.0.0.1:0"]] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
            command.arg("serve").args(words).current_dir(folder.path()).env_clear().env("HOME", folder.path());
            command.env(variable, value);
            let (code, text) = refusal(command);
            assert!(code == Some(2) && said.iter().all(|said| text.contains(said)), "{variable} {words:?}: {text}");
        }
    }
}
