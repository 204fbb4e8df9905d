//! Verdicts on images (`spec/api.md` A4.6).

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use windlass_operations::{Part, evaluations::CheckRequest};
use windlass_policy::{Action, Profile};
use windlass_v1::evaluations::{Check, EvaluationAction};

use crate::{
    Failure,
    operation::{Input, Json, Operation},
    scope::Tenant,
};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/images/{imageDigest}/check", "check_image", "Judges an image by a policy bundle")
            .query::<Question>()
            .target("imageDigest")
            .fails(404, "The image is unknown or not analysed, or there is no such policy bundle.")
            .for_account("getImageEvaluation", check),
        Operation::get("/images/by_id/{imageId}/check", "check_image_by_id", "Judges the newest image of this id")
            .query::<Question>()
            .target("imageId")
            .fails(404, "The image is unknown or not analysed, or there is no such policy bundle.")
            .for_account("getImageEvaluation", check_by_id),
    ]
}

#[derive(Deserialize, IntoParams)]
struct Question {
    /// The name to judge the image under, by which mappings go; it need not be one of the image's.
    tag: String,
    /// The bundle to judge by in place of the active one.
    #[serde(rename = "policyId")]
    #[param(nullable = false)]
    policy_id: Option<String>,
    /// Whether all that led to the verdict is told.
    #[serde(default = "yes")]
    #[param(default = true)]
    detail: bool,
    /// Whether earlier verdicts are told, too, newest first.
    #[serde(default)]
    #[param(default = false)]
    history: bool,
    /// With `history` and `limit`: which part of the list, counted from 1.
    #[param(minimum = 1)]
    page: Option<u64>,
    /// With `history`: at most so many.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// Whether the verdict is for this answer alone: it is not kept, and nobody is told of it.
    #[serde(default)]
    #[param(default = false)]
    interactive: bool,
    /// How rules are understood whose meaning surprises, in place of the account's choice. The verdict is not kept.
    #[param(nullable = false, inline)]
    profile: Option<RuleProfile>,
    /// What an image gets that no mapping matches, in place of the account's choice. The verdict is not kept.
    #[param(nullable = false, inline)]
    unmapped: Option<EvaluationAction>,
}

fn yes() -> bool {
    true
}

/// How rules are understood whose meaning surprises.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum RuleProfile {
    /// As Anchore Engine did.
    Compat,
    /// As they read.
    Native,
}

impl From<Question> for CheckRequest {
    fn from(question: Question) -> Self {
        let Question { tag, policy_id, detail, history, page, limit, interactive, profile, unmapped } = question;
        Self {
            tag,
            policy_id,
            detail,
            history,
            part: Part { page, limit },
            interactive,
            profile: profile.map(|profile| match profile {
                RuleProfile::Compat => Profile::Compat,
                RuleProfile::Native => Profile::Native,
            }),
            unmapped: unmapped.map(|action| match action {
                EvaluationAction::Go => Action::Go,
                EvaluationAction::Warn => Action::Warn,
                EvaluationAction::Stop => Action::Stop,
            }),
            is_one_of_many: false,
        }
    }
}

async fn check(tenant: Tenant, input: Input<Question, ()>) -> Result<Json<Check>, Failure> {
    Ok(Json(tenant.check(input.path.get("imageDigest"), &input.query.into()).await?))
}

async fn check_by_id(tenant: Tenant, input: Input<Question, ()>) -> Result<Json<Check>, Failure> {
    Ok(Json(tenant.check_by_id(input.path.get("imageId"), &input.query.into()).await?))
}
