//! What a service asks of a registry, of one in memory that misbehaves on demand.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use windlass_image::{Digest, WalkOptions, testing::Contents, walk};
use windlass_sources::{
    Error, Reference, RegistryOptions, Secret, parse_platform,
    registry::{Failure, PlatformChoice, RateLimit, Registry, error_in},
};

use crate::{
    registry::{BASIC, Content, password, quick},
    server::{Reply, Request, Server},
    support::{OCI_INDEX, OCI_MANIFEST, Sample, bytes, chain},
};

const FIRST_AMD64: &PlatformChoice = &PlatformChoice::FirstAmd64;

fn options(secret: Option<Secret>) -> RegistryOptions {
    let RegistryOptions { patience, retries, pause, .. } = quick().registry;
    RegistryOptions { patience, retries, pause, ..RegistryOptions::stored(secret, true) }
}

fn registry(server: &Server, secret: Option<Secret>) -> Registry {
    Registry::connect(&server.address, &options(secret)).unwrap()
}

fn reference(server: &Server, tag: &str) -> Reference {
    Reference::as_given(&server.address, "team/app", Some(tag), None).unwrap()
}

fn refused<T>(result: Result<T, Error>) -> Error {
    result.map(|_| panic!("nothing was refused")).unwrap_err()
}

fn exactly(platform: &str) -> PlatformChoice {
    PlatformChoice::Exactly(parse_platform(platform).unwrap())
}

/// An index of these images under the tag `index`.
fn indexed(samples: &[&Sample], entries: &[Value]) -> (Content, Vec<u8>) {
    let mut content = Content::default();
    for sample in samples {
        content.add(sample);
    }
    let index = serde_json::to_vec(&json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})).unwrap();
    content.tag("index", OCI_INDEX, &index);
    content.tag(Digest::of(&index).as_str(), OCI_INDEX, &index);
    (content, index)
}

#[test]
fn an_image_is_described_by_its_documents_without_reading_a_layer() {
    let sample = Sample::new("linux/amd64", &["one", "two"]);
    let content = Content::of(&sample, "1");
    let server = Server::tcp(move |request| content.reply(request));
    let registry = registry(&server, None);
    let digest = Digest::of(&sample.manifest);
    let by_digest = Reference::as_given(&server.address, "team/app", None, Some(digest.clone())).unwrap();
    for (reference, tags) in
        [(reference(&server, "1"), vec![format!("{}/team/app:1", server.address)]), (by_digest, vec![])]
    {
        let found = registry.describe(&reference, FIRST_AMD64).unwrap();
        assert!(found.index.is_none());
        assert_eq!((found.parent_digest(), &found.image.manifest_digest), (&digest, &digest));
        assert_eq!((&found.image.manifest, &found.image.config), (&sample.manifest, &sample.config));
        assert_eq!((found.image.id, found.image.media_type.as_str()), (Digest::of(&sample.config), OCI_MANIFEST));
        assert_eq!(found.image.tags, tags);
    }
    let stored: u64 = sample.layers.iter().map(|layer| layer.len() as u64).sum();
    let found = registry.describe(&reference(&server, "1"), FIRST_AMD64).unwrap();
    assert_eq!(found.compressed_bytes(), stored);
    let layer = Digest::of(&sample.layers[0]).to_string();
    assert!(!server.requests().iter().any(|request| request.path.ends_with(&layer)));
    let opened = registry.open(&reference(&server, "1"), FIRST_AMD64).unwrap();
    assert_eq!(opened.layers.iter().map(bytes).collect::<Vec<_>>(), sample.layers);
}

