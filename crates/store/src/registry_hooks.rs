//! How registries that tell of pushes prove who they are, one row for each that an account lets tell.

use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, entity::prelude::*,
};

use crate::{Account, AccountName, Moment, Result, Store};

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "registry_hooks")]
pub struct Model {
    /// Random; what is sent begins with it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub account: String,
    /// What people call it.
    pub name: String,
    /// How images call the registry, where what is sent has another name for it.
    pub registry: Option<String>,
    /// Encrypted, like the one before it.
    pub secret: String,
    pub former_secret: Option<String>,
    /// Until when the one before it is taken.
    pub former_until: Option<Moment>,
    pub created_at: Moment,
    pub last_updated: Moment,
    pub last_used_at: Option<Moment>,
}

/// Without secrets, though they are encrypted.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "registry hook {:?} of {:?}", self.name, self.account)
    }
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub fn account_name(&self) -> AccountName {
        AccountName::known(&self.account)
    }
}

impl Account {
    /// By name.
    pub async fn registry_hooks(&self) -> Result<Vec<Model>> {
        let own = Entity::find().filter(Column::Account.eq(self.name().as_str()));
        Ok(own.order_by_asc(Column::Name).all(self.reader()).await?)
    }

    pub async fn registry_hook(&self, name: &str) -> Result<Option<Model>> {
        let own = Entity::find().filter(Column::Account.eq(self.name().as_str())).filter(Column::Name.eq(name));
        Ok(own.one(self.reader()).await?)
    }

    /// Adds a hook; its account is this one, whatever the row says.
    ///
    /// # Errors
    /// [`Error::Exists`](crate::Error::Exists) where the account has one of that name.
    pub async fn insert_registry_hook(&self, row: Model) -> Result<Model> {
        Ok(Model { account: self.name().to_string(), ..row }.into_active_model().insert(self.writer()).await?)
    }

    /// Replaces the secrets of a hook; `false` if it is not there.
    pub async fn rotate_registry_hook(&self, row: &Model) -> Result<bool> {
        let rotated = ActiveModel {
            secret: Set(row.secret.clone()),
            former_secret: Set(row.former_secret.clone()),
            former_until: Set(row.former_until),
            last_updated: Set(row.last_updated),
            ..Default::default()
        };
        let own = Entity::update_many().set(rotated).filter(Column::Account.eq(self.name().as_str()));
        Ok(own.filter(Column::Id.eq(&row.id)).exec(self.writer()).await?.rows_affected > 0)
    }

    pub async fn delete_registry_hook(&self, name: &str) -> Result<bool> {
        let own = Entity::delete_many().filter(Column::Account.eq(self.name().as_str()));
        Ok(own.filter(Column::Name.eq(name)).exec(self.writer()).await?.rows_affected > 0)
    }
}

impl Store {
    /// The hook that what is sent begins with, of whatever account that is enabled.
    pub async fn registry_hook(&self, id: &str) -> Result<Option<Model>> {
        use crate::accounts;
        let Some(row) = Entity::find_by_id(id).one(self.reader()).await? else { return Ok(None) };
        let account = accounts::Entity::find_by_id(row.account.as_str()).one(self.reader()).await?;
        Ok(account.filter(|account| account.state == accounts::State::Enabled).map(|_| row))
    }

    /// Notes that a hook was used.
    pub async fn use_registry_hook(&self, id: &str, now: Moment) -> Result<()> {
        let used = ActiveModel { last_used_at: Set(Some(now)), ..Default::default() };
        Entity::update_many().set(used).filter(Column::Id.eq(id)).exec(self.writer()).await?;
        Ok(())
    }
}
