//! Subscriptions (`spec/api.md` A4.8).

use serde::Deserialize;
use utoipa::IntoParams;
use windlass_operations::SubscriptionFilter;
use windlass_v1::subscriptions::{Subscription, SubscriptionRequest, SubscriptionUpdate};

use crate::{
    Failure,
    operation::{Input, Json, JsonBody, Operation},
    scope::Tenant,
};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/subscriptions", "list_subscriptions", "Lists subscriptions")
            .query::<ListQuery>()
            .for_account("listSubscriptions", list),
        Operation::post("/subscriptions", "add_subscription", "Adds a subscription")
            .body::<JsonBody<SubscriptionRequest>>()
            .fails(500, "The subscription is there already.")
            .for_account("createSubscription", create),
        Operation::get("/subscriptions/{subscriptionId}", "get_subscription", "Shows a subscription")
            .for_account("getSubscription", show),
        Operation::put("/subscriptions/{subscriptionId}", "update_subscription", "Changes a subscription")
            .body::<JsonBody<SubscriptionUpdate>>()
            .fails(404, "There is no such subscription.")
            .for_account("updateSubscription", update),
        Operation::delete("/subscriptions/{subscriptionId}", "delete_subscription", "Deletes a subscription")
            .for_account("deleteSubscription", delete),
    ]
}

#[derive(Default, Deserialize, IntoParams)]
#[serde(default)]
struct ListQuery {
    /// Only those on this key: a full tag, or a repository.
    subscription_key: Option<String>,
    /// Only those of this type.
    subscription_type: Option<String>,
    /// With `limit`: which part of the list, counted from 1.
    #[param(minimum = 1)]
    page: Option<u64>,
    /// At most so many; all where none is given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
}

async fn list(tenant: Tenant, input: Input<ListQuery, ()>) -> Result<Json<Vec<Subscription>>, Failure> {
    let ListQuery { subscription_key, subscription_type, page, limit } = &input.query;
    let filter = SubscriptionFilter {
        key: subscription_key.as_deref(),
        kind: subscription_type.as_deref(),
        page: *page,
        limit: *limit,
    };
    Ok(Json(tenant.subscriptions(filter).await?))
}

async fn create(tenant: Tenant, input: Input<(), SubscriptionRequest>) -> Result<Json<Vec<Subscription>>, Failure> {
    Ok(Json(vec![tenant.create_subscription(input.body).await?]))
}

async fn show(tenant: Tenant, input: Input<(), ()>) -> Result<Json<Vec<Subscription>>, Failure> {
    Ok(Json(tenant.subscription(input.path.get("subscriptionId")).await?))
}

async fn update(tenant: Tenant, input: Input<(), SubscriptionUpdate>) -> Result<Json<Vec<Subscription>>, Failure> {
    Ok(Json(vec![tenant.update_subscription(input.path.get("subscriptionId"), input.body).await?]))
}

async fn delete(tenant: Tenant, input: Input<(), ()>) -> Result<Json<bool>, Failure> {
    tenant.delete_subscription(input.path.get("subscriptionId")).await?;
    Ok(Json(true))
}
