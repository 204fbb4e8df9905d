//! `windlass notification endpoint …`

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde_json::Value;
use windlass_client::{
    Request,
    views::{EndpointTest, NotificationEndpoint},
};

use super::document::DocumentArguments;
use crate::{
    Outcome,
    service::{Session, Table, cell, field, none},
};

const PATH: [&str; 2] = ["notifications", "endpoints"];

#[derive(Subcommand)]
pub(super) enum EndpointCommand {
    /// List the endpoints.
    List,
    /// Show an endpoint, but for its secrets.
    Get { name: String },
    /// Add an endpoint.
    Add(ChangeArguments),
    /// Change what is given of an endpoint.
    Update(ChangeArguments),
    /// Delete an endpoint with the log of its deliveries.
    #[command(visible_alias = "del")]
    Delete { name: String },
    /// Send an endpoint something that says it is a test, and tell what came of it.
    Test { name: String },
    /// Make a new key that signs what a webhook is sent; the former one signs beside it for a day.
    RotateSecret { name: String },
}

#[derive(Args)]
pub(super) struct ChangeArguments {
    /// Letters, digits, '.', '_' and '-'.
    name: String,
    #[command(flatten)]
    document: DocumentArguments,
}

pub(super) fn run(command: &EndpointCommand, session: &Session) -> anyhow::Result<Outcome> {
    match command {
        EndpointCommand::List => session.print(&session.send(&Request::get(&PATH))?, write_table)?,
        EndpointCommand::Get { name } => session.print(&session.send(&Request::get(&of(name)))?, write)?,
        EndpointCommand::Add(ChangeArguments { name, document }) => {
            let document = document.applied_to(Value::Null, name)?;
            session.print(&session.send(&Request::post(&PATH).json(&document))?, write)?;
        }
        EndpointCommand::Update(ChangeArguments { name, document }) => {
            let before = session.send(&Request::get(&of(name)))?.into_document();
            let document = document.applied_to(before, name)?;
            session.print(&session.send(&Request::put(&of(name)).json(&document))?, write)?;
        }
        EndpointCommand::Delete { name } => session.print_success(&session.send(&Request::delete(&of(name)))?)?,
        EndpointCommand::Test { name } => return test(name, session),
        EndpointCommand::RotateSecret { name } => {
            let answer = session.send(&Request::post(&[PATH[0], PATH[1], name, "rotate-secret"]))?;
            session.print(&answer, |rotated: &Value, out| {
                let member = |name: &str| rotated.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                field("Secret", &member("secret"), out)?;
                field("Former secret signs until", &member("former_until"), out)
            })?;
        }
    }
    Ok(Outcome::Fine)
}

fn of(name: &str) -> [&str; 3] {
    [PATH[0], PATH[1], name]
}

/// Ends with 1 where the receiver did not take it.
fn test(name: &str, session: &Session) -> anyhow::Result<Outcome> {
    let answer = session.send(&Request::post(&[PATH[0], PATH[1], name, "test"]).patient())?;
    session.print(&answer, |test: &EndpointTest, out| {
        field("Accepted", &cell(&test.accepted), out)?;
        field("Status", &none(&test.status), out)?;
        field("Milliseconds", &none(&test.milliseconds), out)?;
        if test.reason.get().is_some() {
            field("Reason", test.reason.as_str(), out)?;
        }
        if test.excerpt.get().is_some() {
            field("Answer", test.excerpt.as_str(), out)?;
        }
        Ok(())
    })?;
    let accepted = answer.read_or_default::<EndpointTest>().accepted.is_true();
    Ok(if accepted { Outcome::Fine } else { Outcome::Refused })
}

fn state(endpoint: &NotificationEndpoint) -> &'static str {
    if !endpoint.enabled.is_true() {
        "disabled"
    } else if endpoint.health.failing_since.get().is_some() {
        "failing"
    } else {
        "fine"
    }
}

fn write_table(endpoints: &Vec<NotificationEndpoint>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["Name", "Channel", "State", "Failures", "Given Up"]);
    for endpoint in endpoints {
        let [name, channel] = [&endpoint.name, &endpoint.channel.kind].map(none);
        let [failures, dead] = [&endpoint.health.failures, &endpoint.health.dead].map(none);
        table.row([name, channel, state(endpoint).to_owned(), failures, dead]);
    }
    table.sorted_by(0).write(out)
}

fn write(endpoint: &NotificationEndpoint, out: &mut dyn Write) -> io::Result<()> {
    field("Name", endpoint.name.or("None"), out)?;
    field("Channel", endpoint.channel.kind.or("None"), out)?;
    if endpoint.channel.url.get().is_some() {
        field("URL", endpoint.channel.url.as_str(), out)?;
    }
    field("State", state(endpoint), out)?;
    if endpoint.health.disabled_because.get().is_some() {
        field("Disabled because", endpoint.health.disabled_because.as_str(), out)?;
    }
    field("For every account", &cell(&endpoint.system_global), out)?;
    field("From the configuration", &cell(&endpoint.read_only), out)?;
    field("Routing", &endpoint.routing.to_string(), out)?;
    field("Failing since", &none(&endpoint.health.failing_since), out)?;
    field("Given up", &none(&endpoint.health.dead), out)?;
    field("Created", &none(&endpoint.created_at), out)?;
    field("Updated", &none(&endpoint.last_updated), out)
}
