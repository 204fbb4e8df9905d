//! `windlass objects …`: object storage of an installation, looked after while the service works.

mod check;
mod migrate;

use clap::{Args, Subcommand};
use windlass_store::Store;

use crate::{
    Outcome,
    commands::serve::{PlaceArguments, configuration::Configuration, places},
    environment,
};

#[derive(Args)]
pub(crate) struct ObjectsArguments {
    #[command(subcommand)]
    command: ObjectsCommand,
}

#[derive(Subcommand)]
enum ObjectsCommand {
    /// Read every object that is referred to, and say which are missing or damaged, and which nobody refers to.
    Check(check::CheckArguments),
    /// Copy every object to another place, verified; it goes on where an earlier run ended.
    Migrate(migrate::MigrateArguments),
    /// List the moves there were, and how they ended.
    Moves(migrate::MovesArguments),
}

pub(crate) fn run(arguments: &ObjectsArguments) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match &arguments.command {
        ObjectsCommand::Check(check) => runtime.block_on(check::run(check)),
        ObjectsCommand::Migrate(migrate) => runtime.block_on(migrate::run(migrate)),
        ObjectsCommand::Moves(moves) => runtime.block_on(migrate::list(moves)),
    }
}

/// The settings of the service, and its database.
async fn open(arguments: &PlaceArguments) -> anyhow::Result<(Configuration, Store)> {
    let configuration = Configuration::read(arguments, [], &environment::variables()?)?;
    let address = configuration.database()?;
    places::demand_database(&address)?;
    Ok((configuration, Store::open(&address).await?))
}
