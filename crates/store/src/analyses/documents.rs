//! Documents of analyses: what is in object storage under which key.

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    entity::prelude::*,
};

use super::NewDocument;
use crate::{Result, Store};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "analysis_documents")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub analysis: i64,
    /// `sbom`, `native`, `content/os`, `metadata/manifest`, `artifacts/secret_search`, …
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// Its key in object storage.
    pub object: String,
    /// Bytes.
    pub size: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub(super) async fn insert(on: &impl ConnectionTrait, analysis: i64, documents: Vec<NewDocument>) -> Result<()> {
    let rows = documents.into_iter().map(|document| ActiveModel {
        analysis: Set(analysis),
        kind: Set(document.kind),
        object: Set(document.object),
        size: Set(i64::try_from(document.size).unwrap_or(i64::MAX)),
    });
    Entity::insert_many(rows).exec_without_returning(on).await?;
    Ok(())
}

/// Every document of an analysis, by kind.
pub async fn of(on: &impl ConnectionTrait, analysis: i64) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::Analysis.eq(analysis)).order_by_asc(Column::Kind).all(on).await?)
}

impl Store {
    /// A document of an analysis. Who asks has found the analysis by an image that the caller may see.
    pub async fn analysis_document(&self, analysis: i64, kind: &str) -> Result<Option<Model>> {
        Ok(Entity::find_by_id((analysis, kind.to_owned())).one(self.reader()).await?)
    }

    /// Every document of an analysis, by kind.
    pub async fn analysis_documents(&self, analysis: i64) -> Result<Vec<Model>> {
        of(self.reader(), analysis).await
    }
}
