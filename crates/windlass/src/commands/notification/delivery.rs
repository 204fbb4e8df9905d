//! `windlass notification delivery …`

use std::io::{self, Write};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value};
use windlass_client::{
    Request,
    views::{Deliveries, Delivery},
};

use crate::{
    Outcome,
    service::{Session, Table, field, none},
};

const PATH: [&str; 2] = ["notifications", "deliveries"];

#[derive(Subcommand)]
pub(super) enum DeliveryCommand {
    /// List deliveries, the newest first.
    List(ListArguments),
    /// Show a delivery with what it tells and what came of each attempt.
    Get { id: String },
    /// Let deliveries go again.
    Replay(ReplayArguments),
}

#[derive(Args)]
pub(super) struct ListArguments {
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Only those to this endpoint.
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// Which part of the list, counted from 1.
    #[arg(long, value_name = "N")]
    page: Option<u64>,
    /// Deliveries of a page [default: 100].
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

#[derive(Args)]
#[group(id = "which", required = true, multiple = false)]
pub(super) struct Which {
    /// The one.
    id: Option<String>,
    /// All that were given up.
    #[arg(long)]
    dead: bool,
    /// All that were delivered.
    #[arg(long)]
    delivered: bool,
}

#[derive(Args)]
pub(super) struct ReplayArguments {
    #[command(flatten)]
    which: Which,
    /// Only those to this endpoint.
    #[arg(long, value_name = "NAME", conflicts_with = "id")]
    endpoint: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum State {
    Waiting,
    Sending,
    Delivered,
    /// Given up.
    Dead,
    /// Nothing was left to tell.
    Settled,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::Settled => "settled",
        }
    }
}

pub(super) fn run(command: &DeliveryCommand, session: &Session) -> anyhow::Result<Outcome> {
    match command {
        DeliveryCommand::List(arguments) => list(arguments, session),
        DeliveryCommand::Get { id } => session.print(&session.send(&Request::get(&[PATH[0], PATH[1], id]))?, write),
        DeliveryCommand::Replay(arguments) => replay(arguments, session),
    }?;
    Ok(Outcome::Fine)
}

fn list(arguments: &ListArguments, session: &Session) -> anyhow::Result<()> {
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    let request = Request::get(&PATH)
        .query_if_any("state", arguments.state.map(State::name))
        .query_if_any("endpoint", arguments.endpoint.as_deref())
        .query_if_any("page", number(arguments.page).as_deref())
        .query_if_any("limit", number(arguments.limit).as_deref());
    session.print(&session.send(&request)?, write_table)
}

fn replay(arguments: &ReplayArguments, session: &Session) -> anyhow::Result<()> {
    if let Some(id) = &arguments.which.id {
        return session.print_success(&session.send(&Request::post(&[PATH[0], PATH[1], id, "replay"]))?);
    }
    let state = if arguments.which.delivered { State::Delivered } else { State::Dead };
    let mut body = Map::from_iter([("state".to_owned(), Value::from(state.name()))]);
    body.extend(arguments.endpoint.as_ref().map(|endpoint| ("endpoint".to_owned(), endpoint.as_str().into())));
    let answer = session.send(&Request::post(&[PATH[0], PATH[1], "replay"]).json(&Value::Object(body)))?;
    session.print(&answer, |replayed: &Value, out| {
        let count = replayed.get("deliveries").and_then(Value::as_array).map_or(0, Vec::len);
        let more = replayed.get("more").and_then(Value::as_bool).unwrap_or_default();
        writeln!(out, "{count} deliveries go again{}", if more { "; there are more: ask again" } else { "" })
    })
}

fn write_table(deliveries: &Deliveries, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["Created", "Endpoint", "State", "Subject", "Attempts", "Last Error", "ID"]);
    for delivery in &deliveries.results {
        let cells = [
            &delivery.created_at,
            &delivery.endpoint,
            &delivery.state,
            &delivery.subject,
            &delivery.attempts,
            &delivery.last_error,
            &delivery.id,
        ];
        table.row(cells.map(none));
    }
    table.write(out)
}

fn write(delivery: &Delivery, out: &mut dyn Write) -> io::Result<()> {
    for (label, text) in [
        ("ID", &delivery.id),
        ("Endpoint", &delivery.endpoint),
        ("Account", &delivery.account),
        ("State", &delivery.state),
        ("Due", &delivery.due_at),
        ("Given up at", &delivery.give_up_at),
        ("Last error", &delivery.last_error),
    ] {
        field(label, &none(text), out)?;
    }
    writeln!(out)?;
    let mut notices = Table::new(&["Occurred", "Type", "Subject", "Message"]);
    for notice in &delivery.notices {
        notices.row([&notice.occurred_at, &notice.kind, &notice.subject, &notice.message].map(none));
    }
    notices.write(out)?;
    writeln!(out)?;
    let mut log = Table::new(&["Attempt", "Begun", "Status", "Milliseconds", "Reason"]);
    for attempt in &delivery.log {
        let cells = [&attempt.number, &attempt.begun_at, &attempt.status, &attempt.milliseconds, &attempt.reason];
        log.row(cells.map(none));
    }
    log.write(out)
}
