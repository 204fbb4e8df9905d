//! The images in which owners of packages have fixed what was found, or have no longer: no change of the finding, which others
//! have as before, but of these images.

use std::collections::{BTreeSet, HashMap, HashSet};

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _,
    entity::prelude::*,
};

use super::Column as ChangeColumn;
use crate::{BATCH, Moment, Result, insert_all};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "clearance_changes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub change: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub analysis: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What became of an open finding in some images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClearance {
    pub package_version: i64,
    pub finding: i64,
    /// Everything that is said of it, as JSON.
    pub detail: String,
    /// Whether it is none any more; else it is one again.
    pub is_cleared: bool,
    pub analyses: Vec<i64>,
}

/// Those of these findings that were told to have been opened by this change or an earlier one.
pub async fn told_as_opened(on: &impl ConnectionTrait, findings: &[i64], until: i64) -> Result<HashSet<i64>> {
    let mut told = HashSet::new();
    for part in findings.chunks(BATCH) {
        let query = super::Entity::find().select_only().column(ChangeColumn::Finding);
        let query = query.filter(ChangeColumn::Finding.is_in(part.iter().copied())).filter(ChangeColumn::Id.lte(until));
        let query = query.filter(ChangeColumn::Before.is_null()).filter(ChangeColumn::ByOwner.eq(false));
        told.extend(query.into_tuple::<i64>().all(on).await?);
    }
    Ok(told)
}

/// Writes what became of findings, in the transaction that makes it so; answers with the ids of the changes.
pub async fn insert(
    on: &impl ConnectionTrait,
    clearances: &[NewClearance],
    data: i64,
    now: Moment,
) -> Result<Vec<i64>> {
    let newest = super::newest(on).await?;
    let mut ids: HashMap<(i64, bool), i64> = HashMap::with_capacity(clearances.len());
    for part in clearances.chunks(BATCH) {
        let rows = part.iter().map(|one| super::ActiveModel {
            package_version: Set(one.package_version),
            finding: Set(one.finding),
            data: Set(data),
            before: Set(one.is_cleared.then(|| one.detail.clone())),
            after: Set((!one.is_cleared).then(|| one.detail.clone())),
            by_owner: Set(true),
            changed_at: Set(now),
            ..Default::default()
        });
        super::Entity::insert_many(rows).exec_without_returning(on).await?;
        // Which id each got is read back by what they are of: rows may come back in any order.
        let query = super::Entity::find().select_only();
        let query = query.columns([ChangeColumn::Finding, ChangeColumn::Id]).column(ChangeColumn::After);
        let query = query.filter(ChangeColumn::Id.gt(newest)).filter(ChangeColumn::ByOwner.eq(true));
        let query = query.filter(ChangeColumn::Finding.is_in(part.iter().map(|one| one.finding)));
        let written: Vec<(i64, i64, Option<String>)> = query.into_tuple().all(on).await?;
        ids.extend(written.into_iter().map(|(finding, id, after)| ((finding, after.is_none()), id)));
    }
    let mut rows = BTreeSet::new();
    for one in clearances {
        let Some(change) = ids.get(&(one.finding, one.is_cleared)) else { continue };
        rows.extend(one.analyses.iter().map(|analysis| (*change, *analysis)));
    }
    let rows = rows.into_iter().map(|(change, analysis)| ActiveModel { change: Set(change), analysis: Set(analysis) });
    insert_all(on, rows).await?;
    Ok(ids.into_values().collect())
}
