//! Every problem that validation knows, and the order in which they come (`spec/policy.md` §1.6, §1.7).

use serde_json::{Value, json};
use windlass_policy::Bundle;

use crate::support::{
    allow_list, always, bundle, bundle_of, item, mapping, policy, problems, rule, rule_with, selection,
};

/// The one problem with a document.
fn problem(document: &Value) -> (&'static str, String) {
    let mut found = problems(document);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn of_rule(rule: Value) -> (&'static str, String) {
    problem(&bundle_of(&[rule]))
}

fn set(mut value: Value, member: &str, to: Value) -> Value {
    value[member] = to;
    value
}

fn unset(mut value: Value, member: &str) -> Value {
    value.as_object_mut().unwrap().remove(member).unwrap();
    value
}

fn error(kind: &'static str, details: impl Into<String>) -> (&'static str, String) {
    (kind, details.into())
}

fn unsupported(version: &str) -> (&'static str, String) {
    error(
        "UnsupportedVersionError",
        format!(
            "Found version {version}, expected one of supported versions ['1_0']. Detail:\"Version not supported\" \
             (supported_versions=['1_0'],found_version={version})"
        ),
    )
}

const NOT_ITERABLE: (&str, &str) = ("TypeError", "'NoneType' object is not iterable");
const NO_LOWER: &str = "'NoneType' object has no attribute 'lower'";

fn not_iterable() -> (&'static str, String) {
    error(NOT_ITERABLE.0, NOT_ITERABLE.1)
}

#[test]
fn versions_must_be_1_0() {
    let good = bundle(&json!({
        "policies": [policy("p", &[])], "whitelists": [allow_list("w", &[])], "mappings": [mapping(&["p"], &["w"])],
    }));
    assert_eq!(problems(&good), []);
    assert_eq!(problem(&set(good.clone(), "version", json!("9"))), unsupported("9"));
    assert_eq!(problem(&unset(good.clone(), "version")), unsupported("None"));
    for list in ["policies", "whitelists"] {
        let mut document = good.clone();
        document[list][0]["version"] = json!("1.0");
        assert_eq!(problem(&document), unsupported("1.0"));
        document[list][0] = unset(document[list][0].clone(), "version");
        assert_eq!(problem(&document), unsupported("None"));
    }
}

#[test]
fn a_wrong_version_of_the_bundle_hides_everything_else() {
    let document = bundle(&json!({"version": "2", "mappings": null, "policies": null}));
    assert_eq!(problem(&document), unsupported("2"));
}

#[test]
fn references_must_lead_to_exactly_one_entry() {
    let document = bundle(&json!({
        "policies": [policy("p", &[]), policy("p", &[]), policy("q", &[])],
        "whitelists": [allow_list("w", &[]), allow_list("w", &[])],
        "mappings": [mapping(&["p"], &["w", "none"]), mapping(&["missing"], &[])],
    }));
    let twice = |id: &str, kind: &str| {
        error(
            "DuplicateIdentifierFoundError",
            format!("Object identifier found multiple times, not unique (identifier={id},identifier_type={kind})"),
        )
    };
    let missing = |id: &str, kind: &str| {
        error(
            "ReferencedObjectNotFoundError",
            format!("Referenced object not found (reference_type={kind},reference_id={id})"),
        )
    };
    assert_eq!(
        problems(&document),
        [twice("p", "policy"), twice("w", "whitelist"), missing("none", "whitelist"), missing("missing", "policy")]
    );
    let places = Bundle::unchecked(document).validate().into_iter().map(|problem| problem.pointer);
    assert_eq!(
        places.collect::<Vec<_>>(),
        ["/policies/1", "/whitelists/1", "/mappings/0/whitelist_ids/1", "/mappings/1/policy_ids/0"]
    );
}

#[test]
fn a_mapping_names_its_policies_in_one_of_two_ways() {
    let given = |policy_id: Value, policy_ids: Value| {
        let mut mapping = mapping(&[], &[]);
        mapping["policy_id"] = policy_id;
        mapping["policy_ids"] = policy_ids;
        bundle(&json!({"policies": [policy("p", &[])], "mappings": [mapping]}))
    };
    assert_eq!(problems(&given(json!("p"), json!([]))), []);
    assert_eq!(problems(&given(json!(""), json!(["p"]))), []);
    assert_eq!(
        problem(&given(json!("p"), json!(["p"]))),
        error(
            "ValidationError",
            "Cannot specify both policy_id and policy_ids properties in mapping rule, must use one or the other ()"
        )
    );
    assert_eq!(
        problem(&given(json!(""), json!([]))),
        error(
            "ValidationError",
            "No policy_id or policy_ids property found for mapping rule: {'name': 's', 'registry': '*', \
             'repository': '*', 'image': {'type': 'tag', 'value': '*'}, 'policy_ids': [], 'whitelist_ids': [], \
             'policy_id': ''} ()"
        )
    );
}

#[test]
fn null_where_a_list_is_needed_is_a_problem_but_absent_is_empty() {
    let good = bundle(&json!({
        "policies": [policy("p", &[always("GO")])], "whitelists": [allow_list("w", &[])],
        "mappings": [mapping(&["p"], &["w"])],
    }));
    for pointer in [
        "/mappings",
        "/whitelisted_images",
        "/blacklisted_images",
        "/policies/0/rules",
        "/whitelists/0/items",
        "/mappings/0/whitelist_ids",
    ] {
        let mut document = good.clone();
        *document.pointer_mut(pointer).unwrap() = Value::Null;
        assert_eq!(problem(&document), not_iterable(), "{pointer}");
        assert_eq!(Bundle::unchecked(document).validate()[0].pointer, pointer);
        let mut document = good.clone();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(member);
        assert_eq!(problems(&document), [], "{pointer}");
    }
    // Both lists that mappings refer to into.
    let mut document = good;
    document["policies"] = Value::Null;
    document["whitelists"] = Value::Null;
    assert_eq!(problems(&document), [not_iterable(), not_iterable()]);
}

#[test]
fn entries_lack_what_identifies_them() {
    let mut unselective = mapping(&["p"], &[]);
    unselective = unset(unselective, "image");
    let document = bundle(&json!({"policies": [policy("p", &[])], "mappings": [unselective]}));
    let no_image = error("AttributeError", "'NoneType' object has no attribute 'get'");
    assert_eq!(problem(&document), no_image);
    let list = json!([unset(selection("*", "*", "tag", "*"), "image")]);
    assert_eq!(problem(&bundle(&json!({"whitelisted_images": list}))), no_image);

    let gateless = allow_list("w", &[json!({"trigger_id": "x"})]);
    let document = bundle(
        &json!({"policies": [policy("p", &[])], "whitelists": [gateless], "mappings": [mapping(&["p"], &["w"])]}),
    );
    assert_eq!(problem(&document), error("AttributeError", NO_LOWER));

    // One nameless policy spoils every reference, but nobody minds where nothing is referred to.
    let policies = json!([policy("p", &[]), unset(policy("q", &[]), "id")]);
    let document = bundle(&json!({"policies": policies, "mappings": [mapping(&["p"], &[])]}));
    assert_eq!(problem(&document), error("KeyError", "'id'"));
    assert_eq!(problems(&set(document, "mappings", json!([]))), []);
}

#[test]
fn expiry_must_be_a_moment_in_utc() {
    let of = |moment: &str| {
        let list = allow_list("w", &[set(item("i", "g", "t"), "expires_on", json!(moment))]);
        problems(&bundle(
            &json!({"policies": [policy("p", &[])], "whitelists": [list], "mappings": [mapping(&["p"], &["w"])]}),
        ))
    };
    for good in ["2020-12-31T23:59:59Z", "2020-12-31T23:59:59.123456Z", "2020-12-31T23:59:59:1Z"] {
        assert_eq!(of(good), [], "{good}");
    }
    for bad in ["2020-12-31", "2020-12-31T23:59:59", "2020-12-31T23:59:59X", "2020-12-31T23:59:59.1234567Z"] {
        let details = format!(
            "could not convert input value ({bad}) into datetime using formats in ['%Y-%m-%dT%H:%M:%SZ', \
             '%Y-%m-%dT%H:%M:%S.%fZ', '%Y-%m-%dT%H:%M:%S:%fZ']"
        );
        assert_eq!(of(bad), [error("Exception", details)], "{bad}");
    }
}

#[test]
fn rules_need_an_action_parameters_a_gate_and_a_trigger_in_this_order() {
    for (rule, details) in [
        (set(always("STOP"), "action", json!("Hello")), "hello"),
        (set(always("STOP"), "action", json!("")), ""),
        (unset(always("STOP"), "action"), ""),
        (set(always("STOP"), "params", Value::Null), NOT_ITERABLE.1),
        (set(set(always("?"), "params", Value::Null), "gate", json!("none")), NOT_ITERABLE.1),
        (set(always("STOP"), "params", json!([{"value": "x"}])), NO_LOWER),
        (unset(always("STOP"), "gate"), NO_LOWER),
        (unset(always("STOP"), "trigger"), NO_LOWER),
        (set(set(always("STOP"), "gate", json!("none")), "action", json!("stay")), "stay"),
    ] {
        assert_eq!(of_rule(rule.clone()), error("PolicyError", details), "{rule}");
    }
    // Absent parameters are none, and actions are read in any case.
    assert_eq!(problems(&bundle_of(&[unset(always("sToP"), "params")])), []);
}

#[test]
fn names_that_the_original_passed_on_by_itself_are_no_parameters() {
    for name in ["rule_id", "Parent_Gate_Cls"] {
        let rule = rule_with("always", "always", "STOP", &[(name, "x")]);
        let details = format!("type object got multiple values for keyword argument '{}'", name.to_lowercase());
        assert_eq!(of_rule(rule.clone()), error("PolicyError", details));
        // Gate and trigger are looked at before.
        assert_eq!(of_rule(set(rule, "gate", json!("none"))).0, "GateNotFoundError");
    }
}

#[test]
fn an_unknown_gate_is_told_with_those_there_are() {
    assert_eq!(
        of_rule(rule_with("NoGate", "always", "STOP", &[])),
        error(
            "GateNotFoundError",
            "The specified gate is not found in the policy engine as a valid gate name \
             (gate=NoGate,trigger=None,rule_id=r1,valid_gates=['always', 'dockerfile', 'suiddiff', 'imagecheck', \
             'pkgdiff', 'anchoresec', 'pkgcheck', 'dockerfilecheck', 'filecheck', 'fileparse_passwd', 'gemcheck', \
             'metadatacheck', 'licblacklist', 'npmcheck', 'pkgblacklist', 'secretcheck', 'files', 'ruby_gems', \
             'metadata', 'licenses', 'malware', 'npms', 'packages', 'passwd_file', 'retrieved_files', 'secret_scans', \
             'vulnerabilities'])"
        )
    );
}

#[test]
fn an_unknown_trigger_is_told_with_those_there_are() {
    assert_eq!(
        of_rule(rule("Malware", "Scan", "STOP")),
        error(
            "TriggerNotFoundError",
            "Trigger not found for specified gate. Valid triggers are: ['scans', 'scan_not_run'] \
             (gate=Malware,trigger=Scan,rule_id=None)"
        )
    );
    // Names of retired gates are still looked up.
    assert_eq!(
        of_rule(rule("pkgblacklist", "none", "STOP")),
        error(
            "TriggerNotFoundError",
            "Trigger not found for specified gate. Valid triggers are: ['pkgfullmatch', 'pkgnamematch'] \
             (gate=pkgblacklist,trigger=none,rule_id=None)"
        )
    );
    // The successor's names are not those of version 1_0.
    assert_eq!(of_rule(rule("vulnerabilities", "denylist", "STOP")).0, "TriggerNotFoundError");
}

#[test]
fn gates_past_their_life_are_refused_under_the_name_they_were_given() {
    for (gate, trigger, suffix) in [
        ("SUIDDIFF", "suidfileadd", ""),
        ("gemCheck", "GEMNOFEED", " and replaced with 'gems'"),
        ("dockerfilecheck", "sudo", " and replaced with 'dockerfile'"),
    ] {
        let details = format!(
            "Gate {gate} has been End-of-Lifed. It will not be evaluated, and should be removed from policies{suffix}"
        );
        // Parameters are not looked at.
        let rule = rule_with(gate, trigger, "STOP", &[("anything", "x")]);
        assert_eq!(of_rule(rule), error("EndOfLifedError", details));
    }
}

#[test]
fn a_required_parameter_is_missed() {
    let details = "Required parameter (gate=files,trigger=name_match,rule_id=r1)";
    let missing = rule_with("FILES", "Name_Match", "STOP", &[]);
    assert_eq!(of_rule(missing.clone()), error("ParameterValueInvalidError", details));
    let null = set(missing, "params", json!([{"name": "regex", "value": null}]));
    assert_eq!(of_rule(null), error("ParameterValueInvalidError", details));
    // Of two values with one name the last counts.
    let mut twice = rule_with("files", "name_match", "STOP", &[("regex", "a"), ("REGEX", "b")]);
    assert_eq!(problems(&bundle_of(&[twice.clone()])), []);
    twice["params"][1]["value"] = Value::Null;
    assert_eq!(of_rule(twice), error("ParameterValueInvalidError", details));
}

#[test]
fn a_rejected_value_is_told_with_the_schema() {
    assert_eq!(
        of_rule(rule_with("vulnerabilities", "package", "STOP", &[("package_type", "blah")])),
        error(
            "ParameterValueInvalidError",
            "Parameter validation failed: JSON Schema validation failed. Schema={'type': 'string', \
             'enum': ['all', 'os', 'non-os']}, Detail='blah' is not one of ['all', 'os', 'non-os'] \
             (gate=vulnerabilities,trigger=package,rule_id=r1)"
        )
    );
}

#[test]
fn all_problems_of_a_rule_s_parameters_come_by_their_keys_and_unknown_ones_last_and_once() {
    // Keys: actual_dockerfile_only, allowed_type (type), ports.
    let rule = rule_with(
        "dockerfile",
        "exposed_ports",
        "STOP",
        &[("x", "1"), ("ports", "ALL"), ("type", "none"), ("y", "2"), ("actual_dockerfile_only", "yes")],
    );
    let found = problems(&bundle_of(&[rule]));
    let context = "(gate=dockerfile,trigger=exposed_ports,rule_id=r1)";
    let failed = |detail: &str| {
        error(
            "ParameterValueInvalidError",
            format!("Parameter validation failed: JSON Schema validation failed. Schema={detail} {context}"),
        )
    };
    assert_eq!(
        found,
        [
            failed("{'type': 'string', 'enum': ['true', 'false']}, Detail='yes' is not one of ['true', 'false']"),
            failed(
                "{'type': 'string', 'enum': ['whitelist', 'blacklist']}, Detail='none' is not one of \
                 ['whitelist', 'blacklist']"
            ),
            failed(
                r"{'type': 'string', 'pattern': '^\\s*(\\s*(\\d+)\\s*,)*\\s*(\\d+){1}\\s*$'}, Detail='ALL' does not match '^\\s*(\\s*(\\d+)\\s*,)*\\s*(\\d+){1}\\s*$'"
            ),
            error(
                "InvalidParameterError",
                "Rule validation error (gate=dockerfile,trigger=exposed_ports,rule_id=None,parameter=None,\
                 valid_parameters=['actual_dockerfile_only', 'allowed_type', 'ports'])"
            ),
        ]
    );
}

#[test]
fn a_linked_parameter_is_looked_at_again_even_where_it_is_not_given() {
    let metadata =
        |params: &[(&str, &str)]| problems(&bundle_of(&[rule_with("metadata", "attribute", "STOP", params)]));
    let context = "(gate=metadata,trigger=attribute,rule_id=r1)";
    assert_eq!(
        metadata(&[("attribute", "os_type"), ("check", "exists")]),
        [error(
            "ParameterValueInvalidError",
            format!(
                "JSON Schema validation failed. Schema={{'type': 'string'}}, Detail=None is not of type 'string' {context}"
            )
        )]
    );
    assert_eq!(
        metadata(&[("attribute", "size"), ("check", ">"), ("value", "10 MB")]),
        [error(
            "ParameterValueInvalidError",
            format!(
                "JSON Schema validation failed. Schema={{'type': 'string', 'pattern': '^([0-9]+)([kmgt]b)?$'}}, \
                 Detail='10 MB' does not match '^([0-9]+)([kmgt]b)?$' {context}"
            )
        )]
    );
    assert_eq!(metadata(&[("attribute", "size"), ("check", ">"), ("value", "10mb")]), []);
    assert_eq!(metadata(&[("attribute", "os_type"), ("check", "exists"), ("value", "")]), []);
    // Where the other parameter is no good itself, any text will do.
    assert_eq!(metadata(&[("attribute", "none"), ("check", ">"), ("value", "any")]).len(), 1);
}

#[test]
fn older_names_of_parameters_are_read_where_the_new_one_is_not_given() {
    let users = |params: &[(&str, &str)]| {
        problems(&bundle_of(&[rule_with("passwd_file", "blacklist_usernames", "STOP", params)]))
    };
    assert_eq!(users(&[("usernameblacklist", "root")]), []);
    assert_eq!(users(&[("user_names", "root"), ("usernameblacklist", "")]), []);
    assert_eq!(users(&[("usernameblacklist", "")]).len(), 1);
    assert_eq!(users(&[("useridblacklist", "0")]).len(), 2, "missing, and unknown");
}

#[test]
fn the_first_policy_that_fails_ends_the_policies_of_its_mapping_but_not_its_allow_lists() {
    let bad = |id: &str| policy(id, &[always("1"), always("GO"), always("2")]);
    let document = bundle(&json!({
        "policies": [policy("good", &[]), bad("bad"), bad("never")],
        "whitelists": [set(allow_list("w", &[]), "version", json!("x"))],
        "mappings": [mapping(&["good", "bad", "never"], &["w", "none"])],
    }));
    let found: Vec<_> = problems(&document).into_iter().map(|(kind, details)| (kind, details.len())).collect();
    assert_eq!(found[..2], [("PolicyError", 1), ("PolicyError", 1)]);
    assert_eq!(
        found[2..].iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
        ["UnsupportedVersionError", "ReferencedObjectNotFoundError"]
    );
}

#[test]
fn a_policy_that_two_mappings_share_tells_its_problems_twice() {
    let document = bundle(&json!({
        "policies": [policy("p", &[always("?")])], "mappings": [mapping(&["p"], &[]), mapping(&["p"], &[])],
    }));
    assert_eq!(problems(&document), [error("PolicyError", "?"), error("PolicyError", "?")]);
}

#[test]
fn null_for_the_allow_lists_of_a_mapping_keeps_the_later_ones_from_being_looked_at() {
    let document = bundle(&json!({
        "policies": [policy("p", &[always("?")])],
        "mappings": [set(mapping(&["p"], &[]), "whitelist_ids", Value::Null), mapping(&["none"], &[])],
    }));
    assert_eq!(problems(&document), [error("PolicyError", "?"), not_iterable()]);
}

#[test]
fn what_no_mapping_refers_to_is_not_looked_at() {
    let document = bundle(&json!({
        "policies": [policy("p", &[always("?")])], "whitelists": [json!({"id": "w", "items": 5})], "mappings": [],
    }));
    assert_eq!(problems(&document), []);
}

#[test]
fn the_first_mapping_that_cannot_be_read_is_the_only_problem() {
    let document = bundle(&json!({
        "policies": [policy("p", &[always("?")])],
        "mappings": [mapping(&["p"], &[]), unset(mapping(&["p"], &[]), "image"), mapping(&[], &[])],
        "whitelisted_images": null,
    }));
    assert_eq!(problem(&document), error("AttributeError", "'NoneType' object has no attribute 'get'"));
}

#[test]
fn what_cannot_be_told_before_an_image_is_there_is_accepted() {
    let rules = [
        rule_with("files", "name_match", "STOP", &[("regex", "*.pem")]),
        rule_with("files", "attribute_match", "STOP", &[("filename", "/a"), ("mode", "99")]),
        rule_with("vulnerabilities", "package", "STOP", &[("package_type", "all"), ("cvss_v3_base_score", "-")]),
    ];
    let list = allow_list("w", &[item("i", "no such gate", "regexp:("), json!({"gate": "always"})]);
    let document = bundle(&json!({
        "policies": [policy("p", &rules)], "whitelists": [list], "mappings": [mapping(&["p"], &["w"])],
    }));
    assert_eq!(problems(&document), []);
}

#[test]
fn hints_name_the_culprit_and_what_was_probably_meant() {
    let hint = |document: Value| Bundle::unchecked(document).validate()[0].hint.clone().unwrap_or_default();
    assert_eq!(hint(bundle_of(&[rule("malwares", "scans", "STOP")])), "did you mean malware?");
    assert_eq!(hint(bundle_of(&[rule("malware", "scan", "STOP")])), "did you mean scans?");
    assert_eq!(hint(bundle_of(&[always("halt")])), "the action must be STOP, WARN or GO");
    assert_eq!(
        hint(bundle_of(&[rule_with("files", "name_match", "STOP", &[("regex", "a"), ("regexp", "b"), ("qq", "c")])])),
        "there is no parameter regexp; did you mean regex?; there is no parameter qq"
    );
    let unknown = bundle(&json!({"policies": [policy("default", &[])], "mappings": [mapping(&["defualt"], &[])]}));
    assert_eq!(hint(unknown), "did you mean default?");
}
