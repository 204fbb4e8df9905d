//! Work to be done by whichever process claims it first.
//!
//! A job is written in the transaction of the change that asks for it, so that neither can be without the other. A worker
//! claims it for a while (a lease), says now and then that it lives, and ends it in the transaction that writes the
//! result. A worker that dies says nothing any more: its lease runs out and another claims the job. Every write of a
//! worker is fenced by the attempt it claimed, so that one that was only slow cannot end what another has taken over.

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DbBackend, DeriveActiveEnum, EntityTrait as _, EnumIter, FromQueryResult,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement,
    entity::prelude::*,
    sea_query::{Condition, OnConflict},
};

use crate::{AccountName, Moment, Result, Store, subscriptions::Page};

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum State {
    #[sea_orm(string_value = "waiting")]
    Waiting,
    #[sea_orm(string_value = "running")]
    Running,
    /// Given up; kept to be looked at.
    #[sea_orm(string_value = "dead")]
    Dead,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub kind: String,
    pub account: String,
    /// What it is about; of one kind, account and key at most one waits.
    pub key: String,
    /// As JSON: references, never documents.
    pub payload: String,
    pub state: State,
    /// Higher first.
    pub priority: i64,
    /// How often it was claimed.
    pub attempts: i64,
    pub max_attempts: i64,
    pub not_before: Moment,
    pub lease_until: Option<Moment>,
    pub worker: Option<String>,
    pub last_error: Option<String>,
    pub created_at: Moment,
    pub last_updated: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A job to be written.
#[derive(Clone, Debug)]
pub struct NewJob<'a> {
    pub kind: &'a str,
    pub account: &'a AccountName,
    pub key: &'a str,
    pub payload: String,
    pub priority: i64,
    pub max_attempts: i64,
    pub not_before: Moment,
}

/// Which jobs; what is not given does not count.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    pub state: Option<State>,
    pub kind: Option<&'a str>,
}

/// How many jobs of a kind are in a state.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Count {
    pub kind: String,
    pub state: State,
    pub jobs: i64,
    /// When the first of them was due.
    pub first_due: Moment,
}

/// A job that a worker has for a while.
#[derive(Clone, Debug)]
pub struct Claim {
    pub job: Model,
}

impl Claim {
    /// Whether every attempt was used up before this one, by workers that were never heard of again: the job is to be
    /// ended as failed, not tried.
    pub fn is_exhausted(&self) -> bool {
        self.job.attempts > self.job.max_attempts
    }

    fn fence(&self) -> sea_orm::Condition {
        sea_orm::Condition::all()
            .add(Column::Id.eq(self.job.id))
            .add(Column::State.eq(State::Running))
            .add(Column::Attempts.eq(self.job.attempts))
    }

    /// Ends the job as done, in the transaction of its result. `false`: another worker has it now, and the transaction is
    /// to be given up.
    pub async fn complete(&self, on: &impl ConnectionTrait) -> Result<bool> {
        Ok(Entity::delete_many().filter(self.fence()).exec(on).await?.rows_affected > 0)
    }

    /// Ends the job as given up. `false` as for [`Claim::complete`].
    pub async fn bury(&self, on: &impl ConnectionTrait, error: &str, now: Moment) -> Result<bool> {
        self.end(on, State::Dead, Some(error), now, now).await
    }

    /// Lets the job wait until `not_before` and be tried again. `false` as for [`Claim::complete`].
    pub async fn retry(&self, store: &Store, error: &str, not_before: Moment, now: Moment) -> Result<bool> {
        self.wait_again(store, Some(error), not_before, now).await
    }

    /// Gives the job back untried, as a process does that stops.
    pub async fn release(&self, store: &Store, now: Moment) -> Result<bool> {
        self.postpone(store, now, now).await
    }

    /// Lets the job wait untried until `not_before`.
    pub async fn postpone(&self, store: &Store, not_before: Moment, now: Moment) -> Result<bool> {
        self.wait_again(store, None, not_before, now).await
    }

