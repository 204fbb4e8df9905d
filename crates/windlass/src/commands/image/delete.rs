//! `windlass image del IMAGE`

use clap::Args;
use windlass_client::{
    Error, Payload, Request, discover,
    views::{DeleteVerdict, Image},
};

use crate::{
    Outcome,
    diagnostics::{self, Hinted},
    output,
    service::{Session, to_standard_output},
};

#[derive(Args)]
pub(super) struct DeleteArguments {
    /// A tag, a digest, or an image id.
    #[arg(value_name = "IMAGE", required_unless_present = "all")]
    image: Option<String>,
    /// Also if it is being analysed, or is the newest of a tag that is watched.
    #[arg(long)]
    force: bool,
    /// Delete every image.
    #[arg(long, conflicts_with = "image")]
    all: bool,
}

pub(super) fn run(arguments: &DeleteArguments, session: &Session) -> anyhow::Result<Outcome> {
    let Some(name) = &arguments.image else {
        // Scripts see 2 for whatever was not deleted (`spec/api.md` B6).
        return all(arguments.force, session).or_else(|error| {
            diagnostics::report(&error);
            Ok(Outcome::Unusable)
        });
    };
    let digest = discover(&session.service, name)?.digest;
    let answer = delete(&digest, arguments.force, session)?;
    match refusal(&answer) {
        None => {
            session.print_success(&answer)?;
            Ok(Outcome::Fine)
        }
        Some(reason) => {
            if session.prints_documents() {
                session.print_success(&answer)?;
            }
            diagnostics::report(&refused(name, &reason));
            Ok(Outcome::Refused)
        }
    }
}

/// Deletes what there is until something stays, and says what is gone.
fn all(force: bool, session: &Session) -> anyhow::Result<Outcome> {
    let images: Vec<Image> = session.send(&Request::get(&["images"]))?.read_or_default();
    for image in images {
        let Some(digest) = image.image_digest.get() else { continue };
        if let Some(reason) = refusal(&delete(digest, force, session)?) {
            return Err(refused(digest, &reason));
        }
        to_standard_output(|out| {
            let tags = image.image_detail.iter();
            tags.map(windlass_client::views::ImageDetail::full_tag)
                .try_for_each(|tag| writeln!(out, "{}", output::printable_lines(&tag)))
        })?;
    }
    Ok(Outcome::Fine)
}

fn delete(digest: &str, force: bool, session: &Session) -> Result<Payload, Error> {
    let request = Request::delete(&["images", digest]);
    session.send(&if force { request.query("force", true) } else { request })
}

/// Why the image stays: the verdict is in the answer, not in its status (`spec/api.md` A4.2).
fn refusal(answer: &Payload) -> Option<String> {
    let verdict: DeleteVerdict = answer.read().ok()?;
    let stays = !verdict.status.is("deleting");
    stays.then(|| verdict.detail.get().map_or_else(|| verdict.status.to_string(), str::to_owned))
}

fn refused(name: &str, reason: &str) -> anyhow::Error {
    let message = format!("{name} was not deleted: {reason}");
    if reason.contains("subscription") {
        return Hinted::error(message, "--force deletes it and stops watching the tag");
    }
    anyhow::anyhow!(message)
}
