//! Policy bundles, what rules can be made of, and what a hub offers.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    Text,
    lenient::{list, or_default},
};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Policy {
    #[serde(rename = "policyId")]
    pub policy_id: Text,
    pub active: Text,
    pub policy_source: Text,
    pub created_at: Text,
    pub last_updated: Text,
    /// The bundle itself, where it was asked for.
    pub policybundle: Value,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Gate {
    pub name: Text,
    pub description: Text,
    pub state: Text,
    pub superceded_by: Text,
    #[serde(deserialize_with = "list")]
    pub triggers: Vec<Trigger>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Trigger {
    pub name: Text,
    pub description: Text,
    pub state: Text,
    pub superceded_by: Text,
    #[serde(deserialize_with = "list")]
    pub parameters: Vec<Parameter>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Parameter {
    pub name: Text,
    pub description: Text,
    pub required: Text,
    pub example: Text,
    pub state: Text,
    pub superceded_by: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct HubIndex {
    #[serde(deserialize_with = "list")]
    pub content: Vec<HubEntry>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct HubEntry {
    #[serde(rename = "type")]
    pub kind: Text,
    pub name: Text,
    pub description: Text,
    /// Below the hub's address.
    pub location: Text,
}

/// What is told of a bundle before it is installed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PolicyBundle {
    pub id: Text,
    pub name: Text,
    pub description: Text,
    pub comment: Text,
    #[serde(deserialize_with = "list")]
    pub policies: Vec<Part>,
    #[serde(deserialize_with = "list")]
    pub whitelists: Vec<Part>,
    #[serde(deserialize_with = "list")]
    pub mappings: Vec<Mapping>,
}

/// A policy or an allow-list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Part {
    pub id: Text,
    pub name: Text,
    pub description: Text,
    pub comment: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Mapping {
    pub name: Text,
    pub registry: Text,
    pub repository: Text,
    #[serde(deserialize_with = "or_default")]
    pub image: MappedImage,
    policy_id: Text,
    #[serde(deserialize_with = "list")]
    policy_ids: Vec<Text>,
    #[serde(deserialize_with = "list")]
    whitelist_ids: Vec<Text>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct MappedImage {
    pub value: Text,
}

impl PolicyBundle {
    /// What people call the policies of a mapping.
    pub fn policies_of(&self, mapping: &Mapping) -> String {
        let ids = mapping.policy_id.get().into_iter().chain(mapping.policy_ids.iter().map(Text::as_str));
        names(&self.policies, ids)
    }

    /// What people call the allow-lists of a mapping.
    pub fn allow_lists_of(&self, mapping: &Mapping) -> String {
        names(&self.whitelists, mapping.whitelist_ids.iter().map(Text::as_str))
    }
}

fn names<'a>(parts: &'a [Part], ids: impl Iterator<Item = &'a str>) -> String {
    let name =
        |id: &'a str| parts.iter().find(|part| part.id.as_str() == id).and_then(|part| part.name.get()).unwrap_or(id);
    ids.map(name).collect::<Vec<_>>().join(",")
}
