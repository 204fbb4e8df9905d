//! What is watched at registries for accounts, and what the watch knows from the last time it asked.

use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, DbBackend, EntityTrait as _, FromQueryResult, IntoActiveModel as _, Statement,
    entity::prelude::*,
    sea_query::{Expr, OnConflict},
};

use crate::{Account, AccountName, Moment, Result, Store, subscriptions::Kind};

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "watches")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub subscription: String,
    /// What the tag stood for: a manifest, or an index of several.
    pub digest: Option<String>,
    /// The image that was added for it.
    pub image: Option<String>,
    /// How often in a row the registry did not answer.
    pub failures: i64,
    /// Why it did not the last time; nothing if it did.
    pub failure: Option<String>,
    pub checked_at: Moment,
    /// Not asked before that.
    pub not_before: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// An active subscription whose watch is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub account: AccountName,
    /// `registry/repository:tag`, or `registry/repository`.
    pub key: String,
    /// As the client gave it.
    pub value: Option<String>,
    /// What is known; of a first watch, nothing but the subscription.
    pub watch: Model,
}

#[derive(FromQueryResult)]
struct Row {
    id: String,
    account: String,
    key: String,
    value: Option<String>,
    digest: Option<String>,
    image: Option<String>,
    failures: Option<i64>,
    failure: Option<String>,
    checked_at: Option<Moment>,
    not_before: Option<Moment>,
}

impl From<Row> for Due {
    fn from(row: Row) -> Self {
        let watch = Model {
            subscription: row.id,
            digest: row.digest,
            image: row.image,
            failures: row.failures.unwrap_or_default(),
            failure: row.failure,
            checked_at: row.checked_at.unwrap_or_default(),
            not_before: row.not_before.unwrap_or_default(),
        };
        Self { account: AccountName::known(&row.account), key: row.key, value: row.value, watch }
    }
}

impl Store {
    /// Active subscriptions of a kind, of enabled accounts, that may be asked for `now`: at most `limit`, by the id of the
    /// subscription, from behind `after` on.
    pub async fn due_watches(&self, kind: Kind, after: &str, limit: u64, now: Moment) -> Result<Vec<Due>> {
        let sql = "SELECT s.id, s.account, s.key, s.value, w.digest, w.image, w.failures, w.failure, w.checked_at, \
                   w.not_before FROM subscriptions s JOIN accounts a ON a.name = s.account \
                   LEFT JOIN watches w ON w.subscription = s.id \
                   WHERE s.kind = $1 AND s.active AND NOT s.is_pattern AND a.state = 'enabled' AND s.id > $2 \
                   AND (w.not_before IS NULL OR w.not_before <= $3) ORDER BY s.id LIMIT $4";
        let engine = if self.is_postgres() { DbBackend::Postgres } else { DbBackend::Sqlite };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = [kind.into(), after.into(), now.into(), limit.into()];
        let rows = self.reader().query_all_raw(Statement::from_sql_and_values(engine, sql, values)).await?;
        Ok(rows.iter().map(|row| Row::from_query_result(row, "").map(Due::from)).collect::<Result<_, _>>()?)
    }
}

impl Account {
    /// An active subscription with what its watch knows, whenever it is to be asked for again.
    pub async fn watch(&self, subscription: &str) -> Result<Option<Due>> {
        let sql = "SELECT s.id, s.account, s.key, s.value, w.digest, w.image, w.failures, w.failure, w.checked_at, \
                   w.not_before FROM subscriptions s LEFT JOIN watches w ON w.subscription = s.id \
                   WHERE s.id = $1 AND s.account = $2 AND s.active AND NOT s.is_pattern";
        let values = [subscription.into(), self.name().as_str().into()];
        let engine = self.reader().get_database_backend();
        let row = self.reader().query_one_raw(Statement::from_sql_and_values(engine, sql, values)).await?;
        Ok(row.map(|row| Row::from_query_result(&row, "").map(Due::from)).transpose()?)
    }

    /// Lets the watch of a subscription rest no longer.
    pub async fn end_rest(&self, subscription: &str, now: Moment) -> Result<()> {
        if self.subscription(subscription).await?.is_some() {
            let row = ActiveModel { not_before: Set(now), ..Default::default() };
            let resting = Entity::update_many().set(row).filter(Column::Subscription.eq(subscription));
            resting.filter(Column::NotBefore.gt(now)).exec(self.writer()).await?;
        }
        Ok(())
    }
}

/// The image that a watch saw last, in the transaction of what follows from it.
pub async fn image_seen(on: &impl ConnectionTrait, subscription: &str) -> Result<Option<String>> {
    Ok(Entity::find_by_id(subscription).one(on).await?.and_then(|watch| watch.image))
}

/// Lets a watch rest, whatever it knows. One that rests longer goes on resting.
pub async fn rest(on: &impl ConnectionTrait, subscription: &str, not_before: Moment) -> Result<()> {
    let row = Model { subscription: subscription.to_owned(), not_before, ..Model::default() };
    let later =
        "CASE WHEN watches.not_before > excluded.not_before THEN watches.not_before ELSE excluded.not_before END";
    let rests = OnConflict::column(Column::Subscription).value(Column::NotBefore, Expr::cust(later)).to_owned();
    Entity::insert(row.into_active_model()).on_conflict(rests).exec_without_returning(on).await?;
    Ok(())
}

/// Keeps what a watch knows now.
pub async fn keep(on: &impl ConnectionTrait, watch: &Model) -> Result<()> {
    let row = ActiveModel {
        subscription: Set(watch.subscription.clone()),
        digest: Set(watch.digest.clone()),
        image: Set(watch.image.clone()),
        failures: Set(watch.failures),
        failure: Set(watch.failure.clone()),
        checked_at: Set(watch.checked_at),
        not_before: Set(watch.not_before),
    };
    let replace = OnConflict::column(Column::Subscription)
        .update_columns([
            Column::Digest,
            Column::Image,
            Column::Failures,
            Column::Failure,
            Column::CheckedAt,
            Column::NotBefore,
        ])
        .to_owned();
    Entity::insert(row).on_conflict(replace).exec_without_returning(on).await?;
    Ok(())
}
