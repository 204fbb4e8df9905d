//! What recurs: whichever process finds it due first does it, and no other meanwhile.
//!
//! A run is leased like a job ([`crate::jobs`]) and fenced by its number, so that a process that was only slow cannot
//! end the run of another that has taken over.

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, DbBackend, EntityTrait as _, FromQueryResult as _, QueryFilter as _,
    QueryOrder as _, Statement, entity::prelude::*, sea_query::OnConflict,
};

use crate::{Moment, Result, Store};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "schedules")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub next_run_at: Moment,
    /// How often it was begun.
    pub runs: i64,
    pub lease_until: Option<Moment>,
    /// The process that runs it at the moment, or ran it last.
    pub worker: Option<String>,
    pub last_run_at: Option<Moment>,
    /// Why the last run failed, if it did.
    pub last_error: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Whether it is time, and nobody is at it.
    pub fn is_due(&self, now: Moment) -> bool {
        self.next_run_at <= now && self.lease_until.is_none_or(|until| until < now)
    }
}

/// A run that a process has for a while.
#[derive(Clone, Debug)]
pub struct Run {
    schedule: Model,
}

impl Run {
    pub fn name(&self) -> &str {
        &self.schedule.name
    }

    fn fence(&self) -> Condition {
        Condition::all().add(Column::Name.eq(&self.schedule.name)).add(Column::Runs.eq(self.schedule.runs))
    }

    /// Says that the process lives. `false`: another has taken over, and this one must stop.
    pub async fn extend(&self, store: &Store, lease_until: Moment) -> Result<bool> {
        let row = ActiveModel { lease_until: Set(Some(lease_until)), ..Default::default() };
        Ok(Entity::update_many().set(row).filter(self.fence()).exec(store.writer()).await?.rows_affected > 0)
    }

    /// Ends the run with what went wrong, if something did. `false` as for [`Run::extend`].
    pub async fn end(&self, store: &Store, error: Option<&str>, next_run_at: Moment) -> Result<bool> {
        let row = ActiveModel {
            lease_until: Set(None),
            last_error: Set(error.map(str::to_owned)),
            next_run_at: Set(next_run_at),
            ..Default::default()
        };
        Ok(Entity::update_many().set(row).filter(self.fence()).exec(store.writer()).await?.rows_affected > 0)
    }
}

impl Store {
    /// By name.
    pub async fn schedules(&self) -> Result<Vec<Model>> {
        Ok(Entity::find().order_by_asc(Column::Name).all(self.reader()).await?)
    }

    /// Makes sure that a schedule is there, due `now` if it has to be made, and due at `latest` otherwise: its interval may
    /// have been shortened.
    pub async fn prepare_schedule(&self, name: &str, latest: Moment, now: Moment) -> Result<()> {
        let row = ActiveModel { name: Set(name.to_owned()), next_run_at: Set(now), runs: Set(0), ..Default::default() };
        let there = OnConflict::new().do_nothing().to_owned();
        Entity::insert(row).on_conflict(there).exec_without_returning(self.writer()).await?;
        self.bring_forward(name, latest).await
    }

    /// Lets a schedule run at `moment` if it would run later.
    pub async fn bring_forward(&self, name: &str, moment: Moment) -> Result<()> {
        let row = ActiveModel { next_run_at: Set(moment), ..Default::default() };
        let later = Entity::update_many().set(row).filter(Column::Name.eq(name)).filter(Column::NextRunAt.gt(moment));
        later.exec(self.writer()).await?;
        Ok(())
    }

    /// Begins a run until `lease_until`, if it is due and nobody is at it.
    pub async fn begin_run(&self, name: &str, worker: &str, lease_until: Moment, now: Moment) -> Result<Option<Run>> {
        let sql = "UPDATE schedules SET worker = $1, lease_until = $2, last_run_at = $3, runs = runs + 1 \
                   WHERE name = $4 AND next_run_at <= $3 AND (lease_until IS NULL OR lease_until < $3) RETURNING *";
        let engine = if self.is_postgres() { DbBackend::Postgres } else { DbBackend::Sqlite };
        let values = [worker.into(), lease_until.into(), now.into(), name.into()];
        let row = self.writer().query_one_raw(Statement::from_sql_and_values(engine, sql, values)).await?;
        Ok(row.map(|row| Model::from_query_result(&row, "")).transpose()?.map(|schedule| Run { schedule }))
    }
}
