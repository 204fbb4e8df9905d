//! From rules to a verdict (`spec/policy.md` §2, §3.4, §3.5, §8 B1–B3, §10.5).

use serde_json::{Value, json};
use windlass_policy::Action;
use windlass_sbom::Sbom;
use windlass_v1::evaluations::{EvaluationResult, Subject};

use crate::support::{
    DIGEST, IMAGE_ID, Judged, NOW, Seen, TAG, allow_list, always, bundle, bundle_of, compile, item, mapping, policy,
    rule, rule_with, see, see_as, selection, time,
};

const GO: &str = "go policy_evaluation";
const STOP: &str = "stop policy_evaluation";

fn subject() -> Subject<'static> {
    Subject { user_id: "admin", image_id: IMAGE_ID, image_digest: DIGEST, tag: TAG, created_at: time(NOW) }
}

fn everything() -> Value {
    selection("*", "*", "tag", "*")
}

#[test]
fn without_a_mapping_the_image_passes_with_a_warning() {
    for document in [bundle(&json!({})), {
        let mut elsewhere = mapping(&["p"], &[]);
        elsewhere["registry"] = json!("quay.io");
        bundle(&json!({"policies": [policy("p", &[always("STOP")])], "mappings": [elsewhere]}))
    }] {
        let seen = see(&document);
        assert_eq!(
            seen,
            Seen {
                verdict: GO.into(),
                policy_action: "go".into(),
                warnings: vec!["unmapped-image"],
                ..Seen::default()
            }
        );
    }
}

#[test]
fn what_an_unmapped_image_gets_is_the_asker_s_choice() {
    for action in [Action::Warn, Action::Stop] {
        let judged = Judged::default();
        let seen = judged.with(
            &bundle(&json!({})),
            |request| request.unmapped = action,
            |evaluation, _| Seen::new(evaluation),
        );
        assert_eq!((seen.verdict, seen.policy_action), (format!("{action} policy_evaluation"), action.to_string()));
        assert_eq!((seen.problems, seen.warnings), (vec![], vec!["unmapped-image"]));
    }
}

#[test]
fn image_lists_settle_the_verdict_whatever_the_policies_say() {
    let lists = |allowed: &[Value], denied: &[Value]| {
        bundle(&json!({
            "policies": [policy("p", &[always("STOP")])], "mappings": [mapping(&["p"], &[])],
            "whitelisted_images": allowed, "blacklisted_images": denied,
        }))
    };
    let all = [everything()];
    for (allowed, denied, verdict, image_lists) in [
        (&all[..], &[][..], "go whitelisted", (true, false)),
        (&[], &all, "stop blacklisted", (false, true)),
        (&all, &all, "stop blacklisted", (true, true)),
    ] {
        let seen = see(&lists(allowed, denied));
        assert_eq!(
            seen,
            Seen {
                verdict: verdict.into(),
                policy_action: "stop".into(),
                is_mapped: true,
                image_lists,
                rows: vec!["p always/always stop".into()],
                ..Seen::default()
            }
        );
        let mut unmapped = lists(allowed, denied);
        unmapped["mappings"] = json!([]);
        let seen = see(&unmapped);
        assert_eq!((seen.verdict.as_str(), seen.is_mapped, seen.image_lists), (verdict, false, image_lists));
        assert_eq!(seen.rows, Vec::<String>::new());
    }
}

#[test]
fn the_inner_verdict_leaves_image_lists_out() {
    let document = bundle(&json!({
        "policies": [policy("p", &[always("STOP")])], "mappings": [mapping(&["p"], &[])],
        "whitelisted_images": [everything()],
    }));
    let compiled = compile(&document, windlass_policy::Profile::Compat);
    Judged::default().with(
        &document,
        |_| (),
        |evaluation, _| {
            let row =
                json!(
                    [IMAGE_ID, TAG, "always", "always", "always", "Unconditional trigger match", "stop", false, "p",]
                );
            assert_eq!(
                json!(EvaluationResult::new(evaluation, compiled.bundle(), &subject())),
                json!({
                    "user_id": "admin",
                    "image_id": IMAGE_ID,
                    "image_digest": DIGEST,
                    "tag": TAG,
                    "bundle": document,
                    "matched_mapping_rule": mapping(&["p"], &[]),
                    "matched_whitelisted_images_rule": everything(),
                    "matched_blacklisted_images_rule": false,
                    "final_action": "go",
                    "final_action_reason": "whitelisted",
                    "status": "pass",
                    "result": {
                        IMAGE_ID: {"result": {
                            "header": [
                                "Image_Id", "Repo_Tag", "Trigger_Id", "Gate", "Trigger", "Check_Output", "Gate_Action",
                                "Whitelisted", "Policy_Id",
                            ],
                            "row_count": 1, "rows": [row], "final_action": "stop",
                        }},
                        "policy_data": [], "whitelist_data": [], "policy_name": "", "whitelist_names": [],
                    },
                    "created_at": 1_717_200_000,
                    "last_modified": 1_717_200_000,
                    "evaluation_problems": [],
                })
            );
        },
    );
}

