//! `windlass registry …`: registries that a service can log in to.

use std::io::{self, Write};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use windlass_client::{Request, views::Registry};

use crate::{
    Outcome,
    service::{ServiceArguments, Session, Table, cell, field, none, secret},
};

// Behind `add`, --insecure is about the registry.
#[derive(Args)]
#[command(mut_arg("service_insecure", |option| option.global(false)))]
pub(crate) struct RegistryArguments {
    #[command(flatten)]
    service: ServiceArguments,
    #[command(subcommand)]
    command: RegistryCommand,
}

#[derive(Subcommand)]
enum RegistryCommand {
    /// Add the credentials of a registry.
    Add(CredentialArguments),
    /// Replace them.
    Update(CredentialArguments),
    /// Show a registry, but for its password.
    Get { registry: String },
    /// List the registries.
    List,
    /// Forget a registry.
    #[command(visible_alias = "delete")]
    Del { registry: String },
}

#[derive(Args)]
struct CredentialArguments {
    /// Name of the registry with its port, if it has one: registry.example:5000, or registry.example/team*.
    registry: String,
    /// User to log in as.
    #[arg(value_name = "USER")]
    registry_user: String,
    /// The password, or - to read it from standard input.
    #[arg(value_name = "PASSWORD")]
    registry_password: String,
    /// Do not verify the registry's certificate.
    #[arg(id = "registry_insecure", long = "insecure")]
    insecure: bool,
    /// [default: awsecr if the name is one of that service, else docker_v2]
    #[arg(long, value_enum, value_name = "TYPE")]
    registry_type: Option<RegistryType>,
    /// Do not try to log in.
    #[arg(long)]
    skip_validate: bool,
    /// What people call it [default: REGISTRY].
    #[arg(long, value_name = "NAME")]
    registry_name: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum RegistryType {
    #[value(name = "docker_v2")]
    DockerV2,
    Awsecr,
}

pub(crate) fn run(arguments: &RegistryArguments) -> anyhow::Result<Outcome> {
    arguments.service.run(|session| {
        match &arguments.command {
            RegistryCommand::Add(registry) => send(Request::post(&["registries"]), registry, session),
            RegistryCommand::Update(registry) => {
                send(Request::put(&["registries", &registry.registry]), registry, session)
            }
            RegistryCommand::Get { registry } => {
                session.print(&session.send(&Request::get(&["registries", registry]))?, write)
            }
            RegistryCommand::List => session.print(&session.send(&Request::get(&["registries"]))?, write_table),
            RegistryCommand::Del { registry } => {
                session.print_success(&session.send(&Request::delete(&["registries", registry]))?)
            }
        }?;
        Ok(Outcome::Fine)
    })
}

fn send(request: Request, arguments: &CredentialArguments, session: &Session) -> anyhow::Result<()> {
    let body = body(arguments)?;
    let answer = session.send(&request.query("validate", !arguments.skip_validate).json(&body))?;
    session.print(&answer, write)
}

fn body(arguments: &CredentialArguments) -> anyhow::Result<Value> {
    let CredentialArguments { registry, registry_user, registry_name, .. } = arguments;
    let kind = match arguments.registry_type {
        Some(RegistryType::Awsecr) => "awsecr",
        None if is_awsecr(registry) => "awsecr",
        Some(RegistryType::DockerV2) | None => "docker_v2",
    };
    Ok(json!({
        "registry": registry, "registry_user": registry_user, "registry_pass": secret(&arguments.registry_password)?,
        "registry_type": kind, "registry_verify": !arguments.insecure,
        "registry_name": registry_name.as_ref().unwrap_or(registry),
    }))
}

/// `<digits>.dkr.ecr.<region>.amazonaws.com`
fn is_awsecr(registry: &str) -> bool {
    let host = registry.split('/').next().unwrap_or(registry);
    let region = host.strip_suffix(".amazonaws.com").and_then(|host| host.split_once(".dkr.ecr."));
    region.is_some_and(|(account, region)| {
        !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit()) && !region.is_empty()
    })
}

fn write(registries: &Vec<Registry>, out: &mut dyn Write) -> io::Result<()> {
    for registry in registries {
        field("Registry", registry.registry.or("None"), out)?;
        field("Name", registry.registry_name.or("N/A"), out)?;
        field("User", registry.registry_user.or("None"), out)?;
        field("Type", registry.registry_type.or("None"), out)?;
        field("Verify TLS", &cell(&registry.registry_verify), out)?;
        field("Created", registry.created_at.or("None"), out)?;
        field("Updated", registry.last_updated.or("None"), out)?;
        writeln!(out)?;
    }
    Ok(())
}

fn write_table(registries: &Vec<Registry>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["Registry", "Name", "Type", "User"]);
    for registry in registries {
        let name = registry.registry_name.or("N/A").to_owned();
        table.row([none(&registry.registry), name, none(&registry.registry_type), none(&registry.registry_user)]);
    }
    table.sorted_by(0).write(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_of_amazon_is_known_by_its_name() {
        assert!(is_awsecr("123456789012.dkr.ecr.eu-central-1.amazonaws.com"));
        assert!(is_awsecr("123456789012.dkr.ecr.eu-central-1.amazonaws.com/team"));
        for other in
            ["dkr.ecr.amazonaws.com", "abc.dkr.ecr.eu.amazonaws.com", "1.dkr.ecr.eu.amazonaws.com.example", "reg:5000"]
        {
            assert!(!is_awsecr(other), "{other}");
        }
    }
}
