//! The registry source against a registry in memory that misbehaves on demand.

use std::{
    collections::HashMap,
    io::Read,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tempfile::TempDir;
use windlass_image::{Digest, WalkError, WalkOptions, testing::Contents, walk};
use windlass_sources::{Credential, Error, Options, RegistryOptions, Secret};

use crate::{
    server::{Reply, Request, Server},
    support::{OCI_INDEX, OCI_MANIFEST, Sample, bytes, chain, failure_with, for_platform, image_with},
};

/// What a registry holds: manifests by tag and digest, blobs by digest.
#[derive(Clone, Default)]
pub(crate) struct Content {
    manifests: HashMap<String, (String, Vec<u8>)>,
    blobs: HashMap<String, Vec<u8>>,
}

impl Content {
    pub(crate) fn of(sample: &Sample, tag: &str) -> Self {
        let mut content = Self::default();
        content.add(sample);
        content.tag(tag, OCI_MANIFEST, &sample.manifest);
        content
    }

    pub(crate) fn add(&mut self, sample: &Sample) {
        for blob in sample.blobs() {
            self.blobs.insert(Digest::of(&blob).to_string(), blob);
        }
        self.tag(Digest::of(&sample.manifest).as_str(), OCI_MANIFEST, &sample.manifest);
    }

    pub(crate) fn tag(&mut self, tag: &str, media_type: &str, bytes: &[u8]) {
        self.manifests.insert(tag.into(), (media_type.into(), bytes.to_vec()));
    }

    pub(crate) fn reply(&self, request: &Request) -> Reply {
        let missing = || Reply::new(404, r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#);
        let Some((kind, name)) = request.path.strip_prefix("/v2/team/app/").and_then(|rest| rest.split_once('/'))
        else {
            return if request.path == "/v2/" { Reply::new(200, "{}") } else { missing() };
        };
        match kind {
            "manifests" => self.manifests.get(name).map_or_else(missing, |(media_type, bytes)| {
                Reply::new(200, bytes.clone()).with("Content-Type", media_type.clone())
            }),
            _ => self.blobs.get(name).map_or_else(missing, |blob| Reply::new(200, blob.clone())),
        }
    }
}

pub(crate) fn quick() -> Options {
    let registry = RegistryOptions {
        patience: Duration::from_secs(10),
        retries: 3,
        pause: Duration::from_millis(5),
        ..RegistryOptions::default()
    };
    Options { registry, ..Options::default() }
}

fn with_secret(secret: Secret) -> Options {
    let mut options = quick();
    options.registry.credentials = vec![Credential { registry: None, secret }];
    options
}

pub(crate) fn password() -> Secret {
    Secret::Password { username: "me".into(), password: "secret".into() }
}

/// `me:secret` as Basic authentication sends it.
pub(crate) const BASIC: &str = "Basic bWU6c2VjcmV0";

/// Bytes that gzip cannot make small, so that a layer spans many reads.
fn noise(length: usize) -> String {
    let mut state = 0x9e37_79b9_u32;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'!' + (state >> 24) as u8 % 90)
        })
        .collect()
}

#[test]
fn an_image_is_pulled_by_tag_and_by_digest() {
    let sample = Sample::new("linux/amd64", &["one", "two"]);
    let content = Content::of(&sample, "1.0");
    let server = Server::tcp(move |request| content.reply(request));
    let digest = Digest::of(&sample.manifest);
    for suffix in [":1.0".to_owned(), format!("@{digest}")] {
        let found = image_with(&format!("registry:{}/team/app{suffix}", server.address), &quick());
        assert_eq!((&found.manifest, &found.config), (&sample.manifest, &sample.config));
        assert_eq!(found.repo_digests, [format!("{}/team/app@{digest}", server.address)]);
        let tags = if suffix.starts_with(':') { vec![format!("{}/team/app:1.0", server.address)] } else { vec![] };
        assert_eq!(found.tags, tags);
        assert_eq!(found.layers.iter().map(bytes).collect::<Vec<_>>(), sample.layers);
    }
    let accept = server.requests().into_iter().find(|request| request.path.contains("manifests")).unwrap();
    for media_type in [OCI_MANIFEST, OCI_INDEX, "manifest.v2+json", "manifest.list.v2+json"] {
        assert!(accept.header("accept").unwrap().contains(media_type), "{media_type}");
    }
}

