//! `windlass completions SHELL`

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::{Outcome, arguments::Arguments, output::Target};

#[derive(Args)]
pub(crate) struct CompletionArguments {
    /// The shell to complete for.
    shell: Shell,
}

pub(crate) fn run(arguments: &CompletionArguments) -> anyhow::Result<Outcome> {
    // The generator panics where its output cannot be written.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "windlass", &mut script);
    Target { format: (), file: None }.write(|(), out| out.write_all(&script))?;
    Ok(Outcome::Fine)
}
