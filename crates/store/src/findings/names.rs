//! Every name that an open finding goes by.

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, entity::prelude::*,
    sea_query::OnConflict,
};

use crate::{BATCH, Result};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "finding_names")]
pub struct Model {
    /// In upper case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub finding: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub(super) async fn insert(on: &impl ConnectionTrait, names: &[Model]) -> Result<()> {
    for part in names.chunks(BATCH) {
        let rows = part.iter().map(|row| ActiveModel { name: Set(row.name.clone()), finding: Set(row.finding) });
        let there = OnConflict::new().do_nothing().to_owned();
        Entity::insert_many(rows).on_conflict(there).exec_without_returning(on).await?;
    }
    Ok(())
}

pub(super) async fn delete(on: &impl ConnectionTrait, findings: &[i64]) -> Result<()> {
    for part in findings.chunks(BATCH) {
        Entity::delete_many().filter(Column::Finding.is_in(part.iter().copied())).exec(on).await?;
    }
    Ok(())
}
