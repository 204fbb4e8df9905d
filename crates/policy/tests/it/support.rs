//! Small bundles, small images, and evaluations in a form that reads well.

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass_matching::Outcome;
use windlass_policy::{Bundle, CompiledBundle, Evaluation, Image, Knowledge, Problem, Profile, Request};
use windlass_sbom::{
    Evidence, File, FileKind, ImageSource, Location, Sbom, Source,
    formats::{self, Document, Format, Saved},
};

/// The time of every evaluation that names no other.
pub(crate) const NOW: &str = "2024-06-01T00:00:00Z";
pub(crate) const TAG: &str = "docker.io/library/app:1";
/// The image's id and digest.
pub(crate) const IMAGE_ID: &str = "ba88c1775192a660f4cfd31ddcfab9e5f610dcc6f4ca645a098ea6d0672495eb";
pub(crate) const DIGEST: &str = "sha256:4dbb9075bdf4dd25e5a8f2ca1e6386403841707c5ea7447f67cb7f31abd4be6c";

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn rule(gate: &str, trigger: &str, action: &str) -> Value {
    json!({"gate": gate, "trigger": trigger, "action": action, "params": []})
}

pub(crate) fn rule_with(gate: &str, trigger: &str, action: &str, params: &[(&str, &str)]) -> Value {
    let params: Vec<Value> = params.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    json!({"id": "r1", "gate": gate, "trigger": trigger, "action": action, "params": params})
}

pub(crate) fn always(action: &str) -> Value {
    rule("always", "always", action)
}

pub(crate) fn policy(id: &str, rules: &[Value]) -> Value {
    json!({"id": id, "version": "1_0", "rules": rules})
}

pub(crate) fn allow_list(id: &str, items: &[Value]) -> Value {
    json!({"id": id, "name": format!("list {id}"), "version": "1_0", "items": items})
}

pub(crate) fn item(id: &str, gate: &str, trigger_id: &str) -> Value {
    json!({"id": id, "gate": gate, "trigger_id": trigger_id})
}

pub(crate) fn selection(registry: &str, repository: &str, kind: &str, value: &str) -> Value {
    let image = json!({"type": kind, "value": value});
    json!({"name": "s", "registry": registry, "repository": repository, "image": image})
}

pub(crate) fn mapping(policies: &[&str], allow_lists: &[&str]) -> Value {
    let mut mapping = selection("*", "*", "tag", "*");
    mapping["policy_ids"] = json!(policies);
    mapping["whitelist_ids"] = json!(allow_lists);
    mapping
}

/// A bundle whose lists are all empty but those given.
pub(crate) fn bundle(members: &Value) -> Value {
    let mut bundle = json!({
        "id": "b", "name": "bundle", "version": "1_0", "policies": [], "whitelists": [], "mappings": [],
        "whitelisted_images": [], "blacklisted_images": [],
    });
    for (name, value) in members.as_object().unwrap() {
        bundle[name] = value.clone();
    }
    bundle
}

/// Every image is judged by these rules.
pub(crate) fn bundle_of(rules: &[Value]) -> Value {
    bundle(&json!({"policies": [policy("p", rules)], "mappings": [mapping(&["p"], &[])]}))
}

pub(crate) fn compile(document: &Value, profile: Profile) -> CompiledBundle {
    CompiledBundle::new(Arc::new(Bundle::unchecked(document.clone())), profile)
}

/// Type and details of every problem that validation finds.
pub(crate) fn problems(document: &Value) -> Vec<(&'static str, String)> {
    let problems = Bundle::unchecked(document.clone()).validate();
    problems.into_iter().map(|problem| (problem.problem_type, problem.details)).collect()
}

pub(crate) fn file(path: &str, mode: u32) -> File {
    File {
        location: Location::new(path, None, Evidence::Primary),
        kind: FileKind::RegularFile,
        mode,
        uid: 0,
        gid: 0,
        size: 1,
        link_target: String::new(),
        digests: Vec::new(),
    }
}

/// An image with two files, without packages.
pub(crate) fn sbom() -> Sbom {
    let image = ImageSource {
        image_id: format!("sha256:{IMAGE_ID}"),
        manifest_digest: DIGEST.into(),
        size: 1000,
        ..ImageSource::default()
    };
    let files = vec![file("/etc/key.pem", 0o600), file("/usr/bin/su", 0o4755)];
    Sbom { source: Source::Image(Box::new(image)), files, ..Sbom::default() }
}

/// An evaluation in a few words.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Seen {
    /// `stop policy_evaluation`
    pub(crate) verdict: String,
    pub(crate) policy_action: String,
    pub(crate) is_mapped: bool,
    /// Which image lists matched: allowed, denied.
    pub(crate) image_lists: (bool, bool),
    /// `p always/always stop`, with `(list/item)` where it is allowed.
    pub(crate) rows: Vec<String>,
    /// `Type: details`
    pub(crate) problems: Vec<String>,
    pub(crate) warnings: Vec<&'static str>,
    pub(crate) valid_until: Option<String>,
}

