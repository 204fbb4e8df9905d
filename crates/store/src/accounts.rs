//! Accounts: the tenants that everything else belongs to.

use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DeriveActiveEnum, EntityTrait as _,
    EnumIter, QueryFilter as _, QueryOrder as _, QuerySelect as _, entity::prelude::*,
};

use crate::{AccountName, Moment, Result, Store};

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Kind {
    #[sea_orm(string_value = "user")]
    User,
    /// May act for every other.
    #[sea_orm(string_value = "admin")]
    Admin,
    /// The installation itself; never listed.
    #[sea_orm(string_value = "service")]
    Service,
    #[sea_orm(string_value = "external")]
    External,
}

/// Whether work is done for it. Only a disabled account can be deleted, and one that is being deleted stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum State {
    #[sea_orm(string_value = "enabled")]
    Enabled,
    #[sea_orm(string_value = "disabled")]
    Disabled,
    #[sea_orm(string_value = "deleting")]
    Deleting,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "accounts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub kind: Kind,
    pub state: State,
    pub email: Option<String>,
    /// Choices of the account, as JSON; `{}` where none were made.
    pub settings: String,
    pub created_at: Moment,
    pub last_updated: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Its name, as everything that is scoped by it takes it.
    pub fn account_name(&self) -> AccountName {
        AccountName::known(&self.name)
    }
}

impl Store {
    /// Every account but those of the installation itself, by name.
    pub async fn accounts(&self, state: Option<State>) -> Result<Vec<Model>> {
        let mut query = Entity::find().filter(Column::Kind.ne(Kind::Service));
        if let Some(state) = state {
            query = query.filter(Column::State.eq(state));
        }
        Ok(query.order_by_asc(Column::Name).all(self.reader()).await?)
    }

    pub async fn find_account(&self, name: &str) -> Result<Option<Model>> {
        Ok(Entity::find_by_id(name).one(self.reader()).await?)
    }
}

/// Changes the state, if it is one of `from` still; tells whether it was.
pub async fn change_state(
    on: &impl ConnectionTrait,
    name: &AccountName,
    from: &[State],
    to: State,
    now: Moment,
) -> Result<bool> {
    let changed = Entity::update_many()
        .set(ActiveModel { state: Set(to), last_updated: Set(now), ..Default::default() })
        .filter(Column::Name.eq(name.as_str()))
        .filter(Column::State.is_in(from.iter().copied()))
        .exec(on)
        .await?;
    Ok(changed.rows_affected > 0)
}

/// The account, in a transaction.
pub async fn find(on: &impl ConnectionTrait, name: &AccountName) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(name.as_str()).one(on).await?)
}

/// The account, locked until the transaction ends.
pub async fn lock(on: &impl ConnectionTrait, name: &AccountName) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(name.as_str()).lock_exclusive().one(on).await?)
}

/// Replaces the settings of an account that the transaction has locked: a JSON object.
pub async fn set_settings(on: &impl ConnectionTrait, name: &AccountName, settings: String, now: Moment) -> Result<()> {
    let row = ActiveModel { settings: Set(settings), last_updated: Set(now), ..Default::default() };
    Entity::update_many().set(row).filter(Column::Name.eq(name.as_str())).exec(on).await?;
    Ok(())
}

/// Adds an account, enabled.
///
/// # Errors
/// [`Error::Exists`](crate::Error::Exists) where the name is taken.
pub async fn insert(
    on: &impl ConnectionTrait,
    name: &AccountName,
    kind: Kind,
    email: Option<&str>,
    now: Moment,
) -> Result<Model> {
    let row = ActiveModel {
        name: Set(name.to_string()),
        kind: Set(kind),
        state: Set(State::Enabled),
        email: Set(email.map(str::to_owned)),
        settings: Set("{}".into()),
        created_at: Set(now),
        last_updated: Set(now),
    };
    Ok(row.insert(on).await?)
}

/// Whether an account may do anything now, in the transaction of what follows from it.
pub async fn is_enabled(on: &impl ConnectionTrait, name: &str) -> Result<bool> {
    let enabled = Entity::find_by_id(name).filter(Column::State.eq(State::Enabled));
    Ok(enabled.one(on).await?.is_some())
}

/// Forgets an account whose resources are gone.
pub async fn delete(on: &impl ConnectionTrait, name: &AccountName) -> Result<()> {
    Entity::delete_by_id(name.as_str()).exec(on).await?;
    Ok(())
}
