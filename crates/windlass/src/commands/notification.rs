//! `windlass notification …`: where a service's notices go, and how they fared.

mod delivery;
mod document;
mod endpoint;

use clap::{Args, Subcommand};

use crate::{Outcome, service::ServiceArguments};

// Behind `add`, --url is the receiver's.
#[derive(Args)]
#[command(mut_arg("service_url", |option| option.global(false)))]
pub(crate) struct NotificationArguments {
    #[command(flatten)]
    service: ServiceArguments,
    #[command(subcommand)]
    command: NotificationCommand,
}

#[derive(Subcommand)]
enum NotificationCommand {
    /// Where notices go.
    #[command(subcommand)]
    Endpoint(Box<endpoint::EndpointCommand>),
    /// Notices on their way, and how they fared.
    #[command(subcommand)]
    Delivery(delivery::DeliveryCommand),
}

pub(crate) fn run(arguments: &NotificationArguments) -> anyhow::Result<Outcome> {
    arguments.service.run(|session| match &arguments.command {
        NotificationCommand::Endpoint(command) => endpoint::run(command, session),
        NotificationCommand::Delivery(command) => delivery::run(command, session),
    })
}
