//! Events: what happened, for people and machines (`spec/api.md` A4.11).

mod types;

pub use types::{EventCategory, EventDescription, EventLevel, EventSubcategory, EventType, ResourceType, event_types};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::timestamp::IsoMicroseconds;

/// The message of the error for an event that is not known.
pub const NOT_FOUND: &str = "Event not found";

/// An event and where it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// 32 hexadecimal digits.
    pub generated_uuid: String,
    /// When it was written down.
    pub created_at: IsoMicroseconds,
    pub event: EventBody,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventBody {
    #[serde(rename = "type")]
    pub kind: EventType,
    pub level: EventLevel,
    pub message: String,
    /// When it happened.
    pub timestamp: IsoMicroseconds,
    /// What is known beside the message.
    #[schema(value_type = Object)]
    pub details: Map<String, Value>,
    pub resource: EventResource,
    pub source: EventSource,
}

impl EventBody {
    /// An event with the level and message of its type.
    pub fn new(
        kind: EventType,
        resource: EventResource,
        source: EventSource,
        timestamp: IsoMicroseconds,
        details: Value,
    ) -> Self {
        let (level, message) = (kind.level(), kind.message().to_owned());
        Self { kind, level, message, timestamp, details: details_of(details), resource, source }
    }
}

/// The details of an event: what is no object stands under `msg`.
pub fn details_of(details: Value) -> Map<String, Value> {
    match details {
        Value::Object(members) => members,
        Value::Null => Map::new(),
        other => Map::from_iter([("msg".to_owned(), other)]),
    }
}

/// What it happened to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventResource {
    /// The account.
    pub user_id: String,
    /// A full tag, a digest, a feed, …
    #[schema(required = true)]
    pub id: Option<String>,
    #[serde(rename = "type")]
    pub kind: ResourceType,
}

impl EventResource {
    /// The resource of an event of that type.
    pub fn of(kind: EventType, user_id: impl Into<String>, id: Option<String>) -> Self {
        Self { user_id: user_id.into(), id, kind: kind.resource_type() }
    }
}

/// Who tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventSource {
    #[schema(required = true)]
    pub servicename: Option<String>,
    #[schema(required = true)]
    pub hostid: Option<String>,
    #[schema(required = true)]
    pub base_url: Option<String>,
    /// The request that led to it.
    #[schema(required = true)]
    pub request_id: Option<String>,
}

/// A page of events, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventList {
    pub results: Vec<Event>,
    /// Whether there are more.
    pub next_page: bool,
    /// How many are on this page.
    pub item_count: usize,
    /// Counted from 1.
    pub page: u64,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_says_what_its_type_says() {
        let kind = EventType::ImageArchiveFailed;
        let resource = EventResource::of(kind, "admin", Some("sha256:ab".into()));
        let timestamp = "2021-06-04T02:27:35.5Z".parse::<jiff::Timestamp>().unwrap().into();
        let event = EventBody::new(kind, resource, EventSource::default(), timestamp, json!("no space"));
        assert_eq!(
            json!(event),
            json!({
                "type": "system.analysis_archive.image_archive_failed", "level": "error",
                "message": "Analyzed image migration to archive failed", "timestamp": "2021-06-04T02:27:35.500000Z",
                "details": {"msg": "no space"},
                "resource": {"user_id": "admin", "id": "sha256:ab", "type": "image_digest"},
                "source": {"servicename": null, "hostid": null, "base_url": null, "request_id": null},
            })
        );
        assert_eq!(details_of(Value::Null), Map::new());
        assert_eq!(json!(details_of(json!({"a": 1}))), json!({"a": 1}));
    }
}
