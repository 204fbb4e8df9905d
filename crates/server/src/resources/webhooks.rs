//! Webhooks of the configuration (`spec/api.md` A4.17).

use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
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

#[derive(Default, Deserialize, IntoParams)]
#[serde(default)]
struct TestQuery {
    /// What the receiver is told an example of; `tag_update` if not said.
    #[param(inline)]
    notification_type: ExampleType,
}

/// Notifications that there are examples of: all but that of an event.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ExampleType {
    #[default]
    TagUpdate,
    AnalysisUpdate,
    VulnUpdate,
    PolicyEval,
}

impl From<ExampleType> for NotificationType {
    fn from(kind: ExampleType) -> Self {
        match kind {
            ExampleType::TagUpdate => Self::TagUpdate,
            ExampleType::AnalysisUpdate => Self::AnalysisUpdate,
            ExampleType::VulnUpdate => Self::VulnUpdate,
            ExampleType::PolicyEval => Self::PolicyEval,
        }
    }
}

async fn test(system: System, input: Input<TestQuery, ()>) -> Result<Json<Value>, Failure> {
    let webhook = input.path.get("webhook_type");
    Ok(Json(system.service.test_webhook(webhook, input.query.notification_type.into()).await?))
}
