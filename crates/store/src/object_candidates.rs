//! Objects that may be removed: nothing refers to them, or did not when somebody looked.
//!
//! An object is put before the row that refers to it is written, and what is there already is not written again. Whoever
//! removes objects must therefore neither remove one that is about to be referred to, nor one that somebody has just found
//! to be there. So there are two phases: what is let go of is marked, and only a mark that is old enough leads to a
//! removal; whoever puts an object claims it, which makes its mark young again. While it is being removed, a claim waits.

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DeriveActiveEnum, EntityTrait as _, EnumIter, QueryFilter as _, Statement,
    entity::prelude::*,
    sea_query::{Condition, OnConflict},
};

use crate::{BATCH, Moment, Result, Store, object_references};

/// The storage that an object is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Storage {
    /// What is kept of images.
    #[sea_orm(string_value = "documents")]
    Documents,
    /// The archive.
    #[sea_orm(string_value = "bundles")]
    Bundles,
}

impl Storage {
    pub const ALL: [Self; 2] = [Self::Documents, Self::Bundles];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Bundles => "bundles",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "object_candidates")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub storage: Storage,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// When it was last let go of, or put again.
    pub since: Moment,
    /// While it is being removed: how long a claim waits for that.
    pub removing_until: Option<Moment>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Says that a reference to each of these objects is gone, in the transaction in which it goes. Others may refer to them:
/// that is found out before they are removed.
pub async fn let_go(on: &impl ConnectionTrait, storage: Storage, keys: &[String], now: Moment) -> Result<()> {
    let mut keys = keys.to_vec();
    // Two who mark some of the same would each wait for the other if one began where the other ends.
    keys.sort_unstable();
    keys.dedup();
    for part in keys.chunks(BATCH) {
        let rows = part.iter().map(|key| ActiveModel {
            storage: Set(storage),
            key: Set(key.clone()),
            since: Set(now),
            removing_until: Set(None),
        });
        let mut there = OnConflict::columns([Column::Storage, Column::Key]);
        let there = there.update_column(Column::Since).action_and_where(Column::RemovingUntil.is_null()).to_owned();
        Entity::insert_many(rows).on_conflict(there).exec_without_returning(on).await?;
    }
    Ok(())
}

/// Neither being removed, nor left behind by a process that died while it did.
fn at_rest(now: Moment) -> Condition {
    Condition::any().add(Column::RemovingUntil.is_null()).add(Column::RemovingUntil.lt(now))
}

fn among(storage: Storage, keys: &[String]) -> Condition {
    Condition::all().add(Column::Storage.eq(storage)).add(Column::Key.is_in(keys.iter().map(String::as_str)))
}

impl Store {
    /// Keeps an object from being removed until its mark is old again. `false`: it is being removed right now; whoever wants
    /// to put it asks again until that has ended. Only after a claim is it known whether the object is there.
    pub async fn claim_object(&self, storage: Storage, key: &str, now: Moment) -> Result<bool> {
        // Hardly any object has a mark, and looking for it keeps no writer waiting. A mark that is made after this look is
        // young, and one whose object is being removed is there until it is gone.
        if Entity::find_by_id((storage, key.to_owned())).one(self.reader()).await?.is_none() {
            return Ok(true);
        }
        let row = ActiveModel { since: Set(now), removing_until: Set(None), ..Default::default() };
        let key = [key.to_owned()];
        let claimed = Entity::update_many().set(row).filter(among(storage, &key)).filter(at_rest(now));
        if claimed.exec(self.writer()).await?.rows_affected > 0 {
            return Ok(true);
        }
        Ok(Entity::find().filter(among(storage, &key)).one(self.writer()).await?.is_none())
    }

    /// Those of these objects that nothing refers to and that have no mark get one; tells how many.
    pub async fn mark_unreferenced(&self, storage: Storage, keys: &[String], now: Moment) -> Result<u64> {
        let tx = self.begin().await?;
        let referenced = object_references::among(&tx, storage, keys).await?;
        let mut marked = 0;
        let free: Vec<&String> = keys.iter().filter(|key| !referenced.contains(*key)).collect();
        for part in free.chunks(BATCH) {
            let rows = part.iter().map(|key| ActiveModel {
                storage: Set(storage),
                key: Set((*key).clone()),
                since: Set(now),
                removing_until: Set(None),
            });
            let there = OnConflict::columns([Column::Storage, Column::Key]).do_nothing().to_owned();
            marked += Entity::insert_many(rows).on_conflict(there).exec_without_returning(&tx).await?;
        }
        tx.commit().await?;
        Ok(marked)
    }

    /// Begins to remove objects that nothing refers to and whose marks are older than `before`, oldest first, at most
    /// `limit`: answers with their keys. Until `until`, claims of them wait. Marks of objects that are referred to are
    /// taken away.
    pub async fn begin_removals(
        &self,
        storage: Storage,
        before: Moment,
        until: Moment,
        now: Moment,
        limit: u64,
    ) -> Result<Vec<String>> {
        // From here to the end of the transaction, claims wait.
        let lock = if self.is_postgres() { "FOR UPDATE SKIP LOCKED" } else { "" };
        let sql = format!(
            "UPDATE object_candidates SET removing_until = $1 WHERE storage = $2 AND key IN (SELECT key FROM \
             object_candidates WHERE storage = $2 AND since < $3 AND (removing_until IS NULL OR removing_until < $4) \
             ORDER BY since, key LIMIT {limit} {lock}) RETURNING key"
        );
        let values: [sea_orm::Value; 4] =
            [until.micros().into(), storage.as_str().into(), before.micros().into(), now.micros().into()];
        let tx = self.begin().await?;
        let rows = tx.query_all_raw(Statement::from_sql_and_values(self.engine(), sql, values)).await?;
        let mut keys: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?;
        let referenced: Vec<String> = object_references::among(&tx, storage, &keys).await?.into_iter().collect();
        Entity::delete_many().filter(among(storage, &referenced)).exec(&tx).await?;
        tx.commit().await?;
        keys.retain(|key| !referenced.contains(key));
        Ok(keys)
    }

    /// Says that these objects, whose removal began with `until`, are gone.
    pub async fn end_removals(&self, storage: Storage, keys: &[String], until: Moment) -> Result<()> {
        for part in keys.chunks(BATCH) {
            let begun = among(storage, part).add(Column::RemovingUntil.eq(until));
            Entity::delete_many().filter(begun).exec(self.writer()).await?;
        }
        Ok(())
    }

    /// Says that these objects could not be removed: it is tried again when their marks are old again.
    pub async fn put_off_removals(&self, storage: Storage, keys: &[String], until: Moment, now: Moment) -> Result<()> {
        for part in keys.chunks(BATCH) {
            let row = ActiveModel { since: Set(now), removing_until: Set(None), ..Default::default() };
            let begun = among(storage, part).add(Column::RemovingUntil.eq(until));
            Entity::update_many().set(row).filter(begun).exec(self.writer()).await?;
        }
        Ok(())
    }
}
