//! How far the analysis of an image is: what a worker changes of the image's row, and nothing else of it.

use sea_orm::{ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _};

use crate::{
    Moment, Result, Store,
    images::{ActiveModel, AnalysisStatus, Column, Entity, Model, Status},
};

/// Says that a worker has the image. `false`: it is not waiting to be analysed, or is to be deleted.
pub async fn begin(store: &Store, image: i64, now: Moment) -> Result<bool> {
    let begun =
        ActiveModel { analysis_status: Set(AnalysisStatus::Analyzing), last_updated: Set(now), ..Default::default() };
    let waits = Column::AnalysisStatus.is_in([AnalysisStatus::NotAnalyzed, AnalysisStatus::Analyzing]);
    let waiting = Condition::all().add(waits).add(Column::Status.eq(Status::Active));
    change(store.writer(), image, begun, waiting).await
}

/// Says that the image waits again.
pub async fn pause(store: &Store, image: i64, now: Moment) -> Result<()> {
    let waits =
        ActiveModel { analysis_status: Set(AnalysisStatus::NotAnalyzed), last_updated: Set(now), ..Default::default() };
    let begun = Condition::all().add(Column::AnalysisStatus.eq(AnalysisStatus::Analyzing));
    change(store.writer(), image, waits, begun).await?;
    Ok(())
}

/// Gives the image its analysis, and answers with the image as it is now; nothing if there is none any more.
pub async fn finish(on: &impl ConnectionTrait, image: i64, analysis: i64, now: Moment) -> Result<Option<Model>> {
    let analysed = ActiveModel {
        analysis_status: Set(AnalysisStatus::Analyzed),
        analysis: Set(Some(analysis)),
        analyzed_at: Set(Some(now)),
        failure_code: Set(None),
        failure_reason: Set(None),
        last_updated: Set(now),
        ..Default::default()
    };
    let there = change(on, image, analysed, Condition::all()).await?;
    if there { Ok(Entity::find_by_id(image).one(on).await?) } else { Ok(None) }
}

/// Says that the image cannot be analysed: for programs, and for people. `false`: there is no such image any more.
pub async fn fail(on: &impl ConnectionTrait, image: i64, code: &str, reason: &str, now: Moment) -> Result<bool> {
    let failed = ActiveModel {
        analysis_status: Set(AnalysisStatus::AnalysisFailed),
        failure_code: Set(Some(code.to_owned())),
        failure_reason: Set(Some(reason.to_owned())),
        last_updated: Set(now),
        ..Default::default()
    };
    change(on, image, failed, Condition::all()).await
}

async fn change(on: &impl ConnectionTrait, image: i64, row: ActiveModel, only: Condition) -> Result<bool> {
    let changed = Entity::update_many().set(row).filter(Column::Id.eq(image)).filter(only).exec(on).await?;
    Ok(changed.rows_affected > 0)
}
