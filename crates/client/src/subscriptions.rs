//! Subscriptions are found by what they are about and changed by their id.

use serde_json::json;

use crate::{Error, Payload, Request, Service, views::Subscription};

/// Makes the subscription of this type and key active or inactive, and returns its new record. A pattern of many tags (`*`
/// stands for anything) that is to be active and is not there yet is added.
///
/// # Errors
/// Those of [`Service::send`]; there is no such subscription.
pub fn set_active(service: &Service, kind: &str, key: &str, active: bool) -> Result<Payload, Error> {
    let id = match find(service, kind, key)? {
        Some(id) => id,
        None if active && key.contains('*') => {
            let pattern = json!({"active": true, "subscription_key": key, "subscription_type": kind});
            return service.send(&Request::post(&["subscriptions"]).json(&pattern));
        }
        None => return Err(unknown(kind, key)),
    };
    let change = json!({"active": active, "subscription_key": key, "subscription_type": kind});
    service.send(&Request::put(&["subscriptions", &id]).json(&change))
}

/// The id of the subscription of this type and key.
///
/// # Errors
/// Those of [`Service::send`]; there is no such subscription.
pub fn subscription_id(service: &Service, kind: &str, key: &str) -> Result<String, Error> {
    find(service, kind, key)?.ok_or_else(|| unknown(kind, key))
}

fn find(service: &Service, kind: &str, key: &str) -> Result<Option<String>, Error> {
    let request = Request::get(&["subscriptions"]).query("subscription_key", key).query("subscription_type", kind);
    let found: Vec<Subscription> = service.send(&request)?.read_or_default();
    Ok(found.first().and_then(|subscription| subscription.subscription_id.get()).map(str::to_owned))
}

fn unknown(kind: &str, key: &str) -> Error {
    Error::Unsuitable(format!(
        "there is no subscription of type {kind} for {key}; an image or repository must be added first"
    ))
}
