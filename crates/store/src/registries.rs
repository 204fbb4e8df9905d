//! Registries of accounts, with the credentials for them.

use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, entity::prelude::*,
};

use crate::{Account, Moment, Result};

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "registries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: String,
    /// A host with or without port, a repository, or the start of one with an asterisk behind.
    #[sea_orm(primary_key, auto_increment = false)]
    pub registry: String,
    /// What people call it.
    pub name: String,
    /// `docker_v2` or `awsecr`, as the client gave it.
    pub kind: String,
    pub username: String,
    /// Encrypted.
    pub secret: String,
    /// Whether its certificate is checked.
    pub verify: bool,
    /// What was had for the secret, where that is not what is shown to the registry itself. Encrypted.
    pub token: Option<String>,
    pub token_expiry: Option<Moment>,
    pub created_at: Moment,
    pub last_updated: Moment,
}

/// Without secrets, though they are encrypted.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "registry {:?} of {:?}", self.registry, self.account)
    }
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Account {
    /// By registry.
    pub async fn registries(&self) -> Result<Vec<Model>> {
        let own = Entity::find().filter(Column::Account.eq(self.name().as_str()));
        Ok(own.order_by_asc(Column::Registry).all(self.reader()).await?)
    }

    pub async fn registry(&self, registry: &str) -> Result<Option<Model>> {
        Ok(Entity::find_by_id((self.name().to_string(), registry.to_owned())).one(self.reader()).await?)
    }

    /// Adds a registry; its account is this one, whatever the row says.
    ///
    /// # Errors
    /// [`Error::Exists`](crate::Error::Exists) where the account has it already.
    pub async fn insert_registry(&self, row: Model) -> Result<Model> {
        Ok(Model { account: self.name().to_string(), ..row }.into_active_model().insert(self.writer()).await?)
    }

    /// Replaces what is kept of a registry, but for when it was made; `false` if it is not there.
    pub async fn replace_registry(&self, row: &Model) -> Result<bool> {
        let changed = ActiveModel {
            name: Set(row.name.clone()),
            kind: Set(row.kind.clone()),
            username: Set(row.username.clone()),
            secret: Set(row.secret.clone()),
            verify: Set(row.verify),
            token: Set(row.token.clone()),
            token_expiry: Set(row.token_expiry),
            last_updated: Set(row.last_updated),
            ..Default::default()
        };
        let own = Entity::update_many().set(changed).filter(Column::Account.eq(self.name().as_str()));
        Ok(own.filter(Column::Registry.eq(&row.registry)).exec(self.writer()).await?.rows_affected > 0)
    }

    pub async fn delete_registry(&self, registry: &str) -> Result<bool> {
        let which = (self.name().to_string(), registry.to_owned());
        Ok(Entity::delete_by_id(which).exec(self.writer()).await?.rows_affected > 0)
    }
}