impl Seen {
    pub(crate) fn new(evaluation: &Evaluation<'_>) -> Self {
        let row = |(policy, row): (&str, &windlass_policy::Row<'_>)| {
            let allowed = row.allowed.map_or_else(String::new, |allowed| {
                format!(" ({}/{})", allowed.list.id, allowed.item.id.as_deref().unwrap_or("-"))
            });
            format!("{policy} {}/{} {}{allowed}", row.rule.gate.name, row.rule.trigger.name, row.action)
        };
        let problem = |problem: &Problem| format!("{}: {}", problem.problem_type, problem.details);
        Self {
            verdict: format!("{} {}", evaluation.final_action, evaluation.reason.as_str()),
            policy_action: evaluation.policy_action.to_string(),
            is_mapped: evaluation.mapping.is_some(),
            image_lists: (evaluation.allowed_image.is_some(), evaluation.denied_image.is_some()),
            rows: evaluation.rows().map(row).collect(),
            problems: evaluation.problems.iter().map(problem).collect(),
            warnings: evaluation.warnings.iter().map(|warning| warning.code).collect(),
            valid_until: evaluation.valid_until.map(|moment| moment.to_string()),
        }
    }
}

/// What is judged, if not the small image under its tag.
pub(crate) struct Judged<'a> {
    pub(crate) sbom: Sbom,
    pub(crate) outcome: Outcome,
    pub(crate) knowledge: Knowledge<'a>,
    pub(crate) tag: &'a str,
    pub(crate) now: &'a str,
    pub(crate) profile: Profile,
}

impl Default for Judged<'_> {
    fn default() -> Self {
        Self {
            sbom: sbom(),
            outcome: Outcome::default(),
            knowledge: Knowledge::default(),
            tag: TAG,
            now: NOW,
            profile: Profile::Compat,
        }
    }
}

impl Judged<'_> {
    /// Evaluates and looks at the result; `adjust` may change the request.
    pub(crate) fn with<T>(
        &self,
        document: &Value,
        adjust: impl FnOnce(&mut Request<'_>),
        look: impl FnOnce(&Evaluation<'_>, &Image<'_>) -> T,
    ) -> T {
        let compiled = compile(document, self.profile);
        let image = Image::new(&self.sbom, &self.outcome, self.knowledge.clone());
        let mut request = Request::new(&image, self.tag, time(self.now));
        adjust(&mut request);
        let evaluation = compiled.evaluate(&request);
        self.compare_with_saved(&compiled, &request, &evaluation);
        look(&evaluation, &image)
    }

    /// What was saved in the compact format, and read as far as rules look at it, is judged the same to the letter.
    fn compare_with_saved(&self, compiled: &CompiledBundle, request: &Request<'_>, expected: &Evaluation<'_>) {
        let mut sorted = self.sbom.clone();
        sorted.sort();
        if sorted != self.sbom {
            // Findings name packages by their place, which saving would change.
            return;
        }
        let mut document = Vec::new();
        formats::write(&self.sbom, Format::Compact, &Document::default(), &mut document).unwrap();
        let Saved { sbom, files } = formats::read_saved(&document, compiled.wanted()).unwrap();
        let image = Image::new(&sbom, &self.outcome, self.knowledge.clone()).with_files(&files);
        let &Request { tag, now, on_failure, unmapped, .. } = request;
        let evaluation = compiled.evaluate(&Request { image: &image, tag, now, on_failure, unmapped });
        assert_eq!(format!("{evaluation:?}"), format!("{expected:?}"));
    }

    pub(crate) fn see(&self, document: &Value) -> Seen {
        self.with(document, |_| (), |evaluation, _| Seen::new(evaluation))
    }
}

/// What the small image gets.
pub(crate) fn see(document: &Value) -> Seen {
    Judged::default().see(document)
}

/// What the small image gets under a name.
pub(crate) fn see_as(tag: &str, document: &Value) -> Seen {
    Judged { tag, ..Judged::default() }.see(document)
}

/// A file or folder of the shared test data, named by `WINDLASS_SHARED` or beside the repository; says so where there is
/// none.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let root = std::env::var_os("WINDLASS_SHARED").map_or_else(|| beside.into(), PathBuf::from);
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there; set WINDLASS_SHARED to the folder with shared test data", path.display());
    None
}

/// A JSON document of the shared test data.
pub(crate) fn shared_json(path: &str) -> Option<Value> {
    let text = std::fs::read(shared(path)?).unwrap();
    Some(serde_json::from_slice(&text).unwrap())
}
