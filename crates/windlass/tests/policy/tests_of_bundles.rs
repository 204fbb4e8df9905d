//! `windlass policy test`.

use crate::place::{Place, always, bundle, rule};

const CASES: &str = "\
now: 2024-06-01T00:00:00Z
cases:
  - name: a key is in the image
    image: app.tar
    verdict: stop
    rows:
      exactly:
        - {gate: secret_scans, trigger: content_regex_checks, action: stop, message: '*file=/app/key.pem *'}
        - {gate: always, trigger_id: always, action: warn, rule: a}
  - name: there is none
    image: docker-archive:plain.tar
    tag: example.org/other:1
    verdict: warn
    rows:
      includes: [{gate: always}]
      excludes: [{gate: secret_scans}]
";

fn place() -> Place {
    let place = Place::new();
    let rules = [rule("key", "STOP", "secret_scans", "content_regex_checks", &[]), always("a", "WARN")];
    place.write("suite/bundle.json", bundle(&rules, &[]));
    for name in ["app.tar", "plain.tar"] {
        std::fs::copy(place.path(name), place.path(&format!("suite/{name}"))).expect("a copy");
    }
    place
}

#[test]
fn cases_that_hold_pass() {
    let place = place();
    place.write("suite/tests.yaml", CASES);
    assert_eq!(
        place.run("policy test suite/tests.yaml").exits(0),
        "passed  a key is in the image\npassed  there is none\n\n2 passed, 0 failed, 0 could not be tried\n"
    );
}

#[test]
fn a_case_that_does_not_hold_says_how_it_differs() {
    let place = place();
    place.write("suite/tests.yaml", CASES.replace("verdict: stop", "verdict: go").replace("rule: a}", "rule: b}"));
    let out = place.run("policy test suite/tests.yaml -o table -o junit=junit.xml").exits(1);
    assert_eq!(
        out,
        "FAILED  a key is in the image\n\
         \x20       the verdict is stop, not go\n\
         \x20       missing: {action: warn, gate: always, trigger_id: always, rule: b}\n\
         \x20       unexpected: warn always/always always: Unconditional trigger match\n\
         passed  there is none\n\
         \n\
         1 passed, 1 failed, 0 could not be tried\n"
    );
    let junit = place.read("junit.xml");
    assert!(junit.contains("failures=\"1\"") && junit.contains("the verdict is stop, not go"), "{junit}");
}

#[test]
fn problems_are_expected_or_fail_the_case() {
    let place = place();
    place.write("suite/bundle.json", bundle(&[rule("r", "WARN", "files", "name_match", &[("regex", "(")])], &[]));
    let case = "cases:\n  - {name: broken, image: app.tar, verdict: stop}\n";
    place.write("suite/tests.yaml", case);
    let out = place.run("policy test suite/tests.yaml").exits(1);
    assert!(out.contains("unexpected problem: TriggerEvaluationError"), "{out}");
    place.write("suite/tests.yaml", case.replace("stop}", "stop, problems: [gate files and trigger name_match]}"));
    place.run("policy test suite/tests.yaml").exits(0);
}

#[test]
fn a_case_that_cannot_be_tried_is_no_passed_one() {
    let place = place();
    place.write("suite/tests.yaml", CASES.replace("image: app.tar", "image: docker-archive:gone.tar"));
    let out = place.run("policy test suite/tests.yaml").exits(2);
    assert!(out.starts_with("ERROR   a key is in the image\n") && out.contains("gone.tar"), "{out}");
    for (cases, said) in [
        ("cases: []\n", "suite/tests.yaml holds no case"),
        ("cases:\n  - {name: a, image: app.tar, verdikt: stop}\n", "verdikt"),
        ("cases:\n  - {name: a, image: app.tar, verdict: halt}\n", "halt"),
        ("cases: [\n", "suite/tests.yaml cannot be read"),
        ("bundle: gone.json\ncases:\n  - {name: a, image: app.tar, verdict: go}\n", "gone.json"),
        (
            "advisories: {ovs: [osv]}\ncases:\n  - {name: a, image: app.tar, verdict: go}\n",
            "there is no source of advisories \"ovs\"",
        ),
    ] {
        place.write("suite/tests.yaml", cases);
        let done = place.run("policy test suite/tests.yaml");
        assert!(done.err.contains(said), "{cases}: {}", done.err);
        done.exits(2);
    }
}

#[test]
fn what_is_known_of_vulnerabilities_comes_with_the_cases() {
    let place = place();
    let params = [("package_type", "all"), ("severity_comparison", ">="), ("severity", "high")];
    place.write("suite/bundle.json", bundle(&[rule("high", "STOP", "vulnerabilities", "package", &params)], &[]));
    let case = "cases:\n  - name: lodash\n    image: app.tar\n    verdict: stop\n    rows: {exactly: [{trigger_id: GHSA-35jh-r3h4-6jhm+lodash}]}\n";
    place.write("suite/tests.yaml", case);
    let out = place.run("policy test suite/tests.yaml").exits(2);
    assert!(out.contains("the bundle reads vulnerabilities, and the tests name no data about them"), "{out}");
    let place = place.with_database();
    place.write("suite/tests.yaml", format!("advisories: {{osv: [../osv]}}\n{case}"));
    place.run("policy test suite/tests.yaml").exits(0);
    place.write("suite/tests.yaml", format!("db: ../vulnerability.db\n{case}"));
    place.run("policy test suite/tests.yaml").exits(0);
}
