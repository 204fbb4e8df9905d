//! The documents of verdicts in what webhooks are sent (`spec/operations.md` §2.7): an event refers to them by id.

use std::sync::Arc;

use serde_json::{Value, json};
use windlass_store::{AccountName, notices};

use super::outbox::json;
use crate::{Result, Service};

impl Service {
    /// Puts verdicts in the place of their references in the details of a notice: whole ones, or where `whole` is not said or
    /// one is kept no more, what the reference tells of it.
    pub(super) async fn with_verdicts(self: &Arc<Self>, row: notices::Model, whole: bool) -> Result<notices::Model> {
        let Ok(mut details) = serde_json::from_str::<Value>(&row.details) else { return Ok(row) };
        let Ok(account) = AccountName::parse(&row.account) else { return Ok(row) };
        let tenant = self.tenant(&account);
        for member in ["last_eval", "curr_eval"] {
            let Some(reference) = details.get(member).filter(|verdict| verdict.get("bundle").is_none()) else {
                continue;
            };
            let id = reference["evaluation"].as_i64().filter(|_| whole);
            let document = match id {
                // That a document is lost must keep nobody from being told.
                Some(id) => tenant.evaluation_document(id).await.unwrap_or_else(|error| {
                    tracing::warn!(evaluation = id, %error, "the document of a verdict cannot be read");
                    None
                }),
                None => None,
            };
            details[member] = document.map_or_else(|| in_short(&row, reference), |document| json!(document));
        }
        Ok(notices::Model { details: json(&details)?, ..row })
    }
}

/// A document that says what the reference does.
fn in_short(row: &notices::Model, reference: &Value) -> Value {
    let digest = reference["image_digest"].as_str().unwrap_or_default();
    json!({
        "user_id": row.account,
        "image_id": digest.strip_prefix("sha256:").unwrap_or(digest),
        "image_digest": digest,
        "tag": row.subject,
        "bundle": {"id": reference["policyId"]},
        "matched_mapping_rule": false,
        "matched_whitelisted_images_rule": false,
        "matched_blacklisted_images_rule": false,
        "final_action": reference["final_action"],
        "final_action_reason": "policy_evaluation",
        "status": reference["status"],
        "created_at": row.occurred_at.seconds(),
        "last_modified": row.occurred_at.seconds(),
        "evaluation_problems": [],
        "result": {"policy_data": [], "whitelist_data": [], "policy_name": "", "whitelist_names": []},
    })
}
