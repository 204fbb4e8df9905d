//! `windlass repo …`: repositories that a service watches for new tags. Each is a subscription of type `repo_update`.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde_json::Value;
use windlass_client::{Payload, Request, Text, set_active, subscription_id, views::Subscription};
use windlass_policy::Tag;

use crate::{
    Outcome,
    service::{ServiceArguments, Session, Table, cell},
};

const KIND: &str = "repo_update";

#[derive(Args)]
pub(crate) struct RepoArguments {
    #[command(flatten)]
    service: ServiceArguments,
    #[command(subcommand)]
    command: RepoCommand,
}

#[derive(Subcommand)]
enum RepoCommand {
    /// Watch a repository, and have its images analysed.
    Add(AddArguments),
    /// List the repositories that are or were watched.
    List,
    /// Show one.
    Get { repository: String },
    /// Forget a repository; its images stay.
    #[command(visible_alias = "delete")]
    Del { repository: String },
    /// Watch it again.
    Watch { repository: String },
    /// Watch it no longer.
    Unwatch { repository: String },
}

#[derive(Args)]
struct AddArguments {
    /// registry/repository
    repository: String,
    /// Do not watch the tags that are found.
    #[arg(long)]
    noautosubscribe: bool,
    /// Tag to find the repository by, if it has no tag latest.
    #[arg(long, value_name = "TAG")]
    lookuptag: Option<String>,
    /// Only tags that fit this glob, or another one that is given.
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// No tags that fit this glob.
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Only that many of these tags, the last ones: v1.10 comes after v1.9. 0: all.
    #[arg(long, value_name = "NUMBER")]
    max_tags: Option<u64>,
    /// No images that were built before this time: 2024-03-01T09:00:00Z. Empty: whenever they were.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Say what would be watched, and watch nothing.
    #[arg(long)]
    dryrun: bool,
}

pub(crate) fn run(arguments: &RepoArguments) -> anyhow::Result<Outcome> {
    arguments.service.run(|session| {
        match &arguments.command {
            RepoCommand::Add(arguments) => add(arguments, session),
            RepoCommand::List => session.print(&watched(None, session)?, write),
            RepoCommand::Get { repository } => session.print(&watched(Some(&named(repository)), session)?, write),
            RepoCommand::Del { repository } => {
                let id = subscription_id(&session.service, KIND, &named(repository))?;
                session.print_success(&session.send(&Request::delete(&["subscriptions", &id]))?)
            }
            RepoCommand::Watch { repository } => watch(repository, true, session),
            RepoCommand::Unwatch { repository } => watch(repository, false, session),
        }?;
        Ok(Outcome::Fine)
    })
}

fn add(arguments: &AddArguments, session: &Session) -> anyhow::Result<()> {
    let request = Request::post(&["repositories"])
        .query("repository", named(&arguments.repository))
        .query("autosubscribe", !arguments.noautosubscribe)
        .query("dryrun", arguments.dryrun)
        .query_if_any("lookuptag", arguments.lookuptag.as_deref())
        .query_if_any("include", listed(&arguments.include).as_deref())
        .query_if_any("exclude", listed(&arguments.exclude).as_deref())
        .query_if_any("max_tags", arguments.max_tags.map(|most| most.to_string()).as_deref())
        .query_if_any("since", arguments.since.as_deref());
    session.print(&session.send(&request)?, |repositories: &Vec<Subscription>, out| {
        if arguments.dryrun {
            writeln!(out, "DRY RUN: Repository not added\n")?;
        }
        write(repositories, out)
    })
}

/// A list as the service takes it; nothing where there is none.
fn listed(globs: &[String]) -> Option<String> {
    (!globs.is_empty()).then(|| globs.join(","))
}

/// The subscriptions of repositories; of one, if it is given.
fn watched(repository: Option<&str>, session: &Session) -> anyhow::Result<Payload> {
    let found = session.send(&Request::get(&["subscriptions"]).query("subscription_type", KIND))?;
    let Value::Array(records) = found.into_document() else {
        anyhow::bail!("the service did not answer with a list of subscriptions");
    };
    let is = |record: &Value, key: &str, value: &str| record.get(key).and_then(Value::as_str) == Some(value);
    let chosen = records.into_iter().filter(|record| {
        is(record, "subscription_type", KIND) && repository.is_none_or(|name| is(record, "subscription_key", name))
    });
    Ok(Value::Array(chosen.collect()).into())
}

fn watch(repository: &str, active: bool, session: &Session) -> anyhow::Result<()> {
    session.print(&set_active(&session.service, KIND, &named(repository), active)?, write)
}

/// `registry/repository`, without a tag.
fn named(repository: &str) -> String {
    let reference = Tag::parse(repository);
    format!("{}/{}", reference.registry, reference.repository.as_deref().unwrap_or(repository))
}

fn write(repositories: &Vec<Subscription>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["Repository", "Watched", "TagCount"]);
    for repository in repositories {
        let tags: Text = repository.tag_count();
        table.row([cell(&repository.subscription_key), cell(&repository.active), tags.or("N/A").to_owned()]);
    }
    table.sorted_by(0).write(out)
}
