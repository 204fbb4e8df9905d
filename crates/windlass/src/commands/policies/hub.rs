//! `windlass policies hub …`: bundles that others publish, in an index of files.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde_json::Value;
use windlass_client::{
    Payload, Request, Service, Text,
    views::{HubIndex, Part, Policy, PolicyBundle},
};

use crate::{
    Outcome,
    diagnostics::Hinted,
    service::{ServiceArguments, Session, Table, field, wrapped},
};

#[derive(Args)]
pub(super) struct HubArguments {
    #[command(subcommand)]
    command: HubCommand,
}

#[derive(Subcommand)]
enum HubCommand {
    /// List the bundles of the hub.
    List,
    /// Show what a bundle of the hub is made of.
    Get { name: String },
    /// Add a bundle of the hub to the service.
    Install {
        name: String,
        /// Id to give it [default: its name].
        #[arg(long, value_name = "ID")]
        target_id: Option<String>,
        /// Replace the bundle that has the id.
        #[arg(long)]
        force: bool,
    },
}

pub(super) fn run(arguments: &HubArguments, service: &ServiceArguments) -> anyhow::Result<Outcome> {
    match &arguments.command {
        HubCommand::List => service.run_unchecked(list),
        HubCommand::Get { name } => service.run_unchecked(|session| get(name, session)),
        HubCommand::Install { name, target_id, force } => {
            service.run(|session| install(name, target_id.as_deref(), *force, session))
        }
    }
}

fn list(session: &Session) -> anyhow::Result<Outcome> {
    let index = index(&session.hub()?)?;
    session.print(&index, |index: &HubIndex, out| {
        let mut table = Table::new(&["Name", "Description"]);
        for entry in index.content.iter().filter(|entry| entry.kind.is("bundle")) {
            table.row([wrapped(entry.name.as_str(), 40), wrapped(entry.description.as_str(), 60)]);
        }
        table.sorted_by(0).write(out)
    })?;
    Ok(Outcome::Fine)
}

fn get(name: &str, session: &Session) -> anyhow::Result<Outcome> {
    let bundle = fetch(name, &session.hub()?)?;
    session.print(&bundle, write)?;
    Ok(Outcome::Fine)
}

fn install(name: &str, target_id: Option<&str>, force: bool, session: &Session) -> anyhow::Result<Outcome> {
    let mut bundle = fetch(name, &session.hub()?)?.into_document();
    let id = target_id.unwrap_or(name);
    if !force {
        let installed: Vec<Policy> =
            session.send(&Request::get(&["policies"]).query("detail", false))?.read_or_default();
        if installed.iter().any(|policy| policy.policy_id.as_str() == id) {
            return Err(Hinted::error(
                format!("the service has a bundle {id}"),
                "--force replaces it, --target-id gives the new one another id",
            ));
        }
    }
    anyhow::ensure!(bundle.is_object(), "the bundle {name} of the hub is none");
    bundle["id"] = Value::from(id);
    super::send(&bundle, session)
}

fn index(hub: &Service) -> anyhow::Result<Payload> {
    Ok(hub.send(&Request::get(&["index.json"]))?)
}

fn fetch(name: &str, hub: &Service) -> anyhow::Result<Payload> {
    let index: HubIndex = index(hub)?.read_or_default();
    let listed = index.content.iter().find(|entry| entry.kind.is("bundle") && entry.name.as_str() == name);
    let listed = listed.ok_or_else(|| {
        Hinted::error(format!("the hub has no bundle {name}"), "windlass policies hub list says which it has")
    })?;
    let path: Vec<&str> = listed.location.as_str().split('/').filter(|segment| !segment.is_empty()).collect();
    Ok(hub.send(&Request::get(&path))?)
}

fn write(bundle: &PolicyBundle, out: &mut dyn Write) -> io::Result<()> {
    field("Policy Bundle ID", bundle.id.or("None"), out)?;
    field("Name", bundle.name.or("None"), out)?;
    field("Description", described(&bundle.description, &bundle.comment), out)?;
    writeln!(out)?;
    write_parts("Policy", &bundle.policies, out)?;
    write_parts("Whitelist", &bundle.whitelists, out)?;
    for mapping in &bundle.mappings {
        field("Mapping Name", mapping.name.or("None"), out)?;
        let rule = format!("{}/{}:{}", mapping.registry, mapping.repository, mapping.image.value);
        field("Mapping Rule", &rule, out)?;
        field("Mapping Policies", &bundle.policies_of(mapping), out)?;
        field("Mapping Whitelists", &bundle.allow_lists_of(mapping), out)?;
        writeln!(out)?;
    }
    Ok(())
}

fn write_parts(what: &str, parts: &[Part], out: &mut dyn Write) -> io::Result<()> {
    for part in parts {
        field(&format!("{what} Name"), part.name.or("None"), out)?;
        field(&format!("{what} Description"), described(&part.description, &part.comment), out)?;
        writeln!(out)?;
    }
    Ok(())
}

fn described<'a>(description: &'a Text, comment: &'a Text) -> &'a str {
    description.get().or(comment.get()).unwrap_or("N/A")
}