#[test]
fn of_an_index_the_first_amd64_image_is_taken_unless_a_platform_is_demanded() {
    let attestation = Sample::new("unknown/unknown", &["provenance"]);
    let [arm, windows, linux] = ["linux/arm64", "windows/amd64", "linux/amd64"].map(|p| Sample::new(p, &[p]));
    let samples = [&attestation, &arm, &windows, &linux];
    let (content, index) = indexed(&samples, &samples.map(Sample::described));
    let server = Server::tcp(move |request| content.reply(request));
    let registry = registry(&server, None);
    let found = registry.describe(&reference(&server, "index"), FIRST_AMD64).unwrap();
    assert_eq!(found.image.manifest, windows.manifest);
    assert_eq!((found.image.platform.os.as_str(), found.image.platform.architecture.as_str()), ("windows", "amd64"));
    assert_eq!(found.parent_digest(), &Digest::of(&index));
    let parent = found.index.unwrap();
    assert_eq!((parent.bytes, parent.media_type.as_str()), (index.clone(), OCI_INDEX));
    let listed: Vec<_> = parent
        .images
        .iter()
        .map(|entry| (entry.platform.clone().unwrap().architecture, entry.digest.clone()))
        .collect();
    let expected = [("arm64", &arm), ("amd64", &windows), ("amd64", &linux)];
    assert_eq!(listed, expected.map(|(architecture, sample)| (architecture.to_owned(), Digest::of(&sample.manifest))));

    let by_digest = Reference::as_given(&server.address, "team/app", Some("index"), Some(Digest::of(&index))).unwrap();
    assert_eq!(registry.open(&by_digest, &exactly("arm64")).unwrap().manifest, arm.manifest);
    assert_eq!(registry.open(&by_digest, &exactly("linux/amd64")).unwrap().manifest, linux.manifest);
    let error = refused(registry.describe(&by_digest, &exactly("s390x")));
    assert_eq!((error.failure().code(), error.is_transient()), ("OSARCH_MISMATCH", false));
}

#[test]
fn an_index_that_names_no_platforms_is_decided_by_the_configs() {
    let (arm, amd) = (Sample::new("linux/arm64", &["arm"]), Sample::new("linux/amd64", &["amd"]));
    let silent = |sample: &Sample| {
        let mut entry = sample.described();
        entry.as_object_mut().unwrap().remove("platform");
        entry
    };
    let (content, _) = indexed(&[&arm, &amd], &[silent(&arm), silent(&amd)]);
    let server = Server::tcp(move |request| content.reply(request));
    let found = registry(&server, None).describe(&reference(&server, "index"), FIRST_AMD64).unwrap();
    assert_eq!(found.image.manifest, amd.manifest);
    assert!(found.index.unwrap().images.iter().all(|entry| entry.platform.is_none()));
}

#[test]
fn an_image_for_no_platform_that_is_wanted_is_a_mismatch() {
    let arm = Sample::new("linux/arm64", &["arm"]);
    let (mut content, _) = indexed(&[&arm], &[arm.described()]);
    content.tag("arm", OCI_MANIFEST, &arm.manifest);
    content.tag("empty", OCI_INDEX, &serde_json::to_vec(&json!({"schemaVersion": 2, "manifests": []})).unwrap());
    let server = Server::tcp(move |request| content.reply(request));
    let registry = registry(&server, None);
    for (tag, platform) in [("index", FIRST_AMD64), ("empty", FIRST_AMD64), ("arm", &exactly("amd64"))] {
        let error = refused(registry.describe(&reference(&server, tag), platform));
        assert_eq!((error.failure(), error.is_transient()), (Failure::PlatformMismatch, false), "{tag}: {error}");
    }
    // Without an index there is nothing to choose from, and the image is taken as it is.
    assert_eq!(registry.open(&reference(&server, "arm"), FIRST_AMD64).unwrap().manifest, arm.manifest);
}

#[test]
fn a_tag_is_watched_by_head_alone_where_the_registry_can() {
    let sample = Sample::new("linux/amd64", &["one"]);
    let digest = Digest::of(&sample.manifest);
    let content = Content::of(&sample, "1");
    let told = digest.clone();
    let server = Server::tcp(move |request| {
        let reply =
            content.reply(request).with("RateLimit-Limit", "100;w=21600").with("RateLimit-Remaining", "7;w=21600");
        if request.method == "HEAD" { reply.with("Docker-Content-Digest", told.as_str()) } else { reply }
    });
    let registry = registry(&server, None);
    assert_eq!(registry.rate_limit(), None);
    assert_eq!(registry.head_digest(&reference(&server, "1")).unwrap(), digest);
    let window = Some(Duration::from_hours(6));
    assert_eq!(registry.rate_limit(), Some(RateLimit { limit: 100, remaining: 7, window }));
    assert!(server.requests().iter().filter(|request| request.path.contains("manifests")).all(|r| r.method == "HEAD"));
}

