//! A vulnerability becomes known to be exploited, and its fix is pushed: everybody is told once, and the right thing.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    images,
    place::{Done, PASSWORD, Place},
    receivers::{Hooks, MailServer},
    registry::Registry,
};

const PATIENCE: Duration = Duration::from_mins(2);

const KEV: &str = r#"{"title": "Catalogue", "catalogVersion": "2026.01.01", "dateReleased": "2026-01-01T00:00:00Z", "count": 1,
    "vulnerabilities": [{"cveID": "CVE-2099-0010", "vendorProject": "GNU", "product": "Bash", "vulnerabilityName": "Shell",
    "dateAdded": "2026-01-01", "shortDescription": "s", "requiredAction": "r", "dueDate": "2026-02-01",
    "knownRansomwareCampaignUse": "Unknown", "notes": ""}]}"#;

const BASH: &str = r#", "bash": {"CVE-2099-0010": {"description": "A variable is run.", "scope": "remote", "releases": {"bookworm":
    {"status": "resolved", "repositories": {"bookworm": "5.2.15-2+b13"}, "fixed_version": "5.2.15-3", "urgency": "high"}}}}}"#;

const BUNDLE: &str = r#"{"id": "exploited", "name": "Nothing that is exploited", "version": "1_0", "whitelists": [],
    "policies": [{"id": "p", "name": "p", "version": "1_0", "rules": [
        {"id": "r", "gate": "vulnerabilities", "trigger": "kev_list", "action": "STOP", "params": []}]}],
    "mappings": [{"id": "m", "name": "all", "registry": "*", "repository": "*", "image": {"type": "tag", "value": "*"},
        "policy_ids": ["p"], "whitelist_ids": []}]}"#;

fn ask(place: &Place, words: &str) -> Done {
    let mut command = place.windlass(words);
    command.env("WINDLASS_URL", format!("{}/v1", place.url));
    let done = place.run(command.env("WINDLASS_USER", "admin").env("WINDLASS_PASSWORD", PASSWORD));
    assert_eq!(done.exit, 0, "{words}: {}", done.said);
    done
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Everybody who is told, and what of: types of the notices to the webhook, headers in the chat, subjects of letters.
struct Told<'a> {
    hooks: &'a Hooks,
    mail: &'a MailServer,
}

impl Told<'_> {
    fn envelopes(&self, kind: &str) -> Vec<Value> {
        let posted = self.hooks.posted(&format!("/hook/{kind}/admin"));
        posted.into_iter().map(|(_, _, body)| body["data"]["notification_payload"].clone()).collect()
    }

    fn headers(&self) -> Vec<String> {
        let text = |body: &Value| body["blocks"][0]["text"]["text"].as_str().unwrap_or_default().to_owned();
        self.hooks.posted("/services/T/B/secret").iter().map(|(_, _, body)| text(body)).collect()
    }

    fn subjects(&self) -> Vec<String> {
        let text = |letter: &Value| letter["headers"]["Subject"].as_str().unwrap_or_default().to_owned();
        self.mail.letters().iter().map(text).collect()
    }

    /// Waits until all have so many, of whatever kind.
    fn wait_for(&self, many: usize) {
        let count = || {
            let types = ["analysis_update", "tag_update", "policy_eval", "vuln_update"];
            let envelopes: usize = types.iter().map(|kind| self.envelopes(kind).len()).sum();
            [envelopes, self.headers().len(), self.subjects().len()]
        };
        wait_until(&format!("{many} notices to everybody"), || count().iter().all(|told| *told >= many));
        assert_eq!(count(), [many; 3], "{:?} {:?}", self.headers(), self.subjects());
    }
}

