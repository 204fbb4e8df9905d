//! What happened, for people and programs that look back.

use sea_orm::{
    ActiveModelTrait as _, ConnectionTrait, DeriveActiveEnum, EnumIter, IntoActiveModel as _, entity::prelude::*,
};

use crate::{AccountName, Moment, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Level {
    #[sea_orm(string_value = "info")]
    Info,
    #[sea_orm(string_value = "error")]
    Error,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    /// 32 lower-case hexadecimal digits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub account: String,
    /// `user.image.analysis.completed`
    pub kind: String,
    pub level: Level,
    pub message: String,
    /// A JSON object.
    pub details: String,
    /// `image_tag`
    pub resource_kind: Option<String>,
    pub resource_id: Option<String>,
    /// The part of the service that saw it: `catalog`, `analyzer`, …
    pub source_service: Option<String>,
    pub source_host: Option<String>,
    pub source_base_url: Option<String>,
    pub request_id: Option<String>,
    pub occurred_at: Moment,
    pub created_at: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Writes an event, in the transaction of what it tells of. Its account is `account`, whatever the row says.
pub async fn insert(on: &impl ConnectionTrait, account: &AccountName, event: Model) -> Result<()> {
    Model { account: account.to_string(), ..event }.into_active_model().insert(on).await?;
    Ok(())
}
