//! How a service is reached.

use windlass_client::testing::StandIn;

use crate::place::Place;

#[test]
fn options_count_more_than_the_environment_and_that_more_than_the_file() {
    let service = StandIn::start().answers("GET /v1/images", 200, "[]");
    let file = |place: Place| {
        let text = format!(
            "default:\n  ANCHORE_CLI_URL: {}\n  ANCHORE_CLI_USER: from-file\n  ANCHORE_CLI_PASS: 123456\n  ANCHORE_CLI_SSL_VERIFY: n\n",
            service.url()
        );
        place.write("home/.anchore/credentials.yaml", &text);
        place.write("other.yaml", text.replace("from-file", "from-other"));
        place
    };
    let who = |place: &Place, words: &str| {
        place.ok(words);
        let asked = service.asked().pop().expect("asked");
        let login = asked.header("authorization").expect("a login").strip_prefix("Basic ").expect("Basic").to_owned();
        let decoded = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, login).expect("Base64");
        (String::from_utf8(decoded).expect("a text"), asked.header("x-anchore-account").map(str::to_owned))
    };
    let place = file(Place::anywhere());
    assert_eq!(who(&place, "image list").0, "from-file:123456");
    assert_eq!(who(&place, "image list --config other.yaml").0, "from-other:123456");
    place.write("word", "secret\n");
    assert_eq!(
        who(&place, "image list --user me --password-file word --as-account team"),
        ("me:secret".into(), Some("team".into()))
    );
    let place =
        file(Place::anywhere()).with("ANCHORE_CLI_USER", "from-environment").with("ANCHORE_CLI_ACCOUNT", "team");
    assert_eq!(who(&place, "image list"), ("from-environment:123456".into(), Some("team".into())));
    assert_eq!(who(&place, "--u first --p word image list").0, "first:word");
    assert_eq!(
        who(&place.with("ANCHORE_CLI_CONFIG", "other.yaml").with("ANCHORE_CLI_USER", ""), "image list").0,
        "from-other:123456"
    );
}

#[test]
fn a_credentials_file_that_cannot_be_used_is_named() {
    let place = Place::anywhere();
    for words in
        ["image list --config gone.yaml", "image list --password-file gone.yaml", "image list --service-ca gone.yaml"]
    {
        let done = place.run(words);
        assert_eq!(done.exit, 2);
        assert!(done.err.contains("gone.yaml"), "{words}: {}", done.err);
    }
    place.write("authorities", "no certificate");
    let done = place.run("image list --service-ca authorities");
    assert!(done.err.contains("authorities cannot be used") && done.err.contains("PEM"), "{}", done.err);
    place.write("home/.anchore/credentials.yaml", "");
    assert!(place.run("image list --url http://127.0.0.1:1").err.contains("does not answer"));
}

#[test]
fn a_service_that_is_not_there_or_refuses_ends_with_two() {
    let service = StandIn::start().answers("GET /v1/images", 401, "Unauthorized");
    let unknown = Place::before(&service).run("image list");
    assert_eq!((unknown.exit, unknown.out.as_str()), (2, ""));
    assert!(
        unknown.err.contains("Unauthorized (HTTP 401)") && unknown.err.contains("WINDLASS_PASSWORD"),
        "{}",
        unknown.err
    );
    let elsewhere = Place::before(&service).run(&format!("image list --url {}/not", service.url()));
    assert_eq!(elsewhere.exit, 2);
    assert!(elsewhere.err.contains("there is no service at"), "{}", elsewhere.err);
    assert!(!elsewhere.err.contains("word"), "a password is not told");
    assert_eq!(Place::anywhere().run("image list --url nonsense").exit, 2);
}

#[test]
fn an_answer_of_an_unexpected_form_is_shown_as_it_came() {
    let service = StandIn::start().answers("GET /v1/images", 200, r#"{"images": []}"#).answers(
        "GET /v1/registries",
        200,
        "[{}, 7]",
    );
    let place = Place::before(&service);
    let done = place.run("image list");
    assert_eq!((done.exit, done.out.as_str()), (0, "{\n    \"images\": []\n}\n"));
    assert!(done.err.contains("unexpected form"), "{}", done.err);
}
