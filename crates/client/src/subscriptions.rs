//! Subscriptions are found by what they are about and changed by their id.

use serde_json::json;

use crate::{Error, Payload, Request, Service, views::Subscription};

/// Makes the subscription of this type and key active or inactive, and returns its new record.
///
/// # Errors
/// Those of [`Service::send`]; there is no such subscription.
pub fn set_active(service: &Service, kind: &str, key: &str, active: bool) -> Result<Payload, Error> {
    let id = subscription_id(service, kind, key)?;
    let change = json!({"active": active, "subscription_key": key, "subscription_type": kind});
    service.send(&Request::put(&["subscriptions", &id]).json(&change))
}

/// The id of the subscription of this type and key.
///
/// # Errors
/// Those of [`Service::send`]; there is no such subscription.
pub fn subscription_id(service: &Service, kind: &str, key: &str) -> Result<String, Error> {
    let request = Request::get(&["subscriptions"]).query("subscription_key", key).query("subscription_type", kind);
    let found: Vec<Subscription> = service.send(&request)?.read_or_default();
    let id = found.first().and_then(|subscription| subscription.subscription_id.get());
    id.map(str::to_owned).ok_or_else(|| {
        Error::Unsuitable(format!(
            "there is no subscription of type {kind} for {key}; an image or repository must be added first"
        ))
    })
}
