//! Moves of all objects from one place to another: how far each is, so that it goes on where it was, and how it ended.

use sea_orm::{
    DeriveActiveEnum, EntityTrait as _, EnumIter, IntoActiveModel as _, QueryOrder as _, entity::prelude::*,
    sea_query::OnConflict,
};

use crate::{Moment, Result, Store};

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum State {
    /// Under way, or broken off.
    #[sea_orm(string_value = "running")]
    Running,
    /// Everything was good in the destination.
    #[sea_orm(string_value = "complete")]
    Complete,
    /// Something was not.
    #[sea_orm(string_value = "incomplete")]
    Incomplete,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "object_moves")]
pub struct Model {
    /// What the places are called: without secrets.
    #[sea_orm(primary_key, auto_increment = false)]
    pub origin: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub destination: String,
    pub state: State,
    /// Objects up to and including this key were verified in the destination.
    pub through: Option<String>,
    pub copied: i64,
    /// Were there already.
    pub present: i64,
    pub failed: i64,
    /// Removed from where they were.
    pub removed: i64,
    pub started_at: Moment,
    pub last_updated: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Store {
    pub async fn object_move(&self, origin: &str, destination: &str) -> Result<Option<Model>> {
        Ok(Entity::find_by_id((origin.to_owned(), destination.to_owned())).one(self.reader()).await?)
    }

    /// Every move there was, the last one first.
    pub async fn object_moves(&self) -> Result<Vec<Model>> {
        Ok(Entity::find().order_by_desc(Column::LastUpdated).order_by_asc(Column::Origin).all(self.reader()).await?)
    }

    /// Writes how far a move is.
    pub async fn note_object_move(&self, row: Model) -> Result<()> {
        let mut there = OnConflict::columns([Column::Origin, Column::Destination]);
        let changing = [
            Column::State,
            Column::Through,
            Column::Copied,
            Column::Present,
            Column::Failed,
            Column::Removed,
            Column::StartedAt,
            Column::LastUpdated,
        ];
        let there = there.update_columns(changing).to_owned();
        Entity::insert(row.into_active_model()).on_conflict(there).exec_without_returning(self.writer()).await?;
        Ok(())
    }
}
