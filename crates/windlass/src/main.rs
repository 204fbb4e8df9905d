//! `windlass`: tells an organisation whether a container image may ship.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 fine, 1 the gate failed, 2 it could
//! not be done.

mod arguments;
mod artifact;
mod commands;
mod diagnostics;
mod output;
mod paths;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            // --help and --version are answers, not errors.
            return ExitCode::from(if error.use_stderr() { Outcome::COULD_NOT } else { Outcome::FINE });
        }
    };
    diagnostics::start(arguments.verbose, arguments.quiet);
    let outcome = match arguments.command {
        Command::Scan(scan) => commands::scan::run(&scan),
        Command::Sbom(sbom) => commands::sbom::run(&sbom),
        Command::Db(db) => commands::db::run(&db),
        Command::Completions(completions) => commands::completions::run(&completions),
    };
    match outcome {
        Ok(Outcome::Fine) => ExitCode::from(Outcome::FINE),
        Ok(Outcome::GateFailed) => ExitCode::from(Outcome::GATE_FAILED),
        Err(error) => {
            diagnostics::report(&error);
            ExitCode::from(Outcome::COULD_NOT)
        }
    }
}

/// How a command ended that could do what was asked.
enum Outcome {
    Fine,
    /// A threshold was reached or a policy said STOP.
    GateFailed,
}

impl Outcome {
    const FINE: u8 = 0;
    const GATE_FAILED: u8 = 1;
    const COULD_NOT: u8 = 2;
}
