//! `windlass system feeds …`

use std::io::{self, Write};

use clap::{Args, Subcommand};
use windlass_client::{
    Request,
    views::{Feed, FeedGroup, FeedSync},
};

use crate::service::{Session, Table, confirm, none};

#[derive(Args)]
pub(super) struct FeedsArguments {
    #[command(subcommand)]
    command: FeedsCommand,
}

#[derive(Subcommand)]
enum FeedsCommand {
    /// List the feeds and how old their data are.
    List,
    /// Fetch new data now.
    Sync {
        /// Drop what there is, and match everything anew.
        #[arg(long)]
        flush: bool,
        /// Do not ask whether that is meant.
        #[arg(long)]
        dontask: bool,
    },
    /// Use a feed, or use it no longer.
    Config {
        feed: String,
        /// One group of the feed.
        #[arg(long)]
        group: Option<String>,
        #[arg(long, required_unless_present = "disable")]
        enable: bool,
        #[arg(long, conflicts_with = "enable")]
        disable: bool,
    },
    /// Delete the data of a feed that is not used.
    #[command(visible_alias = "del")]
    Delete {
        feed: String,
        /// One group of the feed.
        #[arg(long)]
        group: Option<String>,
    },
}

pub(super) fn run(arguments: &FeedsArguments, session: &Session) -> anyhow::Result<()> {
    match &arguments.command {
        FeedsCommand::List => session
            .print(&session.send(&Request::get(&["system", "feeds"]))?, |feeds: &Vec<Feed>, out| {
                write_feeds(feeds, out)
            }),
        FeedsCommand::Sync { flush, dontask } => sync(*flush, *dontask, session),
        FeedsCommand::Config { feed, group, enable, .. } => {
            let request = Request::put(&path(feed, group.as_deref())).query("enabled", enable);
            change(&request, group.is_some(), session)
        }
        FeedsCommand::Delete { feed, group } => {
            change(&Request::delete(&path(feed, group.as_deref())), group.is_some(), session)
        }
    }
}

fn sync(flush: bool, dont_ask: bool, session: &Session) -> anyhow::Result<()> {
    let question = "The service fetches new data by itself; a sync by hand may take long, and slows it down. Sync now?";
    if !confirm(question, dont_ask)? {
        return Ok(());
    }
    let request = Request::post(&["system", "feeds"]).query("flush", flush).patient();
    session.print(&session.send(&request)?, write_sync)
}

fn path<'a>(feed: &'a str, group: Option<&'a str>) -> Vec<&'a str> {
    ["system", "feeds", feed].into_iter().chain(group).collect()
}

/// Shows the feed or group as it is now.
fn change(request: &Request, group: bool, session: &Session) -> anyhow::Result<()> {
    let changed = session.send(request)?;
    if group {
        return session.print(&changed, |group: &FeedGroup, out| {
            let mut table = Table::new(&["Group", "LastSync", "RecordCount"]);
            table.row(cells(group, true));
            table.write(out)
        });
    }
    session.print(&changed, |feed: &Feed, out| write_feeds(std::slice::from_ref(feed), out))
}

fn write_feeds(feeds: &[Feed], out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["Feed", "Group", "LastSync", "RecordCount"]);
    for feed in feeds {
        let name = named(feed.name.or("N/A"), feed.is_enabled());
        for group in &feed.groups {
            table.row(std::iter::once(name.clone()).chain(cells(group, feed.is_enabled())));
        }
    }
    table.sorted_by(0).write(out)
}

fn cells(group: &FeedGroup, feed_is_enabled: bool) -> [String; 3] {
    let is_enabled = group.is_enabled();
    let nothing = if feed_is_enabled && is_enabled { "pending" } else { "-" };
    let last_sync = group.last_sync.get().unwrap_or(nothing);
    [named(group.name.or("N/A"), is_enabled), last_sync.to_owned(), group.record_count.or("N/A").to_owned()]
}

fn named(name: &str, is_enabled: bool) -> String {
    if is_enabled { name.to_owned() } else { format!("{name}(disabled)") }
}

fn write_sync(feeds: &Vec<FeedSync>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["Feed", "Group", "Status", "Records Updated", "Sync Duration"]);
    for feed in feeds {
        for group in &feed.groups {
            let [name, group_name, status] = [&feed.feed, &group.group, &group.status].map(none);
            let took = format!("{:.2}s", group.total_time_seconds);
            table.row([name, group_name, status, none(&group.updated_record_count), took]);
        }
    }
    table.sorted_by(0).write(out)
}
