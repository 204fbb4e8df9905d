//! Findings that are none in an image, because the owners of all packages that have them have fixed the flaw.

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DbBackend, EntityTrait as _, QueryFilter as _, Statement,
    entity::prelude::*,
    sea_query::{OnConflict, Query, SelectStatement},
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

/// Keeps others from finding out what is cleared until the transaction ends. Two who did so at once, one for what owns and one
/// for what is owned, would each miss what the other has not written yet.
pub async fn lock(on: &impl ConnectionTrait) -> Result<()> {
    /// Any number that nothing else of this program locks by.
    const CLEARING: i64 = 0x77_6c_63_6c_65_61_72;
    if on.get_database_backend() == DbBackend::Postgres {
        let lock = "SELECT pg_advisory_xact_lock($1)";
        on.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, lock, [CLEARING.into()])).await?;
    }
    Ok(())
}

/// Which open findings of these packages are cleared, and where.
pub async fn of_versions(on: &impl ConnectionTrait, versions: &[i64]) -> Result<Vec<Model>> {
    let mut rows = Vec::new();
    for part in versions.chunks(BATCH) {
        let open = Entity::find().filter(Column::Finding.in_subquery(open_findings(part)));
        rows.extend(open.all(on).await?);
    }
    Ok(rows)
}

fn open_findings(versions: &[i64]) -> SelectStatement {
    Query::select()
        .column(super::Column::Id)
        .from(super::Entity)
        .and_where(super::Column::PackageVersion.is_in(versions.iter().copied()))
        .and_where(super::Column::ClosedAt.is_null())
        .to_owned()
}

/// Writes which open findings of these packages are cleared, in one image or in all, in place of what was said before. What
/// was cleared when it was closed stays so: whoever looks back sees that it was none.
pub async fn replace(
    on: &impl ConnectionTrait,
    versions: &[i64],
    analysis: Option<i64>,
    cleared: &[Model],
) -> Result<()> {
    for part in versions.chunks(BATCH) {
        let mut former = Entity::delete_many().filter(Column::Finding.in_subquery(open_findings(part)));
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
