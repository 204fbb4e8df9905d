//! Events (`spec/api.md` A4.11).

use serde::Deserialize;
use utoipa::IntoParams;
use windlass_operations::EventFilter;
use windlass_v1::events::{Event, EventCategory, EventList, event_types};

use crate::{
    Failure,
    operation::{Blank, Input, Json, Operation},
    scope::Tenant,
};

const UNKNOWN: &str = "There is no such event.";

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/event_types", "list_event_types", "Lists the types of events")
            .for_account("listEvents", types),
        Operation::get("/events", "list_events", "Lists events, newest first")
            .query::<ListQuery>()
            .for_account("listEvents", list),
        Operation::delete("/events", "delete_events", "Deletes events, and tells which")
            .query::<DeleteQuery>()
            .for_account("deleteEvents", delete_many),
        Operation::get("/events/{eventId}", "get_event", "Shows an event")
            .fails(404, UNKNOWN)
            .for_account("getEvent", show),
        Operation::delete("/events/{eventId}", "delete_event", "Deletes an event")
            .fails(404, UNKNOWN)
            .for_account("getEvent", delete),
    ]
}

async fn types(_: Tenant, _: Input<(), ()>) -> Result<Json<Vec<EventCategory>>, Failure> {
    Ok(Json(event_types()))
}

#[derive(Default, Deserialize, IntoParams)]
#[serde(default)]
struct ListQuery {
    /// Only what this part of the service tells.
    source_servicename: Option<String>,
    /// Only what this process tells.
    source_hostid: Option<String>,
    /// Only what happened to things of this type.
    resource_type: Option<String>,
    /// Only what happened to this.
    resource_id: Option<String>,
    /// `info` or `error`
    level: Option<String>,
    /// Only events of this type; `*` stands for anything.
    #[param(pattern = "^[a-z0-9-_.*]+$")]
    event_type: Option<String>,
    /// Only what happened after that moment.
    since: Option<String>,
    /// Only what happened before that moment.
    before: Option<String>,
    /// Which part of the list, counted from 1.
    #[param(minimum = 1)]
    page: Option<i64>,
    /// How many there are to a part.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

async fn list(tenant: Tenant, input: Input<ListQuery, ()>) -> Result<Json<EventList>, Failure> {
    let query = &input.query;
    let filter = EventFilter {
        source_servicename: query.source_servicename.as_deref(),
        source_hostid: query.source_hostid.as_deref(),
        resource_type: query.resource_type.as_deref(),
        resource_id: query.resource_id.as_deref(),
        level: query.level.as_deref(),
        event_type: query.event_type.as_deref(),
        since: query.since.as_deref(),
        before: query.before.as_deref(),
    };
    Ok(Json(tenant.events(&filter, query.page, query.limit).await?))
}

#[derive(Default, Deserialize, IntoParams)]
#[serde(default)]
struct DeleteQuery {
    /// Only what happened before that moment.
    before: Option<String>,
    /// Only what happened after that moment.
    since: Option<String>,
    /// `info` or `error`
    level: Option<String>,
}

async fn delete_many(tenant: Tenant, input: Input<DeleteQuery, ()>) -> Result<Json<Vec<String>>, Failure> {
    let DeleteQuery { before, since, level } = &input.query;
    let (before, since, level) = (before.as_deref(), since.as_deref(), level.as_deref());
    Ok(Json(tenant.delete_events(&EventFilter { before, since, level, ..EventFilter::default() }).await?))
}

async fn show(tenant: Tenant, input: Input<(), ()>) -> Result<Json<Event>, Failure> {
    Ok(Json(tenant.event(input.path.get("eventId")).await?))
}

async fn delete(tenant: Tenant, input: Input<(), ()>) -> Result<Blank<200>, Failure> {
    tenant.delete_event(input.path.get("eventId")).await?;
    Ok(Blank)
}