#[test]
fn a_registry_that_does_not_tell_digests_is_asked_for_the_manifest() {
    for (status, told) in [(200, None), (200, Some("sha512:beef")), (405, None), (501, None)] {
        let sample = Sample::new("linux/amd64", &["one"]);
        let content = Content::of(&sample, "1");
        let server = Server::tcp(move |request| match (request.method.as_str(), told) {
            ("HEAD", Some(told)) => Reply::new(status, "").with("Docker-Content-Digest", told),
            ("HEAD", None) => Reply::new(status, ""),
            _ => content.reply(request),
        });
        let registry = registry(&server, None);
        let head = registry.head_digest(&reference(&server, "1")).unwrap();
        assert_eq!((head, registry.rate_limit()), (Digest::of(&sample.manifest), None), "{status} {told:?}");
    }
}

#[test]
fn a_limit_on_requests_is_told_with_the_pause_and_not_waited_for_if_it_is_long() {
    let server = Server::tcp(|request| match request.path.as_str() {
        "/v2/" => Reply::new(200, "{}"),
        _ => Reply::new(429, r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"slow"}]}"#).with("Retry-After", "3600"),
    });
    let registry = registry(&server, None);
    let started = Instant::now();
    for error in [
        refused(registry.head_digest(&reference(&server, "1"))),
        refused(registry.describe(&reference(&server, "1"), FIRST_AMD64)),
        refused(registry.tags(&reference(&server, "1"), 10)),
    ] {
        assert_eq!(error.retry_after(), Some(Duration::from_hours(1)));
        assert!(error.is_transient() && error.failure() == Failure::NotAccessible, "{error}");
    }
    assert!(started.elapsed() < Duration::from_secs(5));
}

