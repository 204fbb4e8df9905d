//! Packages of an image that are files of others of it, which may have fixed what is found in them.

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _,
    entity::prelude::*, sea_query::OnConflict,
};

use crate::{BATCH, Result};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "analysis_owners")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub analysis: i64,
    /// The owned package's place in the bill of materials.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: i64,
    pub package_version: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub(super) async fn insert(on: &impl ConnectionTrait, owned: &[Model]) -> Result<()> {
    for part in owned.chunks(BATCH) {
        let rows = part.iter().map(|row| ActiveModel {
            analysis: Set(row.analysis),
            place: Set(row.place),
            package_version: Set(row.package_version),
            owner: Set(row.owner),
        });
        let there = OnConflict::new().do_nothing().to_owned();
        Entity::insert_many(rows).on_conflict(there).exec_without_returning(on).await?;
    }
    Ok(())
}

/// These packages and whatever they own, as far as they are owned anywhere.
pub async fn concerned(on: &impl ConnectionTrait, versions: &[i64]) -> Result<Vec<i64>> {
    let mut concerned = Vec::new();
    for part in versions.chunks(BATCH) {
        for column in [Column::PackageVersion, Column::Owner] {
            let query = Entity::find().select_only().column(Column::PackageVersion).distinct();
            let query = query.filter(column.is_in(part.iter().copied()));
            concerned.extend(query.into_tuple::<i64>().all(on).await?);
        }
    }
    concerned.sort_unstable();
    concerned.dedup();
    Ok(concerned)
}

/// Where these packages are owned: in one image, or in all.
pub async fn of_versions(on: &impl ConnectionTrait, versions: &[i64], analysis: Option<i64>) -> Result<Vec<Model>> {
    let mut rows = Vec::new();
    for part in versions.chunks(BATCH) {
        let mut query = Entity::find().filter(Column::PackageVersion.is_in(part.iter().copied()));
        if let Some(analysis) = analysis {
            query = query.filter(Column::Analysis.eq(analysis));
        }
        rows.extend(query.all(on).await?);
    }
    Ok(rows)
}
