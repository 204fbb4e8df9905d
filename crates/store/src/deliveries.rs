//! Notices on their way to an endpoint.
//!
//! A delivery is claimed for a while like a job ([`crate::jobs`]), and every write of who has it is fenced by the attempt.
//! What an endpoint is told of one subject goes in order: a delivery waits for those before it that were tried, or are due.
//! Who may see a delivery is who has its endpoint, whatever the account is that it tells of.

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, Condition, ConnectionTrait, DbBackend, DeriveActiveEnum, EntityTrait as _, EnumIter,
    ExprTrait as _, FromQueryResult, JoinType, QueryFilter as _, QueryOrder as _, QuerySelect, Statement,
    entity::prelude::*,
    sea_query::{LockBehavior, LockType},
};

pub use crate::delivery_attempts::Model as Attempt;
use crate::{
    Account, Moment, Result, Store, Transaction, delivery_attempts, delivery_notices, endpoints, subscriptions::Page,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum State {
    #[sea_orm(string_value = "waiting")]
    Waiting,
    #[sea_orm(string_value = "sending")]
    Sending,
    #[sea_orm(string_value = "delivered")]
    Delivered,
    /// Given up; kept to be looked at, and asked for again.
    #[sea_orm(string_value = "dead")]
    Dead,
    /// Nothing was left to tell when it was due.
    #[sea_orm(string_value = "settled")]
    Settled,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deliveries")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub number: i64,
    /// Receivers know a repetition by it.
    pub id: String,
    /// That it tells of.
    pub account: String,
    pub endpoint: String,
    /// The account that has the endpoint.
    pub owner: String,
    pub subject: String,
    pub state: State,
    /// Whether it takes more notices until it is due.
    pub gathers: bool,
    pub due_at: Moment,
    pub give_up_at: Moment,
    /// All there were, and those before it was put off or asked for again.
    pub attempts: i64,
    pub earlier: i64,
    /// Requests of it that the receiver has taken; of a letter, by bit the places of those who have it. It counts at that
    /// revision of the endpoint: at another, requests and places are others ([`Model::taken`]).
    pub accepted: i64,
    pub revision: i64,
    pub lease_until: Option<Moment>,
    pub worker: Option<String>,
    /// Of the last attempt.
    pub last_status: Option<i64>,
    pub last_error: Option<String>,
    pub created_at: Moment,
    pub ended_at: Option<Moment>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "endpoints::Entity", from = "Column::Endpoint", to = "endpoints::Column::Id")]
    Endpoint,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// What its endpoint, as it is now, has taken of it.
    pub fn taken(&self, endpoint: &endpoints::Model) -> i64 {
        if self.revision == endpoint.revision { self.accepted } else { 0 }
    }
}

/// Most notices of one delivery.
const GATHERED: i64 = 500;

/// A delivery to be written.
#[derive(Clone, Debug)]
pub struct NewDelivery<'a> {
    pub id: String,
    pub account: &'a str,
    pub endpoint: &'a str,
    pub owner: &'a str,
    pub subject: &'a str,
    pub gathers: bool,
    pub due_at: Moment,
    pub give_up_at: Moment,
}

