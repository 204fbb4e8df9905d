//! Facts about this installation that every process of it shares.

use sea_orm::{ActiveValue::Set, EntityTrait as _, entity::prelude::*, sea_query::OnConflict};

use crate::{Error, Result, Store};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "settings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub value: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Store {
    pub async fn setting(&self, name: &str) -> Result<Option<String>> {
        Ok(Entity::find_by_id(name).one(self.reader()).await?.map(|row| row.value))
    }

    /// The value that is there, or this one if there is none: all processes that ask at once get the same answer.
    pub async fn setting_or_insert(&self, name: &str, value: &str) -> Result<String> {
        let row = ActiveModel { name: Set(name.to_owned()), value: Set(value.to_owned()) };
        let nothing = OnConflict::column(Column::Name).do_nothing().to_owned();
        Entity::insert(row).on_conflict(nothing).exec_without_returning(self.writer()).await?;
        let missing = || Error::Unreadable { what: "setting", reason: format!("{name} is not there after it was set") };
        Entity::find_by_id(name).one(self.writer()).await?.map(|row| row.value).ok_or_else(missing)
    }

    pub async fn set_setting(&self, name: &str, value: &str) -> Result<()> {
        let row = ActiveModel { name: Set(name.to_owned()), value: Set(value.to_owned()) };
        let replace = OnConflict::column(Column::Name).update_column(Column::Value).to_owned();
        Entity::insert(row).on_conflict(replace).exec_without_returning(self.writer()).await?;
        Ok(())
    }
}
