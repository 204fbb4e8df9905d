//! `windlass scan` with a policy, and with its options in a file.

use serde_json::{Value, json};

use crate::place::{Place, always, bundle, rule};

fn place() -> Place {
    let place = Place::new().with_database();
    let rules = [rule("suid", "STOP", "files", "suid_or_guid_set", &[]), always("a", "WARN")];
    place.write("bundle.json", bundle(&rules, &[]));
    place
}

#[test]
fn the_verdict_is_part_of_every_report_and_of_the_exit_code() {
    let place = place();
    place.run("scan app.tar --db vulnerability.db").exits(0);
    let formats = ["json", "grype-json", "sarif", "junit", "markdown", "cyclonedx-json"];
    let outputs = formats.map(|format| format!("-o {format}={format}.out")).join(" ");
    let table =
        place.run(&format!("scan app.tar --db vulnerability.db --policy bundle.json -o table {outputs}")).exits(1);
    assert!(table.contains("lodash") && table.ends_with("\nSTOP: 1 finding stops, 1 finding warns\n"), "{table}");
    for format in formats {
        let document = place.read(&format!("{format}.out"));
        assert!(document.contains("STOP: 1 finding stops, 1 finding warns"), "{format}: {document}");
    }
    let document =
        |format: &str| -> Value { serde_json::from_str(&place.read(&format!("{format}.out"))).expect("JSON") };
    assert_eq!(document("json")["policy"]["findings"][0]["gate"], "files");
    let results = document("sarif")["runs"][0]["results"].clone();
    let of_policy = results
        .as_array()
        .expect("a list")
        .iter()
        .filter(|result| result["ruleId"].as_str().is_some_and(|id| id.starts_with("policy/")));
    let levels: Vec<_> = of_policy.map(|result| (&result["ruleId"], &result["level"])).collect();
    assert_eq!(
        levels,
        [
            (&json!("policy/files/suid_or_guid_set"), &json!("error")),
            (&json!("policy/always/always"), &json!("warning"))
        ]
    );
    place.run("scan app.tar --db vulnerability.db --policy bundle.json --fail-on critical").exits(1);
    place.run("scan plain.tar --db vulnerability.db --policy bundle.json").exits(0);
}

#[test]
fn options_of_a_policy_need_one() {
    let place = place();
    let done = place.run("scan app.tar --db vulnerability.db --tag example.org/app:1");
    assert!(done.err.contains("--policy <BUNDLE>"), "{}", done.err);
    done.exits(2);
}

#[test]
fn options_may_come_from_a_file_and_the_command_line_counts_more() {
    let place = place();
    place.write(
        "scan.yaml",
        "db: vulnerability.db\npolicy: bundle.json\ntag: example.org/team/app:2\nfail-on: critical\noutput: [table, json=out.json]\n\
         only-fixed: true\nsecrets: true\nmax-ratio: 300\n",
    );
    let table = place.run("scan app.tar --config scan.yaml").exits(1);
    assert!(table.contains("example.org/team/app:2 by the policy bundle Team"), "{table}");
    assert!(place.read("out.json").contains("windlass-scan"));
    let table = place.run("scan app.tar --config scan.yaml --tag example.org/team/app:3 -o table").exits(1);
    assert!(table.contains("example.org/team/app:3 by the policy bundle Team"), "{table}");
}

#[test]
fn a_file_of_options_that_cannot_be_used_is_told_by_name() {
    let place = place();
    for (text, said) in [
        ("fail_on: high\n", "error: scan.yaml: there is no option \"fail_on\"\nhint: did you mean fail-on? "),
        ("config: other.yaml\n", "error: scan.yaml: there is no option \"config\""),
        ("only-fixed: maybe\n", "error: scan.yaml: only-fixed cannot be \"maybe\"\nhint: give it true or false\n"),
        (
            "fail-on: [low, high]\n",
            "error: scan.yaml: fail-on cannot be [\"low\",\"high\"]\nhint: give it a text or a number\n",
        ),
        ("fail-on: dreadful\n", "\"dreadful\" is no severity"),
        ("- db\n", "error: scan.yaml cannot be read"),
    ] {
        place.write("scan.yaml", text);
        let done = place.run("scan app.tar --config scan.yaml --db vulnerability.db");
        assert!(done.err.contains(said), "{text}: {}", done.err);
        done.exits(2);
    }
    let done = place.run("scan app.tar --config nowhere.yaml");
    assert!(done.err.contains("error: nowhere.yaml cannot be read"), "{}", done.err);
    done.exits(2);
}
