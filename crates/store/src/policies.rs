//! Policy bundles of accounts.

use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DerivePartialModel, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
    entity::prelude::*,
    sea_query::{Expr, LockType},
};

use crate::{Account, AccountName, Moment, Result, accounts};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "policies")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// At most one of an account's is.
    pub active: bool,
    /// Where it came from: `local`
    pub source: String,
    /// Copied from the bundle.
    pub name: Option<String>,
    /// Copied from the bundle.
    pub description: Option<String>,
    /// JSON, as it was given.
    pub bundle: String,
    /// Of the bundle's content.
    pub digest: String,
    pub created_at: Moment,
    pub last_updated: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A policy without its bundle, which may be long.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Summary {
    pub id: String,
    pub active: bool,
    pub source: String,
    pub name: Option<String>,
    pub description: Option<String>,
    pub digest: String,
    pub created_at: Moment,
    pub last_updated: Moment,
}

/// A bundle to be written.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    pub id: &'a str,
    pub name: Option<&'a str>,
    pub description: Option<&'a str>,
    /// JSON.
    pub bundle: &'a str,
    pub digest: &'a str,
}

impl Account {
    /// Every policy with its bundle, oldest first.
    pub async fn policies(&self) -> Result<Vec<Model>> {
        let own = Entity::find().filter(Column::Account.eq(self.name().as_str()));
        Ok(own.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id).all(self.reader()).await?)
    }

    /// Every policy, oldest first.
    pub async fn policy_summaries(&self) -> Result<Vec<Summary>> {
        let own = Entity::find().filter(Column::Account.eq(self.name().as_str()));
        let ordered = own.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id);
        Ok(ordered.into_partial_model().all(self.reader()).await?)
    }

    pub async fn find_policy(&self, id: &str) -> Result<Option<Model>> {
        find(self.reader(), self.name(), id).await
    }

    /// The policy that images are judged by.
    pub async fn active_policy(&self) -> Result<Option<Model>> {
        let own = Entity::find().filter(Column::Account.eq(self.name().as_str()));
        Ok(own.filter(is_active()).one(self.reader()).await?)
    }
}

/// Waits until nobody else changes the account's policies, and keeps others from it until the transaction ends: which of
/// them is active depends on all of them.
pub async fn lock(on: &impl ConnectionTrait, account: &AccountName) -> Result<()> {
    // On SQLite, whoever writes is alone.
    let row = accounts::Entity::find_by_id(account.as_str()).select_only().column(accounts::Column::Name);
    row.lock(LockType::NoKeyUpdate).into_tuple::<String>().one(on).await?;
    Ok(())
}

pub async fn find(on: &impl ConnectionTrait, account: &AccountName, id: &str) -> Result<Option<Model>> {
    Ok(Entity::find_by_id((account.to_string(), id.to_owned())).one(on).await?)
}

/// As the index of active policies has it: no value, for which SQLite would plan each time.
fn is_active() -> Expr {
    Expr::col(Column::Active)
}

/// The policy that images are judged by.
pub async fn find_active(on: &impl ConnectionTrait, account: &AccountName) -> Result<Option<Summary>> {
    let own = Entity::find().filter(Column::Account.eq(account.as_str())).filter(is_active());
    Ok(own.into_partial_model().one(on).await?)
}

/// Adds a policy, inactive.
///
/// # Errors
/// [`Error::Exists`](crate::Error::Exists) where the id is taken.
pub async fn insert(
    on: &impl ConnectionTrait,
    account: &AccountName,
    policy: Written<'_>,
    source: &str,
    now: Moment,
) -> Result<Model> {
    let row = ActiveModel {
        account: Set(account.to_string()),
        active: Set(false),
        source: Set(source.to_owned()),
        created_at: Set(now),
        ..written(policy, now)
    };
    Ok(row.insert(on).await?)
}

/// Replaces the bundle of a policy; whether it is active stays as it is. `None`: there is none of that id.
pub async fn replace(
    on: &impl ConnectionTrait,
    account: &AccountName,
    policy: Written<'_>,
    now: Moment,
) -> Result<Option<Model>> {
    let row = ActiveModel { account: Set(account.to_string()), ..written(policy, now) };
    match row.update(on).await {
        Ok(model) => Ok(Some(model)),
        Err(DbErr::RecordNotUpdated) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn written(policy: Written<'_>, now: Moment) -> ActiveModel {
    ActiveModel {
        id: Set(policy.id.to_owned()),
        name: Set(policy.name.map(str::to_owned)),
        description: Set(policy.description.map(str::to_owned)),
        bundle: Set(policy.bundle.to_owned()),
        digest: Set(policy.digest.to_owned()),
        last_updated: Set(now),
        ..Default::default()
    }
}

/// Makes a policy the active one, and every other inactive. To be called under [`lock`].
pub async fn activate(on: &impl ConnectionTrait, account: &AccountName, id: &str, now: Moment) -> Result<()> {
    let own = || Entity::update_many().filter(Column::Account.eq(account.as_str()));
    let row = |active| ActiveModel { active: Set(active), last_updated: Set(now), ..Default::default() };
    let others = own().set(row(false)).filter(Column::Active.eq(true)).filter(Column::Id.ne(id));
    others.exec(on).await?;
    own().set(row(true)).filter(Column::Active.eq(false)).filter(Column::Id.eq(id)).exec(on).await?;
    Ok(())
}

/// Removes a policy that is not active. `false`: there is none of that id that is inactive.
pub async fn delete(on: &impl ConnectionTrait, account: &AccountName, id: &str) -> Result<bool> {
    let own = Entity::delete_many().filter(Column::Account.eq(account.as_str()));
    let inactive = own.filter(Column::Id.eq(id)).filter(Column::Active.eq(false));
    Ok(inactive.exec(on).await?.rows_affected > 0)
}
