//! The parts of imports: what was uploaded, by what it is and its digest.

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _,
    entity::prelude::*,
    sea_query::{OnConflict, SelectStatement},
};

use crate::{Account, Moment, Result};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_contents")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub import: String,
    /// `packages`, `manifest`, …
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// SHA-256 of the bytes, bare hexadecimal; with `sha256:` in front, the object's key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub digest: String,
    /// Bytes.
    pub size: i64,
    pub created_at: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Account {
    /// What was uploaded of one kind, oldest first; nothing where there is no such import.
    pub async fn import_contents(&self, import: &str, kind: &str) -> Result<Vec<Model>> {
        if self.import(import).await?.is_none() {
            return Ok(Vec::new());
        }
        let of_kind = Entity::find().filter(Column::Import.eq(import)).filter(Column::Kind.eq(kind));
        Ok(of_kind.order_by_asc(Column::CreatedAt).order_by_asc(Column::Digest).all(self.reader()).await?)
    }
}

/// The ids of imports that have parts.
pub(super) fn of_any_import() -> SelectStatement {
    Entity::find().select_only().column(Column::Import).into_query()
}

/// Everything that was uploaded for an import that the transaction has locked.
pub async fn of_import(on: &impl ConnectionTrait, import: &str) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::Import.eq(import));
    Ok(query.order_by_asc(Column::Kind).order_by_asc(Column::Digest).all(on).await?)
}

/// Keeps that a part was uploaded, and answers with when it was for the first time. The transaction has locked the import.
pub async fn keep(on: &impl ConnectionTrait, content: Model) -> Result<Model> {
    let key = (content.import.clone(), content.kind.clone(), content.digest.clone());
    let row = ActiveModel {
        import: Set(content.import),
        kind: Set(content.kind),
        digest: Set(content.digest),
        size: Set(content.size),
        created_at: Set(content.created_at),
    };
    let there = OnConflict::columns([Column::Import, Column::Kind, Column::Digest]).do_nothing().to_owned();
    Entity::insert(row).on_conflict(there).exec_without_returning(on).await?;
    let kept = Entity::find_by_id(key.clone()).one(on).await?;
    Ok(kept.ok_or_else(|| DbErr::RecordNotFound(format!("part {} of import {}", key.2, key.0)))?)
}

/// Removes all that was uploaded for an import.
pub async fn remove_all(on: &impl ConnectionTrait, import: &str) -> Result<()> {
    Entity::delete_many().filter(Column::Import.eq(import)).exec(on).await?;
    Ok(())
}
