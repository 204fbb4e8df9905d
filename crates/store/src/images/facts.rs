//! What an analysis says of its image in short, as lists of images show it.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "analyses")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// `amd64`
    pub arch: Option<String>,
    /// `debian`
    pub distro: Option<String>,
    pub distro_version: Option<String>,
    /// Uncompressed bytes of all layers.
    pub image_size: i64,
    pub layer_count: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
