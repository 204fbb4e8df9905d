//! Webhooks of the configuration (`spec/api.md` A4.17).

use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use windlass_v1::webhooks::NotificationType;

use crate::{
    Failure,
    operation::{Input, Json, Operation},
    scope::System,
};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::post(
            "/system/webhooks/{webhook_type}/test",
            "test_webhook",
            "Sends a webhook of the configuration something that says it is a test, and answers with its answer",
        )
        .query::<TestQuery>()
        .fails(400, "There is no such type of webhooks, or the configuration has none of it.")
        .fails(500, "The webhook has no address, or the receiver did not take it.")
        .for_system("testWebhook", test),
    ]
}

#[derive(Deserialize, IntoParams)]
#[serde(default)]
struct TestQuery {
    /// What the receiver is told an example of: `event_log` cannot be tried.
    #[param(required = false, default = "tag_update")]
    notification_type: NotificationType,
}

impl Default for TestQuery {
    fn default() -> Self {
        Self { notification_type: NotificationType::TagUpdate }
    }
}

async fn test(system: System, input: Input<TestQuery, ()>) -> Result<Json<Value>, Failure> {
    let webhook = input.path.get("webhook_type");
    Ok(Json(system.service.test_webhook(webhook, input.query.notification_type).await?))
}
