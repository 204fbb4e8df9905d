//! API keys of users.

use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, entity::prelude::*,
};

use crate::{Moment, Result, Store};

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub username: String,
    pub name: String,
    /// sha256, lower-case hex.
    pub secret_hash: String,
    /// What the key is restricted to.
    pub role: Option<String>,
    pub created_at: Moment,
    pub expires_at: Option<Moment>,
    pub last_used_at: Option<Moment>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKey").field("username", &self.username).field("name", &self.name).finish_non_exhaustive()
    }
}

impl Store {
    /// # Errors
    /// [`Error::Exists`](crate::Error::Exists) where the user has one of that name.
    pub async fn insert_api_key(&self, key: Model) -> Result<()> {
        key.into_active_model().insert(self.writer()).await?;
        Ok(())
    }

    /// The keys of a user, by name.
    pub async fn api_keys(&self, username: &str) -> Result<Vec<Model>> {
        let query = Entity::find().filter(Column::Username.eq(username)).order_by_asc(Column::Name);
        Ok(query.all(self.reader()).await?)
    }

    pub async fn count_api_keys(&self, username: &str) -> Result<u64> {
        Ok(Entity::find().filter(Column::Username.eq(username)).count(self.reader()).await?)
    }

    pub async fn find_api_key(&self, id: &str) -> Result<Option<Model>> {
        Ok(Entity::find_by_id(id).one(self.reader()).await?)
    }

    pub async fn touch_api_key(&self, id: &str, now: Moment) -> Result<()> {
        let used = ActiveModel { last_used_at: Set(Some(now)), ..Default::default() };
        Entity::update_many().set(used).filter(Column::Id.eq(id)).exec(self.writer()).await?;
        Ok(())
    }

    pub async fn delete_api_key(&self, username: &str, name: &str) -> Result<bool> {
        let which = Entity::delete_many().filter(Column::Username.eq(username)).filter(Column::Name.eq(name));
        Ok(which.exec(self.writer()).await?.rows_affected > 0)
    }
}
