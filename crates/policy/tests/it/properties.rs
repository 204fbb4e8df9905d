//! What holds for every bundle and every image.

use proptest::prelude::*;
use serde_json::{Value, json};
use windlass_policy::{Bundle, Profile, Tag, locate};
use windlass_sbom::{Package, PackageType, Sbom};
use windlass_v1::evaluations::{EvaluationResult, Subject};

use crate::support::{
    DIGEST, IMAGE_ID, Judged, NOW, allow_list, always, bundle, compile, file, item, mapping, policy, rule, rule_with,
    sbom, selection, time,
};

/// A bundle with something of everything.
fn rich() -> Value {
    let mut expiring = item("e", "files", "regexp:.*");
    expiring["expires_on"] = json!("2024-07-01T00:00:00Z");
    expiring["void_if"] = json!({"fix_available": true, "severity_above": "low"});
    let rules = [
        always("WARN"),
        rule("malware", "scan_not_run", "STOP"),
        rule("gemcheck", "gemnofeed", "STOP"),
        rule_with("files", "name_match", "STOP", &[("regex", r".*\.pem")]),
        rule_with("files", "attribute_match", "STOP", &[("filename", "/usr/bin/su"), ("mode", "4755")]),
        rule("files", "suid_or_guid_set", "WARN"),
        rule_with("packages", "blacklist", "STOP", &[("name", "a")]),
        rule_with("packages", "required_package", "STOP", &[("name", "z"), ("version", "1")]),
        rule_with("licenses", "blacklist_partial_match", "STOP", &[("licenses", "GPL, MIT")]),
        rule_with("metadata", "attribute", "STOP", &[("attribute", "size"), ("check", ">"), ("value", "1kb")]),
        rule_with("dockerfile", "instruction", "STOP", &[("instruction", "RUN"), ("check", "like"), ("value", ".*")]),
        rule_with("secret_scans", "content_regex_checks", "STOP", &[("filename_regex", ".*")]),
        rule_with(
            "vulnerabilities",
            "package",
            "STOP",
            &[("package_type", "all"), ("cvss_v3_base_score", "7.5"), ("max_days_since_creation", "7")],
        ),
    ];
    bundle(&json!({
        "policies": [policy("p", &rules), policy("q", &[always("GO")])],
        "whitelists": [allow_list("w", &[item("i", "always", "al*"), expiring])],
        "mappings": [mapping(&["p", "q"], &["w"])],
        "whitelisted_images": [selection("quay.io", "*", "digest", "sha256:aa")],
        "blacklisted_images": [selection("regexp:doc", "other", "id", IMAGE_ID)],
    }))
}

/// Pointers to everything in a document.
fn pointers(value: &Value, prefix: &str, found: &mut Vec<String>) {
    found.push(prefix.to_owned());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                pointers(member, &format!("{prefix}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(item, &format!("{prefix}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// What may stand where something else should.
fn anything() -> impl Strategy<Value = Value> {
    const WORDS: &[&str] = &[
        "",
        "*",
        "regexp:(",
        " regexp:.*",
        "STOP",
        "tag",
        "id",
        "1_0",
        "2",
        "p",
        "w",
        "vulnerabilities",
        "package",
        "files",
        "name_match",
        "(?P<a>.)(?P=a)*",
        "-",
        "true",
        "99999999999999999999999",
        "all",
        "2024-01-01T00:00:00Z",
        "é\n\u{0}",
        "rule_id",
        "anchoresec",
        "policies",
        "regex",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(WORDS).prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z_]{1,8}", inner, 0..4)
                .prop_map(|members| members.into_iter().collect::<Value>()),
        ]
    })
}

#[derive(Clone, Debug)]
enum Change {
    Replace(Value),
    Remove,
    Double,
    Rename,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => anything().prop_map(Change::Replace),
        2 => Just(Change::Remove),
        1 => Just(Change::Double),
        1 => Just(Change::Rename),
    ]
}