/// Lets in who has the password, by a challenge of its own or by a token server.
fn guarded(challenge: fn(&Request) -> String) -> Server {
    Server::tcp(move |request| {
        let shown = request.header("authorization");
        if request.path.starts_with("/token") {
            return match shown {
                Some(BASIC) => Reply::new(200, r#"{"token":"good"}"#),
                _ => Reply::new(401, r#"{"details":"incorrect username or password"}"#),
            };
        }
        match shown {
            Some(BASIC | "Bearer good") => Reply::new(200, "{}"),
            _ => Reply::new(401, "").with("WWW-Authenticate", challenge(request)),
        }
    })
}

#[test]
fn a_ping_says_whether_the_credentials_are_good() {
    let wrong = Secret::Password { username: "me".into(), password: "hunter2".into() };
    let basic: fn(&Request) -> String = |_| r#"Basic realm="here""#.into();
    let bearer: fn(&Request) -> String =
        |request| format!(r#"Bearer realm="http://{}/token",service="s""#, request.header("host").unwrap());
    for challenge in [basic, bearer] {
        let server = guarded(challenge);
        registry(&server, Some(password())).ping().unwrap();
        registry(&server, None).ping().unwrap();
        let error = refused(registry(&server, Some(wrong.clone())).ping());
        assert_eq!((error.failure(), error.is_transient()), (Failure::PermissionDenied, false), "{error}");
        assert!(error.to_string().contains(&server.address) && !error.to_string().contains("hunter2"), "{error}");
        assert!(error.remedy().unwrap().starts_with("check the credential stored for 127.0.0.1"), "{error}");
    }
    let unknown = guarded(|_| "Negotiate".into());
    let error = refused(registry(&unknown, Some(password())).ping());
    assert_eq!(error.failure(), Failure::PermissionDenied, "{error}");
    assert!(error.to_string().contains("names no way that is known here"), "{error}");
}

#[test]
fn a_ping_tells_what_is_no_registry_from_what_is_not_there_and_what_is_not_well() {
    let pinged = |status| {
        let server = Server::tcp(move |_| Reply::new(status, "<html>"));
        registry(&server, Some(password())).ping()
    };
    pinged(200).unwrap();
    for (status, failure, transient) in [
        (404, Failure::NotSupported, false),
        (418, Failure::NotSupported, false),
        (403, Failure::PermissionDenied, false),
        (503, Failure::NotAccessible, true),
        (429, Failure::NotAccessible, true),
    ] {
        let error = refused(pinged(status));
        assert_eq!((error.failure(), error.is_transient()), (failure, transient), "{status}: {error}");
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = refused(Registry::connect(&format!("127.0.0.1:{port}"), &options(None)).unwrap().ping());
    assert_eq!((error.failure().code(), error.is_transient()), ("REGISTRY_NOT_ACCESSIBLE", true), "{error}");
    let explained = error.explained();
    assert!(explained.starts_with(&format!("cannot reach 127.0.0.1:{port}: ")), "{explained}");
    assert!(explained.contains("Connection refused") && explained.contains("; check the spelling of"), "{explained}");
}

#[test]
fn what_answers_but_speaks_another_protocol_is_told_from_a_registry_without_the_image() {
    let website = Server::tcp(|_| Reply::new(404, "<html>not here</html>"));
    let error = refused(registry(&website, None).describe(&reference(&website, "1"), FIRST_AMD64));
    assert_eq!(error.failure().code(), "REGISTRY_NOT_SUPPORTED", "{error}");
    assert!(chain(&error).contains("hint: is 127.0.0.1"), "{}", chain(&error));

    let absent = Server::tcp(|request| match request.path.as_str() {
        "/v2/" => Reply::new(401, ""),
        _ => Reply::new(404, ""),
    });
    let registry = registry(&absent, None);
    for error in [
        refused(registry.describe(&reference(&absent, "1"), FIRST_AMD64)),
        refused(registry.head_digest(&reference(&absent, "1"))),
        refused(registry.tags(&reference(&absent, "1"), 10)),
    ] {
        assert_eq!((error.failure().code(), error.is_transient()), ("REGISTRY_IMAGE_NOT_FOUND", false), "{error}");
    }
}

#[test]
fn a_private_repository_is_denied_to_who_shows_nothing() {
    let server = Server::tcp(|_| Reply::new(401, "").with("WWW-Authenticate", "Basic realm=x"));
    let error = refused(registry(&server, None).describe(&reference(&server, "1"), FIRST_AMD64));
    assert_eq!((error.failure().code(), error.is_transient()), ("REGISTRY_PERMISSION_DENIED", false));
    assert_eq!(error.remedy().unwrap(), format!("if the image is there, store a credential for {}", server.address));
}

#[test]
fn each_repository_gets_a_token_of_its_own_and_keeps_it() {
    let content = Content::of(&Sample::new("linux/amd64", &["one"]), "1");
    let server = Server::tcp(move |request| {
        if let Some(query) = request.path.strip_prefix("/token?") {
            let scope = query.split('&').find_map(|part| part.strip_prefix("scope=")).unwrap_or("none");
            return Reply::new(200, json!({"token": scope}).to_string());
        }
        let repository = request.path.strip_prefix("/v2/").unwrap().split("/manifests").next().unwrap();
        let wanted = format!("Bearer repository%3A{}%3Apull", repository.replace('/', "%2F"));
        if request.header("authorization") != Some(&wanted) && request.path.contains("manifests") {
            let challenge = format!(
                r#"Bearer realm="http://{}/token",service="s",scope="repository:{repository}:pull""#,
                request.header("host").unwrap()
            );
            return Reply::new(401, "").with("WWW-Authenticate", challenge);
        }
        content.reply(&request.clone_with_path(request.path.replace("other/app", "team/app")))
    });
    let registry = registry(&server, Some(password()));
    let other = Reference::as_given(&server.address, "other/app", Some("1"), None).unwrap();
    for _ in 0..3 {
        registry.head_digest(&reference(&server, "1")).unwrap();
        registry.head_digest(&other).unwrap();
    }
    let tokens: Vec<Request> = server.requests().into_iter().filter(|r| r.path.starts_with("/token")).collect();
    assert_eq!(tokens.len(), 2, "{tokens:?}");
}

/// Pages of tags, each with the query that leads to the next.
fn paged(pages: Vec<(&'static str, Value, Option<String>)>) -> Server {
    Server::tcp(move |request| {
        let Some(query) = request.path.strip_prefix("/v2/team/app/tags/list?") else { return Reply::new(200, "{}") };
        let Some((_, tags, next)) = pages.iter().find(|(own, ..)| *own == query) else { return Reply::new(400, query) };
        let reply = Reply::new(200, json!({"name": "team/app", "tags": tags}).to_string());
        next.iter().fold(reply, |reply, next| reply.with("Link", next.clone()))
    })
}

#[test]
fn tags_are_listed_page_by_page_without_leaving_the_registry() {
    let stranger = Server::tcp(|_| Reply::new(200, r#"{"tags":["stranger"]}"#));
    let elsewhere = format!("<http://{}/v2/team/app/tags/list?last=c&n=1000>; rel=\"next\"", stranger.address);
    let server = paged(vec![
        ("n=1000", json!(["a", "b", "b"]), Some("</v2/team/app/tags/list?last=b&n=1000>; rel=\"next\"".into())),
        ("last=b&n=1000", json!(["c", "not a tag", "../../x"]), Some(elsewhere)),
        ("last=c&n=1000", json!(["a", "d"]), None),
    ]);
    let found = registry(&server, None).tags(&reference(&server, "any"), 5000).unwrap();
    assert_eq!((found.names, found.complete), (["a", "b", "c", "d"].map(str::to_owned).to_vec(), true));
    assert!(stranger.requests().is_empty());
}

#[test]
fn a_list_of_tags_ends_where_it_is_bound_to() {
    let server = paged(vec![
        ("n=3", json!(["a", "b"]), Some("<?last=b&n=3>; rel=next".into())),
        ("last=b&n=3", json!(["c", "d"]), None),
        ("n=2", json!(["a", "b"]), Some("<?last=b&n=3>; rel=next".into())),
        ("n=4", json!(["a", "b"]), Some("<?last=b&n=3>; rel=next".into())),
        ("n=1", json!(null), None),
    ]);
    let listed = |limit| {
        let found = registry(&server, None).tags(&reference(&server, "any"), limit).unwrap();
        (found.names.concat(), found.complete)
    };
    assert_eq!(listed(3), ("abc".to_owned(), false));
    assert_eq!(listed(2), ("ab".to_owned(), false));
    assert_eq!(listed(4), ("abcd".to_owned(), true));
    assert_eq!(listed(1), (String::new(), true));
}

#[test]
fn a_list_of_tags_that_never_ends_or_is_too_long_is_refused() {
    let circle = paged(vec![
        ("n=10", json!(["a"]), Some("<?last=a>; rel=next".into())),
        ("last=a", json!(["b"]), Some("<?n=10>; rel=next".into())),
    ]);
    let error = refused(registry(&circle, None).tags(&reference(&circle, "any"), 10));
    assert!(error.to_string().contains("lead in a circle") && !error.is_transient(), "{error}");

    let pages = AtomicUsize::new(0);
    let endless = Server::tcp(move |_| {
        let next = pages.fetch_add(1, Ordering::SeqCst);
        Reply::new(200, r#"{"tags":[]}"#).with("Link", format!("<?last={next}>; rel=next"))
    });
    let error = refused(registry(&endless, None).tags(&reference(&endless, "any"), 10));
    assert!(matches!(error, Error::TooMany { limit: 4096, .. }), "{error}");

    let huge = Server::tcp(|_| Reply::new(200, vec![b' '; 17 << 20]));
    let error = refused(registry(&huge, None).tags(&reference(&huge, "any"), 10));
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

#[test]
fn oversized_documents_are_refused_however_they_come() {
    for chunked in [false, true] {
        let server = Server::tcp(move |_| {
            let reply = Reply::new(200, vec![b' '; 5 << 20]);
            if chunked { reply.chunked() } else { reply }
        });
        let error = refused(registry(&server, None).describe(&reference(&server, "1"), FIRST_AMD64));
        assert!(matches!(error, Error::TooLarge { limit: 4_194_304, .. }), "{error}");
        assert_eq!((error.failure().code(), error.is_transient()), ("UNKNOWN", false));
    }
}

#[test]
fn a_token_server_that_sends_us_elsewhere_gives_no_secret_away() {
    let thief = Arc::new(Server::tcp(|_| Reply::new(200, r#"{"token":"stolen"}"#)));
    let elsewhere = thief.address.clone();
    let server = Server::tcp(move |request| {
        if request.path.starts_with("/token") {
            return Reply::new(307, "").with("Location", format!("http://{elsewhere}/token"));
        }
        let challenge = format!(r#"Bearer realm="http://{}/token""#, request.header("host").unwrap());
        Reply::new(401, "").with("WWW-Authenticate", challenge)
    });
    for secret in [password(), Secret::IdentityToken("identity".into())] {
        refused(registry(&server, Some(secret)).ping());
    }
    for request in thief.requests() {
        assert!(request.header("authorization").is_none() && !request.body.contains("identity"), "{request:?}");
    }
    assert_eq!(thief.requests().iter().filter(|request| request.method == "POST").count(), 0);
}

#[test]
fn a_manifest_that_lies_elsewhere_is_fetched_without_credentials() {
    let sample = Sample::new("linux/amd64", &["one"]);
    let content = Arc::new(Content::of(&sample, "1"));
    let stored = content.clone();
    let storage = Server::tcp(move |request| stored.reply(request));
    let elsewhere = storage.address.clone();
    let server = Server::tcp(move |request| match request.header("authorization") {
        Some(BASIC) if request.path.contains("/manifests/") => {
            Reply::new(302, "").with("Location", format!("http://{elsewhere}{}", request.path))
        }
        Some(BASIC) => content.reply(request),
        _ => Reply::new(401, "").with("WWW-Authenticate", "Basic realm=x"),
    });
    let found = registry(&server, Some(password())).describe(&reference(&server, "1"), FIRST_AMD64).unwrap();
    assert_eq!(found.image.manifest, sample.manifest);
    assert!(storage.requests().iter().all(|request| request.header("authorization").is_none()));
}

#[test]
fn a_registry_that_stays_ill_is_worth_another_attempt_later() {
    for status in [500, 502, 503, 504] {
        let server = Server::tcp(move |_| Reply::new(status, ""));
        let error = refused(registry(&server, None).describe(&reference(&server, "1"), FIRST_AMD64));
        assert_eq!((error.failure(), error.is_transient()), (Failure::NotAccessible, true), "{error}");
        assert_eq!(server.requests().iter().filter(|request| request.path.contains("manifests")).count(), 4);
    }
}

#[test]
fn a_layer_that_breaks_off_is_found_among_the_causes_of_a_failed_walk() {
    let sample = Sample::new("linux/amd64", &["one"]);
    let layer = Digest::of(&sample.layers[0]).to_string();
    let content = Content::of(&sample, "1");
    let server = Server::tcp(move |request| {
        let reply = content.reply(request);
        if request.path.ends_with(&layer) { reply.cut_after(20) } else { reply }
    });
    let image = registry(&server, None).open(&reference(&server, "1"), FIRST_AMD64).unwrap();
    let error = walk(&image.layers, &Contents, &WalkOptions::default()).err().unwrap();
    let cause = error_in(&error).unwrap();
    assert!(matches!(cause, Error::BrokeOff { position: 20, .. }) && cause.is_transient(), "{cause}");

    let gone = Content::default();
    let server = Server::tcp(move |request| gone.reply(request));
    let error = refused(registry(&server, None).describe(&reference(&server, "1"), FIRST_AMD64));
    assert!(matches!(error_in(&error), Some(Error::NotInRegistry { .. })));
    assert!(error_in(&std::io::Error::other("nothing of ours")).is_none());
}

/// `127.1` is this machine to the network, but no name that a registry on this machine goes by.
#[test]
fn plain_http_is_spoken_with_a_remote_registry_only_if_its_certificate_need_not_be_good() {
    let content = Content::of(&Sample::new("linux/amd64", &["one"]), "1");
    let server = Server::tcp(move |request| content.reply(request));
    let host = server.address.replace("127.0.0.1", "127.1");
    let reference = Reference::as_given(&host, "team/app", Some("1"), None).unwrap();
    let with = |verify| {
        let stored = RegistryOptions { retries: 0, ..RegistryOptions::stored(None, verify) };
        Registry::connect(&host, &stored).unwrap().describe(&reference, FIRST_AMD64)
    };
    assert_eq!(refused(with(true)).failure(), Failure::NotAccessible);
    assert!(server.requests().is_empty());
    with(false).unwrap();
}

#[test]
fn a_registry_is_not_asked_for_what_is_in_another() {
    let server = Server::tcp(|_| Reply::new(200, "{}"));
    let other = Reference::as_given("other.example", "team/app", Some("1"), None).unwrap();
    let error = refused(registry(&server, None).describe(&other, FIRST_AMD64));
    assert!(error.to_string().contains(&format!("it is not in {}", server.address)), "{error}");
    assert!(server.requests().is_empty());
    assert!(Registry::connect("a/b", &options(None)).is_err());
}
