//! What is not about one image: what is watched, registries, events, queries, the system, accounts.

use serde_json::json;
use windlass_client::testing::StandIn;

use crate::place::Place;

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
