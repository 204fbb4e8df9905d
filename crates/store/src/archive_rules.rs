//! Rules that move analyses to the archive, and out of it.

use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, DeriveActiveEnum, EntityTrait as _, EnumIter,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, entity::prelude::*,
};

use crate::{Account, Moment, Result, Store};

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Transition {
    /// Moves analyses to the archive.
    #[sea_orm(string_value = "archive")]
    Archive,
    /// Removes them from it.
    #[sea_orm(string_value = "delete")]
    Delete,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "archive_rules")]
pub struct Model {
    /// 32 hexadecimal digits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub account: String,
    pub transition: Transition,
    /// `*` stands for any characters, here and in the next two.
    pub registry: String,
    pub repository: String,
    pub tag: String,
    /// Days since the analysis, or since it was archived; -1: they do not matter.
    pub analysis_age_days: i64,
    /// Newer images of the tag; -1: they do not matter.
    pub tag_versions_newer: i64,
    /// Patterns of a shell, here and in the next two; an empty one matches nothing.
    pub exclude_registry: String,
    pub exclude_repository: String,
    pub exclude_tag: String,
    /// Days after the analysis from which on nothing is excluded; -1: never.
    pub exclude_expiration_days: i64,
    /// The oldest images beyond so many are meant, whatever else the rule says.
    pub max_images_per_account: Option<i64>,
    /// Whether it goes for every account.
    pub system_global: bool,
    pub created_at: Moment,
    pub last_updated: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Account {
    /// The rules of this account, oldest first; with those of others that go for every account, where they are wanted.
    pub async fn archive_rules(&self, with_global: bool) -> Result<Vec<Model>> {
        let query = Entity::find().filter(self.seen(with_global));
        Ok(query.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id).all(self.reader()).await?)
    }

    /// A rule of this account, or one that goes for every account.
    pub async fn archive_rule(&self, id: &str) -> Result<Option<Model>> {
        Ok(Entity::find_by_id(id).filter(self.seen(true)).one(self.reader()).await?)
    }

    /// Adds a rule; its account is this one, whatever the row says.
    ///
    /// # Errors
    /// [`Error::Exists`](crate::Error::Exists) where it limits the images of accounts and another rule does already.
    pub async fn insert_archive_rule(&self, rule: Model) -> Result<Model> {
        Ok(Model { account: self.name().to_string(), ..rule }.into_active_model().insert(self.writer()).await?)
    }

    /// Removes a rule that [`Account::archive_rule`] finds.
    pub async fn delete_archive_rule(&self, id: &str) -> Result<bool> {
        let seen = Entity::delete_many().filter(self.seen(true)).filter(Column::Id.eq(id));
        Ok(seen.exec(self.writer()).await?.rows_affected > 0)
    }

    fn seen(&self, with_global: bool) -> Condition {
        let own = Condition::any().add(Column::Account.eq(self.name().as_str()));
        if with_global { own.add(Column::SystemGlobal.eq(true)) } else { own }
    }
}

impl Store {
    /// Rules of all accounts, oldest first.
    pub async fn all_archive_rules(&self) -> Result<Vec<Model>> {
        let query = Entity::find().order_by_asc(Column::CreatedAt).order_by_asc(Column::Id);
        Ok(query.all(self.reader()).await?)
    }
}