#[test]
fn a_reference_without_scheme_is_pulled_when_no_daemon_answers() {
    let content = Content::of(&Sample::new("linux/amd64", &["one"]), "latest");
    let server = Server::tcp(move |request| content.reply(request));
    for plain_http in [false, true] {
        let mut options = quick();
        options.registry.plain_http = plain_http;
        let found = image_with(&format!("{}/team/app", server.address), &options);
        assert_eq!(found.tags, [format!("{}/team/app:latest", server.address)]);
    }
}

#[test]
fn a_platform_is_picked_from_an_index() {
    let (amd, arm) = (Sample::new("linux/amd64", &["amd"]), Sample::new("linux/arm64/v8", &["arm"]));
    let attestation = Sample::new("unknown/unknown", &["provenance"]);
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests":
        [attestation.described(), amd.described(), arm.described()]});
    let index = serde_json::to_vec(&index).unwrap();
    let mut content = Content::default();
    for sample in [&amd, &arm, &attestation] {
        content.add(sample);
    }
    content.tag("1", OCI_INDEX, &index);
    let server = Server::tcp(move |request| content.reply(request));
    let input = format!("registry:{}/team/app:1", server.address);
    let chosen = |platform: &str| Options { platform: for_platform(platform).platform, ..quick() };
    assert_eq!(image_with(&input, &chosen("arm64")).manifest, arm.manifest);
    assert_eq!(image_with(&input, &chosen("x86_64")).manifest, amd.manifest);
    let error = chain(&failure_with(&input, &chosen("riscv64")));
    assert!(error.contains("holds linux/amd64, linux/arm64/v8, but not linux/riscv64"), "{error}");
}

