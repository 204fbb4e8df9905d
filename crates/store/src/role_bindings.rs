//! Which user has which role in which account.

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, entity::prelude::*,
    sea_query::OnConflict,
};

use crate::{Account, Moment, Result, Store};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "role_bindings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub username: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub role: String,
    pub created_at: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Store {
    /// The roles of a user in every account.
    pub async fn role_bindings(&self, username: &str) -> Result<Vec<Model>> {
        Ok(Entity::find().filter(Column::Username.eq(username)).all(self.reader()).await?)
    }
}

impl Account {
    /// Who has which role in this account, by user and role.
    pub async fn role_bindings(&self) -> Result<Vec<Model>> {
        let query = Entity::find().filter(Column::Account.eq(self.name().as_str()));
        Ok(query.order_by_asc(Column::Username).order_by_asc(Column::Role).all(self.reader()).await?)
    }

    pub async fn bind_role(&self, username: &str, role: &str, now: Moment) -> Result<()> {
        let row = ActiveModel {
            username: Set(username.to_owned()),
            account: Set(self.name().to_string()),
            role: Set(role.to_owned()),
            created_at: Set(now),
        };
        let nothing = OnConflict::new().do_nothing().to_owned();
        Entity::insert(row).on_conflict(nothing).exec_without_returning(self.writer()).await?;
        Ok(())
    }

    pub async fn unbind_role(&self, username: &str, role: &str) -> Result<bool> {
        let which = Entity::delete_many()
            .filter(Column::Account.eq(self.name().as_str()))
            .filter(Column::Username.eq(username))
            .filter(Column::Role.eq(role));
        Ok(which.exec(self.writer()).await?.rows_affected > 0)
    }
}
