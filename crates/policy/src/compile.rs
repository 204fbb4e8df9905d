//! From a document to something that can be evaluated, and the problems on the way (`spec/policy.md` §1.6).

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    Bundle, Problem, Profile,
    allow_list::AllowList,
    mapping::{ImageSelector, Mapping},
    path_patterns::PathPatterns,
    problem::nearest,
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
    pub(crate) pointer: String,
    /// An image that comes here is stopped by these.
    pub(crate) problems: Vec<Problem>,
}

/// A list of rules.
#[derive(Debug)]
pub struct Policy {
    pub id: String,
    /// Grouped by gate, gates in the order of their first rule: the order in which rules are evaluated.
    pub rules: Vec<Rule>,
    pub(crate) paths: PathPatterns,
}

impl Bundle {
    /// Every problem that keeps the bundle from being stored, in the order of the specification.
    pub fn validate(&self) -> Vec<Problem> {
        if let Err(problem) = check_version(self.content(), "") {
            return vec![problem];
        }
        let mappings = match parse(self) {
            Ok((mappings, _, _)) => mappings,
            Err(problem) => return vec![problem],
        };
        let mut problems = Vec::new();
        let mut builder = Builder::new(self, Strictness::Strict);
        for mapping in &mappings {
            let built = builder.build(mapping);
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
        let parsed = check_version(bundle.content(), "").and_then(|()| parse(&bundle));
        let (fatal, (mappings, allowed_images, denied_images)) = match parsed {
            Ok(parsed) => (None, parsed),
            Err(problem) => (Some(problem), Parsed::default()),
        };
        let mut builder = Builder::new(&bundle, Strictness::Lenient);
        let mappings = mappings
            .into_iter()
            .map(|mapping| {
                let Built { policies, allow_lists, problems } = builder.build(&mapping);
                CompiledMapping { images: mapping.images, policies, allow_lists, pointer: mapping.pointer, problems }
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
        distinct(self.mappings.iter().flat_map(|mapping| &mapping.policies))
    }

    /// Every allow-list that a mapping leads to, each once.
    pub fn allow_lists(&self) -> Vec<&AllowList> {
        distinct(self.mappings.iter().flat_map(|mapping| &mapping.allow_lists))
    }
}

/// Each thing once, in the order of its first occurrence.
fn distinct<'a, T>(shared: impl Iterator<Item = &'a Arc<T>>) -> Vec<&'a T> {
    let mut seen = HashSet::new();
    shared.filter(|item| seen.insert(Arc::as_ptr(item))).map(Arc::as_ref).collect()
}

type Parsed = (Vec<Mapping>, Vec<ImageSelector>, Vec<ImageSelector>);

/// Reads mappings and image lists; the first mistake ends it.
fn parse(bundle: &Bundle) -> Result<Parsed, Problem> {
    let content = bundle.content();
    let mappings = array(content, "mappings", "/mappings")?;
    let mappings = mappings.iter().enumerate().map(|(index, rule)| Mapping::build(rule, &format!("/mappings/{index}")));
    let mappings = mappings.collect::<Result<_, _>>()?;
    let selectors = |list: &str| {
        let pointer = format!("/{}", bundle.word(list));
        let rules = array(content, list, &pointer)?.iter().enumerate();
        rules.map(|(index, rule)| ImageSelector::build(rule, &format!("{pointer}/{index}"))).collect::<Result<_, _>>()
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
struct Builder<'b> {
    bundle: &'b Bundle,
    strictness: Strictness,
    policies: Referenced<'b, Arc<Policy>, Vec<Problem>>,
    allow_lists: Referenced<'b, Arc<AllowList>, Problem>,
}

impl<'b> Builder<'b> {
    fn new(bundle: &'b Bundle, strictness: Strictness) -> Self {
        Self {
            bundle,
            strictness,
            policies: Referenced::new(bundle, "policies", "policy"),
            allow_lists: Referenced::new(bundle, "whitelists", "whitelist"),
        }
    }

    /// Builds what a mapping leads to. The first policy that fails ends the policies; allow-lists are all looked at.
    fn build(&mut self, mapping: &Mapping) -> Built {
        let mut built = Built::default();
        let place = |member: &str| format!("{}/{}", mapping.pointer, self.bundle.word(member));
        let strictness = self.strictness;
        for (index, id) in mapping.policy_ids.iter().enumerate() {
            let place = match mapping.policies_member {
                "policy_ids" => format!("{}/{index}", place("policy_ids")),
                member => place(member),
            };
            let build = |policy: &Value, pointer: &str| Policy::build(policy, pointer, strictness).map(Arc::new);
            match self.policies.get(id, &place, |problem| vec![problem], build) {
                Ok(policy) => built.policies.push(policy),
                Err(problems) => {
                    built.problems.extend(problems);
                    break;
                }
            }
        }
        let Some(allow_list_ids) = &mapping.allow_list_ids else {
            built.problems.push(not_iterable(&place("whitelist_ids")));
            return built;
        };
        for (index, id) in allow_list_ids.iter().enumerate() {
            let place = format!("{}/{index}", place("whitelist_ids"));
            let build = |list: &Value, pointer: &str| AllowList::build(list, pointer).map(Arc::new);
            match self.allow_lists.get(id, &place, |problem| problem, build) {
                Ok(list) => built.allow_lists.push(list),
                Err(problem) => built.problems.push(problem),
            }
        }
        built
    }
}

/// Entries of a list that mappings refer to by id, each built when it is first asked for.
struct Referenced<'b, T, E> {
    /// Pointer to the list.
    pointer: String,
    /// The word for an entry.
    kind: &'static str,
    entries: Result<&'b [Value], Problem>,
    by_id: HashMap<&'b str, Vec<usize>>,
    built: HashMap<usize, Result<T, E>>,
}

impl<'b, T: Clone, E: Clone> Referenced<'b, T, E> {
    fn new(bundle: &'b Bundle, list: &str, kind: &'static str) -> Self {
        let pointer = format!("/{}", bundle.word(list));
        let entries = array(bundle.content(), list, &pointer);
        // The original looked up the id of every entry before it built any.
        let nameless = |entries: &[Value]| entries.iter().position(|entry| entry.get("id").is_none());
        let entries = entries.and_then(|entries| match nameless(entries) {
            None => Ok(entries),
            Some(index) => {
                Err(Problem::error("KeyError", "'id'", &format!("{pointer}/{index}")).with_hint("it needs an id"))
            }
        });
        let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, entry) in entries.iter().copied().flatten().enumerate() {
            if let Some(id) = entry["id"].as_str() {
                by_id.entry(id).or_default().push(index);
            }
        }
        Self { pointer, kind, entries, by_id, built: HashMap::new() }
    }