/// The rich bundle after some changes, each at a place of its own.
fn mutated() -> impl Strategy<Value = Value> {
    let changes = proptest::collection::vec((any::<proptest::sample::Index>(), change()), 0..6);
    changes.prop_map(|changes| {
        let mut document = rich();
        for (place, change) in changes {
            let mut found = Vec::new();
            pointers(&document, "", &mut found);
            let pointer = place.get(&found).clone();
            if let Change::Replace(value) = change {
                *document.pointer_mut(&pointer).unwrap() = value;
                continue;
            }
            let Some((parent, step)) = pointer.rsplit_once('/') else { continue };
            match (document.pointer_mut(parent).unwrap(), change) {
                (Value::Object(members), Change::Rename) => {
                    let value = members.remove(&step.replace("~1", "/").replace("~0", "~"));
                    members.insert("rule_sets".into(), value.unwrap_or_default());
                }
                (Value::Object(members), _) => {
                    members.remove(&step.replace("~1", "/").replace("~0", "~"));
                }
                (Value::Array(items), Change::Double) => items.push(items[step.parse::<usize>().unwrap()].clone()),
                (Value::Array(items), _) => {
                    items.remove(step.parse().unwrap());
                }
                _ => {}
            }
        }
        document
    })
}

/// An image with packages and files in the order of a permutation, normalised.
fn image(order: &[usize]) -> Sbom {
    let mut sbom = sbom();
    sbom.packages = order
        .iter()
        .map(|&number| {
            let kind = if number % 2 == 0 { PackageType::Deb } else { PackageType::Npm };
            let mut package = Package::new(kind, ["a", "b", "c"][number % 3], format!("1.{number}-1"));
            package.assign_id();
            package
        })
        .collect();
    sbom.files =
        order.iter().map(|&number| file(&format!("/etc/{number}.pem"), 0o4755 + (number as u32 % 3))).collect();
    sbom.sort();
    sbom
}

/// The whole result as text.
fn result(judged: &Judged<'_>, document: &Value) -> String {
    let compiled = compile(document, judged.profile);
    let subject =
        Subject { user_id: "u", image_id: IMAGE_ID, image_digest: DIGEST, tag: judged.tag, created_at: time(NOW) };
    judged.with(
        document,
        |_| (),
        |evaluation, image| {
            let clearance = evaluation.clearance(image).map(|clearance| format!("{clearance:?}"));
            let document = json!(EvaluationResult::new(evaluation, compiled.bundle(), &subject));
            format!("{document} {:?} {:?} {clearance:?}", evaluation.warnings, evaluation.valid_until)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_bundle_makes_anything_panic_and_every_one_gets_a_verdict(
        document in mutated(),
        tag in "\\PC{0,20}|sha256:aa|[a-z]{1,3}(/[a-z]{1,3}){0,2}(:[a-z0-9]{0,3})?(@sha256:[a-f]{2})?",
        native in any::<bool>(),
    ) {
        let profile = if native { Profile::Native } else { Profile::Compat };
        let text = serde_json::to_string_pretty(&document).unwrap();
        let parsed = Bundle::parse(text.as_bytes());
        let bundle = Bundle::unchecked(document.clone());
        for problem in bundle.validate() {
            prop_assert!(locate(&text, &problem.pointer).is_some());
            let _ = problem.to_string();
        }
        if let Err(windlass_policy::InvalidBundle::Shape(violation)) = parsed {
            prop_assert!(document.pointer(&violation.pointer()).is_some(), "{}", violation);
        }
        let compiled = compile(&document, profile);
        for warning in compiled.lint(time(NOW)) {
            prop_assert!(locate(&text, &warning.pointer).is_some());
        }
        let _ = (compiled.reads(), compiled.retrieved_paths());
        let judged = Judged { tag: &tag, profile, sbom: image(&[3, 1, 2]), ..Judged::default() };
        prop_assert_eq!(result(&judged, &document), result(&judged, &document));
    }

    #[test]
    fn the_order_in_which_an_image_was_read_does_not_show(
        (order, shuffled) in (1_usize..12).prop_flat_map(|count| {
            let order: Vec<usize> = (0..count).collect();
            (Just(order.clone()), Just(order).prop_shuffle())
        }),
    ) {
        let one = Judged { sbom: image(&order), ..Judged::default() };
        let other = Judged { sbom: image(&shuffled), ..Judged::default() };
        prop_assert_eq!(result(&one, &rich()), result(&other, &rich()));
    }

    #[test]
    fn any_text_is_a_name(text in "\\PC*") {
        let _ = Tag::parse(&text).full();
    }

    #[test]
    fn any_place_is_looked_for_without_harm(text in "\\PC*|[\\[\\]{}\":,a0]*", pointer in "(/[a0~]{0,3}){0,4}") {
        let _ = locate(&text, &pointer);
    }
}
