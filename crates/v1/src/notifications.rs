//! What endpoints are told of and when, and the log of deliveries. The original knows webhooks of its configuration alone:
//! everything here is added to its API.

mod routing;

pub use routing::{
    EventRouting, ImageRouting, QuietHours, Routing, RoutingProblem, TimeOfDay, VerdictRouting, VulnerabilityRouting,
    Window,
};

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{timestamp::IsoMicroseconds, words::words};

/// The message of the error for an endpoint that is not known.
pub const NO_ENDPOINT: &str = "Endpoint not found";
/// The message of the error for a delivery that is not known.
pub const NO_DELIVERY: &str = "Delivery not found";

words! {
    /// How far a delivery is.
    DeliveryState {
        /// It is not due, or is tried again.
        Waiting = "waiting",
        /// It is being sent.
        Sending = "sending",
        /// The receiver has it.
        Delivered = "delivered",
        /// It is given up.
        Dead = "dead",
        /// Nothing was left to tell when it was due.
        Settled = "settled",
    }
}

/// How much an endpoint is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeliveryLimits {
    /// Deliveries at once.
    #[schema(required = false, default = 4, minimum = 1, maximum = 32)]
    pub concurrency: u32,
    /// Deliveries in a minute.
    #[schema(required = false, default = 120, minimum = 1, maximum = 6000)]
    pub per_minute: u32,
}

impl Default for DeliveryLimits {
    fn default() -> Self {
        Self { concurrency: 4, per_minute: 120 }
    }
}

/// How an endpoint is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndpointHealth {
    /// Attempts that failed in a row.
    pub failures: u64,
    #[schema(required = true)]
    pub failing_since: Option<IsoMicroseconds>,
    /// Deliveries given up since it last took one.
    pub dead: u64,
    /// Nothing is sent before that; null where it is let alone by nothing.
    #[schema(required = true)]
    pub paused_until: Option<IsoMicroseconds>,
    /// Why the service disabled it, if it did.
    #[schema(required = true)]
    pub disabled_because: Option<String>,
}

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndpointTest {
    /// Whether the receiver took it.
    pub accepted: bool,
    /// Of HTTP.
    #[schema(required = true)]
    pub status: Option<u16>,
    /// How long it took.
    pub milliseconds: u64,
    /// Why it failed, if it did; of a letter that some have, who has not got it.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// The beginning of the receiver's answer.
    pub excerpt: String,
}

/// Notices on their way to an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// 32 hexadecimal digits. Receivers know a repetition by it.
    pub id: String,
    /// The name of the endpoint.
    pub endpoint: String,
    /// That it tells of.
    pub account: String,
    /// What it is about.
    pub subject: String,
    pub state: DeliveryState,
    pub created_at: IsoMicroseconds,
    /// When it is to be sent, or was.
    pub due_at: IsoMicroseconds,
    /// When it is given up.
    pub give_up_at: IsoMicroseconds,
    #[schema(required = true)]
    pub ended_at: Option<IsoMicroseconds>,
    pub attempts: u64,
    /// Of the last attempt.
    #[schema(required = true)]
    pub last_status: Option<i64>,
    #[schema(required = true)]
    pub last_error: Option<String>,
}

/// A delivery with what it tells and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryDetail {
    #[serde(flatten)]
    pub delivery: Delivery,
    /// What it tells, in the order in which it happened.
    pub notices: Vec<DeliveredNotice>,
    pub log: Vec<DeliveryAttempt>,
}

/// A notice of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveredNotice {
    /// That of the event.
    pub id: String,
    #[serde(rename = "type")]
    #[schema(example = "policy_eval")]
    pub kind: String,
    pub subject: String,
    pub message: String,
    pub occurred_at: IsoMicroseconds,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryAttempt {
    /// Counted from 1.
    pub number: u64,
    pub begun_at: IsoMicroseconds,
    pub milliseconds: u64,
    /// Of HTTP.
    #[schema(required = true)]
    pub status: Option<i64>,
    /// Why it failed, if it did.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// The beginning of the receiver's answer.
    pub excerpt: String,
}

/// A page of deliveries, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryList {
    pub results: Vec<Delivery>,
    /// Whether there are more.
    pub next_page: bool,
    /// Counted from 1.
    pub page: u64,
}

/// Which deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct DeliveryQuery {
    /// Only those in this state.
    #[param(nullable = false, inline)]
    pub state: Option<DeliveryState>,
    /// Only those to this endpoint.
    #[param(nullable = false)]
    pub endpoint: Option<String>,
    /// Which part of the list, counted from 1.
    #[param(nullable = false, minimum = 1)]
    pub page: Option<u64>,
    /// Deliveries on a page; 100 if not said.
    #[param(nullable = false, minimum = 1, maximum = 1000)]
    pub limit: Option<u64>,
}

/// Which deliveries go again: those that were given up, if not said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReplayRequest {
    /// Those in this state: `dead`, `delivered` or `settled`.
    #[schema(nullable = false)]
    pub state: Option<DeliveryState>,
    /// Only those to this endpoint.
    #[schema(nullable = false)]
    pub endpoint: Option<String>,
}

/// The ids of deliveries that go again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replayed {
    pub deliveries: Vec<String>,
    /// Whether there are more: ask again.
    pub more: bool,
}
