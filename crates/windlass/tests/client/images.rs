//! Images and what is asked about them.

use serde_json::{Value, json};
use windlass_client::testing::StandIn;

use crate::place::Place;

fn record(status: &str) -> String {
    let failure = json!({"code": "REGISTRY_IMAGE_NOT_FOUND", "reason": "the registry does not have it"});
    let failure = if status == "analysis_failed" { failure } else { Value::Null };
    json!([{"imageDigest": "sha256:aa", "parentDigest": "sha256:bb", "analysis_status": status, "image_type": "docker",
        "analyzed_at": null, "analysis_failure": failure, "annotations": {"build": "77"},
        "image_content": {"metadata": {"arch": "amd64", "distro": "debian", "distro_version": "12", "image_size": 7}},
        "image_detail": [{"fulltag": "reg.example/app:1", "imageId": "cc", "tag_detected_at": "2024-01-01T00:00:00Z",
            "created_at": "2024-01-01T00:00:00Z"}]}])
    .to_string()
}

fn service() -> StandIn {
    StandIn::start().answers("GET /v1/images", 200, record("analyzed"))
}

#[test]
fn an_image_is_added_with_all_that_is_known_of_it() {
    let service = service().answers("POST /v1/images", 200, record("not_analyzed"));
    let place = Place::before(&service);
    place.write("Dockerfile", "FROM scratch\n");
    let out = place
        .ok("image add reg.example/app:1 --dockerfile Dockerfile --annotation build=77 --annotation team=a=b --force");
    assert!(out.contains("Analysis Status: not_analyzed\n") && out.contains("Full Tag: reg.example/app:1\n"), "{out}");
    assert!(out.contains("Analyzed At: None\n") && out.contains("Annotations: build=77\n"), "{out}");
    let asked = &service.asked()[0];
    assert_eq!(asked.line, "POST /v1/images?autosubscribe=true&force=true");
    assert_eq!(
        asked.json(),
        json!({"tag": "reg.example/app:1", "dockerfile": "RlJPTSBzY3JhdGNoCg==", "annotations": {"build": "77", "team": "a=b"}})
    );
    place.ok("image add reg.example/app:1 --noautosubscribe");
    let asked = service.asked().pop().expect("asked");
    assert_eq!(
        (asked.line.as_str(), asked.json()),
        ("POST /v1/images?autosubscribe=false", json!({"tag": "reg.example/app:1"}))
    );
}

#[test]
fn an_image_is_added_by_digest_with_a_tag_or_from_the_archive() {
    let service = service().answers("POST /v1/images", 200, record("not_analyzed"));
    let place = Place::before(&service);
    place.ok("image add reg.example/app@sha256:aa --tag reg.example/app:1 --created-at 2024-01-01T00:00:00Z");
    let body = service.asked().pop().expect("asked").json();
    assert_eq!(
        body,
        json!({"source": {"digest": {"pullstring": "reg.example/app@sha256:aa", "tag": "reg.example/app:1",
            "creation_timestamp_override": "2024-01-01T00:00:00Z"}}})
    );
    place.ok("image add --from-archive sha256:aa");
    assert_eq!(service.asked().pop().expect("asked").json(), json!({"source": {"archive": {"digest": "sha256:aa"}}}));
    for wrong in [format!("sha256:{}", "a".repeat(64)), "app --tag app:1".into(), "app --annotation build".into()] {
        let done = place.run(&format!("image add {wrong}"));
        assert_eq!(done.exit, 2, "{wrong}: {}", done.err);
    }
}

#[test]
fn images_for_other_platforms_are_added_where_they_are_asked_for() {
    let service = service().answers("POST /v1/images", 200, record("not_analyzed"));
    let place = Place::before(&service);
    let asked = |arguments: &str| {
        place.ok(&format!("image add {arguments}"));
        service.asked().pop().expect("asked").json()
    };
    let tag =
        |platforms: Value| json!({"source": {"tag": {"pullstring": "reg.example/app:1", "platforms": platforms}}});
    assert_eq!(asked("reg.example/app:1 --all-platforms"), tag(json!("all")));
    assert_eq!(
        asked("reg.example/app:1 --platform linux/arm64 --platform s390x"),
        tag(json!(["linux/arm64", "s390x"]))
    );
    assert_eq!(
        asked("reg.example/app@sha256:aa --tag reg.example/app:1 --all-platforms"),
        json!({"source": {"digest": {"pullstring": "reg.example/app@sha256:aa", "tag": "reg.example/app:1", "platforms": "all"}}})
    );
    assert_eq!(place.run("image add reg.example/app:1 --all-platforms --platform arm64").exit, 2);
}

