//! `windlass policy check`.

use serde_json::json;

use crate::place::{Place, always, bundle, rule};

#[test]
fn a_check_tells_what_stops_what_warns_and_what_was_allowed() {
    let place = Place::new();
    let rules = [
        rule("no-key", "STOP", "secret_scans", "content_regex_checks", &[]),
        rule("suid", "WARN", "files", "suid_or_guid_set", &[]),
        always("pilot", "STOP"),
    ];
    let item = json!({"id": "i1", "gate": "always", "trigger_id": "always", "expires_on": "2199-01-01T00:00:00Z",
        "reason": "runs in the pilot only", "owner": "ops@example.org"});
    place.write("bundle.json", bundle(&rules, &[item]));
    let out = place.run("policy check app.tar --policy bundle.json").exits(1);
    assert_eq!(
        out,
        "example.org/team/app:1 by the policy bundle Team (compat)\n\
         \n\
         Stops:\n\
         \x20 secret_scans/content_regex_checks, rule no-key of policy base\n\
         \x20   Secret content search analyzer found regexp match in container: file=/app/key.pem regexp=PRIV_KEY=(?i)-+BEGIN(.*)PRIVATE KEY-+\n\
         \n\
         Warns:\n\
         \x20 files/suid_or_guid_set, rule suid of policy base\n\
         \x20   SUID or SGID found set on file /bin/su. Mode: 0o104755\n\
         \n\
         Allowed:\n\
         \x20 always/always, rule pilot of policy base\n\
         \x20   Unconditional trigger match\n\
         \x20     by item i1 of allow-list Known, until 2199-01-01T00:00:00Z: runs in the pilot only (ops@example.org)\n\
         \n\
         The smallest change that clears it:\n\
         \x20 change or accept: secret_scans/content_regex_checks: Secret content search analyzer found regexp match in container: file=/app/key.pem regexp=PRIV_KEY=(?i)-+BEGIN(.*)PRIVATE KEY-+\n\
         \n\
         The verdict may change by itself on 2199-01-01T00:00:00Z.\n\
         \n\
         STOP: 1 finding stops, 1 finding warns, 1 finding is allowed\n"
    );
    let detailed = place.run("policy check app.tar --policy bundle.json --detail").exits(1);
    assert!(detailed.contains("      id always\n"), "{detailed}");
}

#[test]
fn the_exit_code_is_the_verdict() {
    let place = Place::new();
    for (action, exit, last) in [
        ("STOP", 1, "STOP: 1 finding stops\n"),
        ("WARN", 0, "WARN: 1 finding warns\n"),
        ("GO", 0, "GO: nothing stops or warns\n"),
    ] {
        place.write("bundle.json", bundle(&[always("a", action)], &[]));
        let out = place.run("policy check app.tar --policy bundle.json").exits(exit);
        assert!(out.ends_with(last), "{out}");
    }
}

#[test]
fn the_document_names_rule_item_and_clearance() {
    let place = Place::new();
    let item = json!({"id": "i1", "gate": "always", "trigger_id": "alw*"});
    let rules = [always("a", "STOP"), rule("suid", "STOP", "files", "suid_or_guid_set", &[])];
    place.write("bundle.json", bundle(&rules, &[item]));
    let document = place.run("policy check app.tar --policy bundle.json -o json").json();
    assert_eq!(document["format"], "windlass-policy-check");
    let policy = &document["policy"];
    assert_eq!(policy["verdict"], "stop");
    assert_eq!(policy["counts"], json!({"stop": 1, "warn": 0, "go": 0, "allowed": 1}));
    assert_eq!(policy["findings"][0]["rule"], json!({"id": "a", "pointer": "/policies/0/rules/0", "action": "stop"}));
    assert_eq!(
        policy["findings"][0]["allowed"],
        json!({"list": "known", "listName": "Known", "item": "i1", "pointer": "/whitelists/0/items/0"})
    );
    assert_eq!(policy["clearance"]["remaining"][0]["gate"], "files");
    assert_eq!(policy["mapping"]["name"], "all");
}

