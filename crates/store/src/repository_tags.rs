//! The tags that the watch of a repository has seen.

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _, entity::prelude::*, sea_query::OnConflict,
};

use crate::{Account, Moment, Result, subscriptions};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "repository_tags")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub subscription: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub tag: String,
    pub seen_at: Moment,
    /// How often it could not be added.
    pub failures: i64,
    /// When that is tried again; nothing once it is added, and [`NEVER`] where it is left out.
    pub retry_at: Option<Moment>,
}

/// When a tag is tried again whose image is too old to be added.
pub const NEVER: Moment = Moment(i64::MAX);

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Account {
    /// What was seen of these subscriptions' repositories, by subscription and tag.
    pub async fn repository_tags(&self, subscriptions: &[&str]) -> Result<Vec<Model>> {
        if subscriptions.is_empty() {
            return Ok(Vec::new());
        }
        let own = subscriptions::Entity::find()
            .select_only()
            .column(subscriptions::Column::Id)
            .filter(subscriptions::Column::Account.eq(self.name().as_str()))
            .filter(subscriptions::Column::Id.is_in(subscriptions.iter().copied()));
        let seen = Entity::find().filter(Column::Subscription.in_subquery(own.into_query()));
        let seen = seen.order_by_asc(Column::Subscription).order_by_asc(Column::Tag);
        Ok(seen.all(self.reader()).await?)
    }

    /// Has tags that were left out tried again.
    pub async fn reconsider_repository_tags(&self, subscription: &str) -> Result<()> {
        let own = subscriptions::Entity::find()
            .select_only()
            .column(subscriptions::Column::Id)
            .filter(subscriptions::Column::Account.eq(self.name().as_str()))
            .filter(subscriptions::Column::Id.eq(subscription));
        let left_out = Entity::delete_many().filter(Column::Subscription.in_subquery(own.into_query()));
        left_out.filter(Column::RetryAt.eq(NEVER)).exec(self.writer()).await?;
        Ok(())
    }

    /// Keeps what became of a tag. `false` if the subscription is not there (any more).
    pub async fn keep_repository_tag(&self, row: Model) -> Result<bool> {
        if self.subscription(&row.subscription).await?.is_none() {
            return Ok(false);
        }
        let row = ActiveModel {
            subscription: Set(row.subscription),
            tag: Set(row.tag),
            seen_at: Set(row.seen_at),
            failures: Set(row.failures),
            retry_at: Set(row.retry_at),
        };
        let replace = OnConflict::columns([Column::Subscription, Column::Tag])
            .update_columns([Column::Failures, Column::RetryAt])
            .to_owned();
        Entity::insert(row).on_conflict(replace).exec_without_returning(self.writer()).await?;
        Ok(true)
    }
}
