//! `windlass image get IMAGE`

use clap::Args;
use windlass_client::ImageName;

use super::record;
use crate::{Outcome, service::Session};

#[derive(Args)]
pub(super) struct GetArguments {
    /// A tag, a digest, or an image id.
    image: String,
    /// Show every image that ever had the tag.
    #[arg(long)]
    show_history: bool,
}

pub(super) fn run(arguments: &GetArguments, session: &Session) -> anyhow::Result<Outcome> {
    let found = ImageName::parse(&arguments.image).find(&session.service, arguments.show_history)?;
    session.print(&found, record::write)?;
    Ok(Outcome::Fine)
}
