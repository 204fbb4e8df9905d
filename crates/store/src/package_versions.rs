//! Packages as matching sees them, each distinct one once, and which images hold them.

pub mod instances;
pub mod lookups;

use std::{collections::HashMap, ops::Range};

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait as _, OnConflict, Query},
};

use crate::{BATCH, Moment, Result, Store};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "package_versions")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Of what matching reads: 16 bytes.
    pub key: Vec<u8>,
    pub name: String,
    /// The name in lower case.
    pub search_name: String,
    pub version: String,
    /// `deb`, `npm`, …
    pub kind: String,
    /// What matching reads, as JSON.
    pub input: String,
    /// What matching said beside findings, as JSON; `None`: it was never matched.
    pub rest: Option<String>,
    /// The data that its findings were found by; 0 where they must be found anew. They are those of later data as long as
    /// that [holds them](crate::vulnerability_data::Model::holds_since).
    pub matched_by: i64,
    /// Since when no image holds it; `None`: one does, or nobody has looked.
    pub unused_since: Option<Moment>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A package to be interned.
#[derive(Clone, Debug)]
pub struct NewPackageVersion {
    pub key: [u8; 16],
    pub name: String,
    pub version: String,
    pub kind: String,
    pub input: String,
}

/// Interns packages and answers with their ids, in their order. What is there already is not written.
pub async fn intern(on: &impl ConnectionTrait, packages: Vec<NewPackageVersion>) -> Result<Vec<i64>> {
    let keys: Vec<[u8; 16]> = packages.iter().map(|package| package.key).collect();
    let mut ids = ids(on, &keys).await?;
    let mut new: Vec<NewPackageVersion> =
        packages.into_iter().filter(|package| !ids.contains_key(package.key.as_slice())).collect();
    // Two who write some of the same would each wait for the other if one began where the other ends.
    new.sort_by_key(|package| package.key);
    for part in new.chunks(BATCH) {
        let rows = part.iter().map(|package| ActiveModel {
            key: Set(package.key.to_vec()),
            search_name: Set(package.name.to_lowercase()),
            name: Set(package.name.clone()),
            version: Set(package.version.clone()),
            kind: Set(package.kind.clone()),
            input: Set(package.input.clone()),
            rest: Set(None),
            matched_by: Set(ANEW),
            unused_since: Set(None),
            ..Default::default()
        });
        let there = OnConflict::column(Column::Key).do_nothing().to_owned();
        Entity::insert_many(rows).on_conflict(there).exec_without_returning(on).await?;
        let keys: Vec<[u8; 16]> = part.iter().map(|package| package.key).collect();
        ids.extend(self::ids(on, &keys).await?);
    }
    let id = |key: [u8; 16]| {
        let found = ids.get(key.as_slice()).copied();
        found.ok_or_else(|| DbErr::RecordNotFound("a package version that was just written".into()).into())
    };
    keys.into_iter().map(id).collect()
}

async fn ids(on: &impl ConnectionTrait, keys: &[[u8; 16]]) -> Result<HashMap<Vec<u8>, i64>> {
    let mut ids = HashMap::with_capacity(keys.len());
    for part in keys.chunks(BATCH) {
        let query = Entity::find().select_only().columns([Column::Key, Column::Id]);
        let query = query.filter(Column::Key.is_in(part.iter().map(|key| key.to_vec())));
        ids.extend(query.into_tuple::<(Vec<u8>, i64)>().all(on).await?);
    }
    Ok(ids)
}

/// Said of packages in place of data: their findings must be found anew.
const ANEW: i64 = 0;

/// Where the next [pending packages](Store::pending_package_versions) begin.
pub type Place = (i64, i64);

impl Model {
    /// Where those after it begin.
    #[must_use]
    pub fn place(&self) -> Place {
        (self.matched_by, self.id)
    }
}

impl Store {
    /// The next packages after a place whose findings were found by data before `since`, or must be found anew.
    pub async fn pending_package_versions(&self, since: i64, after: Place, limit: u64) -> Result<Vec<Model>> {
        // In the order of the index: what is matched leaves its range, and nothing is passed over twice.
        let place = Expr::tuple([Expr::col(Column::MatchedBy), Expr::col(Column::Id)]);
        let query = Entity::find().filter(Column::MatchedBy.lt(since));
        let query = query.filter(place.gt(Expr::tuple([Expr::value(after.0), Expr::value(after.1)])));
        let query = query.order_by_asc(Column::MatchedBy).order_by_asc(Column::Id);
        Ok(query.limit(limit).all(self.reader()).await?)
    }

    /// These packages, in no order.
    pub async fn package_versions(&self, ids: &[i64]) -> Result<Vec<Model>> {
        of_ids(self.reader(), ids).await
    }