#[test]
fn scripts_written_for_a_service_read_the_same_answer() {
    let place = Place::new();
    place.write("bundle.json", bundle(&[always("a", "STOP")], &[]));
    let check = |words: &str| {
        let done = place.run(&format!("policy check app.tar --policy bundle.json -o anchore-json {words}"));
        assert_eq!(done.exit, 1, "{}", done.err);
        done
    };
    let short = check("");
    assert!(short.out.starts_with("[\n    {\n        \"sha256:"), "{}", short.out);
    let entry = |answer: &serde_json::Value, tag: &str| {
        let (digest, tags) = answer[0].as_object().and_then(|images| images.iter().next()).expect("an image");
        assert!(digest.starts_with("sha256:"));
        tags[tag][0].clone()
    };
    let evaluation = entry(&short.json(), "example.org/team/app:1");
    assert_eq!((&evaluation["status"], &evaluation["policyId"]), (&json!("fail"), &json!("team")));
    assert_eq!(evaluation["detail"], json!({}));
    let detailed = entry(&check("--detail --tag team/app").json(), "docker.io/team/app:latest");
    let result = &detailed["detail"]["result"];
    let members: Vec<_> = result.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(
        members,
        [
            "bundle",
            "created_at",
            "evaluation_problems",
            "final_action",
            "final_action_reason",
            "image_digest",
            "image_id",
            "last_modified",
            "matched_blacklisted_images_rule",
            "matched_mapping_rule",
            "matched_whitelisted_images_rule",
            "result",
            "status",
            "tag",
            "user_id"
        ]
    );
    let image_id = result["image_id"].as_str().expect("an id");
    let table = &result["result"][image_id]["result"];
    assert_eq!(table["row_count"], 1);
    assert_eq!(
        table["rows"][0],
        json!([
            image_id,
            "docker.io/team/app:latest",
            "always",
            "always",
            "always",
            "Unconditional trigger match",
            "stop",
            false,
            "base"
        ])
    );
}

#[test]
fn an_analysis_that_was_saved_is_judged_as_the_image_is() {
    let place = Place::new();
    let rules = [
        rule("no-key", "STOP", "secret_scans", "content_regex_checks", &[]),
        rule("suid", "WARN", "files", "suid_or_guid_set", &[]),
    ];
    place.write("bundle.json", bundle(&rules, &[]));
    place.run("sbom app.tar --policy bundle.json -o json=whole.json").exits(0);
    place.run("sbom app.tar --files all --secrets -o json=asked.json").exits(0);
    place.run("sbom app.tar -o json=bare.json").exits(0);
    let judged = |image: &str| place.run(&format!("policy check {image} --policy bundle.json"));
    let of_image = judged("app.tar").exits(1);
    assert_eq!(judged("sbom:whole.json").exits(1), of_image);
    assert_eq!(judged("sbom:asked.json").exits(1), of_image);
    place.run("sbom app.tar --files owned --secrets -o json=owned.json").exits(0);
    let some = judged("sbom:owned.json");
    assert!(some.out.contains("rules read the list of files, which the analysis does not hold"), "{}", some.out);
    let blind = judged("sbom:bare.json").exits(0);
    assert_eq!(
        blind,
        "example.org/team/app:1 by the policy bundle Team (compat)\n\
         \n\
         Mind:\n\
         \x20 rules read the list of files, which the analysis does not hold; analyse with --files all\n\
         \x20 rules read the results of a search for secrets, which was not made; analyse with --secrets\n\
         \n\
         GO: nothing stops or warns; not everything that the bundle reads was looked for\n"
    );
}

#[test]
fn a_name_that_no_mapping_is_about_passes_with_a_warning_unless_told_otherwise() {
    let place = Place::new();
    let bundle = bundle(&[always("a", "STOP")], &[]).replace("\"repository\": \"*\"", "\"repository\": \"team/app\"");
    place.write("bundle.json", bundle);
    place.run("policy check app.tar --policy bundle.json").exits(1);
    let wrong = "policy check app.tar --policy bundle.json --tag example.org/other:1";
    let out = place.run(wrong).exits(0);
    assert!(out.ends_with("GO: no mapping of the bundle is about example.org/other:1\n"), "{out}");
    assert!(out.contains("\nMind:\n  "), "{out}");
    place.run(&format!("{wrong} --unmapped stop")).exits(1);
}

