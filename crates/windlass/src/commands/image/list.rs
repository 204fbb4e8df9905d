//! `windlass image list`

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use clap::Args;
use windlass_client::{
    Request,
    views::{Image, ImageDetail},
};

use crate::{
    Outcome,
    service::{Session, Table, none},
};

#[derive(Args)]
pub(super) struct ListArguments {
    /// Show image ids, too.
    #[arg(long)]
    full: bool,
    /// Show the images that had a tag before, too.
    #[arg(long)]
    show_all: bool,
}

pub(super) fn run(arguments: &ListArguments, session: &Session) -> anyhow::Result<Outcome> {
    let images = session.send(&Request::get(&["images"]))?;
    session.print(&images, |images: &Vec<Image>, out| write(arguments, images, out))?;
    Ok(Outcome::Fine)
}

fn write(arguments: &ListArguments, images: &[Image], out: &mut dyn Write) -> io::Result<()> {
    let tagged = || images.iter().flat_map(|image| image.image_detail.iter().map(move |detail| (image, detail)));
    let listed: Vec<_> = if arguments.show_all { tagged().collect() } else { newest(tagged()) };
    let titles = ["Full Tag", "Image Digest", "Analysis Status", "Image ID"];
    let shown = if arguments.full { titles.len() } else { titles.len() - 1 };
    let mut table = Table::new(&titles[..shown]);
    for (image, detail) in listed {
        let cells =
            [detail.full_tag(), none(&image.image_digest), none(&image.analysis_status), none(&detail.image_id)];
        table.row(cells.into_iter().take(shown));
    }
    table.sorted_by(0).write(out)
}

/// What each tag stands for now.
fn newest<'a>(tagged: impl Iterator<Item = (&'a Image, &'a ImageDetail)>) -> Vec<(&'a Image, &'a ImageDetail)> {
    let mut newest: BTreeMap<String, (&Image, &ImageDetail)> = BTreeMap::new();
    for (image, detail) in tagged {
        let known = newest.entry(detail.full_tag()).or_insert((image, detail));
        if detail.created_at > known.1.created_at {
            *known = (image, detail);
        }
    }
    newest.into_values().collect()
}
