//! Tags of images in short (`spec/api.md` A4.2).

use serde::Deserialize;
use utoipa::IntoParams;
use windlass_v1::images::{ImageStatus, ImageTag};

use super::images::StatusFilter;
use crate::{
    Failure,
    operation::{Input, Json, Operation},
    scope::Tenant,
};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/summaries/imagetags", "list_imagetags", "Lists the tags of images in short")
            .query::<TagsQuery>()
            .for_account("listImages", tags),
    ]
}

#[derive(Deserialize, IntoParams)]
#[serde(default)]
struct TagsQuery {
    /// States of images; `all` among them means any.
    #[param(inline, style = Form, explode = false)]
    image_status: Vec<StatusFilter>,
}

impl Default for TagsQuery {
    fn default() -> Self {
        Self { image_status: vec![StatusFilter::default()] }
    }
}

async fn tags(tenant: Tenant, input: Input<TagsQuery, ()>) -> Result<Json<Vec<ImageTag>>, Failure> {
    // One that is all lifts the others.
    let statuses: Option<Vec<ImageStatus>> = input.query.image_status.into_iter().map(StatusFilter::status).collect();
    Ok(Json(tenant.image_tags(&statuses.unwrap_or_default()).await?))
}
