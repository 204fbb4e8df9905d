//! What rules of the archive did: one row for each image.

use sea_orm::{
    ActiveValue::NotSet, ColumnTrait as _, ConnectionTrait, EntityTrait as _, EnumIter, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, entity::prelude::*,
};

use crate::{Account, Moment, Result, archive_rules::Transition};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "archive_transitions")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub account: String,
    /// The run that it was part of.
    pub task: String,
    /// Of the image.
    pub digest: String,
    /// Ids of the rules that led to it: a list, as JSON.
    pub rules: String,
    /// `registry/repository:tag` of every tag that the image had: a list, as JSON.
    pub tags: String,
    pub transition: Transition,
    /// Why it was not done; none: it was.
    pub failure: Option<String>,
    pub created_at: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A part of what a rule did.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The last one of the part before.
    pub after: Option<i64>,
    /// How many are left out.
    pub offset: u64,
    pub limit: u64,
}

impl Account {
    /// A part of what a rule did to images of this account, alone or with others, the last first.
    pub async fn archive_transitions(&self, rule: &str, part: Part) -> Result<Vec<Model>> {
        let own = Entity::find().filter(Column::Account.eq(self.name().as_str()));
        let mut by_rule = own.filter(Column::Rules.contains(format!("\"{rule}\"")));
        if let Some(last) = part.after {
            by_rule = by_rule.filter(Column::Id.lt(last));
        }
        Ok(by_rule.order_by_desc(Column::Id).offset(part.offset).limit(part.limit).all(self.reader()).await?)
    }
}

/// Adds a row; its id is the one that the database gives it.
pub async fn insert(on: &impl ConnectionTrait, transition: Model) -> Result<()> {
    let row = ActiveModel { id: NotSet, ..transition.into_active_model() };
    Entity::insert(row).exec_without_returning(on).await?;
    Ok(())
}