    /// Whether a worker that lives has an older job of the same kind about the same key, of whatever account.
    pub async fn follows_another(&self, store: &Store, now: Moment) -> Result<bool> {
        let same = Entity::find().filter(Column::Kind.eq(&self.job.kind)).filter(Column::Key.eq(&self.job.key));
        let older = same.filter(Column::Id.lt(self.job.id)).filter(Column::State.eq(State::Running));
        Ok(older.filter(Column::LeaseUntil.gte(now)).one(store.reader()).await?.is_some())
    }

    async fn wait_again(&self, store: &Store, error: Option<&str>, not_before: Moment, now: Moment) -> Result<bool> {
        match self.end(store.writer(), State::Waiting, error, not_before, now).await {
            // The same was asked for again meanwhile: that job will do.
            Err(crate::Error::Exists) => self.complete(store.writer()).await,
            ended => ended,
        }
    }

    async fn end(
        &self,
        on: &impl ConnectionTrait,
        state: State,
        error: Option<&str>,
        not_before: Moment,
        now: Moment,
    ) -> Result<bool> {
        let mut row = ActiveModel {
            state: Set(state),
            not_before: Set(not_before),
            lease_until: Set(None),
            worker: Set(None),
            last_updated: Set(now),
            ..Default::default()
        };
        match error {
            Some(error) => row.last_error = Set(Some(error.to_owned())),
            None => row.attempts = Set(self.job.attempts - 1),
        }
        Ok(Entity::update_many().set(row).filter(self.fence()).exec(on).await?.rows_affected > 0)
    }

    /// Says that the worker lives. `false`: it has lost the job and must stop.
    pub async fn extend(&self, store: &Store, lease_until: Moment, now: Moment) -> Result<bool> {
        let row = ActiveModel { lease_until: Set(Some(lease_until)), last_updated: Set(now), ..Default::default() };
        let extended = Entity::update_many().set(row).filter(self.fence()).exec(store.writer()).await?;
        Ok(extended.rows_affected > 0)
    }
}

/// Writes a job, unless the same waits already.
pub async fn enqueue(on: &impl ConnectionTrait, job: NewJob<'_>, now: Moment) -> Result<()> {
    let row = ActiveModel {
        kind: Set(job.kind.to_owned()),
        account: Set(job.account.to_string()),
        key: Set(job.key.to_owned()),
        payload: Set(job.payload),
        state: Set(State::Waiting),
        priority: Set(job.priority),
        attempts: Set(0),
        max_attempts: Set(job.max_attempts),
        not_before: Set(job.not_before),
        created_at: Set(now),
        last_updated: Set(now),
        ..Default::default()
    };
    let waiting = OnConflict::new().do_nothing().to_owned();
    Entity::insert(row).on_conflict(waiting).exec_without_returning(on).await?;
    Ok(())
}

/// The job of that kind, account and key that waits.
pub async fn waiting(on: &impl ConnectionTrait, kind: &str, account: &AccountName, key: &str) -> Result<Option<Model>> {
    let waiting = Entity::find().filter(Column::Kind.eq(kind)).filter(Column::Account.eq(account.as_str()));
    Ok(waiting.filter(Column::Key.eq(key)).filter(Column::State.eq(State::Waiting)).one(on).await?)
}

/// Writes a job, or brings the one forward that waits already.
pub async fn enqueue_by(on: &impl ConnectionTrait, job: NewJob<'_>, now: Moment) -> Result<()> {
    let (kind, account, key, not_before) = (job.kind, job.account, job.key, job.not_before);
    enqueue(on, job, now).await?;
    let row = ActiveModel { not_before: Set(not_before), last_updated: Set(now), ..Default::default() };
    let waiting = Entity::update_many().set(row).filter(Column::Kind.eq(kind)).filter(Column::Key.eq(key));
    let waiting = waiting.filter(Column::Account.eq(account.as_str())).filter(Column::State.eq(State::Waiting));
    waiting.filter(Column::NotBefore.gt(not_before)).exec(on).await?;
    Ok(())
}

