//! `windlass policies …`: the policy bundles of a service.

mod describe;
mod hub;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use serde_json::Value;
use windlass_client::{Payload, Request, views::Policy};

use crate::{
    Outcome,
    bundle::BundleText,
    output,
    service::{ServiceArguments, Session, Table, cell, field, none},
};

#[derive(Args)]
pub(crate) struct PoliciesArguments {
    #[command(flatten)]
    service: ServiceArguments,
    #[command(subcommand)]
    command: PoliciesCommand,
}

#[derive(Subcommand)]
enum PoliciesCommand {
    /// Add a bundle, or replace one with the same id.
    Add {
        /// The bundle.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Show a bundle.
    Get {
        id: String,
        /// Print the bundle itself.
        #[arg(long)]
        detail: bool,
    },
    /// List the bundles.
    List,
    /// Judge images by a bundle from now on.
    Activate { id: String },
    /// Delete a bundle that is not active.
    #[command(visible_alias = "delete")]
    Del { id: String },
    /// Describe gates, triggers and parameters that the service's rules can use.
    Describe(describe::DescribeArguments),
    /// List, show and install bundles that others publish.
    Hub(hub::HubArguments),
}

pub(crate) fn run(arguments: &PoliciesArguments) -> anyhow::Result<Outcome> {
    let service = &arguments.service;
    match &arguments.command {
        PoliciesCommand::Hub(hub) => hub::run(hub, service),
        PoliciesCommand::Add { file } => service.run(|session| add(file, session)),
        PoliciesCommand::Get { id, detail } => service.run(|session| get(id, *detail, session)),
        PoliciesCommand::List => service.run(list),
        PoliciesCommand::Activate { id } => service.run(|session| activate(id, session)),
        PoliciesCommand::Del { id } => service.run(|session| delete(id, session)),
        PoliciesCommand::Describe(describe) => service.run(|session| describe::run(describe, session)),
    }
}

fn add(file: &Path, session: &Session) -> anyhow::Result<Outcome> {
    let bundle: Value = BundleText::read(file)?.json()?;
    send(&bundle, session)
}

/// Sends a bundle to the service and shows its record.
fn send(bundle: &Value, session: &Session) -> anyhow::Result<Outcome> {
    let added = session.send(&Request::post(&["policies"]).query("detail", true).json(bundle))?;
    session.print(&added, |policy: &Policy, out| write(policy, out))?;
    Ok(Outcome::Fine)
}

fn get(id: &str, detail: bool, session: &Session) -> anyhow::Result<Outcome> {
    let found = session.send(&Request::get(&["policies", id]).query("detail", detail))?;
    session.print(&found, |policies: &Vec<Policy>, out| match policies.first() {
        Some(policy) if detail => {
            let mut bundle = policy.policybundle.clone();
            bundle.sort_all_objects();
            output::indented_by_four(&bundle, out)
        }
        _ => policies.iter().try_for_each(|policy| write(policy, out)),
    })?;
    Ok(Outcome::Fine)
}

fn list(session: &Session) -> anyhow::Result<Outcome> {
    let found = session.send(&Request::get(&["policies"]).query("detail", false))?;
    session.print(&found, |policies: &Vec<Policy>, out| {
        let mut table = Table::new(&["Policy ID", "Active", "Created", "Updated"]);
        for policy in policies {
            let [created, updated] = [&policy.created_at, &policy.last_updated].map(none);
            table.row([none(&policy.policy_id), cell(&policy.active), created, updated]);
        }
        // The active one first.
        table.sorted_by(1).reversed().write(out)
    })?;
    Ok(Outcome::Fine)
}

fn activate(id: &str, session: &Session) -> anyhow::Result<Outcome> {
    let found = session.send(&Request::get(&["policies", id]).query("detail", true))?;
    let record = found.into_document().get_mut(0).map(Value::take);
    let mut record = record.ok_or_else(|| anyhow::anyhow!("the service has no bundle {id}"))?;
    record["active"] = true.into();
    let changed = session.send(&Request::put(&["policies", id]).json(&record))?;
    session.print(&changed, |_: &Value, out| writeln!(out, "Success: {id} activated"))?;
    Ok(Outcome::Fine)
}

fn delete(id: &str, session: &Session) -> anyhow::Result<Outcome> {
    let deleted: Payload = session.send(&Request::delete(&["policies", id]))?;
    session.print_success(&deleted)?;
    Ok(Outcome::Fine)
}

fn write(policy: &Policy, out: &mut dyn Write) -> io::Result<()> {
    field("Policy ID", policy.policy_id.or("None"), out)?;
    field("Active", &cell(&policy.active), out)?;
    field("Source", policy.policy_source.or("None"), out)?;
    field("Created", policy.created_at.or("None"), out)?;
    field("Updated", policy.last_updated.or("None"), out)?;
    writeln!(out)
}
