//! Conditions in CEL and the messages that go with them, in rules over an image with packages and findings.
//!
//! Input: a byte that chooses the scope (`a`, `b`, `c`), a line with the condition, and what follows as the message.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use windlass_fuzz::choose;
use windlass_matching::{Finding, Fix, Flaw, Outcome, Severity, Vulnerability};
use windlass_policy::{Bundle, CompiledBundle, Image, Knowledge, Profile, Request};
use windlass_sbom::{ImageSource, License, Package, PackageType, Sbom, Source};

fuzz_target!(|data: &[u8]| {
    let Some((scope, rest)) = choose(&["image", "package", "finding"], data) else { return };
    let text = String::from_utf8_lossy(rest);
    let (condition, message) = text.split_once('\n').unwrap_or((&text, ""));
    let mut params = vec![json!({"name": "scope", "value": scope}), json!({"name": "expression", "value": condition})];
    if !message.is_empty() {
        params.push(json!({"name": "message", "value": message}));
    }
    let rule = json!({"gate": "custom", "trigger": "expression", "action": "STOP", "params": params});
    let bundle = Bundle::from_value(json!({
        "id": "b", "version": "1_0", "whitelists": [],
        "policies": [{"id": "p", "version": "1_0", "rules": [rule]}],
        "mappings": [{
            "name": "all", "registry": "*", "repository": "*", "image": {"type": "tag", "value": "*"},
            "policy_ids": ["p"], "whitelist_ids": [],
        }],
    }))
    .expect("the shape of a bundle does not depend on the expression");
    let is_valid = bundle.validate().is_empty();
    let compiled = CompiledBundle::new(Arc::new(bundle), Profile::Compat);
    let (sbom, outcome) = &*SUBJECT;
    let image = Image::new(sbom, outcome, Knowledge::default());
    let now = "2024-06-01T00:00:00Z".parse().expect("a time");
    let evaluation = compiled.evaluate(&Request::new(&image, "docker.io/library/app:1", now));
    // A rule that nobody could store stops every image; any other fires, does not, or fails with a reason.
    assert!(is_valid || !evaluation.problems.is_empty(), "{condition}");
    for (_, row) in evaluation.rows() {
        assert!(evaluation.problems.is_empty() && !row.message.is_empty(), "{condition}");
    }
});

static SUBJECT: LazyLock<(Sbom, Outcome)> = LazyLock::new(|| {
    let package = |kind, name: &str| Package {
        licenses: vec![License::declared("MIT OR GPL-2.0-only")],
        purl: Some(format!("pkg:generic/{name}@1.0")),
        ..Package::new(kind, name, "1.0-é")
    };
    let image = ImageSource {
        tags: vec!["docker.io/library/app:1".into()],
        labels: vec![("maintainer".into(), "nobody".into()), ("".into(), "a".repeat(1_000))],
        config: br#"{"created": "2024-01-01T00:00:00Z", "config": {"User": "app", "Env": ["A=b"]}}"#.to_vec(),
        ..ImageSource::default()
    };
    let vulnerability =
        Vulnerability { id: "CVE-2024-0001".into(), severity: Severity::High, ..Vulnerability::default() };
    let flaw = Flaw {
        vulnerability: Arc::new(vulnerability),
        related: Vec::new(),
        fix: Fix::default(),
        details: Vec::new(),
        risk: 0.0,
    };
    let finding = Finding::new(0, flaw);
    let sbom = Sbom {
        source: Source::Image(Box::new(image)),
        packages: vec![package(PackageType::Npm, "lodash"), package(PackageType::Deb, "bash")],
        ..Sbom::default()
    };
    (sbom, Outcome { findings: vec![finding], ..Outcome::default() })
});
