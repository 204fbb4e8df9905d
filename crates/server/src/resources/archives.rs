//! The archive of analyses, and the rules that move them there (`spec/api.md` A4.15).

use axum::{
    body::Body as HttpBody,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use windlass_operations::archive::{BUNDLE_LIMIT, ExportedBundle};
use windlass_v1::archives::{
    ArchiveRequest, ArchiveRule, ArchiveRuleRequest, ArchiveSummary, ArchivedImage, ArchivingResult, RuleTransition,
    RulesRun,
};

use crate::{
    Failure,
    operation::{Answer, Described, Input, Json, JsonBody, List, Listed, Operation, Part, RawBody, reader},
    scope::Tenant,
};

const MEDIA_TYPE: &str = "application/zstd";
const NO_IMAGE: &str = "The archive does not have the image.";
const NO_RULE: &str = "There is no such rule.";

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/archives", "get_archive_summary", "Tells how much the account has archived")
            .for_account("listArchives", summary),
        Operation::get("/archives/images", "list_archived_images", "Lists archived images, the last one first")
            .query::<Part>()
            .for_account("listArchivedImageAnalysis", list),
        Operation::post("/archives/images", "archive_images", "Archives the analyses of images")
            .body::<JsonBody<ArchiveRequest>>()
            .for_account("createArchivedImageAnalysis", add),
        Operation::get("/archives/images/{imageDigest}", "get_archived_image", "Shows an archived image")
            .target("imageDigest")
            .fails(404, NO_IMAGE)
            .for_account("getArchivedImageAnalysis", show),
        Operation::get(
            "/archives/images/{imageDigest}/bundle",
            "export_archived_image",
            "Hands out an archived image as a file that another system takes",
        )
        .target("imageDigest")
        .fails(404, NO_IMAGE)
        .fails(409, "The image is being archived.")
        .for_account("getArchivedImageAnalysis", export),
        Operation::post(
            "/archives/images/import",
            "import_archived_image",
            "Takes an archived image that a system handed out into the archive",
        )
        .body::<RawBody<BUNDLE_LIMIT>>()
        .fails(400, "It is no bundle, is damaged, or says what cannot be.")
        .fails(403, "The account may not have more.")
        .fails(409, "The archive has the image already.")
        .fails(413, "It is too long.")
        .for_account("createArchivedImageAnalysis", import),
        Operation::delete(
            "/archives/images/{imageDigest}",
            "delete_archived_image",
            "Removes an image from the archive",
        )
        .query::<DeleteQuery>()
        .target("imageDigest")
        .fails(400, "The image is being archived.")
        .fails(404, NO_IMAGE)
        .for_account("deleteArchivedImageAnalysis", delete),
        Operation::get("/archives/rules", "list_archive_rules", "Lists the rules of the archive")
            .query::<RulesQuery>()
            .for_account("listArchiveTransitionRules", list_rules),
        Operation::post("/archives/rules", "create_archive_rule", "Adds a rule that moves images by itself")
            .query::<CreationQuery>()
            .body::<JsonBody<ArchiveRuleRequest>>()
            .fails(400, "The rule cannot be, or would go for everything.")
            .for_account("createArchiveTransitionRule", create_rule),
        Operation::post(
            "/archives/rules/run",
            "run_archive_rules",
            "Has the rules that go for the account applied now, and not only on schedule",
        )
        .for_account("createArchiveTransitionRule", run_rules),
        Operation::get("/archives/rules/{ruleId}", "get_archive_rule", "Shows a rule of the archive")
            .target("ruleId")
            .fails(404, NO_RULE)
            .for_account("getArchiveTransitionRule", show_rule),
        Operation::delete("/archives/rules/{ruleId}", "delete_archive_rule", "Removes a rule of the archive")
            .target("ruleId")
            .fails(404, NO_RULE)
            .for_account("deleteArchiveTransitionRule", delete_rule),
        Operation::get("/archives/rules/{ruleId}/history", "get_archive_rule_history", "Tells what a rule has moved")
            .query::<Part>()
            .target("ruleId")
            .fails(404, NO_RULE)
            .for_account("getArchiveTransitionRule", history),
        Operation::get("/archives/rules/{ruleId}/preview", "preview_archive_rule", "Tells what a rule would move now")
            .target("ruleId")
            .fails(404, NO_RULE)
            .for_account("getArchiveTransitionRule", preview),
        Operation::post(
            "/archives/rules/{ruleId}/preview",
            "preview_archive_rule_now",
            "Tells what a rule would move now; nothing is moved",
        )
        .target("ruleId")
        .fails(404, NO_RULE)
        .for_account("getArchiveTransitionRule", preview),
    ]
}

