//! Images (`spec/api.md` A4.2, A4.3).

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use windlass_operations::images::ImageFilter;
use windlass_v1::images::{AnalysisStatus, Deletion, ImageAnalysisRequest, ImageRecord, ImageStatus};

use crate::{
    Failure,
    operation::{Input, Json, JsonBody, Listed, Operation},
    scope::Tenant,
};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::post("/images", "add_image", "Adds an image and has it analysed")
            .query::<AddQuery>()
            .body::<JsonBody<ImageAnalysisRequest>>()
            .fails(404, "The archive does not have the analysis, or there is no such import.")
            .fails(409, "The analysis to restore is there already.")
            .for_account("createImage", add),
        Operation::get("/images", "list_images", "Lists images, newest first")
            .query::<ListQuery>()
            .fails(404, "The tag names no image.")
            .for_account("listImages", list),
        Operation::delete("/images", "delete_images_async", "Deletes images")
            .query::<DeleteManyQuery>()
            .for_account("deleteImage", delete_many),
        Operation::get("/images/{imageDigest}", "get_image", "Shows an image")
            .query::<ShowQuery>()
            .fails(404, "There is no such image.")
            .for_account("getImage", show),
        Operation::delete("/images/{imageDigest}", "delete_image", "Deletes an image")
            .query::<DeleteQuery>()
            .for_account("deleteImage", delete),
        Operation::get("/images/by_id/{imageId}", "get_image_by_image_id", "Shows an image by its id")
            .query::<ShowQuery>()
            .fails(404, "There is no such image.")
            .for_account("getImage", show_by_id),
        Operation::delete("/images/by_id/{imageId}", "delete_image_by_image_id", "Deletes an image by its id")
            .query::<DeleteQuery>()
            .for_account("deleteImage", delete_by_id),
    ]
}

/// Which state of images is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum StatusFilter {
    All,
    #[default]
    Active,
    Deleting,
}

impl StatusFilter {
    /// Nothing for any.
    pub(super) fn status(self) -> Option<ImageStatus> {
        match self {
            Self::All => None,
            Self::Active => Some(ImageStatus::Active),
            Self::Deleting => Some(ImageStatus::Deleting),
        }
    }
}

#[derive(Default, Deserialize, IntoParams)]
#[serde(default)]
struct AddQuery {
    /// Analyses the image anew, and lets its Dockerfile be replaced.
    force: bool,
    /// Watches the tag for new images.
    autosubscribe: bool,
}

async fn add(tenant: Tenant, input: Input<AddQuery, ImageAnalysisRequest>) -> Result<Json<Vec<ImageRecord>>, Failure> {
    Ok(Json(tenant.add_image(&input.body, input.query.force, input.query.autosubscribe).await?))
}

#[derive(Default, Deserialize, IntoParams)]
#[serde(default)]
struct ListQuery {
    /// With `fulltag`: every image that the tag ever stood for.
    history: bool,
    /// The newest image under this name: a tag, a digest or an image id.
    fulltag: Option<String>,
    #[param(inline)]
    image_status: StatusFilter,
    #[param(nullable = false, inline)]
    analysis_status: Option<AnalysisStatus>,
    /// At most so many.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// Only what comes after the image with this digest: the last one of the page before.
    after: Option<String>,
}

async fn list(tenant: Tenant, input: Input<ListQuery, ()>) -> Result<Listed<Vec<ImageRecord>>, Failure> {
    let ListQuery { history, fulltag, image_status, analysis_status, limit, after } = input.query;
    let filter = ImageFilter { fulltag, history, status: image_status.status(), analysis_status, limit, after };
    if filter.fulltag.is_some() {
        return Listed::whole(&tenant.images(&filter).await?);
    }
    Listed::list(tenant.list_images(&filter).await?).await
}

#[derive(Default, Deserialize, IntoParams)]
#[serde(default)]
struct ShowQuery {
    /// Whether the tags of the image are shown.
    detail: Option<bool>,
}

async fn show(tenant: Tenant, input: Input<ShowQuery, ()>) -> Result<Json<Vec<ImageRecord>>, Failure> {
    let record = tenant.image(input.path.get("imageDigest")).await?;
    Ok(Json(vec![detailed(record, &input.query)]))
}

async fn show_by_id(tenant: Tenant, input: Input<ShowQuery, ()>) -> Result<Json<Vec<ImageRecord>>, Failure> {
    let record = tenant.image_by_id(input.path.get("imageId")).await?;
    Ok(Json(vec![detailed(record, &input.query)]))
}

fn detailed(mut record: ImageRecord, query: &ShowQuery) -> ImageRecord {
    if query.detail == Some(false) {
        record.image_detail.clear();
    }
    record
}

#[derive(Default, Deserialize, IntoParams)]
#[serde(default)]
struct DeleteQuery {
    /// Deletes an image that is being analysed or watched, too, and ends the watch.
    force: bool,
}

async fn delete(tenant: Tenant, input: Input<DeleteQuery, ()>) -> Result<Json<Deletion>, Failure> {
    Ok(Json(tenant.delete_image(input.path.get("imageDigest"), input.query.force).await?))
}

async fn delete_by_id(tenant: Tenant, input: Input<DeleteQuery, ()>) -> Result<Json<Deletion>, Failure> {
    Ok(Json(tenant.delete_image_by_id(input.path.get("imageId"), input.query.force).await?))
}

#[derive(Deserialize, IntoParams)]
struct DeleteManyQuery {
    /// Digests of the images.
    #[serde(rename = "imageDigests")]
    #[param(style = Form, explode = false)]
    image_digests: Vec<String>,
    /// Deletes images that are being analysed or watched, too, and ends the watch.
    #[serde(default)]
    force: bool,
}

async fn delete_many(tenant: Tenant, input: Input<DeleteManyQuery, ()>) -> Result<Json<Vec<Deletion>>, Failure> {
    Ok(Json(tenant.delete_images(&input.query.image_digests, input.query.force).await?))
}
