//! `windlass event …`: what happened at a service.

use std::io::{self, Write};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;
use windlass_client::{Payload, Request, views::Events};

use crate::{
    Outcome,
    service::{ServiceArguments, Session, Table, confirm, none},
};

/// Events of one page when all are asked for.
const PAGE: usize = 1000;

#[derive(Args)]
pub(crate) struct EventArguments {
    #[command(flatten)]
    service: ServiceArguments,
    #[command(subcommand)]
    command: EventCommand,
}

#[derive(Subcommand)]
enum EventCommand {
    /// List events, the newest first.
    List(ListArguments),
    /// Show an event.
    Get { id: String },
    /// Delete events.
    #[command(visible_alias = "del")]
    Delete(DeleteArguments),
}

#[derive(Args)]
struct ListArguments {
    /// What they are about: a tag, a digest, a repository.
    resource: Option<String>,
    /// Only what happened after this time: 2024-03-01T09:00:00Z.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only what happened before this time.
    #[arg(long, value_name = "TIME")]
    before: Option<String>,
    #[arg(long, value_enum, ignore_case = true)]
    level: Option<Level>,
    /// Only what this service tells of, such as analyzer.
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Only what this machine tells of.
    #[arg(long, value_name = "ID")]
    host: Option<String>,
    /// Only events of this type; * stands for anything: user.image.*
    #[arg(long = "event_type", visible_alias = "event-type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Only about things of this type, such as image_tag.
    #[arg(long = "resource_type", visible_alias = "resource-type", value_name = "TYPE")]
    resource_type: Option<String>,
    /// Not only the newest hundred.
    #[arg(long)]
    all: bool,
    /// Show where they come from, too.
    #[arg(long)]
    full: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Level {
    Info,
    Error,
}

#[derive(Args)]
struct DeleteArguments {
    /// The one to delete.
    #[arg(required_unless_present_any = ["since", "before", "all"])]
    id: Option<String>,
    /// Those that happened after this time.
    #[arg(long, value_name = "TIME", conflicts_with = "id")]
    since: Option<String>,
    /// Those that happened before this time.
    #[arg(long, value_name = "TIME", conflicts_with = "id")]
    before: Option<String>,
    /// All of them.
    #[arg(long, conflicts_with_all = ["id", "since", "before"])]
    all: bool,
    /// Do not ask whether all are meant.
    #[arg(long)]
    dontask: bool,
}

pub(crate) fn run(arguments: &EventArguments) -> anyhow::Result<Outcome> {
    arguments.service.run(|session| {
        match &arguments.command {
            EventCommand::List(arguments) => list(arguments, session),
            EventCommand::Get { id } => get(id, session),
            EventCommand::Delete(arguments) => delete(arguments, session),
        }?;
        Ok(Outcome::Fine)
    })
}

fn list(arguments: &ListArguments, session: &Session) -> anyhow::Result<()> {
    let level = arguments.level.map(|level| match level {
        Level::Info => "info",
        Level::Error => "error",
    });
    let request = Request::get(&["events"])
        .query_if_any("since", arguments.since.as_deref())
        .query_if_any("before", arguments.before.as_deref())
        .query_if_any("level", level)
        .query_if_any("source_servicename", arguments.service.as_deref())
        .query_if_any("source_hostid", arguments.host.as_deref())
        .query_if_any("resource_id", arguments.resource.as_deref())
        .query_if_any("event_type", arguments.event_type.as_deref())
        .query_if_any("resource_type", arguments.resource_type.as_deref());
    let found = if arguments.all { every_page(&request, session)? } else { session.send(&request)? };
    session.print(&found, |events: &Events, out| write(events, arguments.full, out))
}

/// All pages as one.
fn every_page(request: &Request, session: &Session) -> anyhow::Result<Payload> {
    let mut results = Vec::new();
    for page in 1.. {
        let request = request.clone().query("page", page).query("limit", PAGE);
        let mut document = session.send(&request)?.into_document();
        let before = results.len();
        if let Some(Value::Array(more)) = document.get_mut("results").map(Value::take) {
            results.extend(more);
        }
        let is_last = document.get("next_page") != Some(&Value::Bool(true));
        if is_last || results.len() == before {
            break;
        }
    }
    let count = results.len();
    Ok(serde_json::json!({"results": results, "next_page": false, "item_count": count, "page": 1}).into())
}

fn write(events: &Events, full: bool, out: &mut dyn Write) -> io::Result<()> {
    let titles: &[&str] = if full {
        &["Timestamp", "Level", "Event", "ResourceType", "Resource", "Service", "Host", "ID"]
    } else {
        &["Timestamp", "Level", "Event", "Resource", "ID"]
    };
    let mut table = Table::new(titles);
    for record in &events.results {
        let event = &record.event;
        let (resource, source) = (&event.resource, &event.source);
        let first = [&event.timestamp, &event.level, &event.kind].map(none);
        let middle = if full {
            vec![none(&resource.kind), none(&resource.id), none(&source.servicename), none(&source.hostid)]
        } else {
            vec![none(&resource.id)]
        };
        table.row(first.into_iter().chain(middle).chain([none(&record.generated_uuid)]));
    }
    table.write(out)
}

/// The event as YAML, for people.
fn get(id: &str, session: &Session) -> anyhow::Result<()> {
    let found = session.send(&Request::get(&["events", id]))?;
    session.print(&found, |record: &Value, out| {
        let mut event = record.get("event").unwrap_or(record).clone();
        event.sort_all_objects();
        out.write_all(serde_saphyr::to_string(&event).map_err(io::Error::other)?.as_bytes())
    })
}

fn delete(arguments: &DeleteArguments, session: &Session) -> anyhow::Result<()> {
    if let Some(id) = &arguments.id {
        return session.print_success(&session.send(&Request::delete(&["events", id]))?);
    }
    if arguments.all && !confirm("Really delete all events?", arguments.dontask)? {
        return Ok(());
    }
    let request = Request::delete(&["events"])
        .query_if_any("since", arguments.since.as_deref())
        .query_if_any("before", arguments.before.as_deref());
    session.print(&session.send(&request)?, |deleted: &Value, out| match deleted.as_array().map(Vec::len) {
        Some(0) => writeln!(out, "No matching events found"),
        Some(count) => writeln!(out, "Deleted {count} events"),
        None => writeln!(out, "Success"),
    })
}