#[test]
fn accepted_findings_name_their_item_in_the_table() {
    let document = bundle(&json!({
        "policies": [policy("p", &[always("STOP")])],
        "whitelists": [allow_list("w", &[json!({"gate": "always", "trigger_id": "always"})])],
        "mappings": [mapping(&["p"], &["w"])],
    }));
    let compiled = compile(&document, windlass_policy::Profile::Compat);
    Judged::default().with(
        &document,
        |_| (),
        |evaluation, _| {
            let table = json!(EvaluationResult::new(evaluation, compiled.bundle(), &subject()));
            assert_eq!(
                table["result"][IMAGE_ID]["result"]["rows"][0],
                json!([
                    IMAGE_ID, TAG, "always", "always", "always", "Unconditional trigger match", "go",
                    {"whitelist_name": "list w", "whitelist_id": "w", "matched_rule_id": null}, "p",
                ])
            );
        },
    );
}

#[test]
fn a_policy_that_finds_nothing_passes() {
    for rules in [&[][..], &[rule("malware", "scans", "STOP")]] {
        let seen = see(&bundle_of(rules));
        assert_eq!((seen.verdict.as_str(), seen.is_mapped), (GO, true));
        assert_eq!((seen.rows, seen.problems), (vec![], vec![]));
    }
}

#[test]
fn the_worst_action_decides() {
    for (actions, expected) in [(&["GO", "WARN"][..], "warn"), (&["WARN", "STOP", "GO"], "stop"), (&["GO"], "go")] {
        let rules: Vec<Value> = actions.iter().map(|action| always(action)).collect();
        let seen = see(&bundle_of(&rules));
        assert_eq!(seen.verdict, format!("{expected} policy_evaluation"));
        assert_eq!(seen.rows.len(), rules.len());
    }
}

#[test]
fn rules_of_retired_gates_are_told_and_the_others_decide() {
    let seen =
        see(&bundle_of(&[rule("ANCHORESEC", "vulnhigh", "STOP"), always("WARN"), rule("pkgdiff", "pkgadd", "STOP")]));
    assert_eq!(seen, Seen {
        verdict: "warn policy_evaluation".into(),
        policy_action: "warn".into(),
        is_mapped: true,
        rows: vec!["p always/always warn".into()],
        problems: vec![
            "EndOfLifedError: Gate ANCHORESEC has been End-of-Lifed. It will not be evaluated, and should be removed from \
             policies and replaced with 'vulnerabilities'"
                .into(),
            "EndOfLifedError: Gate pkgdiff has been End-of-Lifed. It will not be evaluated, and should be removed from \
             policies"
                .into(),
        ],
        ..Seen::default()
    });
    // Image lists are still asked.
    let mut document = bundle_of(&[rule("anchoresec", "vulnhigh", "STOP"), always("STOP")]);
    document["whitelisted_images"] = json!([everything()]);
    assert_eq!(see(&document).verdict, "go whitelisted");
}

#[test]
fn a_bundle_that_cannot_be_built_stops_the_image_past_all_image_lists() {
    let mut broken = bundle(&json!({
        "policies": [policy("p", &[always("STOP"), rule("none", "x", "GO"), always("?")])],
        "mappings": [mapping(&["p", "missing"], &["none"])],
    }));
    for list in ["whitelisted_images", "blacklisted_images"] {
        broken[list] = json!([everything()]);
    }
    let seen = see(&broken);
    assert_eq!((seen.verdict.as_str(), seen.policy_action.as_str()), (STOP, "stop"));
    assert_eq!((seen.is_mapped, seen.image_lists, seen.rows), (true, (false, false), vec![]));
    let kinds: Vec<&str> = seen.problems.iter().map(|problem| problem.split(':').next().unwrap()).collect();
    assert_eq!(kinds, ["GateNotFoundError", "PolicyError", "ReferencedObjectNotFoundError"]);
}

