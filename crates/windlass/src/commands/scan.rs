//! `windlass scan IMAGE`
use crate::Outcome;
#[derive(clap::Args)]
pub(crate) struct ScanArguments {}
pub(crate) fn run(_: &ScanArguments) -> anyhow::Result<Outcome> {
    Ok(Outcome::Fine)
}
