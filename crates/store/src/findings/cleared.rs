//! Findings that are none in an image, because the owners of all packages that have them have fixed the flaw.

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    entity::prelude::*,
    sea_query::{OnConflict, Query},
};

use crate::{BATCH, Result};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cleared_findings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub analysis: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub finding: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Writes which findings of these packages are cleared, in one image or in all, in place of what was said before.
pub async fn replace(
    on: &impl ConnectionTrait,
    versions: &[i64],
    analysis: Option<i64>,
    cleared: &[Model],
) -> Result<()> {
    for part in versions.chunks(BATCH) {
        let of_versions = Query::select()
            .column(super::Column::Id)
            .from(super::Entity)
            .and_where(super::Column::PackageVersion.is_in(part.iter().copied()))
            .to_owned();
        let mut former = Entity::delete_many().filter(Column::Finding.in_subquery(of_versions));
        if let Some(analysis) = analysis {
            former = former.filter(Column::Analysis.eq(analysis));
        }
        former.exec(on).await?;
    }
    for part in cleared.chunks(BATCH) {
        let rows = part.iter().map(|row| ActiveModel { analysis: Set(row.analysis), finding: Set(row.finding) });
        let there = OnConflict::new().do_nothing().to_owned();
        Entity::insert_many(rows).on_conflict(there).exec_without_returning(on).await?;
    }
    Ok(())
}
