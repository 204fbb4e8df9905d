//! What there is to tell: the outbox, written in the transaction of the change that it tells of.

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbBackend, EntityTrait as _, JoinType, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, entity::prelude::*,
};

use crate::{AccountName, Moment, Result, Store, Transaction, delivery_notices, insert_all};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notices")]
pub struct Model {
    /// In the order of what happened.
    #[sea_orm(primary_key)]
    pub number: i64,
    /// That of the event.
    pub id: String,
    pub account: String,
    /// `tag_update`, …, `event_log`
    pub kind: String,
    /// A full tag, or what an event is about.
    pub subject: String,
    pub message: String,
    /// JSON, and so are the details.
    pub facts: String,
    pub details: String,
    /// Whether it is decided who is told.
    pub routed: bool,
    pub occurred_at: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(has_many = "delivery_notices::Entity")]
    DeliveryNotices,
}

impl Related<delivery_notices::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::DeliveryNotices.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// A notice to be written.
#[derive(Clone, Debug)]
pub struct NewNotice {
    pub id: String,
    pub kind: String,
    pub subject: String,
    pub message: String,
    pub facts: String,
    pub details: String,
    pub occurred_at: Moment,
}

/// Writes notices of an account, in the order of what happened.
pub async fn insert(on: &impl ConnectionTrait, account: &AccountName, notices: Vec<NewNotice>) -> Result<()> {
    let rows = notices.into_iter().map(|notice| ActiveModel {
        id: Set(notice.id),
        account: Set(account.to_string()),
        kind: Set(notice.kind),
        subject: Set(notice.subject),
        message: Set(notice.message),
        facts: Set(notice.facts),
        details: Set(notice.details),
        routed: Set(false),
        occurred_at: Set(notice.occurred_at),
        ..Default::default()
    });
    insert_all(on, rows).await
}

impl Store {
    /// How many notices there are for which it is not decided yet who is told.
    pub async fn count_notices_to_route(&self) -> Result<u64> {
        Ok(Entity::find().filter(Column::Routed.eq(false)).count(self.reader()).await?)
    }
}

/// Notices of whatever account for which it is not decided yet who is told, oldest first.
///
/// Only one transaction at a time is given any, so that what happened first is decided first.
pub async fn to_route(tx: &Transaction, limit: u64) -> Result<Vec<Model>> {
    if tx.get_database_backend() == DbBackend::Postgres {
        /// Any number that nothing else of this program locks by.
        const ROUTING: i64 = 0x77_6c_6e_6f_74_69_66_79;
        let lock = "SELECT pg_try_advisory_xact_lock($1) AS locked";
        let lock = sea_orm::Statement::from_sql_and_values(DbBackend::Postgres, lock, [ROUTING.into()]);
        let row = tx.query_one_raw(lock).await?;
        let locked = row.map(|row| row.try_get::<bool>("", "locked")).transpose()?;
        if locked != Some(true) {
            return Ok(Vec::new());
        }
    }
    let waiting = Entity::find().filter(Column::Routed.eq(false));
    Ok(waiting.order_by_asc(Column::Number).limit(limit).all(tx).await?)
}

/// Notes that it is decided who is told.
pub async fn mark_routed(on: &impl ConnectionTrait, numbers: &[i64]) -> Result<()> {
    let row = ActiveModel { routed: Set(true), ..Default::default() };
    Entity::update_many().set(row).filter(Column::Number.is_in(numbers.iter().copied())).exec(on).await?;
    Ok(())
}

/// Removes notices that nobody is told of.
pub async fn remove(on: &impl ConnectionTrait, numbers: &[i64]) -> Result<()> {
    Entity::delete_many().filter(Column::Number.is_in(numbers.iter().copied())).exec(on).await?;
    Ok(())
}

impl Store {
    /// What a delivery tells, oldest first.
    pub async fn notices_of(&self, delivery: i64) -> Result<Vec<Model>> {
        let joined = Entity::find().join(JoinType::InnerJoin, Relation::DeliveryNotices.def());
        let own = joined.filter(delivery_notices::Column::Delivery.eq(delivery));
        Ok(own.order_by_asc(Column::Number).all(self.writer()).await?)
    }

    /// Removes at most `limit` notices that no delivery tells of any more; answers how many.
    pub async fn expire_notices(&self, limit: u64) -> Result<u64> {
        let held = "SELECT 1 FROM delivery_notices l WHERE l.notice = n.number";
        let old = format!("SELECT n.number FROM notices n WHERE n.routed AND NOT EXISTS ({held}) LIMIT {limit}");
        let sql = format!("DELETE FROM notices WHERE number IN ({old})");
        Ok(self.writer().execute_unprepared(&sql).await?.rows_affected())
    }

    /// Whether it is to be decided who is told of something.
    pub async fn has_notices_to_route(&self) -> Result<bool> {
        Ok(Entity::find().filter(Column::Routed.eq(false)).one(self.reader()).await?.is_some())
    }
}
