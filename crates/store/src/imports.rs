//! Imports: analyses that were made elsewhere, and the parts that were uploaded for them.

pub mod contents;

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DeriveActiveEnum, EntityTrait as _, EnumIter,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, entity::prelude::*, sea_query::Condition,
};

use crate::{Account, AccountName, Moment, Result, Store};

/// How far an import is (`spec/operations.md` §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    #[sea_orm(string_value = "pending")]
    Pending,
    #[sea_orm(string_value = "processing")]
    Processing,
    #[sea_orm(string_value = "complete")]
    Complete,
    #[sea_orm(string_value = "failed")]
    Failed,
    #[sea_orm(string_value = "expired")]
    Expired,
    #[sea_orm(string_value = "invalidated")]
    Invalidated,
}

impl Status {
    /// Those from which something may still come of an import.
    const OPEN: [Self; 2] = [Self::Pending, Self::Processing];
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "imports")]
pub struct Model {
    /// 32 hexadecimal digits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub account: String,
    pub status: Status,
    /// Why it failed, for people.
    pub failure: Option<String>,
    pub created_at: Moment,
    pub expires_at: Moment,
    pub last_updated: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Whether nobody asks for it any more: it was deleted, or its time is over. Until then, how it ended can be read.
    pub fn is_over(&self, now: Moment) -> bool {
        self.status == Status::Invalidated || self.expires_at <= now
    }
}

impl Account {
    /// The newest imports, newest first; at most `limit`.
    pub async fn imports(&self, limit: u64) -> Result<Vec<Model>> {
        let query = self.own_imports().order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).limit(limit);
        Ok(query.all(self.reader()).await?)
    }

    pub async fn import(&self, id: &str) -> Result<Option<Model>> {
        Ok(self.own_imports().filter(Column::Id.eq(id)).one(self.reader()).await?)
    }

    fn own_imports(&self) -> Select<Entity> {
        Entity::find().filter(Column::Account.eq(self.name().as_str()))
    }
}

impl Store {
    /// Ends imports of all accounts whose time is over; tells how many.
    pub async fn expire_imports(&self, now: Moment) -> Result<u64> {
        let row = ActiveModel { status: Set(Status::Expired), last_updated: Set(now), ..Default::default() };
        let late = Entity::update_many().set(row).filter(Column::Status.is_in(Status::OPEN));
        Ok(late.filter(Column::ExpiresAt.lte(now)).exec(self.writer()).await?.rows_affected)
    }

    /// Imports of all accounts of which nothing comes any more and that leave something to be removed: parts, or the
    /// import itself ([`Model::is_over`]). Oldest first, at most `limit`.
    pub async fn imports_to_collect(&self, now: Moment, limit: u64) -> Result<Vec<Model>> {
        let holds = Condition::any()
            .add(Column::Id.in_subquery(contents::of_any_import()))
            .add(Column::Status.eq(Status::Invalidated))
            .add(Column::ExpiresAt.lte(now));
        let ended = Entity::find().filter(Column::Status.is_not_in(Status::OPEN)).filter(holds);
        Ok(ended.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id).limit(limit).all(self.reader()).await?)
    }
}

/// Writes an import that waits for its parts.
pub async fn insert(
    on: &impl ConnectionTrait,
    account: &AccountName,
    id: &str,
    expires_at: Moment,
    now: Moment,
) -> Result<Model> {
    let import = Model {
        id: id.to_owned(),
        account: account.to_string(),
        status: Status::Pending,
        failure: None,
        created_at: now,
        expires_at,
        last_updated: now,
    };
    let row = ActiveModel {
        id: Set(import.id.clone()),
        account: Set(import.account.clone()),
        status: Set(import.status),
        failure: Set(None),
        created_at: Set(now),
        expires_at: Set(expires_at),
        last_updated: Set(now),
    };
    Entity::insert(row).exec_without_returning(on).await?;
    Ok(import)
}

/// The import, locked until the transaction ends.
pub async fn lock(on: &impl ConnectionTrait, account: &AccountName, id: &str) -> Result<Option<Model>> {
    let own = Entity::find().filter(Column::Account.eq(account.as_str())).filter(Column::Id.eq(id));
    Ok(own.lock_exclusive().one(on).await?)
}

/// Takes an import from one of these states to another, and says why it failed if it did; `false` if it is in none of them.
pub async fn change_status(
    on: &impl ConnectionTrait,
    account: &AccountName,
    id: &str,
    from: &[Status],
    to: Status,
    failure: Option<&str>,
    now: Moment,
) -> Result<bool> {
    let row = ActiveModel {
        status: Set(to),
        failure: Set(failure.map(str::to_owned)),
        last_updated: Set(now),
        ..Default::default()
    };
    let own = Entity::update_many().set(row).filter(Column::Account.eq(account.as_str())).filter(Column::Id.eq(id));
    Ok(own.filter(Column::Status.is_in(from.iter().copied())).exec(on).await?.rows_affected > 0)
}

/// Removes an import with its parts.
pub async fn remove(on: &impl ConnectionTrait, id: &str) -> Result<()> {
    Entity::delete_by_id(id).exec(on).await?;
    Ok(())
}