#[test]
fn a_token_is_fetched_for_the_scope_the_registry_names_and_renewed_when_it_runs_out() {
    let sample = Sample::new("linux/amd64", &["one", "two"]);
    let content = Content::of(&sample, "1");
    let (issued, served) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let server = Server::tcp(move |request| {
        let host = request.header("host").unwrap().to_owned();
        if request.path.starts_with("/token") {
            let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
            return Reply::new(200, format!(r#"{{"token":"","access_token":"t{number}","expires_in":60}}"#));
        }
        // Each token is good for two requests.
        let wanted = format!("Bearer t{}", served.load(Ordering::SeqCst) / 2 + 1);
        if request.path != "/v2/" && request.header("authorization") != Some(&wanted) {
            let challenge = format!(
                r#"Bearer realm="http://{host}/token",service="the registry",scope="repository:team/app:pull""#
            );
            return Reply::new(401, "{}").with("WWW-Authenticate", challenge);
        }
        if request.path != "/v2/" {
            served.fetch_add(1, Ordering::SeqCst);
        }
        content.reply(request)
    });
    let found = image_with(&format!("registry:{}/team/app:1", server.address), &with_secret(password()));
    assert_eq!(found.layers.iter().map(bytes).collect::<Vec<_>>(), sample.layers);
    let tokens: Vec<Request> = server.requests().into_iter().filter(|r| r.path.starts_with("/token")).collect();
    assert_eq!(tokens.len(), 2);
    for request in tokens {
        assert_eq!(request.path, "/token?service=the+registry&scope=repository%3Ateam%2Fapp%3Apull");
        assert_eq!(request.header("authorization"), Some(BASIC));
    }
}

#[test]
fn an_identity_token_is_exchanged_by_post_and_never_shown_to_the_registry() {
    let content = Content::of(&Sample::new("linux/amd64", &["one"]), "1");
    let server = Server::tcp(move |request| {
        let host = request.header("host").unwrap();
        if request.path == "/token" {
            return Reply::new(200, r#"{"access_token":"good"}"#);
        }
        if request.header("authorization") != Some("Bearer good") {
            return Reply::new(401, "").with("WWW-Authenticate", format!(r#"Bearer realm="http://{host}/token""#));
        }
        content.reply(request)
    });
    let options = with_secret(Secret::IdentityToken("identity".into()));
    image_with(&format!("registry:{}/team/app:1", server.address), &options);
    for request in server.requests() {
        let exchanged = request.method == "POST" && request.path == "/token";
        assert_eq!(request.body.contains("grant_type=refresh_token"), exchanged, "{request:?}");
        assert_eq!(request.body.contains("refresh_token=identity"), exchanged, "{request:?}");
        assert!(!format!("{:?}", request.header("authorization")).contains("identity"));
    }
}

fn behind_a_password(content: Content) -> Server {
    Server::tcp(move |request| match request.header("authorization") {
        Some(BASIC) => content.reply(request),
        _ => Reply::new(401, r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#)
            .with("WWW-Authenticate", r#"Basic realm="here""#),
    })
}

#[test]
fn a_password_comes_from_the_users_docker_configuration() {
    let folder = TempDir::new().unwrap();
    let server = behind_a_password(Content::of(&Sample::new("linux/amd64", &["one"]), "1"));
    let input = format!("registry:{}/team/app:1", server.address);
    let mut options = quick();
    options.registry.credential_files = vec![folder.path().join("absent.json"), folder.path().join("config.json")];
    for key in [server.address.clone(), format!("http://{}/v1/", server.address), format!("{}/team", server.address)] {
        let config = json!({"auths": {"other.example": {"auth": "eDp5"}, key: {"auth": "bWU6c2VjcmV0"}}});
        std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
        image_with(&input, &options);
    }
    let config = json!({"auths": {format!("{}/elsewhere", server.address): {"auth": "bWU6c2VjcmV0"}}});
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let error = chain(&failure_with(&input, &options));
    assert!(error.contains("denies access") && error.contains("hint: if the image is there, log in"), "{error}");
    std::fs::write(folder.path().join("config.json"), r#"{"auths": {"x": {"auth": 5, "password": "hunter2"}}}"#)
        .unwrap();
    let error = chain(&failure_with(&input, &options));
    assert!(error.contains("config.json is malformed at line 1") && !error.contains("hunter2"), "{error}");
}

#[test]
fn a_wrong_password_is_told_from_none() {
    let server = behind_a_password(Content::default());
    let wrong = Secret::Password { username: "me".into(), password: "wrong".into() };
    let error = chain(&failure_with(&format!("registry:{}/team/app:1", server.address), &with_secret(wrong.clone())));
    assert!(
        error.contains("authentication required") && error.contains("hint: the credentials may be wrong"),
        "{error}"
    );
    assert!(!format!("{wrong:?}").contains("wrong"));
}

/// Credential helpers are found by PATH, so this runs itself once more with one of its own.
#[test]
fn a_credential_helper_is_run_only_where_it_is_configured() {
    const INSIDE: &str = "WINDLASS_TEST_HELPER_FOLDER";
    let Some(folder) = std::env::var_os(INSIDE) else {
        let folder = TempDir::new().unwrap();
        let script = "#!/bin/sh\nread key\necho \"$1 $key\" >> \"$WINDLASS_TEST_HELPER_FOLDER/calls\"\n\
                      echo '{\"ServerURL\":\"x\",\"Username\":\"me\",\"Secret\":\"secret\"}'\n";
        let program = folder.path().join("docker-credential-test");
        std::fs::write(&program, script).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, mode).unwrap();
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap_or_default());
        let name = "registry::a_credential_helper_is_run_only_where_it_is_configured";
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env("PATH", path)
            .env(INSIDE, folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
        return;
    };
    let folder = Path::new(&folder);
    let server = behind_a_password(Content::of(&Sample::new("linux/amd64", &["one"]), "1"));
    let input = format!("registry:{}/team/app:1", server.address);
    let mut options = quick();
    options.registry.credential_files = vec![folder.join("config.json")];
    let configure = |config: serde_json::Value| std::fs::write(folder.join("config.json"), config.to_string()).unwrap();

    configure(json!({"credHelpers": {"other.example": "test"}}));
    failure_with(&input, &options);
    assert!(!folder.join("calls").exists());
    configure(json!({"credHelpers": {server.address.clone(): "test"}}));
    image_with(&input, &options);
    assert_eq!(std::fs::read_to_string(folder.join("calls")).unwrap(), format!("get {}\n", server.address));
    configure(json!({"credsStore": "test", "auths": {server.address.clone(): {}}}));
    image_with(&input, &options);
    configure(json!({"credsStore": "absent"}));
    assert!(chain(&failure_with(&input, &options)).contains("docker-credential-absent: No such file"));
    configure(json!({"credsStore": "../../bin/sh"}));
    assert!(chain(&failure_with(&input, &options)).contains("has no proper name"));
}

#[test]
fn a_layer_is_taken_up_again_where_the_connection_broke() {
    for knows_ranges in [true, false] {
        let sample = Sample::new("linux/amd64", &[&noise(300_000)]);
        let layer = Digest::of(&sample.layers[0]).to_string();
        let content = Content::of(&sample, "1");
        let cuts = AtomicUsize::new(0);
        let server = Server::tcp(move |request| {
            if !request.path.ends_with(&layer) {
                return content.reply(request);
            }
            let blob = &content.blobs[&layer];
            let range = request.header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
            let from: usize = range.filter(|_| knows_ranges).map_or(0, |from| from.parse().unwrap());
            let reply = if from > 0 {
                let range = format!("bytes {from}-{}/{}", blob.len() - 1, blob.len());
                Reply::new(206, blob[from..].to_vec()).with("Content-Range", range)
            } else {
                Reply::new(200, blob.clone())
            };
            let cut = cuts.fetch_add(1, Ordering::SeqCst);
            if cut < 3 { reply.cut_after(30_000 * (cut + 1)) } else { reply }
        });
        let found = image_with(&format!("registry:{}/team/app:1", server.address), &quick());
        assert_eq!(bytes(&found.layers[0]), sample.layers[0], "knows ranges: {knows_ranges}");
        let ranges: Vec<_> = server.requests().iter().filter_map(|r| r.header("range").map(str::to_owned)).collect();
        assert_eq!(ranges.len(), 3, "{ranges:?}");
    }
}

#[test]
fn a_layer_that_keeps_breaking_off_is_given_up() {
    let sample = Sample::new("linux/amd64", &[&noise(10_000)]);
    let layer = Digest::of(&sample.layers[0]).to_string();
    let content = Content::of(&sample, "1");
    let server = Server::tcp(move |request| {
        let reply = content.reply(request);
        if request.path.ends_with(&layer) { reply.cut_after(100) } else { reply }
    });
    let found = image_with(&format!("registry:{}/team/app:1", server.address), &quick());
    let mut read = Vec::new();
    let error = found.layers[0].source.open().unwrap().read_to_end(&mut read).unwrap_err();
    assert!(error.to_string().contains("broke off at byte 100"), "{error}");
}

#[test]
fn a_blob_that_is_not_what_its_digest_says_is_refused() {
    let sample = Sample::new("linux/amd64", &["one"]);
    let other = Sample::new("linux/amd64", &["two"]);
    let mut content = Content::of(&sample, "1");
    let mut changed = sample.layers[0].clone();
    *changed.last_mut().unwrap() ^= 1;
    content.blobs.insert(Digest::of(&sample.layers[0]).to_string(), changed);
    let mut of_config = Content::of(&sample, "1");
    of_config.blobs.insert(Digest::of(&sample.config).to_string(), other.config);
    let mut of_manifest = Content::of(&sample, "1");
    of_manifest.tag(Digest::of(&sample.manifest).as_str(), OCI_MANIFEST, &other.manifest);

    let server = Server::tcp(move |request| content.reply(request));
    let found = image_with(&format!("registry:{}/team/app:1", server.address), &quick());
    let error = walk(&found.layers, &Contents, &WalkOptions::default()).err().unwrap();
    assert!(!matches!(error, WalkError::Cancelled), "{error}");

    let server = Server::tcp(move |request| of_config.reply(request));
    let error = failure_with(&format!("registry:{}/team/app:1", server.address), &quick());
    assert!(matches!(error, Error::WrongDigest { .. }), "{}", chain(&error));

    let server = Server::tcp(move |request| of_manifest.reply(request));
    let by_digest = format!("registry:{}/team/app@{}", server.address, Digest::of(&sample.manifest));
    assert!(matches!(failure_with(&by_digest, &quick()), Error::WrongDigest { .. }));
}

#[test]
fn layers_stream_side_by_side_into_a_walk() {
    let texts: Vec<String> = (1..=6).map(|factor| noise(factor * 40_000)).collect();
    let sample = Sample::new("linux/amd64", &texts.iter().map(String::as_str).collect::<Vec<_>>());
    let content = Content::of(&sample, "1");
    let server = Server::tcp(move |request| content.reply(request));
    let found = image_with(&format!("registry:{}/team/app:1", server.address), &quick());
    let walked = walk(&found.layers, &Contents, &WalkOptions::default()).unwrap();
    assert_eq!(walked.len(), texts.len());
}

#[test]
fn a_registry_that_stumbles_is_asked_again() {
    for (status, header) in [(503, None), (429, Some("0")), (500, None)] {
        let content = Content::of(&Sample::new("linux/amd64", &["one"]), "1");
        let failures = AtomicUsize::new(0);
        let server = Server::tcp(move |request| {
            if request.path.contains("manifests") && failures.fetch_add(1, Ordering::SeqCst) < 2 {
                let reply = Reply::new(status, "");
                return header.into_iter().fold(reply, |reply, after| reply.with("Retry-After", after));
            }
            content.reply(request)
        });
        image_with(&format!("registry:{}/team/app:1", server.address), &quick());
    }
}

#[test]
fn refusals_say_what_was_refused_and_what_to_do() {
    for (status, body, after, says) in [
        (
            429,
            r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}"#,
            "3600",
            "takes no more requests for now: slow down (asks to wait 3600 s)",
        ),
        (404, r#"{"errors":[{"code":"NAME_UNKNOWN","message":"unknown\u001b[31m name"}]}"#, "", "has no manifest 1 of"),
        (403, "not json", "", "denies access to manifest 1 of"),
        (418, "", "", "answered 418 to a request for manifest 1 of"),
    ] {
        let server = Server::tcp(move |_| Reply::new(status, body).with("Retry-After", after));
        let error = chain(&failure_with(&format!("registry:{}/team/app:1", server.address), &quick()));
        assert!(error.contains(says) && !error.contains('\u{1b}'), "{error}");
    }
}

#[test]
fn credentials_do_not_follow_a_redirect_to_another_host() {
    let sample = Sample::new("linux/amd64", &["one"]);
    let content = Arc::new(Content::of(&sample, "1"));
    let stored = content.clone();
    let storage = Server::tcp(move |request| stored.reply(request));
    let elsewhere = storage.address.clone();
    let server = Server::tcp(move |request| match request.header("authorization") {
        Some(BASIC) if request.path.contains("/blobs/") => {
            Reply::new(307, "").with("Location", format!("http://{elsewhere}{}", request.path))
        }
        Some(BASIC) => content.reply(request),
        _ => Reply::new(401, "").with("WWW-Authenticate", "Basic realm=x"),
    });
    let found = image_with(&format!("registry:{}/team/app:1", server.address), &with_secret(password()));
    assert_eq!(bytes(&found.layers[0]), sample.layers[0]);
    let asked = storage.requests();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|request| request.header("authorization").is_none()));
}

#[test]
fn credentials_are_chosen_by_registry() {
    let server = behind_a_password(Content::of(&Sample::new("linux/amd64", &["one"]), "1"));
    let wrong = Secret::Password { username: "me".into(), password: "wrong".into() };
    let mut options = quick();
    options.registry.credentials = vec![
        Credential { registry: None, secret: wrong.clone() },
        Credential { registry: Some("other.example".into()), secret: wrong },
        Credential { registry: Some(server.address.clone()), secret: password() },
    ];
    image_with(&format!("registry:{}/team/app:1", server.address), &options);
}

#[test]
fn documents_that_are_too_large_or_too_old_are_refused() {
    let mut content = Content::default();
    content.tag("huge", OCI_MANIFEST, &vec![b' '; 5 << 20]);
    let old = br#"{"schemaVersion":1,"name":"team/app","tag":"old","fsLayers":[{"blobSum":"x"}],"history":[]}"#;
    content.tag("old", "application/vnd.docker.distribution.manifest.v1+prettyjws", old);
    content.tag("no", OCI_MANIFEST, b"<html>");
    let server = Server::tcp(move |request| content.reply(request));
    let refused = |tag: &str| failure_with(&format!("registry:{}/team/app:{tag}", server.address), &quick());
    assert!(matches!(refused("huge"), Error::TooLarge { limit: 4_194_304, .. }));
    assert!(chain(&refused("old")).contains("hint: pull it with a current client and push it again"));
    assert!(matches!(refused("no"), Error::Malformed { .. }));
}

#[test]
fn a_registry_that_is_not_there_is_named() {
    let error = chain(&failure_with("registry:127.0.0.1:1/team/app", &quick()));
    assert!(error.starts_with("cannot reach 127.0.0.1:1"), "{error}");
}
