//! What is watched and what happened: subscriptions, registries, events.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    Text,
    lenient::{list, or_default},
};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Subscription {
    pub subscription_key: Text,
    pub subscription_type: Text,
    pub active: Text,
    pub subscription_id: Text,
    #[serde(rename = "userId")]
    pub user_id: Text,
    #[serde(rename = "subscription_value")]
    value: Text,
}

impl Subscription {
    /// Tags of a repository that is watched: a JSON text within the record.
    pub fn tag_count(&self) -> Text {
        let value = serde_json::from_str::<Value>(self.value.as_str()).unwrap_or_default();
        value.get("tagcount").and_then(|count| Text::deserialize(count).ok()).unwrap_or_default()
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Registry {
    pub registry: Text,
    pub registry_name: Text,
    pub registry_user: Text,
    pub registry_type: Text,
    pub registry_verify: Text,
    pub created_at: Text,
    pub last_updated: Text,
}

/// One page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Events {
    #[serde(deserialize_with = "list")]
    pub results: Vec<EventRecord>,
    pub next_page: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct EventRecord {
    pub generated_uuid: Text,
    #[serde(deserialize_with = "or_default")]
    pub event: Event,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Event {
    pub timestamp: Text,
    pub level: Text,
    #[serde(rename = "type")]
    pub kind: Text,
    #[serde(deserialize_with = "or_default")]
    pub resource: Resource,
    #[serde(deserialize_with = "or_default")]
    pub source: Source,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Resource {
    pub id: Text,
    #[serde(rename = "type")]
    pub kind: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Source {
    pub servicename: Text,
    pub hostid: Text,
}
