//! `windlass explain-change`: what changed of an image at a service, and what caused it.

use clap::Args;
use serde_json::Value;
use windlass_client::{Payload, Request, discover, views::Changes};

use crate::{
    Outcome,
    service::{ServiceArguments, Session, Table, none},
};

/// Changes of one page, and pages that are asked for at most.
const PAGE: usize = 1000;
const PAGES: usize = 100;

#[derive(Args)]
pub(crate) struct ExplainChangeArguments {
    #[command(flatten)]
    service: ServiceArguments,
    /// A tag or a digest; all images without one.
    image: Option<String>,
    /// Only what changed after this time: 2024-03-01T09:00:00Z.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
}

pub(crate) fn run(arguments: &ExplainChangeArguments) -> anyhow::Result<Outcome> {
    arguments.service.run(|session| {
        let request = match &arguments.image {
            Some(image) => {
                let found = discover(&session.service, image)?;
                Request::get(&["images", &found.digest, "changes"])
            }
            None => Request::get(&["changes"]),
        };
        let request = request.query_if_any("since", arguments.since.as_deref());
        session.print(&every_page(&request, session)?, |found: &Changes, out| {
            let mut table = Table::new(&["Time", "Kind", "Change", "Cause"]);
            for change in &found.changes {
                table.row([none(&change.changed_at), none(&change.kind), change.what(), change.why()]);
            }
            table.write(out)
        })?;
        Ok(Outcome::Fine)
    })
}

/// All pages as one; each names the next.
fn every_page(request: &Request, session: &Session) -> anyhow::Result<Payload> {
    let (mut changes, mut next) = (Vec::new(), None);
    for _ in 0..PAGES {
        let request = request.clone().query("limit", PAGE).query_if_any("page", next.as_deref());
        let mut document = session.send(&request)?.into_document();
        if let Some(Value::Array(more)) = document.get_mut("changes").map(Value::take) {
            changes.extend(more);
        }
        next = document.get("next_page").and_then(Value::as_str).map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    if next.is_some() {
        tracing::warn!("there are more than these {} changes; ask for less with --since", changes.len());
    }
    Ok(serde_json::json!({ "changes": changes }).into())
}
