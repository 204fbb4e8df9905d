//! `windlass`: tells an organisation whether a container image may ship.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 fine, 1 the gate failed, 2 it could
//! not be done.

mod arguments;
mod artifact;
mod bundle;
mod commands;
mod config;
mod database;
mod diagnostics;
mod inspection;
mod judge;
mod output;
mod packs;
mod paths;
mod yaml;

use std::process::ExitCode;

use arguments::Command;

fn main() -> ExitCode {
    let arguments = match config::parse(std::env::args_os().collect()) {
        Ok(Ok(arguments)) => arguments,
        Err(error) => {
            diagnostics::report(&error);
            return ExitCode::from(Outcome::COULD_NOT);
        }
        Ok(Err(error)) => {
            let _ = error.print();
            // --help and --version are answers, not errors.
            return ExitCode::from(if error.use_stderr() { Outcome::COULD_NOT } else { Outcome::FINE });
        }
    };
    diagnostics::start(arguments.verbose, arguments.quiet);
    let outcome = match arguments.command {
        Command::Scan(scan) => commands::scan::run(&scan),
        Command::Sbom(sbom) => commands::sbom::run(&sbom),
        Command::Policy(policy) => commands::policy::run(&policy),
        Command::Db(db) => commands::db::run(&db),
        Command::Completions(completions) => commands::completions::run(&completions),
    };
    match outcome {
        Ok(Outcome::Fine) => ExitCode::from(Outcome::FINE),
        Ok(Outcome::GateFailed) => ExitCode::from(Outcome::GATE_FAILED),
        Ok(Outcome::Unusable) => ExitCode::from(Outcome::COULD_NOT),
        Err(error) => {
            diagnostics::report(&error);
            ExitCode::from(Outcome::COULD_NOT)
        }
    }
}

/// How a command ended that has said all there is to say.
enum Outcome {
    Fine,
    /// A threshold was reached, a policy said STOP, or what was expected did not happen.
    GateFailed,
    /// What it was given is not what it should be, as its output says.
    Unusable,
}

impl Outcome {
    const FINE: u8 = 0;
    const GATE_FAILED: u8 = 1;
    const COULD_NOT: u8 = 2;
}
