//! The daemon sources against a daemon of the test's own on a Unix socket.

use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;
use windlass_image::Digest;
use windlass_sources::{DaemonOptions, Endpoint, Error, Options};

use crate::{
    server::{Reply, Request, Server},
    support::{Sample, bytes, chain, failure_with, for_platform, image_with, tar_of},
};

/// Knows one image, `debian:12`.
fn daemon(folder: &TempDir, sample: &Sample, api: &'static str) -> Server {
    let archive = tar_of(&sample.saved("debian:12"));
    let digest = Digest::of(&sample.manifest);
    let id = Digest::of(&sample.config);
    let description =
        json!({"Id": id.as_str(), "RepoTags": ["debian:12"], "RepoDigests": [format!("debian@{digest}")]});
    Server::unix(&folder.path().join("daemon.sock"), move |request: &Request| {
        let path = request.path.split('?').next().unwrap();
        let known = ["debian:12", id.as_str(), &id.hex()[..12]];
        match path.strip_prefix("/images/").and_then(|rest| rest.rsplit_once('/')) {
            None if path == "/_ping" => Reply::new(200, "OK").with("Api-Version", api),
            Some((name, "json")) if known.contains(&name) => Reply::new(200, description.to_string()),
            Some((name, "get")) if known.contains(&name) => Reply::new(200, archive.clone()).chunked(),
            Some((name, _)) => Reply::new(404, json!({"message": format!("No such image: {name}")}).to_string()),
            None => Reply::new(400, "{}"),
        }
    })
}

fn asking(server: &Server) -> Options {
    let docker = vec![Endpoint::Unix("/nonexistent/docker.sock".into()), Endpoint::Unix(server.address.clone().into())];
    Options { daemon: DaemonOptions { docker, ..DaemonOptions::default() }, ..Options::default() }
}

#[test]
fn an_image_is_exported_by_the_daemon_and_read_in_place() {
    let folder = TempDir::new().unwrap();
    let sample = Sample::new("linux/amd64", &["one", "two"]);
    let server = daemon(&folder, &sample, "1.41");
    let id = Digest::of(&sample.config);
    let short = format!("docker:{}", &id.hex()[..12]);
    for input in ["debian:12", "docker:debian:12", &format!("docker:{id}"), &short] {
        let found = image_with(input, &asking(&server));
        assert_eq!((found.user_input.as_str(), &found.id), (input, &id));
        assert_eq!(found.tags, ["docker.io/library/debian:12"]);
        let digest = Digest::of(&sample.manifest);
        assert_eq!(found.repo_digests, [format!("index.docker.io/library/debian@{digest}")]);
        assert_eq!(found.layers.iter().map(bytes).collect::<Vec<_>>(), sample.tars);
    }
}

#[test]
fn without_a_tag_only_the_latest_is_asked_for() {
    let folder = TempDir::new().unwrap();
    let server = daemon(&folder, &Sample::new("linux/amd64", &["one"]), "1.41");
    let error = failure_with("docker:debian", &asking(&server));
    assert_eq!(
        chain(&error),
        "the docker daemon has no image debian:latest\nhint: pull it first, or use registry:debian:latest"
    );
}

#[test]
fn a_platform_is_passed_on_to_daemons_that_understand_it_and_checked_in_any_case() {
    let folder = TempDir::new().unwrap();
    let sample = Sample::new("linux/amd64", &["one"]);
    for (api, sent) in [("1.47", false), ("1.48", true)] {
        let server = daemon(&folder, &sample, api);
        let options = |platform| Options { platform: for_platform(platform).platform, ..asking(&server) };
        image_with("docker:debian:12", &options("amd64"));
        let exported = server.requests().into_iter().find(|request| request.path.contains("/get")).unwrap();
        let query = "?platform=%7B%22os%22:%22linux%22,%22architecture%22:%22amd64%22%7D";
        assert_eq!(exported.path.ends_with(query), sent, "{}", exported.path);
        let error = failure_with("docker:debian:12", &options("arm64"));
        assert!(matches!(error, Error::WrongPlatform { .. }), "{}", chain(&error));
        drop(server);
        std::fs::remove_file(folder.path().join("daemon.sock")).unwrap();
    }
}

#[test]
fn a_daemon_that_is_absent_or_silent_is_said_to_be() {
    let folder = TempDir::new().unwrap();
    let silent = folder.path().join("silent.sock");
    let listener = std::os::unix::net::UnixListener::bind(&silent).unwrap();
    let stale = folder.path().join("stale.sock");
    drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
    let podman = [&silent, &stale].map(|path| Endpoint::Unix(path.clone())).to_vec();
    let patience = Duration::from_millis(200);
    let daemon = DaemonOptions { podman, patience, ..DaemonOptions::default() };
    let options = Options { daemon, ..Options::default() };
    let started = Instant::now();
    let error = chain(&failure_with("podman:debian", &options));
    assert!(error.contains("no podman daemon answers at"), "{error}");
    assert!(error.contains("silent.sock") && error.contains("stale.sock"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(2));
    drop(listener);
}

#[test]
fn a_daemon_elsewhere_is_named_with_the_way_out() {
    let docker = vec![Endpoint::parse("ssh://me@there")];
    let options = Options { daemon: DaemonOptions { docker, ..DaemonOptions::default() }, ..Options::default() };
    let error = chain(&failure_with("docker:debian", &options));
    assert!(error.contains("ssh://me@there") && error.contains("hint: only unix:// and tcp://"), "{error}");
}

#[test]
fn an_image_no_daemon_has_is_sought_in_the_registry_and_both_answers_are_told() {
    let folder = TempDir::new().unwrap();
    let server = daemon(&folder, &Sample::new("linux/amd64", &["one"]), "1.41");
    let mut options = asking(&server);
    options.registry.retries = 0;
    let error = chain(&failure_with("127.0.0.1:1/team/app", &options));
    let expected = "cannot reach 127.0.0.1:1 (before that: the docker daemon has no image 127.0.0.1:1/team/app:latest)";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn an_image_that_is_called_like_a_scheme_is_explained() {
    let folder = TempDir::new().unwrap();
    let server = daemon(&folder, &Sample::new("linux/amd64", &["one"]), "1.41");
    let error = chain(&failure_with("docker:27", &asking(&server)));
    assert!(error.contains("no image 27:latest"), "{error}");
    assert!(error.ends_with("the image docker with the tag 27 is registry:docker:27"), "{error}");
}
