//! What was found in images. An analysis depends on nothing but the image's content and what was looked for, so that every
//! account that holds the image shares it; who may see it is decided by who holds the image.

pub mod documents;
pub mod progress;

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DeriveActiveEnum, EntityTrait as _, EnumIter,
    QueryFilter as _, QuerySelect as _, entity::prelude::*, sea_query::OnConflict,
};

use crate::{Moment, Result, Store};

/// Where the Dockerfile of an image comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum DockerfileMode {
    /// It was given with the image.
    #[sea_orm(string_value = "Actual")]
    Actual,
    /// It is told from the image's history.
    #[sea_orm(string_value = "Guessed")]
    Guessed,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "analyses")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Names the image, the analysers and what they looked for: who finds an analysis by it need not make another.
    pub key: String,
    /// Of the image's manifest.
    pub digest: String,
    /// `amd64`
    pub arch: Option<String>,
    /// `debian`
    pub distro: Option<String>,
    pub distro_version: Option<String>,
    pub dockerfile_mode: DockerfileMode,
    /// As the image's history tells it, in base64.
    pub dockerfile: Option<String>,
    /// Uncompressed bytes of all layers.
    pub image_size: i64,
    pub layer_count: i64,
    /// Chain IDs of the stacks of layers, lowest first, separated by blanks.
    pub chains: String,
    /// The last of them: that of all layers.
    pub chain: Option<String>,
    pub created_at: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Chain IDs of the stacks of layers, lowest first.
    pub fn chain_ids(&self) -> Vec<String> {
        self.chains.split_ascii_whitespace().map(str::to_owned).collect()
    }
}

/// An analysis to be written, with its documents.
#[derive(Clone, Debug)]
pub struct NewAnalysis {
    pub key: String,
    pub digest: String,
    pub arch: Option<String>,
    pub distro: Option<String>,
    pub distro_version: Option<String>,
    pub dockerfile_mode: DockerfileMode,
    /// As the image's history tells it, in base64.
    pub dockerfile: Option<String>,
    /// Uncompressed bytes of all layers.
    pub image_size: u64,
    pub layer_count: u64,
    /// Chain IDs of the stacks of layers, lowest first.
    pub chains: Vec<String>,
    pub documents: Vec<NewDocument>,
}

/// A document that is in object storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDocument {
    /// `sbom`, `content/os`, …; one of each.
    pub kind: String,
    /// Its key in object storage.
    pub object: String,
    /// Bytes.
    pub size: u64,
}

/// Writes an analysis and answers with its id. Where another was written under the same key meanwhile, that one is it.
pub async fn insert(on: &impl ConnectionTrait, analysis: NewAnalysis, now: Moment) -> Result<i64> {
    let NewAnalysis { key, documents, .. } = analysis;
    let row = ActiveModel {
        key: Set(key.clone()),
        digest: Set(analysis.digest),
        arch: Set(analysis.arch),
        distro: Set(analysis.distro),
        distro_version: Set(analysis.distro_version),
        dockerfile_mode: Set(analysis.dockerfile_mode),
        dockerfile: Set(analysis.dockerfile),
        image_size: Set(i64::try_from(analysis.image_size).unwrap_or(i64::MAX)),
        layer_count: Set(i64::try_from(analysis.layer_count).unwrap_or(i64::MAX)),
        chains: Set(analysis.chains.join(" ")),
        chain: Set(analysis.chains.into_iter().next_back()),
        created_at: Set(now),
        ..Default::default()
    };
    let there = OnConflict::column(Column::Key).do_nothing().to_owned();
    let written = Entity::insert(row).on_conflict(there).exec_without_returning(on).await?;
    let row = Entity::find().filter(Column::Key.eq(&key)).one(on).await?;
    let id = row.ok_or_else(|| DbErr::RecordNotFound(format!("analysis {key}")))?.id;
    if written > 0 {
        documents::insert(on, id, documents).await?;
    }
    Ok(id)
}

/// Takes its key from an analysis, so that a new one can be written under it. Images that refer to it keep it.
pub async fn supersede(on: &impl ConnectionTrait, key: &str) -> Result<()> {
    let Some(old) = Entity::find().filter(Column::Key.eq(key)).one(on).await? else { return Ok(()) };
    let retired = ActiveModel { key: Set(format!("{key} until {}", old.id)), ..Default::default() };
    Entity::update_many().set(retired).filter(Column::Id.eq(old.id)).filter(Column::Key.eq(key)).exec(on).await?;
    Ok(())
}

impl Store {
    pub async fn analysis(&self, id: i64) -> Result<Option<Model>> {
        Ok(Entity::find_by_id(id).one(self.reader()).await?)
    }

    /// The id of the analysis with this key.
    pub async fn find_analysis(&self, key: &str) -> Result<Option<i64>> {
        let query = Entity::find().select_only().column(Column::Id).filter(Column::Key.eq(key));
        Ok(query.into_tuple().one(self.reader()).await?)
    }
}