/// Takes back what was asked for about a key: what waits is gone, and a worker that has it loses it. Answers with the
/// payloads of what was taken back.
pub async fn cancel(on: &impl ConnectionTrait, kind: &str, account: &AccountName, key: &str) -> Result<Vec<String>> {
    let about =
        Condition::all().add(Column::Kind.eq(kind)).add(Column::Account.eq(account.as_str())).add(Column::Key.eq(key));
    let cancelled = Entity::find().filter(about.clone()).lock_exclusive().all(on).await?;
    Entity::delete_many().filter(about).exec(on).await?;
    Ok(cancelled.into_iter().map(|job| job.payload).collect())
}

/// Lets a job that was given up be tried again, as often as one that is new; `false` if there is no such job, or it was not
/// given up.
///
/// # Errors
/// [`crate::Error::Exists`] where the same waits already.
pub async fn revive(on: &impl ConnectionTrait, id: i64, now: Moment) -> Result<bool> {
    let row = ActiveModel {
        state: Set(State::Waiting),
        attempts: Set(0),
        not_before: Set(now),
        last_updated: Set(now),
        ..Default::default()
    };
    let dead = Entity::update_many().set(row).filter(Column::Id.eq(id)).filter(Column::State.eq(State::Dead));
    Ok(dead.exec(on).await?.rows_affected > 0)
}

impl Store {
    /// Claims the next job of these kinds until `lease_until`.
    ///
    /// Higher priority goes first, then the account with the fewest jobs running, so that none can crowd out the others,
    /// then the oldest. A job whose lease has run out is claimed again.
    pub async fn claim_job(
        &self,
        kinds: &[&str],
        worker: &str,
        lease_until: Moment,
        now: Moment,
    ) -> Result<Option<Claim>> {
        let skip = if self.is_postgres() { "FOR UPDATE OF j SKIP LOCKED" } else { "" };
        let names: Vec<String> = (0..kinds.len()).map(|i| format!("${}", i + 4)).collect();
        let sql = format!(
            "UPDATE jobs SET state = 'running', worker = $1, lease_until = $2, last_updated = $3, attempts = attempts + 1 \
             WHERE id = (SELECT j.id FROM jobs j WHERE j.kind IN ({}) AND ((j.state = 'waiting' AND j.not_before <= $3) \
             OR (j.state = 'running' AND j.lease_until < $3)) ORDER BY j.priority DESC, \
             (SELECT COUNT(*) FROM jobs r WHERE r.state = 'running' AND r.account = j.account), j.id LIMIT 1 {skip}) \
             RETURNING *",
            names.join(", "),
        );
        let mut values = vec![worker.into(), lease_until.into(), now.into()];
        values.extend(kinds.iter().map(|kind| (*kind).into()));
        let engine = if self.is_postgres() { DbBackend::Postgres } else { DbBackend::Sqlite };
        let statement = Statement::from_sql_and_values(engine, sql, values);
        let row = self.writer().query_one_raw(statement).await?;
        Ok(row.map(|row| Model::from_query_result(&row, "")).transpose()?.map(|job| Claim { job }))
    }

    /// A part of the jobs, newest first, and whether there are more.
    pub async fn list_jobs(&self, filter: Filter<'_>, page: Page) -> Result<(Vec<Model>, bool)> {
        let wanted = Condition::all()
            .add_option(filter.state.map(|state| Column::State.eq(state)))
            .add_option(filter.kind.map(|kind| Column::Kind.eq(kind)));
        let query = Entity::find().filter(wanted).order_by_desc(Column::Id).offset(page.offset).limit(page.limit + 1);
        let mut rows = query.all(self.reader()).await?;
        let more = rows.len() as u64 > page.limit;
        rows.truncate(page.limit as usize);
        Ok((rows, more))
    }

    pub async fn job(&self, id: i64) -> Result<Option<Model>> {
        Ok(Entity::find_by_id(id).one(self.reader()).await?)
    }

    /// Jobs by kind and state, as far as there are any.
    pub async fn job_counts(&self) -> Result<Vec<Count>> {
        let by = Entity::find().select_only().column(Column::Kind).column(Column::State);
        let counted = by.column_as(Column::Id.count(), "jobs").column_as(Column::NotBefore.min(), "first_due");
        let counted = counted.group_by(Column::Kind).group_by(Column::State).into_model::<Count>();
        Ok(counted.all(self.reader()).await?)
    }
}
