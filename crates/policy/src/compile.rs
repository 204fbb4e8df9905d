//! From a document to something that can be evaluated, and the problems on the way (`spec/policy.md` §1.6).

use std::{collections::HashMap, sync::Arc};

use serde_json::Value;

use crate::{
    Bundle, Inputs, Problem, Profile,
    allow_list::AllowList,
    mapping::{ImageSelector, Mapping},
    pyrepr,
    rule::{Rule, Strictness},
};

/// The version of bundles, policies and allow-lists that is understood.
pub(crate) const VERSION: &str = "1_0";

/// A bundle whose rules are ready: patterns compiled, parameters typed. Evaluating it reads no JSON.
#[derive(Debug)]
pub struct CompiledBundle {
    bundle: Arc<Bundle>,
    profile: Profile,
    /// A bundle with one of these is never evaluated.
    pub(crate) fatal: Option<Problem>,
    pub(crate) mappings: Vec<CompiledMapping>,
    pub(crate) allowed_images: Vec<ImageSelector>,
    pub(crate) denied_images: Vec<ImageSelector>,
}

/// A mapping rule with what it leads to.
#[derive(Debug)]
pub(crate) struct CompiledMapping {
    pub(crate) images: ImageSelector,
    pub(crate) policies: Vec<Arc<Policy>>,
    pub(crate) allow_lists: Vec<Arc<AllowList>>,
    /// An image that comes here is stopped by these.
    pub(crate) problems: Vec<Problem>,
}

/// A list of rules.
#[derive(Debug)]
pub struct Policy {
    pub id: String,
    /// Grouped by gate, gates in the order of their first rule: the order in which rules are evaluated.
    pub rules: Vec<Rule>,
}

impl Bundle {
    /// Every problem that keeps the bundle from being stored, in the order of the specification.
    pub fn validate(&self) -> Vec<Problem> {
        let content = self.content();
        if let Err(problem) = check_version(content, "") {
            return vec![problem];
        }
        let mappings = match parse(content) {
            Ok((mappings, _, _)) => mappings,
            Err(problem) => return vec![problem],
        };
        let mut problems = Vec::new();
        for mapping in &mappings {
            let built = build(content, mapping, Strictness::Strict, &mut Cache::default());
            problems.extend(built.problems);
            // A mapping without a list of allow-lists kept the original from looking any further.
            if mapping.allow_list_ids.is_none() {
                break;
            }
        }
        problems
    }
}

impl CompiledBundle {
    /// Prepares a bundle. Mistakes in it stop the images that they concern, when these are evaluated.
    pub fn new(bundle: Arc<Bundle>, profile: Profile) -> Self {
        let content = bundle.content();
        let parsed = check_version(content, "").and_then(|()| parse(content));
        let (fatal, (mappings, allowed_images, denied_images)) = match parsed {
            Ok(parsed) => (None, parsed),
            Err(problem) => (Some(problem), Parsed::default()),
        };
        let mut cache = Cache::default();
        let mappings = mappings
            .into_iter()
            .map(|mapping| {
                let Built { policies, allow_lists, problems } =
                    build(content, &mapping, Strictness::Lenient, &mut cache);
                CompiledMapping { images: mapping.images, policies, allow_lists, problems }
            })
            .collect();
        Self { bundle, profile, fatal, mappings, allowed_images, denied_images }
    }

    pub fn bundle(&self) -> &Arc<Bundle> {
        &self.bundle
    }

    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Every policy that a mapping leads to, each once.
    pub fn policies(&self) -> Vec<&Policy> {
        let mut policies: Vec<&Policy> = Vec::new();
        for policy in self.mappings.iter().flat_map(|mapping| &mapping.policies) {
            if !policies.iter().any(|known| std::ptr::eq(*known, policy.as_ref())) {
                policies.push(policy);
            }
        }
        policies
    }

    /// What any of its rules depends on: what an analysis must bring so that the bundle can be evaluated.
    pub fn reads(&self) -> Inputs {
        let rules = self.policies().into_iter().flat_map(|policy| &policy.rules);
        rules.fold(Inputs::NONE, |reads, rule| reads | rule.reads())
    }
}

type Parsed = (Vec<Mapping>, Vec<ImageSelector>, Vec<ImageSelector>);

/// Reads mappings and image lists; the first mistake ends it.
fn parse(content: &Value) -> Result<Parsed, Problem> {
    let mappings = array(content, "mappings", "")?;
    let mappings = mappings.iter().enumerate().map(|(index, rule)| Mapping::build(rule, &format!("/mappings/{index}")));
    let mappings = mappings.collect::<Result<_, _>>()?;
    let selectors = |list: &str| {
        let rules = array(content, list, "")?.iter().enumerate();
        rules.map(|(index, rule)| ImageSelector::build(rule, &format!("/{list}/{index}"))).collect::<Result<_, _>>()
    };
    Ok((mappings, selectors("whitelisted_images")?, selectors("blacklisted_images")?))
}

#[derive(Default)]
struct Built {
    policies: Vec<Arc<Policy>>,
    allow_lists: Vec<Arc<AllowList>>,
    problems: Vec<Problem>,
}

