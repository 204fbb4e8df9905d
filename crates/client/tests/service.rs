//! What goes over the wire, and what is made of the answers.

use windlass_client::{
    Analysis, Error, ImageName, Request, Service, Settings, discover, import, set_active,
    testing::StandIn,
    views::{Image, Policy},
};

fn service(stand_in: &StandIn) -> Service {
    let settings = Settings {
        url: Some(stand_in.url()),
        user: Some("admin".into()),
        password: Some(windlass_client::Secret::new("word")),
        account: Some("team".into()),
        ..Settings::default()
    };
    Service::new(settings.connection().expect("an address")).expect("a client")
}

#[test]
fn a_request_says_who_asks_and_for_whom_and_escapes_what_it_names() {
    let stand_in = StandIn::start().answers("GET /v1/registries/reg.example%2Fteam%3F", 200, "[]");
    let request =
        Request::get(&["registries", "reg.example/team?"]).query("detail", true).query_if_any("tag", Some("a&b c"));
    let payload = service(&stand_in).send(&request).expect("an answer");
    assert_eq!(payload.document(), &serde_json::json!([]));
    let asked = &stand_in.asked()[0];
    assert_eq!(asked.line, "GET /v1/registries/reg.example%2Fteam%3F?detail=true&tag=a%26b+c");
    assert_eq!(asked.header("authorization"), Some("Basic YWRtaW46d29yZA=="));
    assert_eq!(asked.header("x-anchore-account"), Some("team"));
}

#[test]
fn an_address_with_a_slash_behind_or_without_a_version_is_the_same_service() {
    let stand_in = StandIn::start().answers("GET /images", 200, "[]").answers("GET /", 200, "\"v1\"");
    for url in [stand_in.url() + "/", stand_in.url().replace("/v1", "")] {
        let settings = Settings { url: Some(url), ..Settings::default() };
        let service = Service::new(settings.connection().expect("an address")).expect("a client");
        let _ = service.send(&Request::get(&["images"]));
    }
    assert_eq!(stand_in.lines(), ["GET /v1/images", "GET /images"]);
}

#[test]
fn what_is_no_service_and_what_is_not_there_are_told_apart() {
    let stand_in = StandIn::start();
    assert!(service(&stand_in).check_access().is_ok());
    let elsewhere = Settings { url: Some(stand_in.url() + "/other"), ..Settings::default() };
    let elsewhere = Service::new(elsewhere.connection().expect("an address")).expect("a client");
    let error = elsewhere.check_access().expect_err("no service");
    assert!(matches!(error, Error::NoService { status: 404, .. }) && error.exit_code() == 2, "{error}");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let gone = Settings { url: Some(format!("http://{nobody}")), ..Settings::default() };
    let error = Service::new(gone.connection().expect("an address")).expect("a client").check_access();
    let error = error.expect_err("nobody");
    assert!(matches!(error, Error::Unreachable { .. }) && error.is_transient() && error.exit_code() == 2, "{error}");
}

#[test]
fn a_body_that_is_no_json_is_a_text_and_an_unexpected_form_is_said_to_be_one() {
    let stand_in = StandIn::start().answers("GET /v1/system", 401, "Unauthorized").answers(
        "GET /v1/policies",
        200,
        r#"{"policyId": "p"}"#,
    );
    let service = service(&stand_in);
    let error = service.send(&Request::get(&["system"])).expect_err("refused");
    assert_eq!(error.to_string(), "Unauthorized (HTTP 401)");
    let payload = service.send(&Request::get(&["policies"])).expect("an answer");
    assert!(payload.read::<Vec<Policy>>().is_err());
    assert_eq!(payload.read::<Policy>().expect("a policy").policy_id.as_str(), "p");
}

