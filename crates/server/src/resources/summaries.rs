//! Tags of images in short (`spec/api.md` A4.2).

use serde::Deserialize;
use utoipa::IntoParams;
use windlass_operations::Part;
use windlass_v1::images::{ImageStatus, ImageTag};

use super::images::StatusFilter;
use crate::{
    Failure,
    operation::{Input, Listed, Operation},
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
    /// With `limit`: which part of the list, counted from 1.
    #[param(minimum = 1)]
    page: Option<u64>,
    /// At most so many; all where none is given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
}

impl Default for TagsQuery {
    fn default() -> Self {
        Self { image_status: vec![StatusFilter::default()], page: None, limit: None }
    }
}

async fn tags(tenant: Tenant, input: Input<TagsQuery, ()>) -> Result<Listed<Vec<ImageTag>>, Failure> {
    // One that is all lifts the others.
    let statuses: Option<Vec<ImageStatus>> = input.query.image_status.into_iter().map(StatusFilter::status).collect();
    let part = Part { page: input.query.page, limit: input.query.limit };
    Listed::list(tenant.image_tags(&statuses.unwrap_or_default(), part)).await
}