    /// The packages with these keys, in no order.
    pub async fn package_versions_by_key(&self, keys: &[[u8; 16]]) -> Result<Vec<Model>> {
        let mut rows = Vec::with_capacity(keys.len());
        for part in keys.chunks(BATCH) {
            let query = Entity::find().filter(Column::Key.is_in(part.iter().map(|key| key.to_vec())));
            rows.extend(query.all(self.reader()).await?);
        }
        Ok(rows)
    }

    /// The packages with a name, in any case.
    pub async fn package_versions_named(&self, name: &str) -> Result<Vec<Model>> {
        let query = Entity::find().filter(Column::SearchName.eq(name.to_lowercase())).order_by_asc(Column::Id);
        Ok(query.all(self.reader()).await?)
    }
}

/// As [`Store::package_versions`], in a transaction.
pub async fn of_ids(on: &impl ConnectionTrait, ids: &[i64]) -> Result<Vec<Model>> {
    let mut rows = Vec::with_capacity(ids.len());
    for part in ids.chunks(BATCH) {
        rows.extend(Entity::find().filter(Column::Id.is_in(part.iter().copied())).all(on).await?);
    }
    Ok(rows)
}

/// As [`of_ids`], and nobody else changes them until the transaction ends. In the order of ids, so that two who lock do not
/// wait for each other.
pub async fn lock(on: &impl ConnectionTrait, ids: &[i64]) -> Result<Vec<Model>> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    let mut rows = Vec::with_capacity(ids.len());
    for part in ids.chunks(BATCH) {
        let query = Entity::find().filter(Column::Id.is_in(part.iter().copied())).order_by_asc(Column::Id);
        rows.extend(query.lock_exclusive().all(on).await?);
    }
    Ok(rows)
}

/// Whether the findings of any package were found by data before `since`, or must be found anew.
pub async fn has_pending(on: &impl ConnectionTrait, since: i64) -> Result<bool> {
    let query = Entity::find().select_only().column(Column::Id).filter(Column::MatchedBy.lt(since)).limit(1);
    Ok(query.into_tuple::<i64>().one(on).await?.is_some())
}

/// What matching said of a package.
#[derive(Clone, Debug)]
pub struct Matched {
    pub id: i64,
    /// What it said beside findings, as JSON.
    pub rest: String,
    pub lookups: Vec<i64>,
}

/// Writes what matching with this data said beside findings.
pub async fn set_matched(on: &impl ConnectionTrait, matched: &[Matched], data: i64) -> Result<()> {
    for one in matched {
        let row = ActiveModel { rest: Set(Some(one.rest.clone())), matched_by: Set(data), ..Default::default() };
        // Almost all packages say the same here: nothing. Those that do are written together below.
        if one.rest != NOTHING {
            Entity::update_many().set(row).filter(Column::Id.eq(one.id)).exec(on).await?;
        }
    }
    let plain: Vec<i64> = matched.iter().filter(|one| one.rest == NOTHING).map(|one| one.id).collect();
    for part in plain.chunks(BATCH) {
        let row = ActiveModel { rest: Set(Some(NOTHING.into())), matched_by: Set(data), ..Default::default() };
        Entity::update_many().set(row).filter(Column::Id.is_in(part.iter().copied())).exec(on).await?;
    }
    lookups::replace(on, matched).await
}

/// An empty JSON object.
const NOTHING: &str = "{}";

/// Makes packages be matched again.
pub async fn forget_matches(on: &impl ConnectionTrait, ids: &[i64]) -> Result<()> {
    for part in ids.chunks(BATCH) {
        let row = ActiveModel { matched_by: Set(ANEW), ..Default::default() };
        Entity::update_many().set(row).filter(Column::Id.is_in(part.iter().copied())).exec(on).await?;
    }
    Ok(())
}

/// Makes all packages be matched again.
pub async fn forget_all_matches(on: &impl ConnectionTrait) -> Result<()> {
    let row = ActiveModel { matched_by: Set(ANEW), ..Default::default() };
    Entity::update_many().set(row).filter(Column::MatchedBy.ne(ANEW)).exec(on).await?;
    Ok(())
}

/// Makes packages be matched again that were matched by data in `former` and depend on one of these look-ups. Done again,
/// it finds nothing to do.
pub async fn forget_touched(on: &impl ConnectionTrait, former: Range<i64>, touched: &[i64]) -> Result<()> {
    for part in touched.chunks(BATCH) {
        let depending = Query::select()
            .column(lookups::Column::PackageVersion)
            .from(lookups::Entity)
            .and_where(lookups::Column::Lookup.is_in(part.iter().copied()))
            .to_owned();
        let row = ActiveModel { matched_by: Set(ANEW), ..Default::default() };
        let stale = Entity::update_many().set(row).filter(Column::MatchedBy.gte(former.start));
        let stale = stale.filter(Column::MatchedBy.lt(former.end)).filter(Column::Id.in_subquery(depending));
        stale.exec(on).await?;
    }
    Ok(())
}