#[test]
fn a_vulnerability_that_is_exploited_and_its_fix_are_told_once_to_everybody() {
    let Some(mut place) = Place::new("all") else { return };
    place.write("windlass.yaml", "notifications: {allowed_networks: [127.0.0.0/8]}\n");
    place.restart_with(&[("WINDLASS_CONFIG", "windlass.yaml")]);
    let Some(mail) = MailServer::start(place.path("letters")) else { return };
    let hooks = Hooks::start();
    let told = Told { hooks: &hooks, mail: &mail };

    // A registry that tells of pushes, and a team that wants to know.
    let hook = reqwest::blocking::Client::new()
        .post(format!("{}/v1/registry-hooks", place.url))
        .basic_auth("admin", Some(PASSWORD))
        .header("content-type", "application/json")
        .body(json!({"name": "ours"}).to_string())
        .send()
        .and_then(reqwest::blocking::Response::text)
        .expect("the service answers");
    let hook: Value = serde_json::from_str(&hook).expect("JSON");
    let bearer = format!("Bearer {}", hook["token"].as_str().expect("a token"));
    let Some(registry) = Registry::that_tells(json!({"endpoints": [{
        "name": "windlass", "url": format!("{}/v1/registry-events/docker-distribution", place.url),
        "headers": {"Authorization": [bearer]}, "timeout": "5s", "threshold": 3, "backoff": "1s",
    }]})) else {
        return;
    };
    for (name, channel) in [
        (
            "hook",
            json!({"kind": "webhook", "format": "anchore-v1", "url": format!("http://{}/hook/<notification_type>/<userId>", hooks.address)}),
        ),
        ("chat", json!({"kind": "slack", "url": format!("http://{}/services/T/B/secret", hooks.address)})),
        (
            "mail",
            json!({"kind": "email", "server": "127.0.0.1", "port": mail.port, "tls": "none",
                        "from": "windlass@example.com", "to": ["security@example.com"]}),
        ),
    ] {
        place.write("endpoint.json", &json!({"channel": channel}).to_string());
        ask(&place, &format!("notification endpoint add {name} --file endpoint.json"));
    }
    place.write("bundle.json", BUNDLE);
    ask(&place, "policy add bundle.json");
    ask(&place, "policy activate exploited");

    // The image is pushed, analysed and watched.
    registry.push("shop/app", "1", &images::small());
    let tag = format!("{}/shop/app:1", registry.address);
    ask(&place, &format!("image add {tag}"));
    ask(&place, &format!("image wait {tag} --timeout 120"));
    told.wait_for(1);
    assert_eq!(told.envelopes("analysis_update")[0]["curr_eval"]["analysis_status"], "analyzed");
    for kind in ["vuln_update", "policy_eval"] {
        ask(&place, &format!("subscription activate {kind} {tag}"));
    }
    let database = rusqlite::Connection::open(place.path("data/windlass.db")).expect("the service's database");
    let seen = "SELECT count(*) FROM tag_states WHERE digest IS NOT NULL AND action IS NOT NULL";
    wait_until("the tag is looked at for the first time", || {
        database.query_row(seen, [], |row| row.get::<_, i64>(0)).is_ok_and(|seen| seen > 0)
    });

    // New data says that its shell is exploited.
    let known = images::DEBIAN_TRACKER.strip_suffix('}').expect("it is an object");
    place.write("tracker.json", &format!("{known}{BASH}"));
    place.write("kev.json", KEV);
    for words in ["db build --debian tracker.json --osv osv --kev kev.json -o v2.db", "db import v2.db"] {
        let done = place.run(&mut place.windlass(words));
        assert_eq!(done.exit, 0, "{words}: {}", done.said);
    }
    ask(&place, "system feeds sync --dontask");
    told.wait_for(3);
    let changes = &told.envelopes("vuln_update")[0];
    let difference = &changes["diff_vulnerability_result"];
    assert_eq!((&changes["subscription_key"], &difference["removed"]), (&json!(tag), &json!([])));
    let added: Vec<&Value> = difference["added"].as_array().expect("a list").iter().map(|one| &one["CVE_ID"]).collect();
    assert_eq!(added, ["CVE-2099-0010"]);
    let verdict = &told.envelopes("policy_eval")[0];
    assert_eq!((&verdict["last_eval"]["status"], &verdict["curr_eval"]["status"]), (&json!("pass"), &json!("fail")));
    assert_eq!(verdict["curr_eval"]["bundle"]["id"], "exploited");
    let mut expected = [format!("CVE-2099-0010 (High, exploited) in {tag}"), format!("STOP: {tag}")];
    let mut subjects = told.subjects()[1..].to_vec();
    subjects.sort();
    expected.sort();
    assert_eq!(subjects, expected);
    let mut headers: Vec<String> =
        told.headers()[1..].iter().map(|text| text[text.find(' ').unwrap_or(0) + 1..].to_owned()).collect();
    headers.sort();
    assert_eq!(headers, expected);

    explained(&place, &tag);

    // The fix is pushed: the registry tells, the tag is looked at, and all is well.
    registry.push("shop/app", "1", &images::small_with("5.2.15-3"));
    told.wait_for(7);
    let moved = &told.envelopes("tag_update")[0];
    assert_eq!(
        (moved["curr_eval"].as_array().map(Vec::len), moved["last_eval"].as_array().map(Vec::len)),
        (Some(1), Some(1))
    );
    let verdict = &told.envelopes("policy_eval")[1];
    assert_eq!(
        (&verdict["last_eval"]["final_action"], &verdict["curr_eval"]["final_action"]),
        (&json!("stop"), &json!("go"))
    );
    assert_eq!(told.envelopes("analysis_update").len(), 2);
    let removed = &told.envelopes("vuln_update")[1]["diff_vulnerability_result"];
    assert_eq!((&removed["added"], removed["removed"].as_array().map(Vec::len)), (&json!([]), Some(1)));
    assert!(told.subjects().contains(&format!("GO: {tag}")), "{:?}", told.subjects());

    // Everything came once, each under an id of its own.
    let ids: std::collections::BTreeSet<String> = ["analysis_update", "tag_update", "policy_eval", "vuln_update"]
        .iter()
        .flat_map(|kind| hooks.posted(&format!("/hook/{kind}/admin")))
        .map(|(_, id, _)| id)
        .collect();
    assert_eq!(ids.len(), 7);
}

