//! Which images a mapping or an image list speaks of (`spec/policy.md` §1.4, §2.3).

use serde_json::Value;

use crate::{Failure, Problem, Tag, pyrepr, selector::Selector};

/// Selects images by name, digest or id.
#[derive(Debug)]
pub(crate) struct ImageSelector {
    registry: Selector,
    repository: Selector,
    image: Identity,
}

#[derive(Debug)]
enum Identity {
    Tag(Selector),
    Digest(String),
    Id(String),
    /// A word that nothing is selected by.
    Unknown,
}

/// A mapping rule: which images, and which policies and allow-lists they get.
#[derive(Debug)]
pub(crate) struct Mapping {
    pub(crate) images: ImageSelector,
    pub(crate) policy_ids: Vec<String>,
    /// The member that names the policies.
    pub(crate) policies_member: &'static str,
    /// `None` where the list is no array.
    pub(crate) allow_list_ids: Option<Vec<String>>,
    pub(crate) pointer: String,
}

/// The image as selectors see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identified<'a> {
    pub(crate) tag: &'a Tag,
    pub(crate) digest: &'a str,
    pub(crate) id: &'a str,
}

impl ImageSelector {
    pub(crate) fn build(rule: &Value, pointer: &str) -> Result<Self, Problem> {
        let text =
            |value: &Value, member: &str| value.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(image) = rule.get("image").filter(|image| image.is_object()) else {
            let details = "'NoneType' object has no attribute 'get'";
            return Err(
                Problem::error("AttributeError", details, pointer).with_hint("the rule does not say which image")
            );
        };
        let value = text(image, "value");
        let image = match text(image, "type").as_str() {
            "tag" => Identity::Tag(Selector::new(&value)),
            "digest" => Identity::Digest(value),
            "id" => Identity::Id(value),
            _ => Identity::Unknown,
        };
        let selector = |member: &str| match rule.get(member).and_then(Value::as_str) {
            Some(pattern) => Selector::new(pattern),
            None => Selector::Regex(Err(format!("the rule at {pointer} has no {member}; give it a pattern such as *"))),
        };
        Ok(Self { registry: selector("registry"), repository: selector("repository"), image })
    }

    pub(crate) fn matches(&self, image: Identified<'_>) -> Result<bool, Failure> {
        let tag = image.tag;
        if !self.registry.matches(&tag.registry)? || !matches(&self.repository, tag.repository.as_deref())? {
            return Ok(false);
        }
        match &self.image {
            Identity::Tag(selector) => matches(selector, tag.tag.as_deref()),
            Identity::Digest(digest) => Ok(digest == image.digest),
            Identity::Id(id) => Ok(id == image.id),
            Identity::Unknown => Ok(false),
        }
    }

    /// Whether every image is selected.
    pub(crate) fn is_catch_all(&self) -> bool {
        let any = |selector: &Selector| matches!(selector, Selector::Any);
        any(&self.registry) && any(&self.repository) && matches!(&self.image, Identity::Tag(tag) if any(tag))
    }
}

/// What a reference does not have is only covered by "anything".
fn matches(selector: &Selector, text: Option<&str>) -> Result<bool, Failure> {
    text.map_or_else(|| Ok(matches!(selector, Selector::Any)), |text| selector.matches(text))
}

impl Mapping {
    pub(crate) fn build(rule: &Value, pointer: &str) -> Result<Self, Problem> {
        let images = ImageSelector::build(rule, pointer)?;
        let error = |details: String| Problem::error("ValidationError", details, pointer);
        let texts = |value: &Value| -> Vec<String> {
            value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let one = rule.get("policy_id").and_then(Value::as_str).filter(|id| !id.is_empty());
        let many = rule.get("policy_ids").map(texts).filter(|ids| !ids.is_empty());
        let (policy_ids, policies_member) = match (one, many) {
            (Some(_), Some(_)) => {
                let details = "Cannot specify both policy_id and policy_ids properties in mapping rule, must use one or \
                               the other ()";
                return Err(error(details.into()));
            }
            (Some(id), None) => (vec![id.to_owned()], "policy_id"),
            (None, Some(ids)) => (ids, "policy_ids"),
            (None, None) => {
                let rule = pyrepr::value(rule);
                return Err(error(format!("No policy_id or policy_ids property found for mapping rule: {rule} ()")));
            }
        };
        let allow_list_ids = match rule.get("whitelist_ids") {
            None => Some(Vec::new()),
            Some(Value::Array(_)) => rule.get("whitelist_ids").map(texts),
            Some(_) => None,
        };
        Ok(Self { images, policy_ids, policies_member, allow_list_ids, pointer: pointer.to_owned() })
    }
}
