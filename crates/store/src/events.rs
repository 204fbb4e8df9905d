//! What happened, for people and programs that look back.

use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DeriveActiveEnum, EntityTrait as _, EnumIter, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
    entity::prelude::*,
    sea_query::{Expr, LikeExpr, Query},
};

use crate::{Account, AccountName, Moment, Result, insert_all, subscriptions::Page};

/// Those that tell of changes of verdicts and policies, in the words of the index `events_of_changes`.
pub const OF_CHANGES: &str = "kind IN ('user.checks.tag.policy_evaluation.update', 'user.policy.active.updated', \
                              'user.policy.active.content_change')";

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

/// Which events; what is not given does not count.
#[derive(Clone, Debug, Default)]
pub struct Filter<'a> {
    /// `*` stands for anything: `system.feeds.*`
    pub kind: Option<&'a str>,
    pub level: Option<Level>,
    pub resource_kind: Option<&'a str>,
    pub resource_id: Option<&'a str>,
    pub source_service: Option<&'a str>,
    pub source_host: Option<&'a str>,
    /// Only what happened after that moment.
    pub since: Option<Moment>,
    /// Only what happened before that moment.
    pub before: Option<Moment>,
}

impl Filter<'_> {
    fn condition(&self) -> Condition {
        let equal = |column: Column, value: Option<&str>| value.map(|value| column.eq(value));
        let kind = self.kind.map(|kind| {
            let pattern = || LikeExpr::new(like(kind)).escape('\\');
            if kind.contains('*') { Column::Kind.like(pattern()) } else { Column::Kind.eq(kind) }
        });
        Condition::all()
            .add_option(kind)
            .add_option(self.level.map(|level| Column::Level.eq(level)))
            .add_option(equal(Column::ResourceKind, self.resource_kind))
            .add_option(equal(Column::ResourceId, self.resource_id))
            .add_option(equal(Column::SourceService, self.source_service))
            .add_option(equal(Column::SourceHost, self.source_host))
            .add_option(self.since.map(|since| Column::OccurredAt.gt(since)))
            .add_option(self.before.map(|before| Column::OccurredAt.lt(before)))
    }
}

/// The pattern in the words of `LIKE`, in which two other characters mean something.
fn like(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        match c {
            '*' => text.push('%'),
            '%' | '_' | '\\' => text.extend(['\\', c]),
            _ => text.push(c),
        }
    }
    text
}

impl Account {
    /// A part of the events, newest first, and whether there are more.
    pub async fn events(&self, filter: &Filter<'_>, page: Page) -> Result<(Vec<Model>, bool)> {
        let own = Entity::find().filter(Column::Account.eq(self.name().as_str())).filter(filter.condition());
        let ordered = own.order_by_desc(Column::OccurredAt).order_by_desc(Column::Id);
        let mut rows = ordered.offset(page.offset).limit(page.limit + 1).all(self.reader()).await?;
        let more = rows.len() as u64 > page.limit;
        rows.truncate(page.limit as usize);
        Ok((rows, more))
    }

    /// Events of changed verdicts on these things and of changed policies that happened after `since` and before `before` (a
    /// moment and an id), newest first; `resources: None`: on anything.
    pub async fn events_of_changes(
        &self,
        resources: Option<&[String]>,
        since: Moment,
        before: Option<(Moment, String)>,
        limit: u64,
    ) -> Result<Vec<Model>> {
        let mut query = Entity::find().filter(Column::Account.eq(self.name().as_str()));
        query = query.filter(Expr::cust(OF_CHANGES)).filter(Column::OccurredAt.gt(since));
        if let Some((moment, id)) = before {
            let same = Condition::all().add(Column::OccurredAt.eq(moment)).add(Column::Id.lt(id));
            query = query.filter(Condition::any().add(Column::OccurredAt.lt(moment)).add(same));
        }
        if let Some(resources) = resources {
            let of_policies = Column::ResourceKind.eq("policy_bundle");
            let of_these = Column::ResourceId.is_in(resources.iter().map(String::as_str));
            query = query.filter(Condition::any().add(of_policies).add(of_these));
        }
        let ordered = query.order_by_desc(Column::OccurredAt).order_by_desc(Column::Id);
        Ok(ordered.limit(limit).all(self.reader()).await?)
    }

    pub async fn event(&self, id: &str) -> Result<Option<Model>> {
        let own = Entity::find_by_id(id).filter(Column::Account.eq(self.name().as_str()));
        Ok(own.one(self.reader()).await?)
    }

    pub async fn delete_event(&self, id: &str) -> Result<bool> {
        let own = Entity::delete_many().filter(Column::Account.eq(self.name().as_str()));
        Ok(own.filter(Column::Id.eq(id)).exec(self.writer()).await?.rows_affected > 0)
    }

    /// Deletes events; answers with their ids.
    pub async fn delete_events(&self, filter: &Filter<'_>) -> Result<Vec<String>> {
        let own = filter.condition().add(Column::Account.eq(self.name().as_str()));
        let delete = Query::delete().from_table(Entity).cond_where(own).returning_col(Column::Id).to_owned();
        let rows = self.writer().query_all(&delete).await?;
        Ok(rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, DbErr>>()?)
    }
}

/// Writes events, in the transaction of what they tell of. Their account is `account`, whatever the rows say.
pub async fn insert(on: &impl ConnectionTrait, account: &AccountName, events: Vec<Model>) -> Result<()> {
    let own = |event| Model { account: account.to_string(), ..event }.into_active_model();
    insert_all(on, events.into_iter().map(own)).await
}