/// Whoever asks why the verdict is another is told of the record and of the rule.
fn explained(place: &Place, tag: &str) {
    let explain = |words: &str| ask(place, &format!("explain-change {words}")).out;
    let told: Value = serde_json::from_str(&explain(&format!("{tag} -o json"))).expect("JSON");
    let of_kind = |kind: &str| -> Vec<&Value> {
        told["changes"].as_array().expect("a list").iter().filter(|change| change["kind"] == kind).collect()
    };
    let [finding] = of_kind("vulnerability")[..] else { panic!("one finding changed: {told}") };
    assert_eq!((&finding["change"], &finding["vulnerability"]["CVE_ID"]), (&json!("added"), &json!("CVE-2099-0010")));
    assert_eq!(finding["records"][0], json!({"provider": "debian", "id": "CVE-2099-0010"}));
    assert!(finding["data"]["checksum"].as_str().is_some_and(|sum| sum.starts_with("sha256:")), "{finding}");
    let [verdict] = of_kind("verdict")[..] else { panic!("one verdict changed: {told}") };
    assert_eq!((&verdict["tag"], &verdict["from"], &verdict["to"]), (&json!(tag), &json!("go"), &json!("stop")));
    assert_eq!(verdict["reason"], "vulnerability_data");

    let table = explain(tag);
    assert!(table.contains("added CVE-2099-0010 (High) in bash-"), "{table}");
    assert!(table.contains("debian CVE-2099-0010 in the data of "), "{table}");
    assert!(table.contains(&format!("{tag} from go to stop")), "{table}");
    let everywhere: Value = serde_json::from_str(&explain("-o json")).expect("JSON");
    assert!(everywhere["changes"].as_array().is_some_and(|changes| changes.len() >= 2), "{everywhere}");
    let later: Value =
        serde_json::from_str(&explain(&format!("{tag} --since 2100-01-01T00:00:00Z -o json"))).expect("JSON");
    assert_eq!(later, json!({"changes": []}));
}
