//! Which packages an image holds, and which of them are files of others.

pub mod owners;

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _,
    entity::prelude::*, sea_query::OnConflict,
};

use crate::{BATCH, Result, Store};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "analysis_packages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub package_version: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub analysis: i64,
    /// How many of these are compared themselves; 0: the packages that own them answer for all of them.
    pub compared: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Writes what an image holds. Done again, it changes nothing.
pub async fn insert(on: &impl ConnectionTrait, instances: &[Model], owned: &[owners::Model]) -> Result<()> {
    for part in instances.chunks(BATCH) {
        let rows = part.iter().map(|row| ActiveModel {
            package_version: Set(row.package_version),
            analysis: Set(row.analysis),
            compared: Set(row.compared),
        });
        let there = OnConflict::new().do_nothing().to_owned();
        Entity::insert_many(rows).on_conflict(there).exec_without_returning(on).await?;
    }
    owners::insert(on, owned).await
}

/// In which images these packages are compared.
pub async fn of_versions(on: &impl ConnectionTrait, versions: &[i64]) -> Result<Vec<Model>> {
    let mut rows = Vec::new();
    for part in versions.chunks(BATCH) {
        let query = Entity::find().filter(Column::PackageVersion.is_in(part.iter().copied()));
        rows.extend(query.filter(Column::Compared.gt(0)).all(on).await?);
    }
    Ok(rows)
}

impl Store {
    /// The packages of an image, by id.
    pub async fn package_versions_of(&self, analysis: i64) -> Result<Vec<i64>> {
        let query = Entity::find().select_only().column(Column::PackageVersion).filter(Column::Analysis.eq(analysis));
        Ok(query.into_tuple().all(self.reader()).await?)
    }
}