    /// The one entry that has this id; `place` is where it is referred to.
    fn get(
        &mut self,
        id: &str,
        place: &str,
        not_found: impl Fn(Problem) -> E,
        build: impl FnOnce(&Value, &str) -> Result<T, E>,
    ) -> Result<T, E> {
        let entries = self.entries.as_ref().map_err(|problem| not_found(problem.clone()))?;
        match self.by_id.get(id).map_or(&[][..], Vec::as_slice) {
            &[index] => {
                let entry = || build(&entries[index], &format!("{}/{index}", self.pointer));
                self.built.entry(index).or_insert_with(entry).clone()
            }
            [] => {
                let details = format!("Referenced object not found (reference_type={},reference_id={id})", self.kind);
                let problem = Problem::error("ReferencedObjectNotFoundError", details, place);
                let mut known: Vec<&str> = self.by_id.keys().copied().collect();
                known.sort_unstable();
                Err(not_found(match nearest(id, known) {
                    Some(meant) => problem.with_hint(format!("did you mean {meant}?")),
                    None => problem,
                }))
            }
            [_, second, ..] => {
                let details = format!(
                    "Object identifier found multiple times, not unique (identifier={id},identifier_type={})",
                    self.kind
                );
                let pointer = format!("{}/{second}", self.pointer);
                Err(not_found(Problem::error("DuplicateIdentifierFoundError", details, &pointer)))
            }
        }
    }
}

impl Policy {
    fn build(policy: &Value, pointer: &str, strictness: Strictness) -> Result<Self, Vec<Problem>> {
        check_version(policy, pointer).map_err(|problem| vec![problem])?;
        let given = array(policy, "rules", &format!("{pointer}/rules")).map_err(|problem| vec![problem])?;
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
        let paths = PathPatterns::of(&rules);
        Ok(Self { id: policy["id"].as_str().unwrap_or_default().to_owned(), rules, paths })
    }
}

/// The array under a member, which is at `pointer`; absent is empty, anything else is a problem.
fn array<'v>(value: &'v Value, member: &str, pointer: &str) -> Result<&'v [Value], Problem> {
    match value.get(member) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(not_iterable(pointer)),
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