async fn summary(tenant: Tenant, _: Input<(), ()>) -> Result<Json<ArchiveSummary>, Failure> {
    Ok(Json(tenant.archive_summary().await?))
}

async fn list(tenant: Tenant, input: Input<Part, ()>) -> Result<Listed<Vec<ArchivedImage>>, Failure> {
    Listed::list(tenant.archived_images(input.query.into())).await
}

async fn add(tenant: Tenant, input: Input<(), ArchiveRequest>) -> Result<Json<Vec<ArchivingResult>>, Failure> {
    Ok(Json(tenant.archive_images(&input.body.0).await?))
}

async fn show(tenant: Tenant, input: Input<(), ()>) -> Result<Json<ArchivedImage>, Failure> {
    Ok(Json(tenant.archived_image(input.path.get("imageDigest")).await?))
}

/// 200 with a bundle, piece by piece.
struct Bundle(ExportedBundle);

impl IntoResponse for Bundle {
    fn into_response(self) -> Response<HttpBody> {
        let ExportedBundle { digest, size, content } = self.0;
        let mut response = Response::new(HttpBody::from_stream(content));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(header::CONTENT_LENGTH, size.into());
        let disposition = format!("attachment; filename=\"{}.tar.zst\"", digest.replace(':', "-"));
        if let Ok(disposition) = HeaderValue::from_str(&disposition) {
            headers.insert(header::CONTENT_DISPOSITION, disposition);
        }
        response
    }
}

impl Answer for Bundle {
    fn describe() -> Described {
        Described { status: StatusCode::OK, media_type: MEDIA_TYPE, schema: None, components: Vec::new() }
    }
}

async fn export(tenant: Tenant, input: Input<(), ()>) -> Result<Bundle, Failure> {
    Ok(Bundle(tenant.export_bundle(input.path.get("imageDigest")).await?))
}

async fn import(tenant: Tenant, input: Input<(), HttpBody>) -> Result<Json<ArchivedImage>, Failure> {
    Ok(Json(tenant.import_bundle(reader(input.body)).await?))
}

/// What was removed is not told of.
#[derive(Serialize, ToSchema)]
struct Removed {}

#[derive(Default, Deserialize, IntoParams)]
#[serde(default)]
struct DeleteQuery {
    /// Whether an image that is being archived is removed, too.
    #[param(default = false)]
    force: bool,
}

async fn delete(tenant: Tenant, input: Input<DeleteQuery, ()>) -> Result<Json<Removed>, Failure> {
    tenant.delete_archived_image(input.path.get("imageDigest"), input.query.force).await?;
    Ok(Json(Removed {}))
}

#[derive(Deserialize, IntoParams)]
struct RulesQuery {
    /// Whether rules of others that go for every account are listed, too.
    #[serde(default = "yes")]
    #[param(default = true)]
    system_global: bool,
}

fn yes() -> bool {
    true
}

async fn list_rules(tenant: Tenant, input: Input<RulesQuery, ()>) -> Result<List<ArchiveRule>, Failure> {
    Ok(List(tenant.archive_rules(input.query.system_global).await?))
}

#[derive(Default, Deserialize, IntoParams)]
#[serde(default)]
struct CreationQuery {
    /// Whether the rule may go for every image that its selector matches, whatever its age.
    #[param(default = false)]
    confirm: bool,
}

async fn create_rule(
    tenant: Tenant,
    input: Input<CreationQuery, ArchiveRuleRequest>,
) -> Result<Json<ArchiveRule>, Failure> {
    Ok(Json(tenant.create_archive_rule(&tenant.caller, input.body, input.query.confirm).await?))
}

async fn run_rules(tenant: Tenant, _: Input<(), ()>) -> Result<Json<RulesRun>, Failure> {
    Ok(Json(tenant.run_archive_rules().await?))
}

async fn show_rule(tenant: Tenant, input: Input<(), ()>) -> Result<Json<ArchiveRule>, Failure> {
    Ok(Json(tenant.archive_rule(input.path.get("ruleId")).await?))
}

async fn delete_rule(tenant: Tenant, input: Input<(), ()>) -> Result<Json<Removed>, Failure> {
    tenant.delete_archive_rule(&tenant.caller, input.path.get("ruleId")).await?;
    Ok(Json(Removed {}))
}

async fn history(tenant: Tenant, input: Input<Part, ()>) -> Result<Listed<Vec<RuleTransition>>, Failure> {
    Listed::list(tenant.archive_rule_history(input.path.get("ruleId"), input.query.into()).await?).await
}

async fn preview(tenant: Tenant, input: Input<(), ()>) -> Result<List<RuleTransition>, Failure> {
    Ok(List(tenant.preview_archive_rule(input.path.get("ruleId")).await?))
}
