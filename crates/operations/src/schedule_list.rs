//! What recurs, as operators see it.

use jiff::Timestamp;
use windlass_store::{Moment, schedules::Model};
use windlass_v1::{
    schedules::{RunOutcome, Schedule},
    timestamp::IsoMicroseconds,
};

use crate::{Result, Service, scheduler};

impl Service {
    /// Everything that recurs, by name, whether it was begun or not.
    pub async fn schedules(&self) -> Result<Vec<Schedule>> {
        let (rows, now) = (self.store.schedules().await?, self.clock.moment());
        let mut names: Vec<&str> = scheduler::names().collect();
        names.sort_unstable();
        let row = |name: &str| rows.iter().find(|row| row.name == name);
        Ok(names.into_iter().map(|name| shown(name, self.interval(name), row(name), now)).collect())
    }
}

fn shown(name: &str, interval: Option<i64>, row: Option<&Model>, now: Moment) -> Schedule {
    Schedule {
        name: name.to_owned(),
        interval_seconds: interval,
        runs: row.map_or(0, |row| u64::try_from(row.runs).unwrap_or_default()),
        last_run_at: row.and_then(|row| row.last_run_at).map(moment),
        last_outcome: row.and_then(|row| outcome(row, now)),
        last_error: row.and_then(|row| row.last_error.clone()),
        worker: row.and_then(|row| row.worker.clone()),
        next_run_at: row.map(|row| moment(row.next_run_at)),
    }
}

fn outcome(row: &Model, now: Moment) -> Option<RunOutcome> {
    row.last_run_at?;
    Some(match row.lease_until {
        Some(until) if until >= now => RunOutcome::Running,
        Some(_) => RunOutcome::Abandoned,
        None if row.last_error.is_some() => RunOutcome::Failed,
        None => RunOutcome::Done,
    })
}

fn moment(moment: Moment) -> IsoMicroseconds {
    Timestamp::from(moment).into()
}