#[test]
fn an_image_is_found_by_whatever_it_is_called() {
    let id = "c".repeat(64);
    let record = format!(r#"[{{"imageDigest": "sha256:aa", "image_detail": [{{"imageId": "{id}"}}]}}]"#);
    let stand_in = StandIn::start().answers("GET /v1/images", 200, record).answers(
        "GET /v1/images?fulltag=none&history=false",
        200,
        "[]",
    );
    let service = service(&stand_in);
    let by_tag = discover(&service, "reg.example/app:1").expect("found");
    assert_eq!((by_tag.digest.as_str(), by_tag.by_tag), ("sha256:aa", true));
    assert!(!discover(&service, &id).expect("found").by_tag);
    let pulled = discover(&service, "reg.example/app@sha256:bb").expect("no look-up is needed");
    assert_eq!((pulled.digest.as_str(), pulled.by_tag), ("sha256:bb", false));
    assert!(discover(&service, "none").is_err());
    let images: Vec<Image> = ImageName::parse("app").find(&service, true).expect("found").read_or_default();
    assert_eq!(images[0].image_digest.as_str(), "sha256:aa");
    assert_eq!(stand_in.lines().last().map(String::as_str), Some("GET /v1/images?fulltag=app&history=true"));
}

#[test]
fn a_subscription_is_found_by_what_it_is_about_and_changed_by_its_id() {
    let stand_in = StandIn::start()
        .answers("GET /v1/subscriptions", 200, r#"[{"subscription_id": "id7"}]"#)
        .answers("GET /v1/subscriptions?subscription_key=app&subscription_type=bogus", 200, "[]")
        .answers("PUT /v1/subscriptions/id7", 200, "[{}]");
    let service = service(&stand_in);
    set_active(&service, "tag_update", "app", false).expect("changed");
    let change = stand_in.asked().pop().expect("asked");
    assert_eq!(
        change.json(),
        serde_json::json!({"active": false, "subscription_key": "app", "subscription_type": "tag_update"})
    );
    let error = set_active(&service, "bogus", "app", true).expect_err("there is none");
    assert_eq!(error.exit_code(), 2);
}

fn analysis() -> Analysis {
    Analysis {
        packages: b"{\"artifacts\": []}".to_vec(),
        manifest: b"{}".to_vec(),
        manifest_media_type: "application/vnd.oci.image.manifest.v1+json".into(),
        image_config: b"{}".to_vec(),
        dockerfile: Some(b"FROM scratch".to_vec()),
        digest: "sha256:aa".into(),
        tags: vec!["reg.example/app:1".into()],
        ..Analysis::default()
    }
}

#[test]
fn an_import_uploads_each_document_and_refers_to_it_by_the_digest_it_was_given() {
    let mut stand_in = StandIn::start().answers("POST /v1/imports/images", 200, r#"{"uuid": "op1"}"#).answers(
        "POST /v1/images",
        200,
        r#"[{"imageDigest": "sha256:aa"}]"#,
    );
    for kind in ["packages", "manifest", "image_config", "dockerfile"] {
        let line = format!("POST /v1/imports/images/op1/{kind}");
        stand_in = stand_in.answers(&line, 200, format!(r#"{{"digest": "digest-of-{kind}"}}"#));
    }
    import(&service(&stand_in), &analysis(), true, false).expect("imported");
    let asked = stand_in.asked();
    let manifest = asked.iter().find(|asked| asked.line.ends_with("/manifest")).expect("uploaded");
    assert_eq!(manifest.header("content-type"), Some("application/vnd.oci.image.manifest.v1+json"));
    let last = asked.last().expect("asked");
    assert_eq!(last.line, "POST /v1/images?autosubscribe=true&force=false");
    assert_eq!(
        last.json(),
        serde_json::json!({"annotations": {}, "source": {"import": {"operation_uuid": "op1", "digest": "sha256:aa",
            "tags": ["reg.example/app:1"], "contents": {"packages": "digest-of-packages", "manifest": "digest-of-manifest",
                "image_config": "digest-of-image_config", "dockerfile": "digest-of-dockerfile"}}}})
    );
}

#[test]
fn an_import_that_fails_half_way_is_given_up() {
    let stand_in = StandIn::start().answers("POST /v1/imports/images", 200, r#"{"uuid": "op1"}"#).answers(
        "POST /v1/imports/images/op1/packages",
        400,
        r#"{"title": "Bad Request", "detail": "'source' is a required property"}"#,
    );
    let error = import(&service(&stand_in), &analysis(), true, false).expect_err("refused");
    assert_eq!(error.exit_code(), 1);
    assert_eq!(stand_in.lines().last().map(String::as_str), Some("DELETE /v1/imports/images/op1"));
}

#[test]
fn a_service_that_speaks_no_tls_is_asked_for_no_certificate() {
    let stand_in = StandIn::start();
    let settings = Settings { url: Some(stand_in.url().replace("http://", "https://")), ..Settings::default() };
    let error = Service::new(settings.connection().expect("an address")).expect("a client").check_access();
    let hint = error.expect_err("it speaks no TLS").hint().expect("a hint");
    assert!(hint.contains("http://"), "{hint}");
}

#[test]
fn a_bill_of_materials_that_no_service_takes_is_not_sent() {
    let stand_in = StandIn::start();
    let huge = Analysis { packages: vec![b' '; (100 << 20) + 1], ..analysis() };
    assert!(import(&service(&stand_in), &huge, true, false).is_err());
    assert!(stand_in.asked().is_empty());
}
