//! What registries are asked with on behalf of an account.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, entity::prelude::*};

use crate::{Account, Result};

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "registries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: String,
    /// A host with or without port, a repository, or the start of one with an asterisk behind.
    #[sea_orm(primary_key, auto_increment = false)]
    pub registry: String,
    /// `docker_v2` or `awsecr`
    pub kind: String,
    pub username: String,
    /// Encrypted.
    pub secret: String,
    /// Whether its certificate is checked.
    pub verify: bool,
}

/// Without the secret, though it is encrypted.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "credential of {:?} for {:?}", self.account, self.registry)
    }
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Account {
    /// Every credential of the account, by what it is for.
    pub async fn registry_credentials(&self) -> Result<Vec<Model>> {
        let own = Entity::find().filter(Column::Account.eq(self.name().as_str()));
        Ok(own.order_by_asc(Column::Registry).all(self.reader()).await?)
    }
}