#[test]
fn a_mapping_that_cannot_be_read_stops_every_image() {
    let mut unreadable = mapping(&["p"], &[]);
    unreadable["policy_id"] = json!("p");
    let document = bundle(&json!({
        "policies": [policy("p", &[always("GO")])], "mappings": [mapping(&["p"], &[]), unreadable],
    }));
    let seen = see(&document);
    assert_eq!((seen.verdict.as_str(), seen.is_mapped), (STOP, false));
    assert_eq!(seen.problems.len(), 1);
    assert!(seen.problems[0].starts_with("ValidationError: Cannot specify both"));
}

#[test]
fn mistakes_in_later_mappings_concern_nobody_here() {
    let document = bundle(&json!({
        "policies": [policy("p", &[always("WARN")])], "mappings": [mapping(&["p"], &[]), mapping(&["missing"], &[])],
    }));
    let seen = see(&document);
    assert_eq!((seen.verdict.as_str(), seen.problems.len()), ("warn policy_evaluation", 0));
}

#[test]
fn a_version_that_is_not_supported_stops_the_image() {
    let seen = see(&bundle(&json!({"version": "3"})));
    assert_eq!((seen.verdict.as_str(), seen.is_mapped), (STOP, false));
    assert!(seen.problems[0].starts_with("UnsupportedVersionError: Found version 3"));
}

#[test]
fn missing_lists_are_empty() {
    let mut only = mapping(&["p"], &[]);
    only.as_object_mut().unwrap().remove("whitelist_ids");
    let document = json!({
        "id": "b", "version": "1_0", "mappings": [only],
        "policies": [{"id": "p", "version": "1_0", "rules": [{"gate": "always", "trigger": "always", "action": "WARN"}]}],
    });
    assert_eq!(see(&document).rows, ["p always/always warn"]);
}

#[test]
fn mappings_by_digest_and_id_work() {
    let by = |kind: &str, value: &str| {
        let mut mapping = selection("*", "*", kind, value);
        mapping["policy_ids"] = json!(["p"]);
        bundle(&json!({"policies": [policy("p", &[always("STOP")])], "mappings": [mapping]}))
    };
    for (kind, value, expected) in [
        ("digest", DIGEST, STOP),
        ("digest", "sha256:other", GO),
        ("digest", "*", GO),
        ("id", IMAGE_ID, STOP),
        ("id", "other", GO),
        ("name", "1", GO),
    ] {
        let seen = see(&by(kind, value));
        assert_eq!((seen.verdict.as_str(), seen.problems.len()), (expected, 0), "{kind} {value}");
    }
}

#[test]
fn names_by_digest_or_id_are_matched_by_what_they_have() {
    let only = |registry: &str, repository: &str, tag: &str| {
        let mut mapping = selection(registry, repository, "tag", tag);
        mapping["policy_ids"] = json!(["p"]);
        bundle(&json!({"policies": [policy("p", &[always("STOP")])], "mappings": [mapping]}))
    };
    for (name, registry, repository, tag, expected) in [
        ("docker.io/a@sha256:aa", "docker.io", "a", "*", STOP),
        ("docker.io/a@sha256:aa", "docker.io", "a", "latest", GO),
        ("sha256:aa", "docker.io", "*", "*", STOP),
        ("sha256:aa", "docker.io", "a*", "*", GO),
        (IMAGE_ID, "*", "*", "*", STOP),
        (IMAGE_ID, "docker.io", "*", "*", GO),
        ("dockerhub/library/nginx", "docker.io", "library/nginx", "latest", STOP),
        ("nginx", "docker.io", "library/nginx", "*", GO),
        ("quay.io/a/b:1", "regexp:.*\\.io", "a/*", "regexp:[0-9]", STOP),
    ] {
        let seen = see_as(name, &only(registry, repository, tag));
        assert_eq!((seen.verdict.as_str(), seen.problems.len()), (expected, 0), "{name} {registry} {repository} {tag}");
    }
}

#[test]
fn the_first_mapping_that_matches_decides() {
    let mut first = mapping(&["warn"], &[]);
    first["repository"] = json!("library/*");
    let document = bundle(&json!({
        "policies": [policy("warn", &[always("WARN")]), policy("stop", &[always("STOP")])],
        "mappings": [first, mapping(&["stop"], &[])],
    }));
    assert_eq!(see_as("docker.io/library/a:1", &document).rows, ["warn always/always warn"]);
    assert_eq!(see_as("docker.io/other/a:1", &document).rows, ["stop always/always stop"]);
}

