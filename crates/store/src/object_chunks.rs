//! Documents in pieces: the rows behind the `db` object storage.

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, FromQueryResult, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, entity::prelude::*,
};

use crate::{Moment, Result, Store};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "object_chunks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// From 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub ordinal: i64,
    pub content: Vec<u8>,
    pub written_at: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A document of a listing.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Listed {
    pub key: String,
    /// Bytes.
    pub size: i64,
    pub written_at: Moment,
}

/// Writes the next piece of a document.
pub async fn insert(on: &impl ConnectionTrait, chunk: Model) -> Result<()> {
    let Model { key, ordinal, content, written_at } = chunk;
    let row = ActiveModel { key: Set(key), ordinal: Set(ordinal), content: Set(content), written_at: Set(written_at) };
    Entity::insert(row).exec_without_returning(on).await?;
    Ok(())
}

/// Removes every piece of a document.
pub async fn delete(on: &impl ConnectionTrait, key: &str) -> Result<()> {
    Entity::delete_many().filter(Column::Key.eq(key)).exec(on).await?;
    Ok(())
}

impl Store {
    pub async fn object_chunk(&self, key: &str, ordinal: i64) -> Result<Option<Vec<u8>>> {
        let row = Entity::find_by_id((key.to_owned(), ordinal)).one(self.reader()).await?;
        Ok(row.map(|row| row.content))
    }

    pub async fn delete_object_chunks(&self, key: &str) -> Result<()> {
        delete(self.writer(), key).await
    }

    /// The documents after a key, or one of them, in the order of their keys.
    pub async fn list_object_chunks(&self, after: &str, only: Option<&str>, limit: u64) -> Result<Vec<Listed>> {
        let size = Expr::cust("CAST(SUM(LENGTH(content)) AS BIGINT)");
        let mut query = Entity::find().select_only().column(Column::Key);
        query = match only {
            Some(key) => query.filter(Column::Key.eq(key)),
            None => query.filter(Column::Key.gt(after)),
        };
        let query = query
            .expr_as(size, "size")
            .column_as(Column::WrittenAt.min(), "written_at")
            .group_by(Column::Key)
            .order_by_asc(Column::Key)
            .limit(limit);
        Ok(query.into_model().all(self.reader()).await?)
    }
}