/// The delivery that gathers notices about a subject for an endpoint, has room for more, and is due after `now`, by `due_at`.
/// Nobody claims it before the transaction ends.
pub async fn gathering(
    tx: &Transaction,
    account: &str,
    endpoint: &str,
    subject: &str,
    due_at: Moment,
    now: Moment,
) -> Result<Option<i64>> {
    let gathered = "(SELECT COUNT(*) FROM delivery_notices WHERE delivery = deliveries.number)";
    let mut open = Entity::find()
        .filter(Column::Endpoint.eq(endpoint))
        .filter(Column::Account.eq(account))
        .filter(Column::Subject.eq(subject))
        .filter(Column::State.eq(State::Waiting))
        .filter(Column::Gathers.eq(true))
        .filter(Column::Attempts.eq(0))
        .filter(Column::DueAt.gt(now))
        .filter(Column::DueAt.lte(due_at))
        .filter(Expr::cust(gathered).lt(GATHERED))
        .order_by_asc(Column::Number);
    if tx.get_database_backend() == DbBackend::Postgres {
        QuerySelect::query(&mut open).lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    Ok(open.one(tx).await?.map(|row| row.number))
}

/// Writes a delivery; answers with its number.
pub async fn insert(on: &impl ConnectionTrait, delivery: NewDelivery<'_>, now: Moment) -> Result<i64> {
    let row = ActiveModel {
        id: Set(delivery.id),
        account: Set(delivery.account.to_owned()),
        endpoint: Set(delivery.endpoint.to_owned()),
        owner: Set(delivery.owner.to_owned()),
        subject: Set(delivery.subject.to_owned()),
        state: Set(State::Waiting),
        gathers: Set(delivery.gathers),
        due_at: Set(delivery.due_at),
        give_up_at: Set(delivery.give_up_at),
        attempts: Set(0),
        earlier: Set(0),
        accepted: Set(0),
        revision: Set(0),
        created_at: Set(now),
        ..Default::default()
    };
    Ok(Entity::insert(row).exec(on).await?.last_insert_id)
}

/// Lets a delivery tell a notice, too.
pub async fn tell_notice(on: &impl ConnectionTrait, delivery: i64, notice: i64) -> Result<()> {
    let row = delivery_notices::ActiveModel { delivery: Set(delivery), notice: Set(notice) };
    delivery_notices::Entity::insert(row).exec_without_returning(on).await?;
    Ok(())
}

/// A delivery that a worker has for a while.
#[derive(Clone, Debug)]
pub struct Claim {
    pub delivery: Model,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Delivered,
    /// There was nothing to tell any more.
    Settled,
    /// It is tried again then.
    Later(Moment),
    Dead,
}

impl Claim {
    fn fence(&self) -> Condition {
        Condition::all()
            .add(Column::Number.eq(self.delivery.number))
            .add(Column::State.eq(State::Sending))
            .add(Column::Attempts.eq(self.delivery.attempts))
    }

    /// Notes that the worker lives. `false`: another has it now.
    pub async fn extend(&self, store: &Store, lease_until: Moment) -> Result<bool> {
        let row = ActiveModel { lease_until: Set(Some(lease_until)), ..Default::default() };
        Ok(Entity::update_many().set(row).filter(self.fence()).exec(store.writer()).await?.rows_affected > 0)
    }

    /// Notes that the receiver has taken so many requests, composed for that revision of it. `false`: another has it now.
    pub async fn progress(&self, store: &Store, accepted: i64, revision: i64) -> Result<bool> {
        let row = ActiveModel { accepted: Set(accepted), revision: Set(revision), ..Default::default() };
        Ok(Entity::update_many().set(row).filter(self.fence()).exec(store.writer()).await?.rows_affected > 0)
    }

    /// Ends the attempt. `false`: another worker has the delivery now, and the transaction is to be given up.
    pub async fn end(&self, on: &impl ConnectionTrait, ending: &Ending, attempt: Attempt, now: Moment) -> Result<bool> {
        let (state, due_at, ended_at) = match ending {
            Ending::Delivered => (State::Delivered, self.delivery.due_at, Some(now)),
            Ending::Settled => (State::Settled, self.delivery.due_at, Some(now)),
            Ending::Later(moment) => (State::Waiting, *moment, None),
            Ending::Dead => (State::Dead, self.delivery.due_at, Some(now)),
        };
        let row = ActiveModel {
            state: Set(state),
            due_at: Set(due_at),
            ended_at: Set(ended_at),
            lease_until: Set(None),
            worker: Set(None),
            last_status: Set(attempt.status),
            last_error: Set(attempt.reason.clone()),
            ..Default::default()
        };
        let ended = Entity::update_many().set(row).filter(self.fence()).exec(on).await?.rows_affected > 0;
        if ended {
            delivery_attempts::insert(on, attempt).await?;
        }
        Ok(ended)
    }

    /// Gives it back untried, to be sent at `due_at` as if it had not been tried: what is told of its subject until then does
    /// not wait for it.
    pub async fn put_off(&self, store: &Store, due_at: Moment) -> Result<bool> {
        let row = ActiveModel {
            state: Set(State::Waiting),
            due_at: Set(due_at),
            attempts: Set(self.delivery.attempts - 1),
            earlier: Set(self.delivery.attempts - 1),
            lease_until: Set(None),
            worker: Set(None),
            ..Default::default()
        };
        Ok(Entity::update_many().set(row).filter(self.fence()).exec(store.writer()).await?.rows_affected > 0)
    }
}

/// When endpoints that fail are let alone.
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    /// From so many failures in a row on, one attempt at a time.
    pub failures: i64,
    /// Seconds between two such attempts that were not heard of.
    pub pause: i64,
}

