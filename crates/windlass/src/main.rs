//! `windlass`: tells an organisation whether a container image may ship.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 fine, 1 the gate failed or a service
//! refused, 2 it could not be done, 100 and 101 an image of a service is not analysed yet.

mod arguments;
mod artifact;
mod bundle;
mod commands;
mod config;
mod database;
mod diagnostics;
mod environment;
mod inspection;
mod judge;
mod memory;
mod output;
mod paths;
mod service;
mod traces;
mod yaml;

use std::process::ExitCode;

use arguments::Command;
use diagnostics::Volume;

fn main() -> ExitCode {
    let arguments = match config::parse(std::env::args_os().collect()) {
        Ok(Ok(arguments)) => arguments,
        Err(error) => {
            diagnostics::report(&error);
            return Outcome::Unusable.into();
        }
        Ok(Err(error)) => {
            let _ = error.print();
            // --help and --version are answers, not errors.
            return if error.use_stderr() { Outcome::Unusable } else { Outcome::Fine }.into();
        }
    };
    let volume = Volume::of(arguments.verbose, arguments.quiet);
    if !matches!(arguments.command, Command::Serve(_)) {
        diagnostics::start(volume);
    }
    let outcome = match arguments.command {
        Command::Scan(scan) => commands::scan::run(&scan),
        Command::Sbom(sbom) => commands::sbom::run(&sbom),
        Command::Policy(policy) => commands::policy::run(&policy),
        Command::Db(db) => commands::db::run(&db),
        Command::Serve(serve) => commands::serve::run(&serve, volume),
        Command::Objects(objects) => commands::objects::run(&objects),
        Command::Image(image) => commands::image::run(&image),
        Command::Evaluate(evaluate) => commands::evaluate::run(&evaluate),
        Command::Policies(policies) => commands::policies::run(&policies),
        Command::Subscription(subscription) => commands::subscription::run(&subscription),
        Command::Repo(repo) => commands::repo::run(&repo),
        Command::Registry(registry) => commands::registry::run(&registry),
        Command::Event(event) => commands::event::run(&event),
        Command::Notification(notification) => commands::notification::run(&notification),
        Command::ExplainChange(explain) => commands::explain_change::run(&explain),
        Command::Query(query) => commands::query::run(&query),
        Command::System(system) => commands::system::run(&system),
        Command::Account(account) => commands::account::run(&account),
        Command::Archive(archive) => commands::archive::run(&archive),
        Command::Enterprise(_) => commands::enterprise::run(),
        Command::Completions(completions) => commands::completions::run(&completions),
    };
    match outcome {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            diagnostics::report(&error);
            diagnostics::outcome(&error).into()
        }
    }
}

/// How a command ended that has said all there is to say.
#[derive(Clone, Copy)]
enum Outcome {
    Fine,
    /// A threshold was reached, a policy said STOP, or what was expected did not happen.
    GateFailed,
    /// A service would not do it, or does not know what it was asked about.
    Refused,
    /// What it was given is not what it should be, as its output says.
    Unusable,
    /// A service is still at the image that it was asked about.
    Analyzing,
    /// A service has not begun with the image that it was asked about.
    NotAnalyzed,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Fine => 0,
            Outcome::GateFailed | Outcome::Refused => 1,
            Outcome::Unusable => 2,
            Outcome::Analyzing => 100,
            Outcome::NotAnalyzed => 101,
        })
    }
}
