//! Where notices go, and the log of their deliveries. The original has none of these operations.

use windlass_operations::notifications::{EndpointRequest, NotificationEndpoint, RotatedSecret};
use windlass_v1::notifications::{
    Delivery, DeliveryDetail, DeliveryList, DeliveryQuery, EndpointTest, ReplayRequest, Replayed,
};

use crate::{
    Failure,
    operation::{ClosedJsonBody, Input, Json, JsonBody, List, Operation},
    scope::Tenant,
};

const UNKNOWN: &str = "There is no such endpoint.";
const UNKNOWN_DELIVERY: &str = "There is no such delivery to an endpoint of the account.";
const UNUSABLE: &str = "The endpoint could not work as it is described; the answer says why.";
const READ_ONLY: &str = "The endpoint comes from the configuration of the service.";
const UNCHANGED: &str =
    "The endpoint comes from the configuration of the service, or was changed by somebody else at the same time.";

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/notifications/endpoints", "list_notification_endpoints", "Lists endpoints")
            .for_account("listNotificationEndpoints", list),
        Operation::post("/notifications/endpoints", "add_notification_endpoint", "Adds an endpoint")
            .body::<ClosedJsonBody<EndpointRequest>>()
            .names("name")
            .fails(400, UNUSABLE)
            .fails(409, "There is an endpoint of that name.")
            .for_account("createNotificationEndpoint", create),
        Operation::get("/notifications/endpoints/{endpoint}", "get_notification_endpoint", "Shows an endpoint")
            .fails(404, UNKNOWN)
            .for_account("getNotificationEndpoint", show),
        Operation::put("/notifications/endpoints/{endpoint}", "update_notification_endpoint", "Replaces an endpoint")
            .body::<ClosedJsonBody<EndpointRequest>>()
            .fails(400, UNUSABLE)
            .fails(404, UNKNOWN)
            .fails(409, UNCHANGED)
            .for_account("updateNotificationEndpoint", replace),
        Operation::delete(
            "/notifications/endpoints/{endpoint}",
            "delete_notification_endpoint",
            "Deletes an endpoint with the log of its deliveries",
        )
        .fails(404, UNKNOWN)
        .fails(409, READ_ONLY)
        .for_account("deleteNotificationEndpoint", delete),
        Operation::post(
            "/notifications/endpoints/{endpoint}/test",
            "test_notification_endpoint",
            "Sends an endpoint something that says it is a test, and tells what came of it",
        )
        .fails(404, UNKNOWN)
        .for_account("testNotificationEndpoint", test),
        Operation::post(
            "/notifications/endpoints/{endpoint}/rotate-secret",
            "rotate_notification_secret",
            "Makes a new key that signs what the endpoint is sent, beside which the former one signs for a day",
        )
        .fails(400, "The channel does not sign.")
        .fails(404, UNKNOWN)
        .fails(409, UNCHANGED)
        .for_account("updateNotificationEndpoint", rotate),
        Operation::get("/notifications/deliveries", "list_deliveries", "Lists deliveries, newest first")
            .query::<DeliveryQuery>()
            .for_account("listNotificationDeliveries", list_deliveries),
        Operation::post(
            "/notifications/deliveries/replay",
            "replay_deliveries",
            "Lets deliveries go again: those that were given up, if not said otherwise",
        )
        .body::<JsonBody<ReplayRequest>>()
        .for_account("replayNotificationDeliveries", replay_many),
        Operation::get(
            "/notifications/deliveries/{delivery}",
            "get_delivery",
            "Shows a delivery with what it tells and what came of each attempt",
        )
        .fails(404, UNKNOWN_DELIVERY)
        .for_account("getNotificationDelivery", show_delivery),
        Operation::post("/notifications/deliveries/{delivery}/replay", "replay_delivery", "Lets a delivery go again")
            .fails(404, UNKNOWN_DELIVERY)
            .fails(409, "The delivery has not ended.")
            .for_account("replayNotificationDeliveries", replay),
    ]
}

async fn list(tenant: Tenant, _: Input<(), ()>) -> Result<List<NotificationEndpoint>, Failure> {
    Ok(List(tenant.notification_endpoints().await?))
}

async fn create(tenant: Tenant, input: Input<(), EndpointRequest>) -> Result<Json<NotificationEndpoint>, Failure> {
    Ok(Json(tenant.create_notification_endpoint(&tenant.caller, input.body).await?))
}

async fn show(tenant: Tenant, input: Input<(), ()>) -> Result<Json<NotificationEndpoint>, Failure> {
    Ok(Json(tenant.notification_endpoint(input.path.get("endpoint")).await?))
}

async fn replace(tenant: Tenant, input: Input<(), EndpointRequest>) -> Result<Json<NotificationEndpoint>, Failure> {
    let name = input.path.get("endpoint");
    Ok(Json(tenant.replace_notification_endpoint(&tenant.caller, name, input.body).await?))
}

async fn delete(tenant: Tenant, input: Input<(), ()>) -> Result<Json<bool>, Failure> {
    tenant.delete_notification_endpoint(input.path.get("endpoint")).await?;
    Ok(Json(true))
}

async fn test(tenant: Tenant, input: Input<(), ()>) -> Result<Json<EndpointTest>, Failure> {
    Ok(Json(tenant.test_notification_endpoint(input.path.get("endpoint")).await?))
}

async fn rotate(tenant: Tenant, input: Input<(), ()>) -> Result<Json<RotatedSecret>, Failure> {
    Ok(Json(tenant.rotate_notification_secret(input.path.get("endpoint")).await?))
}

async fn list_deliveries(tenant: Tenant, input: Input<DeliveryQuery, ()>) -> Result<Json<DeliveryList>, Failure> {
    Ok(Json(tenant.deliveries(&input.query).await?))
}

async fn show_delivery(tenant: Tenant, input: Input<(), ()>) -> Result<Json<DeliveryDetail>, Failure> {
    Ok(Json(tenant.delivery(input.path.get("delivery")).await?))
}

async fn replay(tenant: Tenant, input: Input<(), ()>) -> Result<Json<Delivery>, Failure> {
    Ok(Json(tenant.replay_delivery(input.path.get("delivery")).await?))
}

async fn replay_many(tenant: Tenant, input: Input<(), ReplayRequest>) -> Result<Json<Replayed>, Failure> {
    Ok(Json(tenant.replay_deliveries(&input.body).await?))
}