impl Store {
    /// Claims the delivery that is due longest, until `lease_until`, among those whose endpoint may be sent to: enabled, not
    /// let alone, within its limits. One whose lease has run out is claimed again.
    pub async fn claim_delivery(
        &self,
        worker: &str,
        breaker: Breaker,
        lease_until: Moment,
        now: Moment,
    ) -> Result<Option<Claim>> {
        let (engine, skip) = if self.is_postgres() {
            // The endpoint as well, so that its limits hold among processes.
            (DbBackend::Postgres, "FOR UPDATE OF d, e SKIP LOCKED")
        } else {
            (DbBackend::Sqlite, "")
        };
        let sql = format!(
            "UPDATE deliveries SET state = 'sending', worker = $1, lease_until = $2, attempts = attempts + 1 \
             WHERE number = (SELECT d.number FROM deliveries d JOIN endpoints e ON e.id = d.endpoint WHERE e.enabled \
             AND ((d.state = 'waiting' AND d.due_at <= $3) OR (d.state = 'sending' AND d.lease_until < $3)) \
             AND e.not_before <= $3 AND e.paced_until + 60000000 / e.per_minute <= $3 + 60000000 \
             AND (SELECT COUNT(*) FROM deliveries r WHERE r.endpoint = d.endpoint AND r.state = 'sending' \
             AND r.lease_until >= $3) < e.concurrency \
             AND NOT EXISTS (SELECT 1 FROM deliveries p WHERE p.endpoint = d.endpoint AND p.account = d.account \
             AND p.subject = d.subject AND p.number < d.number AND (p.state = 'sending' OR (p.state = 'waiting' \
             AND (p.attempts > p.earlier OR p.due_at <= $3)))) \
             ORDER BY d.due_at, d.number LIMIT 1 {skip}) RETURNING *"
        );
        let tx = self.begin().await?;
        let statement = Statement::from_sql_and_values(engine, sql, [worker.into(), lease_until.into(), now.into()]);
        let Some(row) = tx.query_one_raw(statement).await? else { return Ok(None) };
        let delivery = Model::from_query_result(&row, "")?;
        let sql = "UPDATE endpoints SET \
                   paced_until = (CASE WHEN paced_until > $1 THEN paced_until ELSE $1 END) + 60000000 / per_minute, \
                   not_before = (CASE WHEN failures >= $2 THEN $3 ELSE not_before END) WHERE id = $4";
        let alone_until = now.plus_seconds(breaker.pause);
        let values = [now.into(), breaker.failures.into(), alone_until.into(), delivery.endpoint.as_str().into()];
        tx.execute_raw(Statement::from_sql_and_values(engine, sql, values)).await?;
        tx.commit().await?;
        Ok(Some(Claim { delivery }))
    }

    /// Whether there is a delivery to be claimed, as long as its endpoint lets it be.
    pub async fn has_due_deliveries(&self, now: Moment) -> Result<bool> {
        let waiting = Condition::all().add(Column::State.eq(State::Waiting)).add(Column::DueAt.lte(now));
        let lost = Condition::all().add(Column::State.eq(State::Sending)).add(Column::LeaseUntil.lt(now));
        let due = Entity::find().filter(Condition::any().add(waiting).add(lost));
        Ok(due.one(self.reader()).await?.is_some())
    }

