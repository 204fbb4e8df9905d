//! `windlass system jobs …` and `windlass system schedules`

use std::io::{self, Write};

use clap::{Args, Subcommand, ValueEnum};
use windlass_client::{
    Request,
    views::{Job, Jobs, Schedule},
};

use crate::service::{Session, Table, field, none};

const PATH: [&str; 2] = ["system", "jobs"];

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct JobsArguments {
    #[command(subcommand)]
    command: Option<JobsCommand>,
    #[command(flatten)]
    which: WhichArguments,
}

#[derive(Subcommand)]
enum JobsCommand {
    /// Show a job.
    Get { id: String },
    /// Let a job that was given up be tried again.
    Retry { id: String },
}

#[derive(Args)]
struct WhichArguments {
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Only those of this kind, such as analyse.
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Which part of the list, counted from 1.
    #[arg(long, value_name = "N")]
    page: Option<u64>,
    /// Jobs of a page [default: 100].
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum State {
    Waiting,
    Running,
    /// Given up.
    Dead,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Dead => "dead",
        }
    }
}

pub(super) fn run(arguments: &JobsArguments, session: &Session) -> anyhow::Result<()> {
    match &arguments.command {
        None => list(&arguments.which, session),
        Some(JobsCommand::Get { id }) => {
            session.print(&session.send(&Request::get(&[PATH[0], PATH[1], id]))?, write_job)
        }
        Some(JobsCommand::Retry { id }) => {
            session.print_success(&session.send(&Request::post(&[PATH[0], PATH[1], id, "retry"]))?)
        }
    }
}

pub(super) fn schedules(session: &Session) -> anyhow::Result<()> {
    session.print(&session.send(&Request::get(&["system", "schedules"]))?, write_schedules)
}

fn list(which: &WhichArguments, session: &Session) -> anyhow::Result<()> {
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    let request = Request::get(&PATH)
        .query_if_any("state", which.state.map(State::name))
        .query_if_any("kind", which.kind.as_deref())
        .query_if_any("page", number(which.page).as_deref())
        .query_if_any("limit", number(which.limit).as_deref());
    session.print(&session.send(&request)?, write_jobs)
}

fn write_jobs(jobs: &Jobs, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["ID", "Kind", "Account", "Key", "State", "Attempts", "Due", "Last Error"]);
    for job in &jobs.results {
        let Job { id, kind, account, key, state, attempts, due_at, last_error, .. } = job;
        table.row([id, kind, account, key, state, attempts, due_at, last_error].map(none));
    }
    table.write(out)
}

fn write_job(job: &Job, out: &mut dyn Write) -> io::Result<()> {
    for (label, text) in [
        ("ID", &job.id),
        ("Kind", &job.kind),
        ("Account", &job.account),
        ("Key", &job.key),
        ("State", &job.state),
        ("Attempts", &job.attempts),
        ("Created", &job.created_at),
        ("Updated", &job.last_updated),
        ("Due", &job.due_at),
        ("Worker", &job.worker),
        ("Leased Until", &job.lease_until),
        ("Last Error", &job.last_error),
    ] {
        field(label, &none(text), out)?;
    }
    Ok(())
}

fn write_schedules(schedules: &Vec<Schedule>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["Name", "Seconds", "Last Run", "Outcome", "Next Run", "Last Error"]);
    for schedule in schedules {
        let Schedule { name, interval_seconds, last_run_at, last_outcome, next_run_at, last_error, .. } = schedule;
        let interval = interval_seconds.or("off").to_owned();
        let [name, last_run_at, last_outcome, next_run_at, last_error] =
            [name, last_run_at, last_outcome, next_run_at, last_error].map(none);
        table.row([name, interval, last_run_at, last_outcome, next_run_at, last_error]);
    }
    table.write(out)
}
