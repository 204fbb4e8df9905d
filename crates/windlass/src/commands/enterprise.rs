//! `windlass enterprise …`: what scripts may have asked of another edition of Anchore Engine.

use clap::Args;

use crate::{Outcome, diagnostics::Hinted};

#[derive(Args)]
pub(crate) struct EnterpriseArguments {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    _words: Vec<String>,
}

pub(crate) fn run() -> anyhow::Result<Outcome> {
    Err(Hinted::error(
        "no service of this API has corrections of packages",
        "an allow-list of a policy bundle keeps a finding from counting",
    ))
}