    /// Gives up at most `limit` deliveries whose time is over and whose endpoint is not enabled, or failed at least so often
    /// in a row; answers how many.
    pub async fn bury_deliveries(&self, why: &str, failures: i64, limit: u64, now: Moment) -> Result<u64> {
        let late = "SELECT d.number FROM deliveries d JOIN endpoints e ON e.id = d.endpoint \
                    WHERE d.state = 'waiting' AND d.give_up_at < $1 AND (NOT e.enabled OR e.failures >= $3)";
        let sql = format!(
            "UPDATE deliveries SET state = 'dead', last_error = $2, ended_at = $1 WHERE number IN ({late} LIMIT {limit})"
        );
        let engine = self.writer().get_database_backend();
        let statement = Statement::from_sql_and_values(engine, sql, [now.into(), why.into(), failures.into()]);
        Ok(self.writer().execute_raw(statement).await?.rows_affected())
    }

    pub async fn count_deliveries(&self, state: State) -> Result<u64> {
        Ok(Entity::find().filter(Column::State.eq(state)).count(self.reader()).await?)
    }
}

/// Which deliveries; what is not given does not count.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    pub id: Option<&'a str>,
    pub state: Option<State>,
    /// The name of the endpoint.
    pub endpoint: Option<&'a str>,
}

#[derive(FromQueryResult)]
struct Named {
    #[sea_orm(nested)]
    delivery: Model,
    endpoint_name: String,
}

impl Account {
    /// A part of the deliveries to this account's endpoints, newest first, with the names of these, and whether there are
    /// more.
    pub async fn deliveries(&self, filter: Filter<'_>, page: Page) -> Result<(Vec<(Model, String)>, bool)> {
        let seen = self.deliveries_seen(filter).order_by_desc(Column::Number);
        let named = seen.column_as(endpoints::Column::Name, "endpoint_name");
        let selected = named.offset(page.offset).limit(page.limit + 1).into_model::<Named>();
        let mut rows = selected.all(self.reader()).await?;
        let more = rows.len() as u64 > page.limit;
        rows.truncate(page.limit as usize);
        Ok((rows.into_iter().map(|row| (row.delivery, row.endpoint_name)).collect(), more))
    }

    /// What came of each attempt, oldest first.
    pub async fn delivery_attempts(&self, delivery: &Model) -> Result<Vec<Attempt>> {
        use delivery_attempts::{Column, Entity};
        let own = Entity::find().filter(Column::Delivery.eq(delivery.number)).order_by_asc(Column::Number);
        Ok(own.all(self.reader()).await?)
    }

    /// Lets deliveries to this account's endpoints that have ended go again; answers with their ids, at most `limit`.
    pub async fn replay_deliveries(
        &self,
        filter: Filter<'_>,
        limit: u64,
        give_up_at: Moment,
        now: Moment,
    ) -> Result<Vec<String>> {
        let tx = self.begin().await?;
        let ended = self.deliveries_seen(filter).filter(Column::EndedAt.is_not_null());
        let rows = ended.order_by_asc(Column::Number).limit(limit).all(&tx).await?;
        let numbers: Vec<i64> = rows.iter().map(|row| row.number).collect();
        let waiting = ActiveModel {
            state: Set(State::Waiting),
            due_at: Set(now),
            give_up_at: Set(give_up_at),
            accepted: Set(0),
            gathers: Set(false),
            ended_at: Set(None),
            ..Default::default()
        };
        Entity::update_many()
            .set(waiting)
            .col_expr(Column::Earlier, Expr::col(Column::Attempts))
            .filter(Column::Number.is_in(numbers))
            .filter(Column::EndedAt.is_not_null())
            .exec(&tx)
            .await?;
        tx.commit().await?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }

    fn deliveries_seen(&self, filter: Filter<'_>) -> Select<Entity> {
        Entity::find()
            .join(JoinType::InnerJoin, Relation::Endpoint.def())
            .filter(Column::Owner.eq(self.name().as_str()))
            .filter(
                Condition::all()
                    .add_option(filter.id.map(|id| Column::Id.eq(id)))
                    .add_option(filter.state.map(|state| Column::State.eq(state)))
                    .add_option(filter.endpoint.map(|name| endpoints::Column::Name.eq(name))),
            )
    }
}
