//! Which look-ups the findings of a package depend on.

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, entity::prelude::*,
    sea_query::OnConflict,
};

use super::Matched;
use crate::{BATCH, Result};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "package_version_lookups")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub lookup: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub package_version: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub(super) async fn replace(on: &impl ConnectionTrait, matched: &[Matched]) -> Result<()> {
    let ids: Vec<i64> = matched.iter().map(|one| one.id).collect();
    for part in ids.chunks(BATCH) {
        Entity::delete_many().filter(Column::PackageVersion.is_in(part.iter().copied())).exec(on).await?;
    }
    let row = |one: &Matched, lookup: i64| ActiveModel { lookup: Set(lookup), package_version: Set(one.id) };
    let rows: Vec<ActiveModel> =
        matched.iter().flat_map(|one| one.lookups.iter().map(move |lookup| row(one, *lookup))).collect();
    for part in rows.chunks(BATCH) {
        let there = OnConflict::new().do_nothing().to_owned();
        Entity::insert_many(part.iter().cloned()).on_conflict(there).exec_without_returning(on).await?;
    }
    Ok(())
}