#[test]
fn a_selector_that_cannot_be_used_stops_the_image() {
    for (list, place) in [("mappings", "/mappings/1"), ("whitelisted_images", "/whitelisted_images/1")] {
        let mut bad = mapping(&["p"], &[]);
        bad["repository"] = json!("regexp:(");
        let mut other = mapping(&["p"], &[]);
        other["registry"] = json!("elsewhere");
        let mut document =
            bundle(&json!({"policies": [policy("p", &[always("GO")])], "mappings": [mapping(&["p"], &[])]}));
        document[list] = json!([other, bad, mapping(&["p"], &[])]);
        Judged::default().with(
            &document,
            |_| (),
            |evaluation, _| {
                assert_eq!(evaluation.final_action, Action::Stop);
                assert_eq!(evaluation.problems[0].pointer, place);
            },
        );
    }
    // One that is never asked does no harm.
    let mut bad = mapping(&["p"], &[]);
    bad["repository"] = json!("regexp:(");
    let document =
        bundle(&json!({"policies": [policy("p", &[always("GO")])], "mappings": [mapping(&["p"], &[]), bad]}));
    assert_eq!(see(&document).verdict, GO);
}

#[test]
fn rows_are_grouped_by_gate_and_policies_come_as_often_as_they_are_listed() {
    // spec/policy.md §10.5
    let document = bundle(&json!({
        "policies": [
            policy("p", &[always("WARN")]),
            policy("q", &[always("GO"), rule("malware", "scan_not_run", "STOP"), always("STOP")]),
        ],
        "mappings": [mapping(&["p", "q", "p"], &[])],
    }));
    let seen = see(&document);
    assert_eq!(seen.verdict, STOP);
    assert_eq!(
        seen.rows,
        [
            "p always/always warn",
            "q always/always go",
            "q always/always stop",
            "q malware/scan_not_run stop",
            "p always/always warn",
        ]
    );
}

#[test]
fn a_rule_that_cannot_be_evaluated_stops_the_image_and_the_others_still_speak() {
    let bad = rule_with("files", "name_match", "WARN", &[("regex", r"*\.pem")]);
    let mut document = bundle_of(&[always("GO"), bad, rule("malware", "scan_not_run", "WARN")]);
    document["whitelisted_images"] = json!([everything()]);
    let seen = see(&document);
    assert_eq!((seen.verdict.as_str(), seen.policy_action.as_str(), seen.image_lists), (STOP, "stop", (false, false)));
    assert_eq!(seen.rows, ["p always/always go", "p malware/scan_not_run warn"]);
    assert_eq!(seen.problems.len(), 1);
    let expected = r"TriggerEvaluationError: severity:error message:Trigger evaluation failed for gate files and trigger name_match, with parameters: ({'regex': '*\\.pem'}) due to: ";
    assert!(seen.problems[0].starts_with(expected), "{}", seen.problems[0]);
}

#[test]
fn a_rule_that_looks_at_nothing_does_not_fail() {
    let bad = rule_with("files", "name_match", "WARN", &[("regex", r"*\.pem")]);
    let judged = Judged { sbom: Sbom::default(), ..Judged::default() };
    let seen = judged.see(&bundle_of(&[bad]));
    assert_eq!((seen.verdict.as_str(), seen.problems.len()), (GO, 0));
}

#[test]
fn failures_may_be_told_to_warn_only() {
    let bad = rule_with("files", "name_match", "GO", &[("regex", "(")]);
    let mut document = bundle_of(&[bad]);
    let judged = Judged::default();
    let look = |document: &Value| {
        judged.with(document, |request| request.on_failure = Action::Warn, |evaluation, _| Seen::new(evaluation))
    };
    assert_eq!(look(&document).verdict, "warn policy_evaluation");
    document["blacklisted_images"] = json!([everything()]);
    assert_eq!(look(&document).verdict, "stop blacklisted");
}

#[test]
fn a_parameter_that_cannot_be_converted_is_told_in_plain_words() {
    let bad = rule_with("vulnerabilities", "package", "WARN", &[("package_type", "all"), ("cvss_v3_base_score", "-")]);
    let seen = see(&bundle_of(&[bad]));
    assert_eq!(seen.verdict, STOP);
    assert_eq!(seen.problems, ["ValueError: could not convert string to float: '-'"]);
}

#[test]
fn nothing_is_stopped_by_an_item_that_lacks_its_id() {
    let document = bundle(&json!({
        "policies": [policy("p", &[always("STOP")])],
        "whitelists": [allow_list("w", &[json!({"gate": "always"}), item("i", "always", "always")])],
        "mappings": [mapping(&["p"], &["w"])],
    }));
    assert_eq!(see(&document).rows, ["p always/always go (w/i)"]);
}
