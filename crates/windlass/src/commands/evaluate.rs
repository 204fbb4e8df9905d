//! `windlass evaluate check IMAGE`: what a service's policies say of an image.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde_json::Value;
use windlass_client::{
    Discovered, Request, discover,
    views::{Check, Evaluation},
};

use crate::{
    Outcome,
    diagnostics::Hinted,
    service::{ServiceArguments, Session, Table, field},
};

#[derive(Args)]
pub(crate) struct EvaluateArguments {
    #[command(flatten)]
    service: ServiceArguments,
    #[command(subcommand)]
    command: EvaluateCommand,
}

#[derive(Subcommand)]
enum EvaluateCommand {
    /// Judge an image: exits with 0 if it passes, with 1 if it fails.
    Check(CheckArguments),
}

#[derive(Args)]
struct CheckArguments {
    /// A tag, a digest, or an image id.
    image: String,
    /// Show every finding.
    #[arg(long)]
    detail: bool,
    /// Show every evaluation that was made.
    #[arg(long)]
    show_history: bool,
    /// Tag to judge it under [default: IMAGE, if it is a tag].
    #[arg(long, value_name = "REF")]
    tag: Option<String>,
    /// Bundle to judge by [default: the active one].
    #[arg(long, value_name = "ID")]
    policy: Option<String>,
}

pub(crate) fn run(arguments: &EvaluateArguments) -> anyhow::Result<Outcome> {
    let EvaluateCommand::Check(check) = &arguments.command;
    arguments.service.run(|session| evaluate(check, session))
}

fn evaluate(arguments: &CheckArguments, session: &Session) -> anyhow::Result<Outcome> {
    let image = match discover(&session.service, &arguments.image) {
        Ok(image) => image,
        // 1 is for an image that fails (`spec/api.md` B5).
        Err(error) => {
            session.report(error);
            return Ok(Outcome::Unusable);
        }
    };
    let tag = tag(arguments, &image)?;
    let request = Request::get(&["images", &image.digest, "check"])
        .query("history", arguments.show_history)
        .query("detail", arguments.detail)
        .query("tag", tag)
        .query_if_any("policyId", arguments.policy.as_deref());
    let answer = session.send(&request)?;
    // Keyed by the digest of the image that was judged, which an index's digest is not (`spec/api.md` K13).
    let checks = Check::all(answer.document());
    session.print(&answer, |_: &Value, out| checks.iter().try_for_each(|check| write(check, arguments.detail, out)))?;
    for problem in checks.iter().filter_map(|check| check.evaluations.first()).flat_map(Evaluation::problems) {
        tracing::warn!(
            "{}; {}",
            problem.details,
            problem.hint.or("the verdict does not rest on all that the rules read")
        );
    }
    match checks.first().and_then(Check::passed) {
        Some(true) => Ok(Outcome::Fine),
        Some(false) => Ok(Outcome::GateFailed),
        None => Err(anyhow::anyhow!("the service has no evaluation of {}", arguments.image)),
    }
}

fn tag<'a>(arguments: &'a CheckArguments, image: &Discovered) -> anyhow::Result<&'a str> {
    match &arguments.tag {
        // Mostly a variable of a script that is not set.
        Some(tag) if tag.trim().is_empty() => {
            Err(Hinted::error("the tag is empty", "say under which tag to judge it: --tag registry/repository:tag"))
        }
        Some(tag) => Ok(tag),
        None if image.by_tag => Ok(&arguments.image),
        None => Err(Hinted::error(
            format!("{} is no tag, and policies go by tags", arguments.image),
            "say under which tag to judge it: --tag registry/repository:tag",
        )),
    }
}

fn write(check: &Check, detail: bool, out: &mut dyn Write) -> io::Result<()> {
    if check.evaluations.is_empty() {
        field("Image Digest", &check.image_digest, out)?;
        field("Full Tag", &check.full_tag, out)?;
        field("Status", "no_eval_available", out)?;
        return writeln!(out);
    }
    for evaluation in &check.evaluations {
        let detailed = detail && evaluation.has_detail();
        field("Image Digest", &check.image_digest, out)?;
        field("Full Tag", &check.full_tag, out)?;
        if detailed {
            field("Image ID", evaluation.image_id(), out)?;
        }
        field("Status", evaluation.status.or("None"), out)?;
        field("Last Eval", evaluation.last_evaluation.or("None"), out)?;
        field("Policy ID", evaluation.policy_id.or("None"), out)?;
        if detailed {
            field("Final Action", evaluation.final_action(), out)?;
            field("Final Action Reason", evaluation.final_action_reason(), out)?;
            writeln!(out)?;
            rows(evaluation).write(out)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn rows(evaluation: &Evaluation) -> Table {
    let mut table = Table::new(&["Gate", "Trigger", "Detail", "Status"]);
    for row in evaluation.rows() {
        table.row([row.gate, row.trigger, row.detail, row.status]);
    }
    table
}
