//! `windlass policy …`: policy bundles without a server.

mod check;
mod describe;
mod pack;
mod simulate;
mod test;
mod validate;

use clap::{Args, Subcommand};

use crate::Outcome;

#[derive(Args)]
pub(crate) struct PolicyArguments {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Subcommand)]
enum PolicyCommand {
    /// Say what is wrong with a bundle, and what in it may not do what it seems to.
    Validate(validate::ValidateArguments),
    /// Judge an image by a bundle.
    Check(Box<check::CheckArguments>),
    /// Describe gates, triggers and parameters that rules can use.
    Describe(describe::DescribeArguments),
    /// Hold a bundle to the verdicts and findings that a file of cases expects.
    Test(test::TestArguments),
    /// Say which of many analysed images another bundle would judge otherwise, and by which rule.
    Simulate(simulate::SimulateArguments),
    /// List, explain and write the bundles that come with the program.
    Pack(pack::PackArguments),
}

pub(crate) fn run(arguments: &PolicyArguments) -> anyhow::Result<Outcome> {
    match &arguments.command {
        PolicyCommand::Validate(arguments) => validate::run(arguments),
        PolicyCommand::Check(arguments) => check::run(arguments),
        PolicyCommand::Describe(arguments) => describe::run(arguments),
        PolicyCommand::Test(arguments) => test::run(arguments),
        PolicyCommand::Simulate(arguments) => simulate::run(arguments),
        PolicyCommand::Pack(arguments) => pack::run(arguments),
    }
}