#[test]
fn the_list_shows_what_each_tag_stands_for_now() {
    let tagged = |digest: &str, tag: &str, day: u8| {
        json!({"imageDigest": digest, "analysis_status": "analyzed", "image_detail": [{"registry": "docker.io", "repo": "app",
            "tag": tag, "imageId": format!("id-{digest}"), "created_at": format!("2024-01-{day:02}T00:00:00Z")}]})
    };
    let images = json!([tagged("sha256:new", "1", 2), tagged("sha256:old", "1", 1), tagged("sha256:other", "0", 1)]);
    let service = StandIn::start().answers("GET /v1/images", 200, images.to_string());
    let place = Place::before(&service);
    let list = place.ok("image list");
    let lines: Vec<Vec<&str>> = list.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["Full", "Tag", "Image", "Digest", "Analysis", "Status"]);
    assert_eq!(
        lines[1..],
        [["docker.io/app:0", "sha256:other", "analyzed"], ["docker.io/app:1", "sha256:new", "analyzed"]]
    );
    assert!(place.ok("image list --show-all").contains("sha256:old"));
    assert!(place.ok("image list --full").contains("id-sha256:new"));
}

#[test]
fn documents_are_printed_as_they_came_with_sorted_keys() {
    let service = StandIn::start().answers("GET /v1/images", 200, r#"[{"b": {"z": 1, "a": []}, "a": "ü"}]"#);
    let place = Place::before(&service);
    let indented = "[\n    {\n        \"a\": \"ü\",\n        \"b\": {\n            \"a\": [],\n            \"z\": 1\n        }\n    }\n]\n";
    for words in ["image list -o json", "image list --json", "--json image list", "image --output json list"] {
        assert_eq!(place.ok(words), indented, "{words}");
    }
    assert_eq!(place.ok("image list -o yaml"), "- a: ü\n  b:\n    a: []\n    z: 1\n");
    assert_eq!(Place::before(&service).with("ANCHORE_CLI_JSON", "y").ok("image list"), indented);
}

#[test]
fn waiting_ends_when_the_analysis_does() {
    let service = StandIn::start()
        .answers("GET /v1/images", 200, record("not_analyzed"))
        .answers("GET /v1/images", 503, "")
        .answers("GET /v1/images", 200, record("analyzing"))
        .answers("GET /v1/images", 200, record("analysis_failed"));
    let place = Place::before(&service);
    let done = place.run("image wait reg.example/app:1 --timeout 60 --interval 0.01");
    assert_eq!(done.exit, 0, "scripts know the end of an analysis by 0: {}", done.err);
    let told = "Analysis Status: analysis_failed\nAnalysis Failure: the registry does not have it\n";
    assert!(done.out.contains(told), "{}", done.out);
    assert_eq!(done.err, "Status: not_analyzed\nService Unavailable (HTTP 503)\nStatus: analyzing\n");
    assert_eq!(place.run("image wait reg.example/app:1 --fail-on-analysis-failed").exit, 1);
    assert_eq!(place.run("-q image wait reg.example/app:1").err, "");
}

#[test]
fn waiting_for_what_does_not_come_ends_with_two() {
    let service = StandIn::start().answers("GET /v1/images", 200, record("analyzing"));
    let place = Place::before(&service);
    let done = place.run("image wait reg.example/app:1 --timeout 0");
    assert_eq!((done.exit, done.out.as_str()), (2, ""));
    assert!(done.err.contains("reg.example/app:1 was not analysed within 0 seconds"), "{}", done.err);
    let unknown =
        place.run("image wait sha256:0000000000000000000000000000000000000000000000000000000000000000 --timeout -1");
    assert_eq!(unknown.exit, 2, "{}", unknown.err);
    assert_eq!(place.run("image wait app --interval -1").exit, 2);
}

#[test]
fn content_is_shown_by_its_type() {
    let of = |content: serde_json::Value| json!({"imageDigest": "sha256:aa", "content": content}).to_string();
    let service = service()
        .answers("GET /v1/images/sha256:aa/content", 200, r#"["os", "files"]"#)
        .answers(
            "GET /v1/images/sha256:aa/content/os",
            200,
            of(json!([{"package": "zlib", "version": "1", "licenses": ["Zlib", "MIT"]}, {"package": "bash", "version": "5", "license": "GPL"}])),
        )
        .answers(
            "GET /v1/images/sha256:aa/content/files",
            200,
            of(json!([{"filename": "/a", "size": 9}, {"filename": "/b", "size": 10}, {"filename": "/c\u{1b}[2J", "size": null}])),
        )
        .answers(
            "GET /v1/images/sha256:aa/content/malware",
            200,
            of(json!([{"scanner": "clamav", "findings": [{"path": "/bad", "signature": "Eicar"}]}])),
        )
        .answers("GET /v1/images/sha256:aa/content/rust", 200, of(json!([{"package": "serde", "version": "1", "location": "/app"}])))
        .answers("GET /v1/images/sha256:aa/content/go", 200, of(json!([])))
        .answers("GET /v1/images/sha256:aa/content/npm", 200, of(json!([])))
        .answers("GET /v1/images/sha256:aa/content/dockerfile", 200, of(json!("RlJPTSBzY3JhdGNoCg==\n")));
    let place = Place::before(&service);
    let words = |what: &str| -> Vec<String> {
        let out = place.ok(&format!("image content reg.example/app:1 {what}"));
        out.split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(words(""), ["os:", "available", "files:", "available"]);
    assert_eq!(words("os"), ["Package", "Version", "Licenses", "bash", "5", "GPL", "zlib", "1", "Zlib", "MIT"]);
    assert_eq!(words("files"), ["Filename", "Size", "/b", "10", "/a", "9", "/c\u{fffd}[2J", "None"]);
    assert_eq!(words("malware")[4..], ["clamav", "Eicar", "/bad"]);
    assert_eq!(words("rust")[3..], ["serde", "1", "/app"]);
    assert_eq!(words("dockerfile"), ["FROM", "scratch"]);
    for kind in ["go", "npm"] {
        let none = place.run(&format!("image content reg.example/app:1 {kind}"));
        assert_eq!((none.exit, none.out.as_str()), (2, ""), "scripts know by 2 that there is nothing");
    }
    assert_eq!(place.run("image content reg.example/app:1 go -o json").exit, 0);
}

#[test]
fn vulnerabilities_are_listed_the_worst_first() {
    let entry = |id: &str, severity: &str| {
        json!({"vuln": id, "severity": severity, "package": "p-1", "fix": "None", "url": "https://x", "package_type": "dpkg",
            "feed_group": "debian:12", "package_path": "pkgdb", "nvd_data": [{"id": "CVE-1"}, {"id": "CVE-2"}]})
    };
    let found = json!({"vulnerabilities": [entry("A", "Low"), entry("B", "Critical"), entry("C", "Nonsense"), {"vuln": "D", "nvd_data": null}]});
    let service = service().answers("GET /v1/images/sha256:aa/vuln/all", 200, found.to_string());
    let place = Place::before(&service);
    let out = place.ok("image vuln reg.example/app:1 all");
    let ids: Vec<_> = out.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(ids, ["B", "A", "C", "D"], "{out}");
    assert!(out.contains("CVE-1,CVE-2"), "{out}");
    let asked = |words: &str| {
        place.ok(words);
        service.lines().pop().expect("asked")
    };
    assert!(asked("image vuln reg.example/app:1 all").ends_with("vendor_only=true"));
    assert!(asked("image vuln reg.example/app:1 all --vendor-only false").ends_with("vendor_only=false"));
    assert!(asked("image vuln reg.example/app:1 all --no-vendor-only").ends_with("vendor_only=false"));
}

#[test]
fn an_image_that_is_not_analysed_yet_has_exit_codes_of_its_own() {
    for (status, exit) in [("analyzing", 100), ("not_analyzed", 101), ("analysis_failed", 1)] {
        let message = format!("image is not analyzed - analysis_status: {status}");
        let refusal = json!({"message": message, "httpcode": 404, "detail": {"error_codes": []}}).to_string();
        let service = service().answers("GET /v1/images/sha256:aa/vuln/all", 404, refusal.clone()).answers(
            "GET /v1/images/sha256:aa/check",
            404,
            refusal,
        );
        let place = Place::before(&service);
        let done = place.run("image vuln reg.example/app:1 all");
        assert_eq!((done.exit, done.out.as_str()), (exit, ""), "{status}");
        assert!(done.err.contains(&message), "{}", done.err);
        let as_document = place.run("image vuln reg.example/app:1 all --json");
        assert_eq!(as_document.exit, exit);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&as_document.out).expect("JSON")["message"],
            message.as_str()
        );
        assert_eq!(place.run("evaluate check reg.example/app:1").exit, 1, "{status}");
    }
}

#[test]
fn an_evaluation_ends_with_what_it_says() {
    let answer = |status: &str| {
        json!([{"sha256:aa": {"reg.example/app:1": [{"status": status, "last_evaluation": "2024-01-01T00:00:00Z", "policyId": "p1",
            "detail": {"result": {"image_id": "cc", "final_action": "stop", "final_action_reason": "policy_evaluation",
                "result": {"cc": {"result": {"rows": [["cc", "t", "i", "vulnerabilities", "package", "HIGH found", "stop", false, "p"]]}}}}}}]}}])
        .to_string()
    };
    for (status, exit) in [("pass", 0), ("fail", 1), ("unheard", 2)] {
        let service = service().answers("GET /v1/images/sha256:aa/check", 200, answer(status));
        let done = Place::before(&service).run("evaluate check reg.example/app:1 --detail --policy p1");
        assert_eq!(done.exit, exit, "{}", done.err);
        assert!(done.out.contains(&format!("Status: {status}\n")) && done.out.contains("HIGH found"), "{}", done.out);
        let asked = service.lines().pop().expect("asked");
        assert_eq!(
            asked,
            "GET /v1/images/sha256:aa/check?history=false&detail=true&tag=reg.example%2Fapp%3A1&policyId=p1"
        );
    }
}

#[test]
fn an_image_that_is_not_called_by_a_tag_is_judged_under_one_that_is_given() {
    let answer = r#"[{"sha256:child": {"reg.example/app:1": [{"status": "pass"}]}}]"#;
    let service = service().answers("GET /v1/images/sha256:bb/check", 200, answer);
    let place = Place::before(&service);
    let done = place.run("evaluate check reg.example/app@sha256:bb");
    assert_eq!(done.exit, 2);
    assert!(done.err.contains("--tag"), "{}", done.err);
    assert_eq!(place.run("evaluate check cc").exit, 2, "it is an image id");
    let by_parent = place.run("evaluate check sha256:bb --tag reg.example/app:1");
    assert_eq!(by_parent.exit, 0, "an index's digest is answered under its image's: {}", by_parent.err);
    assert_eq!(place.run("evaluate check sha256:cc --tag reg.example/app:1").exit, 1, "refused with 404");
    let empty = StandIn::start();
    assert_eq!(Place::before(&empty).run("evaluate check unknown:1").exit, 2, "1 is for images that fail");
    assert_eq!(Place::before(&empty).run("image content unknown:1 os").exit, 1);
}

#[test]
fn a_deletion_ends_with_its_verdict() {
    let verdict =
        |status: &str, detail: &str| json!({"digest": "sha256:aa", "status": status, "detail": detail}).to_string();
    let service = service()
        .answers("DELETE /v1/images/sha256:aa", 200, verdict("delete_failed", "it has an active subscription"))
        .answers("DELETE /v1/images/sha256:aa?force=true", 200, verdict("deleting", ""));
    let place = Place::before(&service);
    let refused = place.run("image del reg.example/app:1");
    assert_eq!((refused.exit, refused.out.as_str()), (1, ""));
    assert!(
        refused.err.contains("it has an active subscription") && refused.err.contains("--force"),
        "{}",
        refused.err
    );
    assert_eq!(place.ok("image del reg.example/app:1 --force"), "Success\n");
    assert_eq!(place.ok("image del --all --force"), "reg.example/app:1\n");
    assert_eq!(place.run("image del --all").exit, 2);
    assert_eq!(place.run("image del").exit, 2);
}
