//! What came of each attempt to deliver.

use sea_orm::{ConnectionTrait, EntityTrait as _, IntoActiveModel as _, entity::prelude::*};

use crate::{Moment, Result};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery_attempts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub delivery: i64,
    /// Counted from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub begun_at: Moment,
    pub milliseconds: i64,
    /// Of HTTP.
    pub status: Option<i64>,
    /// Why it failed, if it did.
    pub reason: Option<String>,
    /// Of the receiver's answer.
    pub excerpt: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub(crate) async fn insert(on: &impl ConnectionTrait, row: Model) -> Result<()> {
    Entity::insert(row.into_active_model()).exec_without_returning(on).await?;
    Ok(())
}