#[test]
fn a_rule_that_cannot_be_evaluated_stops_or_warns_and_is_told() {
    let place = Place::new();
    place.write("bundle.json", bundle(&[rule("r", "WARN", "files", "name_match", &[("regex", "(")])], &[]));
    let out = place.run("policy check app.tar --policy bundle.json").exits(1);
    assert!(out.contains("Could not be evaluated:\n  TriggerEvaluationError: severity:error message:"), "{out}");
    assert!(out.ends_with("STOP: 1 problem; nothing stops or warns\n"), "{out}");
    let out = place.run("policy check app.tar --policy bundle.json --on-failure warn").exits(0);
    assert!(out.ends_with("WARN: 1 problem; nothing stops or warns\n"), "{out}");
}

#[test]
fn a_dockerfile_that_is_given_counts_more_than_the_history() {
    let place = Place::new();
    let check = [("instruction", "HEALTHCHECK"), ("check", "not_exists")];
    place.write("bundle.json", bundle(&[rule("r", "STOP", "dockerfile", "instruction", &check)], &[]));
    place.write("Dockerfile", "FROM alpine:3.19\nHEALTHCHECK CMD true\n");
    place.run("policy check app.tar --policy bundle.json").exits(1);
    place.run("policy check app.tar --policy bundle.json --dockerfile Dockerfile").exits(0);
}

#[test]
fn what_cannot_be_checked_ends_with_two_and_says_why() {
    let place = Place::new();
    place.write("bundle.json", bundle(&[always("a", "GO")], &[]));
    place.write("broken.json", "{\n  \"id\": }");
    for (words, said) in [
        (
            "app.tar --policy nowhere.json",
            "error: the policy bundle nowhere.json cannot be read\n  because: No such file or directory (os error 2)\n",
        ),
        (
            "app.tar --policy broken.json",
            "error: broken.json:2:9: the policy bundle is not valid JSON: expected value at line 2 column 9\n\
             hint: windlass policy validate broken.json says what else is wrong\n",
        ),
        (
            "app.tar --policy bundle.json --dockerfile nowhere",
            "error: the Dockerfile nowhere cannot be read\n  because: No such file or directory (os error 2)\n",
        ),
        ("app.tar --policy bundle.json --search (", "error: the search pattern \"(\" cannot be used: "),
        ("app.tar --policy bundle.json --profile strict", "\"strict\" is no profile; there are compat, native"),
        ("app.tar --policy bundle.json -o xml", "\"xml\" is no format of a check; there are table, json, anchore-json"),
        ("app.tar --policy bundle.json --on-failure go", "there are stop, warn"),
        ("app.tar", "--policy <BUNDLE>"),
        ("nowhere.tar --policy bundle.json", "nowhere.tar"),
    ] {
        let done = place.run(&format!("policy check {words}"));
        assert!(done.err.contains(said), "{words}: {}", done.err);
        assert_eq!(done.exits(2), "", "{words}");
    }
}

#[test]
fn a_vulnerability_that_an_upgrade_removes_is_cleared_by_it() {
    let place = Place::new().with_database();
    let params = [("package_type", "all"), ("severity_comparison", ">="), ("severity", "high")];
    place.write("bundle.json", bundle(&[rule("high", "STOP", "vulnerabilities", "package", &params)], &[]));
    let out = place.run("policy check app.tar --policy bundle.json --db vulnerability.db").exits(1);
    assert!(
        out.ends_with(
            "\nThe smallest change that clears it:\n\
             \x20 upgrade lodash  4.17.15 → 4.17.21  clears 1 finding\n\
             \n\
             STOP: 1 finding stops\n"
        ),
        "{out}"
    );
    let document = place.run("policy check app.tar --policy bundle.json --db vulnerability.db -o json").json();
    let finding = &document["policy"]["findings"][0];
    assert_eq!(finding["triggerId"], "GHSA-35jh-r3h4-6jhm+lodash");
    assert_eq!(
        (&finding["vulnerability"], &finding["package"]["name"]),
        (&json!("GHSA-35jh-r3h4-6jhm"), &json!("lodash"))
    );
    assert_eq!(document["policy"]["clearance"]["upgrades"][0]["clears"], json!(["GHSA-35jh-r3h4-6jhm+lodash"]));
    let done = place.run("policy check app.tar --policy bundle.json");
    assert!(
        done.err.contains("vulnerability database"),
        "a bundle that reads vulnerabilities needs data: {}",
        done.err
    );
    done.exits(2);
}
