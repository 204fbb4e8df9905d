//! `windlass completions SHELL`

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::{Outcome, arguments::Arguments};

#[derive(Args)]
pub(crate) struct CompletionArguments {
    /// The shell to complete for.
    shell: Shell,
}

#[expect(clippy::unnecessary_wraps, reason = "every command answers in this form")]
pub(crate) fn run(arguments: &CompletionArguments) -> anyhow::Result<Outcome> {
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "windlass", &mut std::io::stdout());
    Ok(Outcome::Fine)
}
