//! `windlass image …`: the images of a service.

mod add;
mod content;
mod delete;
mod get;
mod import;
mod list;
mod record;
mod vulnerabilities;
mod wait;

use clap::{Args, Subcommand};

use crate::{Outcome, service::ServiceArguments};

pub(super) use record::write as write_records;
pub(super) use wait::PatienceArguments;

#[derive(Args)]
pub(crate) struct ImageArguments {
    #[command(flatten)]
    service: ServiceArguments,
    #[command(subcommand)]
    command: ImageCommand,
}

#[derive(Subcommand)]
enum ImageCommand {
    /// Have an image analysed.
    Add(add::AddArguments),
    /// Show what is known of an image.
    Get(get::GetArguments),
    /// List the images.
    List(list::ListArguments),
    /// Wait until an image is analysed.
    Wait(wait::WaitArguments),
    /// List what an image holds.
    Content(content::ContentArguments),
    /// Show a document of an image: manifest, docker_history, dockerfile.
    Metadata(content::MetadataArguments),
    /// List the vulnerabilities of an image.
    Vuln(vulnerabilities::VulnerabilityArguments),
    /// Delete an image.
    #[command(visible_alias = "delete")]
    Del(delete::DeleteArguments),
    /// Hand over an analysis made here.
    Import(Box<import::ImportArguments>),
}

pub(crate) fn run(arguments: &ImageArguments) -> anyhow::Result<Outcome> {
    arguments.service.run(|session| match &arguments.command {
        ImageCommand::Add(arguments) => add::run(arguments, session),
        ImageCommand::Get(arguments) => get::run(arguments, session),
        ImageCommand::List(arguments) => list::run(arguments, session),
        ImageCommand::Wait(arguments) => wait::run(arguments, session),
        ImageCommand::Content(arguments) => content::run(arguments, session),
        ImageCommand::Metadata(arguments) => content::metadata(arguments, session),
        ImageCommand::Vuln(arguments) => vulnerabilities::run(arguments, session),
        ImageCommand::Del(arguments) => delete::run(arguments, session),
        ImageCommand::Import(arguments) => import::run(arguments, session),
    })
}
