//! Images from request to removal, over a real registry.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod adding;
mod deleting;
mod patterns;
mod platforms;
mod refusals;
mod registry;
mod showing;

use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::Value;
use windlass_operations::{Error, Tenant, testing::Bench};
use windlass_store::{
    events,
    images::{self, AnalysisStatus},
    jobs,
};
use windlass_v1::{
    error::ErrorEnvelope,
    images::{ImageAnalysisRequest, ImageRecord},
};

fn request(body: Value) -> ImageAnalysisRequest {
    serde_json::from_value(body).unwrap()
}

/// Adds, neither forced nor watched.
async fn add(tenant: &Tenant, body: Value) -> ImageRecord {
    tenant.add_image(&request(body), false, false).await.unwrap().swap_remove(0)
}

async fn refusal(tenant: &Tenant, body: Value, force: bool) -> ErrorEnvelope {
    match tenant.add_image(&request(body.clone()), force, false).await {
        Err(Error::Refused(envelope)) => *envelope,
        other => panic!("{body}: {other:?}"),
    }
}

/// As a worker leaves an image.
async fn leave(bench: &Bench, tenant: &Tenant, digest: &str, status: AnalysisStatus) {
    let tx = bench.service.store().begin().await.unwrap();
    let row = images::ActiveModel { analysis_status: Set(status), ..Default::default() };
    let own = images::Entity::update_many().set(row).filter(images::Column::Account.eq(tenant.name().as_str()));
    own.filter(images::Column::Digest.eq(digest)).exec(&tx).await.unwrap();
    jobs::cancel(&tx, windlass_operations::images::ANALYSE, tenant.name(), digest).await.unwrap();
    tx.commit().await.unwrap();
}

/// Digests of images that wait for a worker.
async fn waiting(bench: &Bench) -> Vec<(String, Value)> {
    let jobs = bench.service.store().jobs(Some(jobs::State::Waiting), 100).await.unwrap();
    jobs.into_iter().map(|job| (job.key, serde_json::from_str(&job.payload).unwrap())).collect()
}

/// Type, resource and details of what was told, oldest first.
async fn told(bench: &Bench) -> Vec<(String, String, Value)> {
    let tx = bench.service.store().begin().await.unwrap();
    let mut rows = events::Entity::find().all(&tx).await.unwrap();
    rows.sort_by_key(|row| row.occurred_at);
    rows.into_iter()
        .map(|row| (row.kind, row.resource_id.unwrap_or_default(), serde_json::from_str(&row.details).unwrap()))
        .collect()
}