/// Policies and allow-lists that several mappings lead to are built once.
#[derive(Default)]
struct Cache {
    policies: HashMap<String, Result<Arc<Policy>, Vec<Problem>>>,
    allow_lists: HashMap<String, Result<Arc<AllowList>, Problem>>,
}

/// Builds what a mapping leads to. The first policy that fails ends the policies; allow-lists are all looked at.
fn build(content: &Value, mapping: &Mapping, strictness: Strictness, cache: &mut Cache) -> Built {
    let mut built = Built::default();
    for id in &mapping.policy_ids {
        let entry = cache.policies.entry(id.clone()).or_insert_with(|| {
            let (policy, pointer) =
                referenced(content, "policies", "policy", id, &mapping.pointer).map_err(|problem| vec![problem])?;
            Policy::build(policy, &pointer, strictness).map(Arc::new)
        });
        match entry {
            Ok(policy) => built.policies.push(Arc::clone(policy)),
            Err(problems) => {
                built.problems.extend(problems.iter().cloned());
                break;
            }
        }
    }
    let Some(allow_list_ids) = &mapping.allow_list_ids else {
        built.problems.push(not_iterable(&format!("{}/whitelist_ids", mapping.pointer)));
        return built;
    };
    for id in allow_list_ids {
        let entry = cache.allow_lists.entry(id.clone()).or_insert_with(|| {
            let (list, pointer) = referenced(content, "whitelists", "whitelist", id, &mapping.pointer)?;
            AllowList::build(list, &pointer).map(Arc::new)
        });
        match entry {
            Ok(list) => built.allow_lists.push(Arc::clone(list)),
            Err(problem) => built.problems.push(problem.clone()),
        }
    }
    built
}

/// The one entry of a list that has this id, with the pointer to it.
fn referenced<'v>(
    content: &'v Value,
    list: &str,
    kind: &str,
    id: &str,
    mapping: &str,
) -> Result<(&'v Value, String), Problem> {
    let entries = array(content, list, "")?;
    if let Some(nameless) = entries.iter().position(|entry| entry.get("id").is_none()) {
        return Err(Problem::error("KeyError", "'id'", &format!("/{list}/{nameless}")));
    }
    let mut found = entries.iter().enumerate().filter(|(_, entry)| entry["id"] == id);
    match (found.next(), found.next()) {
        (None, _) => {
            let details = format!("Referenced object not found (reference_type={kind},reference_id={id})");
            let known = entries.iter().filter_map(|entry| entry["id"].as_str());
            let problem = Problem::error("ReferencedObjectNotFoundError", details, mapping);
            Err(match crate::problem::nearest(id, known) {
                Some(meant) => problem.with_hint(format!("did you mean {meant}?")),
                None => problem,
            })
        }
        (Some((index, entry)), None) => Ok((entry, format!("/{list}/{index}"))),
        (Some(_), Some((index, _))) => {
            let details =
                format!("Object identifier found multiple times, not unique (identifier={id},identifier_type={kind})");
            Err(Problem::error("DuplicateIdentifierFoundError", details, &format!("/{list}/{index}")))
        }
    }
}

impl Policy {
    fn build(policy: &Value, pointer: &str, strictness: Strictness) -> Result<Self, Vec<Problem>> {
        check_version(policy, pointer).map_err(|problem| vec![problem])?;
        let given = array(policy, "rules", pointer).map_err(|problem| vec![problem])?;
        let mut rules = Vec::new();
        let mut problems = Vec::new();
        for (index, rule) in given.iter().enumerate() {
            match Rule::build(rule, &format!("{pointer}/rules/{index}"), strictness) {
                Ok(rule) => rules.push(rule),
                Err(found) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut gates: Vec<&str> = Vec::new();
        for rule in &rules {
            if !gates.contains(&rule.gate.name) {
                gates.push(rule.gate.name);
            }
        }
        rules.sort_by_key(|rule| gates.iter().position(|gate| *gate == rule.gate.name));
        Ok(Self { id: policy["id"].as_str().unwrap_or_default().to_owned(), rules })
    }
}

/// The array under a member; absent is empty, anything else is a problem.
fn array<'v>(value: &'v Value, member: &str, pointer: &str) -> Result<&'v [Value], Problem> {
    match value.get(member) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(not_iterable(&format!("{pointer}/{member}"))),
    }
}

pub(crate) fn not_iterable(pointer: &str) -> Problem {
    Problem::error("TypeError", "'NoneType' object is not iterable", pointer).with_hint("it must be an array")
}

pub(crate) fn check_version(value: &Value, pointer: &str) -> Result<(), Problem> {
    let version = value.get("version").unwrap_or(&Value::Null);
    if version == VERSION {
        return Ok(());
    }
    let printed = version.as_str().map_or_else(|| pyrepr::value(version), str::to_owned);
    let details = format!(
        "Found version {printed}, expected one of supported versions ['{VERSION}']. Detail:\"Version not supported\" \
         (supported_versions=['{VERSION}'],found_version={printed})"
    );
    Err(Problem::error("UnsupportedVersionError", details, &format!("{pointer}/version")))
}
