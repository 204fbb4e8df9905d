//! How a service is reached, and all that is not about one image.

use serde_json::json;
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

#[test]
fn bundles_are_added_shown_activated_and_deleted() {
    let record = json!({"policyId": "p1", "active": false, "policy_source": "local", "created_at": "2024-01-01T00:00:00Z",
        "last_updated": "2024-01-02T00:00:00Z", "policybundle": {"name": "ours", "id": "p1"}});
    let service = StandIn::start()
        .answers("POST /v1/policies", 200, record.to_string())
        .answers("GET /v1/policies", 200, json!([record, {"policyId": "p2", "active": true}]).to_string())
        .answers("GET /v1/policies/p1", 200, json!([record]).to_string())
        .answers("PUT /v1/policies/p1", 200, json!([record]).to_string())
        .answers("DELETE /v1/policies/p1", 200, "true")
        .answers("DELETE /v1/policies/p2", 409, r#"{"message": "it is active", "httpcode": 409, "detail": {}}"#);
    let place = Place::before(&service);
    place.write("bundle.json", r#"{"id": "p1"}"#);
    place.write("bad.json", "{");
    assert!(place.ok("policies add bundle.json").starts_with("Policy ID: p1\nActive: False\nSource: local\n"));
    assert_eq!(service.asked().pop().expect("asked").json(), json!({"id": "p1"}));
    let list = place.ok("policies list");
    assert!(list.find("p2") < list.find("p1"), "the active one first: {list}");
    assert!(place.ok("policy get p1").contains("Updated: 2024-01-02T00:00:00Z"), "as anchore-cli calls it");
    assert_eq!(place.ok("policies get p1 --detail"), "{\n    \"id\": \"p1\",\n    \"name\": \"ours\"\n}\n");
    assert_eq!(place.ok("policies activate p1"), "Success: p1 activated\n");
    let mut active = record.clone();
    active["active"] = true.into();
    assert_eq!(service.asked().pop().expect("asked").json(), active, "the whole record, active");
    assert_eq!(place.ok("policies del p1"), "Success\n");
    assert_eq!(place.run("policies del p2").exit, 1);
    assert_eq!(place.run("policies add bad.json").exit, 2);
}

#[test]
fn gates_triggers_and_parameters_are_described() {
    let specification = json!([{"name": "FILES", "description": "About files", "triggers": [{"name": "suid", "description": "Set",
        "parameters": [{"name": "Path", "description": "Where", "required": false, "example": "/bin"}]}]},
        {"name": "old", "description": "Gone", "state": "eol", "superceded_by": "files"}]);
    let service = StandIn::start().answers("GET /v1/system/policy_spec", 200, specification.to_string());
    let place = Place::before(&service);
    assert_eq!(place.ok("policies describe"), "Gate   Description\nfiles  About files\n");
    assert!(place.ok("policies describe --all").contains("eol"));
    assert!(place.ok("policies describe --gate Files").contains("suid     Set          path"));
    assert!(
        place.ok("policies describe --gate files --trigger suid").contains("path       Where        False     /bin")
    );
    assert_eq!(place.run("policies describe --trigger suid").exit, 2, "of which gate?");
    assert_eq!(place.run("policies describe --gate fools").exit, 2);
}

#[test]
fn bundles_of_a_hub_are_listed_shown_and_installed() {
    let bundle = json!({"id": "x", "name": "strict", "comment": "Strict rules",
        "policies": [{"id": "1", "name": "rules"}], "whitelists": [{"id": "2", "name": "known"}],
        "mappings": [{"name": "all", "registry": "*", "repository": "*", "image": {"value": "*"}, "policy_id": "1", "whitelist_ids": ["2"]}]});
    let hub = StandIn::start()
        .answers(
            "GET /v1/index.json",
            200,
            json!({"content": [{"type": "bundle", "name": "strict", "description": "Strict", "location": "bundles/strict.json"},
                {"type": "else", "name": "other"}]}).to_string(),
        )
        .answers("GET /v1/bundles/strict.json", 200, bundle.to_string());
    let service = StandIn::start().answers("GET /v1/policies", 200, r#"[{"policyId": "strict"}]"#).answers(
        "POST /v1/policies",
        200,
        r#"{"policyId": "mine"}"#,
    );
    let place = Place::before(&service).with("WINDLASS_HUB_URL", &hub.url());
    assert_eq!(place.ok("policies hub list"), "Name    Description\nstrict  Strict\n");
    let shown = place.ok("policies hub get strict");
    assert!(shown.contains("Mapping Policies: rules\nMapping Whitelists: known\n"), "{shown}");
    assert!(hub.asked().iter().all(|asked| asked.header("authorization").is_none()), "the hub is not told who asks");
    let there = place.run("policies hub install strict");
    assert_eq!(there.exit, 2);
    assert!(there.err.contains("--force"), "{}", there.err);
    place.ok("policies hub install strict --target-id mine");
    assert_eq!(service.asked().pop().expect("asked").json()["id"], "mine");
    assert_eq!(place.run("policies hub get unknown").exit, 2);
}

#[test]
fn subscriptions_and_repositories_are_watched_and_not() {
    let tag = json!({"subscription_id": "s1", "subscription_key": "app:1", "subscription_type": "tag_update", "active": true, "userId": "admin"});
    let repository = json!({"subscription_id": "s2", "subscription_key": "docker.io/app", "subscription_type": "repo_update",
        "active": true, "subscription_value": "{\"tagcount\": 3}"});
    let service = StandIn::start()
        .answers("GET /v1/subscriptions", 200, json!([tag, repository]).to_string())
        .answers("GET /v1/subscriptions?subscription_key=app%3A1&subscription_type=vuln_update", 200, "[]")
        .answers("GET /v1/subscriptions?subscription_key=app%3A*&subscription_type=vuln_update", 200, "[]")
        .answers("POST /v1/subscriptions", 200, json!([tag]).to_string())
        .answers("GET /v1/subscriptions/s1", 200, json!([tag]).to_string())
        .answers("PUT /v1/subscriptions/s1", 200, json!([tag]).to_string())
        .answers("DELETE /v1/subscriptions/s1", 200, "true")
        .answers("POST /v1/repositories", 200, json!([repository]).to_string());
    let place = Place::before(&service);
    assert!(place.ok("subscription list --full").contains("app:1          tag_update         True    s1"));
    assert!(place.ok("subscription get s1").contains("admin"));
    assert_eq!(place.ok("subscription deactivate tag_update app:1"), "Success\n");
    assert_eq!(place.run("subscription activate vuln_update app:1").exit, 2);
    // A pattern that is not there yet is added, and nothing is there to be deactivated.
    assert_eq!(place.run("subscription deactivate vuln_update app:*").exit, 2);
    assert_eq!(place.ok("subscription activate vuln_update app:*"), "Success\n");
    let added = service.asked().pop().expect("asked");
    assert_eq!(added.line, "POST /v1/subscriptions");
    let pattern = json!({"active": true, "subscription_key": "app:*", "subscription_type": "vuln_update"});
    assert_eq!(added.json(), pattern);
    assert_eq!(place.ok("subscription del s1"), "Success\n");
    let dry = place.ok("repo add app --noautosubscribe --lookuptag v1 --dryrun");
    assert!(dry.starts_with("DRY RUN: Repository not added\n") && dry.contains("docker.io/app  True     3"), "{dry}");
    assert_eq!(
        service.lines().pop().expect("asked"),
        "POST /v1/repositories?repository=docker.io%2Fapp&autosubscribe=false&dryrun=true&lookuptag=v1"
    );
    place.ok("repo add app --include v* --max-tags 20 --since 2025-01-01");
    assert_eq!(
        service.lines().pop().expect("asked"),
        "POST /v1/repositories?repository=docker.io%2Fapp&autosubscribe=true&dryrun=false&include=v*&max_tags=20\
         &since=2025-01-01"
    );
    assert_eq!(place.ok("repo list").lines().count(), 2, "what is no repository is left out");
    assert!(place.ok("repo get docker.io/app:latest").contains("docker.io/app"));
    assert_eq!(place.ok("repo get other").lines().count(), 1);
    place.ok("repo del app");
    assert_eq!(service.lines().pop().expect("asked"), "DELETE /v1/subscriptions/s1");
}

#[test]
fn registries_are_known_by_their_names_and_passwords_can_be_piped_in() {
    let record = json!([{"registry": "reg.example", "registry_name": "ours", "registry_user": "me", "registry_type": "docker_v2", "registry_verify": false}]);
    let service = StandIn::start()
        .answers("POST /v1/registries", 200, record.to_string())
        .answers("PUT /v1/registries/reg.example%2Fteam", 200, record.to_string())
        .answers("GET /v1/registries", 200, record.to_string())
        .answers("DELETE /v1/registries/reg.example", 200, "true");
    let place = Place::before(&service);
    let added =
        place.run_with(&["registry", "add", "reg.example", "me", "-", "--insecure", "--skip-validate"], "secret\n");
    assert!(added.out.contains("Verify TLS: False"), "{}{}", added.out, added.err);
    let asked = service.asked().pop().expect("asked");
    assert_eq!(asked.line, "POST /v1/registries?validate=false");
    assert_eq!(
        asked.json(),
        json!({"registry": "reg.example", "registry_name": "reg.example", "registry_user": "me", "registry_pass": "secret",
            "registry_type": "docker_v2", "registry_verify": false})
    );
    place.ok("registry update reg.example/team me secret --registry-name ours");
    place.ok("registry add 123456789012.dkr.ecr.eu-west-1.amazonaws.com key secret");
    let asked = service.asked().pop().expect("asked").json();
    assert_eq!((asked["registry_type"].as_str(), asked["registry_verify"].as_bool()), (Some("awsecr"), Some(true)));
    place.ok("registry --insecure add reg.example me secret");
    assert_eq!(
        service.asked().pop().expect("asked").json()["registry_verify"],
        true,
        "before the verb it is about the service"
    );
    assert!(place.ok("registry list").contains("reg.example  ours  docker_v2  me"));
    assert_eq!(place.ok("registry del reg.example"), "Success\n");
}

#[test]
fn events_are_listed_page_by_page_shown_and_deleted() {
    let event = |id: &str| {
        json!({"generated_uuid": id, "event": {"timestamp": "2024-01-01T00:00:00Z", "level": "info", "type": "t",
            "resource": {"id": "app:1", "type": "image_tag"}, "source": {"servicename": "analyzer", "hostid": "h"}}})
    };
    let service = StandIn::start()
        .answers("GET /v1/events", 200, json!({"results": [event("e1")], "next_page": true, "page": 1}).to_string())
        .answers(
            "GET /v1/events?page=2&limit=1000",
            200,
            json!({"results": [event("e2")], "next_page": false}).to_string(),
        )
        .answers("GET /v1/events/e1", 200, event("e1").to_string())
        .answers("DELETE /v1/events", 200, r#"["e1", "e2"]"#)
        .answers("DELETE /v1/events/e1", 200, "");
    let place = Place::before(&service);
    assert_eq!(place.ok("event list app:1 --level ERROR --event_type user.*").lines().count(), 2);
    assert_eq!(
        service.lines().pop().expect("asked"),
        "GET /v1/events?level=error&resource_id=app%3A1&event_type=user.*"
    );
    let all = place.ok("event list --all --full");
    assert!(all.contains("e1") && all.contains("e2") && all.contains("analyzer"), "{all}");
    assert!(place.ok("event get e1").contains("resource:\n  id: app:1\n  type: image_tag\n"));
    assert_eq!(place.ok("event delete e1"), "Success\n");
    assert_eq!(place.run("event delete gone").exit, 1, "what was not deleted is told");
    assert_eq!(place.run("event delete").exit, 2, "which?");
    assert_eq!(place.ok("event delete --all"), "", "nobody said yes");
    assert_eq!(place.ok("event delete --all --dontask"), "Deleted 2 events\n");
    assert_eq!(place.run_with(&["event", "delete", "--all"], "y\n").out, "Deleted 2 events\n");
}

#[test]
fn queries_read_every_page() {
    let image = |digest: &str| {
        json!({"image": {"imageDigest": digest, "tag_history": [{"fulltag": "app:1"}, {"fulltag": "app:2"}]},
            "packages": [{"name": "bash", "version": "5", "type": "dpkg"}]})
    };
    let service = StandIn::start()
        .answers(
            "GET /v1/query/images/by_package",
            200,
            json!({"images": [image("sha256:a")], "page": "1", "next_page": "2"}).to_string(),
        )
        .answers(
            "GET /v1/query/images/by_package?name=bash&page=2&limit=1000",
            200,
            json!({"images": [image("sha256:b")], "page": "2"}).to_string(),
        )
        .answers("GET /v1/query/images/by_vulnerability", 200, r#"{"images": []}"#);
    let place = Place::before(&service);
    let out = place.ok("query images-by-package --name bash");
    assert_eq!(out.lines().count(), 5, "two images with two tags each: {out}");
    assert!(out.contains("app:2     bash-5   dpkg          sha256:b"), "{out}");
    place.ok("query images-by-vulnerability --vulnerability-id CVE-1 --package bash --vendor_only");
    assert!(service.lines().pop().expect("asked").contains("affected_package=bash&vendor_only=true"));
    place.ok("query images-by-vulnerability --vulnerability-id CVE-1 --no-vendor-only");
    assert!(service.lines().pop().expect("asked").contains("vendor_only=false"));
    place.ok("query images-by-vulnerability --vulnerability-id CVE-1");
    assert!(!service.lines().pop().expect("asked").contains("vendor_only"));
}

#[test]
fn a_system_is_waited_for_until_services_and_data_are_there() {
    let services = |analyzer: bool| {
        let up = |name: &str, up: bool| json!({"servicename": name, "status": up, "service_detail": {"up": up, "version": "1", "db_version": "2"}});
        json!({"service_states": [up("catalog", true), up("apiext", true), up("policy_engine", true), up("simplequeue", true), up("analyzer", analyzer)]}).to_string()
    };
    let feeds = |last: Option<&str>| {
        json!([{"name": "vulnerabilities", "enabled": true, "last_full_sync": last, "groups": [{"name": "g", "last_sync": last, "enabled": true}]},
            {"name": "packages", "enabled": false, "groups": []}]).to_string()
    };
    let service = StandIn::start()
        .answers("GET /v1/system", 500, "")
        .answers("GET /v1/system", 200, services(false))
        .answers("GET /v1/system", 200, services(true))
        .answers("GET /v1/system/feeds", 200, feeds(None))
        .answers("GET /v1/system/feeds", 200, feeds(Some("2024-01-01T00:00:00Z")));
    let place = Place::before(&service);
    let done = place.run("system wait --interval 0.01 --timeout 60");
    assert_eq!(done.exit, 0, "{}", done.err);
    let said = "Internal Server Error (HTTP 500)\nService availability: waiting for analyzer\nFeed sync: waiting for vulnerabilities\n";
    assert_eq!(done.err, said);
    place.ok("system wait --feedsready= --timeout 0");
    assert_eq!(place.run("system wait --timeout 0 --servicesready other").exit, 2);
    let disabled = place.run("system wait --feedsready packages");
    assert_eq!(disabled.exit, 2, "it would wait for ever");
    assert!(disabled.err.contains("disabled"), "{}", disabled.err);
    let status = place.ok("system status");
    assert!(
        status.contains("Service analyzer (HostID Unknown, Base URL Unknown): up\n")
            && status.ends_with("Engine Code Version: 1\n"),
        "{status}"
    );
    let nobody = Place::anywhere().run("system wait --timeout 0 --url http://127.0.0.1:1");
    assert_eq!(nobody.exit, 2);
    let stranger = StandIn::start().answers("GET /v1/system", 401, "Unauthorized");
    assert_eq!(Place::before(&stranger).run("system wait").exit, 2, "waiting does not make a password right");
}

#[test]
fn feeds_services_and_webhooks_are_looked_after() {
    let group = json!({"name": "debian:12", "enabled": false, "last_sync": null, "record_count": 7});
    let feed =
        json!({"name": "vulnerabilities", "enabled": true, "groups": [group, {"name": "alpine:3", "last_sync": null}]});
    let service = StandIn::start()
        .answers("GET /v1/system/feeds", 200, json!([feed]).to_string())
        .answers("POST /v1/system/feeds", 200, r#"[{"feed": "f", "groups": [{"group": "g", "status": "success", "updated_record_count": 3, "total_time_seconds": 1.234}]}]"#)
        .answers("PUT /v1/system/feeds/vulnerabilities", 200, feed.to_string())
        .answers("PUT /v1/system/feeds/vulnerabilities/debian:12", 200, group.to_string())
        .answers("DELETE /v1/system/services/analyzer/host", 200, "true")
        .answers("GET /v1/system/error_codes", 200, r#"[{"name": "UNKNOWN", "description": "Nobody knows"}]"#)
        .answers("POST /v1/system/webhooks/general/test", 200, "{}");
    let place = Place::before(&service);
    let list = place.ok("system feeds list");
    assert!(
        list.contains("debian:12(disabled)  -         7") && list.contains("alpine:3             pending   N/A"),
        "{list}"
    );
    assert_eq!(place.ok("system feeds sync"), "", "nobody said yes");
    assert!(place.ok("system feeds sync --flush --dontask").contains("success  3                1.23s"));
    assert!(
        place.ok("system feeds config vulnerabilities --group debian:12 --disable").contains("debian:12(disabled)")
    );
    assert_eq!(service.lines().pop().expect("asked"), "PUT /v1/system/feeds/vulnerabilities/debian:12?enabled=false");
    place.ok("system feeds config vulnerabilities --enable");
    for wrong in ["", "--enable --disable"] {
        assert_eq!(place.run(&format!("system feeds config vulnerabilities {wrong}")).exit, 2);
    }
    assert_eq!(place.ok("system del host analyzer"), "Success\n");
    assert!(place.ok("system errorcodes").contains("UNKNOWN     Nobody knows"));
    assert_eq!(place.ok("system webhook test"), "Success\n");
    assert_eq!(
        service.lines().pop().expect("asked"),
        "POST /v1/system/webhooks/general/test?notification_type=tag_update"
    );
}

#[test]
fn accounts_and_users_are_managed() {
    let account = json!({"name": "team", "email": null, "type": "user", "state": "enabled", "created_at": "2024-01-01T00:00:00Z"});
    let user = json!({"username": "me", "type": "native", "source": null, "created_at": "2024-01-01T00:00:00Z"});
    let service = StandIn::start()
        .answers("GET /v1/account", 200, account.to_string())
        .answers("GET /v1/user", 200, user.to_string())
        .answers("GET /v1/accounts", 200, json!([account]).to_string())
        .answers("POST /v1/accounts", 200, account.to_string())
        .answers(
            "GET /v1/accounts/team/settings",
            200,
            r#"{"policy_profile": "compat", "unmapped_images": "go", "new_tag_subscriptions": ["analysis_update"]}"#,
        )
        .answers(
            "PUT /v1/accounts/team/settings",
            200,
            r#"{"policy_profile": "native", "unmapped_images": "stop",
                "new_tag_subscriptions": ["policy_eval", "vuln_update"]}"#,
        )
        .answers("PUT /v1/accounts/team/state", 200, r#"{"state": "disabled"}"#)
        .answers(
            "DELETE /v1/accounts/team",
            400,
            r#"{"message": "Invalid account state change requested.", "httpcode": 400, "detail": {}}"#,
        )
        .answers("POST /v1/accounts/team/users", 200, user.to_string())
        .answers("GET /v1/accounts/team/users", 200, json!([user]).to_string())
        .answers("DELETE /v1/accounts/team/users/me", 204, "")
        .answers("POST /v1/accounts/team/users/me/credentials", 200, r#"{"type": "password"}"#);
    let place = Place::before(&service);
    assert_eq!(place.ok("account whoami"), "Username: me\nAccountName: team\nAccountEmail: N/A\nAccountType: user\n\n");
    assert!(place.ok("account add team").contains("Email: None\n"));
    assert_eq!(service.asked().pop().expect("asked").json(), json!({"name": "team"}), "no address is none, not null");
    place.ok("account add team --email a@b.example");
    assert!(place.ok("account list").contains("team  None   user  enabled  2024-01-01T00:00:00Z"));
    assert_eq!(
        place.ok("account settings --account team"),
        "Policy Profile: compat\nUnmapped Images: go\nNew Tag Subscriptions: analysis_update\n"
    );
    let changed = place.ok("account settings --account team --policy-profile native --unmapped-images stop");
    assert_eq!(
        changed,
        "Policy Profile: native\nUnmapped Images: stop\nNew Tag Subscriptions: policy_eval, vuln_update\n"
    );
    assert_eq!(
        service.asked().pop().expect("asked").json(),
        json!({"policy_profile": "native", "unmapped_images": "stop"})
    );
    for (given, types) in [("policy_eval,vuln_update", json!(["policy_eval", "vuln_update"])), ("", json!([]))] {
        place.ok(&format!("account settings --account team --new-tag-subscriptions={given}"));
        assert_eq!(service.asked().pop().expect("asked").json(), json!({ "new_tag_subscriptions": types }));
    }
    assert_eq!(place.ok("account disable team"), "Success\n");
    let refused = place.run("account del --dontask team");
    assert_eq!(refused.exit, 1);
    assert!(refused.err.contains("windlass account disable"), "{}", refused.err);
    assert_eq!(place.ok("account del team"), "", "nobody said yes");
    assert!(place.ok("account user add me secret1").contains("Source: None"));
    assert_eq!(place.run("account user add me short").exit, 2);
    assert!(place.ok("account user list --account team").contains("native"));
    assert_eq!(place.ok("account user del me"), "Success\n", "an empty answer is one");
    assert_eq!(place.ok("account user setpassword secret2"), "Password (re)set success\n");
    assert_eq!(service.asked().pop().expect("asked").json(), json!({"type": "password", "value": "secret2"}));
}

#[test]
fn the_archive_and_its_rules_are_managed() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let archived = json!({"imageDigest": digest, "image_detail": [{"pullstring": "app:1"}, {"pullstring": "app:2"}],
        "status": "archived", "archive_size_bytes": 7});
    let rule = json!({"rule_id": "r1", "transition": "archive", "selector": {"registry": "*"}, "system_global": false, "max_images_per_account": null});
    let moved = json!({"imageDigest": digest, "tags": ["r/a:1", "r/a:2"], "transition": "archive", "transition_state": "complete",
        "transition_task_id": "t1", "detail": null, "created_at": null});
    let service = StandIn::start()
        .answers("GET /v1/archives/images", 200, json!([archived]).to_string())
        .answers(&format!("GET /v1/archives/images/{digest}"), 200, archived.to_string())
        .answers(
            "POST /v1/archives/images",
            200,
            json!([{"digest": digest, "status": "archived", "detail": "done"}]).to_string(),
        )
        .answers("POST /v1/images", 200, json!([{"imageDigest": digest}]).to_string())
        .answers(&format!("DELETE /v1/archives/images/{digest}?force=true"), 200, "{}")
        .answers("GET /v1/archives/rules", 200, json!([rule]).to_string())
        .answers("POST /v1/archives/rules", 200, rule.to_string())
        .answers("POST /v1/archives/rules/run", 200, json!({"transition_task_id": "t1", "dry_run": false}).to_string())
        .answers("GET /v1/archives/rules/r1/preview", 200, json!([moved]).to_string())
        .answers("GET /v1/archives/rules/r1/history", 200, json!([moved]).to_string())
        .answers("DELETE /v1/archives/rules/r1", 200, "{}");
    let place = Place::before(&service);
    assert!(place.ok("archive images list").contains("app:1,app:2"));
    assert!(place.ok(&format!("analysis-archive images get {digest}")).contains("archived"), "as anchore-cli calls it");
    assert!(place.ok(&format!("archive images add {digest}")).contains("done"));
    assert_eq!(place.run("archive images add sha256:zz").exit, 2, "it is no digest");
    assert!(place.ok(&format!("archive images restore {digest}")).contains("Image Digest"));
    assert_eq!(place.run(&format!("archive images del {digest}")).exit, 2, "whatever kept it");
    assert_eq!(place.ok(&format!("archive images del {digest} --force")), "Success\n");
    assert!(place.ok("archive rules list").contains("r1"));
    place
        .ok("archive rules add 30 2 archive --repository-selector app* --tag-exclude keep --exclude-expiration-days 9");
    assert_eq!(
        service.asked().pop().expect("asked").json(),
        json!({"analysis_age_days": 30, "tag_versions_newer": 2, "transition": "archive", "system_global": false,
            "selector": {"registry": "*", "repository": "app*", "tag": "*"},
            "exclude": {"selector": {"registry": "", "repository": "", "tag": "keep"}, "expiration_days": 9}})
    );
    place.ok("archive rules add 1 0 archive --is-global --max-images-per-account 5");
    let asked = service.asked().pop().expect("asked").json();
    assert!(asked.get("selector").is_none() && asked["max_images_per_account"] == 5, "{asked}");
    assert_eq!(place.run("archive rules add 1 0 archive --max-images-per-account 5").exit, 2, "only for every account");
    assert_eq!(
        place.run("archive rules add 1 0 archive --is-global --max-images-per-account 5 --tag-selector a").exit,
        2
    );
    assert_eq!(place.ok("archive rules add 0 0 delete"), "", "nobody said yes");
    assert!(place.ok("archive rules add 0 0 delete --dontask").contains("r1"));
    assert_eq!(place.ok("archive rules run"), "Run t1 moves images as soon as a worker is free\n");
    for what in ["preview", "history"] {
        let told = place.ok(&format!("archive rules {what} r1"));
        assert!(told.contains("r/a:1,r/a:2") && told.contains("complete"), "{told}");
    }
    assert_eq!(place.ok("archive rules del r1"), "Success\n");
}
