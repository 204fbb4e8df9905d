//! `windlass system …`: the services of an installation.

mod feeds;
mod jobs;
mod storage;
mod wait;

use std::io::{self, Write};

use clap::{Args, Subcommand};
use windlass_client::{
    Request,
    views::{ErrorCode, SystemStatus},
};

use crate::{
    Outcome,
    service::{ServiceArguments, Session, Table, wrapped},
};

#[derive(Args)]
pub(crate) struct SystemArguments {
    #[command(flatten)]
    service: ServiceArguments,
    #[command(subcommand)]
    command: SystemCommand,
}

#[derive(Subcommand)]
enum SystemCommand {
    /// Say which services there are, and whether they work.
    Status,
    /// Explain the codes of errors.
    Errorcodes,
    /// Wait until all services work and there are data.
    Wait(wait::WaitArguments),
    /// Forget a service that is no more.
    #[command(visible_alias = "delete")]
    Del { host_id: String, servicename: String },
    /// Tell how much is kept, of whom, and how it grows.
    Storage(storage::StorageArguments),
    /// Show or limit how much an account may have.
    Quota(storage::QuotaArguments),
    /// List jobs that wait, are under way or were given up, the newest first.
    Jobs(jobs::JobsArguments),
    /// Tell what recurs, and how it went the last time.
    Schedules,
    /// The data of vulnerabilities.
    Feeds(feeds::FeedsArguments),
    /// The receivers of notifications.
    Webhook {
        #[command(subcommand)]
        command: WebhookCommand,
    },
}

#[derive(Subcommand)]
enum WebhookCommand {
    /// Send a notification to a receiver, to see whether it arrives.
    Test {
        /// Which receiver: general, or a type of notification.
        #[arg(default_value = "general")]
        webhook_type: String,
        /// What to send.
        #[arg(long, value_name = "TYPE", default_value = "tag_update")]
        ntype: String,
    },
}

pub(crate) fn run(arguments: &SystemArguments) -> anyhow::Result<Outcome> {
    let service = &arguments.service;
    match &arguments.command {
        SystemCommand::Wait(wait) => service.run_unchecked(|session| wait::run(wait, session)),
        command => service.run(|session| {
            answer(command, session)?;
            Ok(Outcome::Fine)
        }),
    }
}

fn answer(command: &SystemCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        SystemCommand::Status => session.print(&session.send(&Request::get(&["system"]))?, write_status),
        SystemCommand::Errorcodes => {
            session.print(&session.send(&Request::get(&["system", "error_codes"]))?, write_codes)
        }
        SystemCommand::Del { host_id, servicename } => {
            session.print_success(&session.send(&Request::delete(&["system", "services", servicename, host_id]))?)
        }
        SystemCommand::Storage(arguments) => storage::run(arguments, session),
        SystemCommand::Quota(arguments) => storage::quota(arguments, session),
        SystemCommand::Jobs(arguments) => jobs::run(arguments, session),
        SystemCommand::Schedules => jobs::schedules(session),
        SystemCommand::Feeds(arguments) => feeds::run(arguments, session),
        SystemCommand::Webhook { command: WebhookCommand::Test { webhook_type, ntype } } => {
            let request = Request::post(&["system", "webhooks", webhook_type, "test"]);
            session.print_success(&session.send(&request.query("notification_type", ntype))?)
        }
        SystemCommand::Wait(_) => unreachable!("waiting needs no service that is there"),
    }
}

fn write_status(status: &SystemStatus, out: &mut dyn Write) -> io::Result<()> {
    for service in &status.service_states {
        let state = match (service.is_alive(), service.status_message.or("Status Unknown")) {
            (true, _) => "up".to_owned(),
            (false, message) => format!("down ({message})"),
        };
        let line = format!(
            "Service {} ({}, {}): {state}",
            service.servicename.or("ServiceName Unknown"),
            service.hostid.or("HostID Unknown"),
            service.base_url.or("Base URL Unknown"),
        );
        writeln!(out, "{}", windlass_sbom::printable(&line))?;
    }
    let (code, database) = status.versions();
    writeln!(out, "\nEngine DB Version: {}", database.unwrap_or("Not Found"))?;
    writeln!(out, "Engine Code Version: {}", code.unwrap_or("Not Found"))
}

fn write_codes(codes: &Vec<ErrorCode>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["Error Code", "Description"]);
    for code in codes {
        table.row([code.name.or("N/A").to_owned(), wrapped(code.description.or("N/A"), 60)]);
    }
    table.sorted_by(0).write(out)
}
