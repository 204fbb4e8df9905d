//! Where notices go, and how they fared.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    Text,
    lenient::{list, or_default},
};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NotificationEndpoint {
    pub name: Text,
    #[serde(deserialize_with = "or_default")]
    pub channel: Channel,
    pub routing: Value,
    pub enabled: Text,
    pub system_global: Text,
    pub read_only: Text,
    #[serde(deserialize_with = "or_default")]
    pub health: Health,
    pub created_at: Text,
    pub last_updated: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Channel {
    pub kind: Text,
    pub url: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Health {
    pub failures: Text,
    pub failing_since: Text,
    pub dead: Text,
    pub disabled_because: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct EndpointTest {
    pub accepted: Text,
    pub status: Text,
    pub milliseconds: Text,
    pub reason: Text,
    pub excerpt: Text,
}

/// One page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Deliveries {
    #[serde(deserialize_with = "list")]
    pub results: Vec<Delivery>,
    pub next_page: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Delivery {
    pub id: Text,
    pub endpoint: Text,
    pub account: Text,
    pub subject: Text,
    pub state: Text,
    pub created_at: Text,
    pub due_at: Text,
    pub give_up_at: Text,
    pub attempts: Text,
    pub last_error: Text,
    #[serde(deserialize_with = "list")]
    pub notices: Vec<DeliveredNotice>,
    #[serde(deserialize_with = "list")]
    pub log: Vec<DeliveryAttempt>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DeliveredNotice {
    #[serde(rename = "type")]
    pub kind: Text,
    pub subject: Text,
    pub message: Text,
    pub occurred_at: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DeliveryAttempt {
    pub number: Text,
    pub begun_at: Text,
    pub milliseconds: Text,
    pub status: Text,
    pub reason: Text,
}
