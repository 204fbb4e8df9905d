//! Why something is no longer what it was.

use serde::Deserialize;
use utoipa::IntoParams;
use windlass_v1::changes::ChangeList;

use crate::{
    Failure,
    operation::{Input, Json, Operation},
    scope::Tenant,
};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/changes", "list_changes", "Lists what changed of images and verdicts, and why")
            .query::<ChangesQuery>()
            .for_account("listImages", all),
        Operation::get(
            "/images/{imageDigest}/changes",
            "list_image_changes",
            "Lists what changed of an image, and why",
        )
        .query::<ChangesQuery>()
        .fails(404, "There is no such image, or it is not analysed.")
        .for_account("getImage", of_image),
    ]
}

#[derive(Default, Deserialize, IntoParams)]
#[serde(default)]
struct ChangesQuery {
    /// Only what changed after that moment.
    since: Option<String>,
    /// What an earlier answer calls `next_page`.
    page: Option<String>,
    /// How many there are to a page.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

async fn all(tenant: Tenant, input: Input<ChangesQuery, ()>) -> Result<Json<ChangeList>, Failure> {
    let ChangesQuery { since, page, limit } = &input.query;
    Ok(Json(tenant.changes_of_all(since.as_deref(), page.as_deref(), *limit).await?))
}

async fn of_image(tenant: Tenant, input: Input<ChangesQuery, ()>) -> Result<Json<ChangeList>, Failure> {
    let ChangesQuery { since, page, limit } = &input.query;
    let digest = input.path.get("imageDigest");
    Ok(Json(tenant.changes_of_image(digest, since.as_deref(), page.as_deref(), *limit).await?))
}
