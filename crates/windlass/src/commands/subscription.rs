//! `windlass subscription …`: what a service watches and tells of.

use clap::{Args, Subcommand};
use windlass_client::{Request, set_active, views::Subscription};

use crate::{
    Outcome,
    service::{ServiceArguments, Session, Table, cell, none},
};

#[derive(Args)]
pub(crate) struct SubscriptionArguments {
    #[command(flatten)]
    service: ServiceArguments,
    #[command(subcommand)]
    command: SubscriptionCommand,
}

#[derive(Subcommand)]
enum SubscriptionCommand {
    /// List the subscriptions.
    List {
        /// Show ids, too.
        #[arg(long)]
        full: bool,
    },
    /// Show a subscription.
    Get { id: String },
    /// Begin to watch and tell.
    Activate(Subject),
    /// Cease to watch and tell.
    Deactivate(Subject),
    /// Delete a subscription that is not active.
    #[command(visible_alias = "delete")]
    Del { id: String },
}

/// What a subscription is about.
#[derive(Args)]
struct Subject {
    /// tag_update, policy_eval, vuln_update, analysis_update, repo_update.
    #[arg(value_name = "TYPE")]
    kind: String,
    /// A tag (registry/repository:tag), or many (registry/repository:*); for repo_update a repository.
    key: String,
}

pub(crate) fn run(arguments: &SubscriptionArguments) -> anyhow::Result<Outcome> {
    arguments.service.run(|session| {
        match &arguments.command {
            SubscriptionCommand::List { full } => {
                let columns = if *full { COLUMNS.len() - 1 } else { COLUMNS.len() - 2 };
                print(&Request::get(&["subscriptions"]), columns, session)
            }
            SubscriptionCommand::Get { id } => print(&Request::get(&["subscriptions", id]), COLUMNS.len(), session),
            SubscriptionCommand::Activate(subject) => change(subject, true, session),
            SubscriptionCommand::Deactivate(subject) => change(subject, false, session),
            SubscriptionCommand::Del { id } => {
                session.print_success(&session.send(&Request::delete(&["subscriptions", id]))?)
            }
        }?;
        Ok(Outcome::Fine)
    })
}

const COLUMNS: [&str; 5] = ["Tag", "Subscription Type", "Active", "Subscription ID", "User ID"];

fn print(request: &Request, columns: usize, session: &Session) -> anyhow::Result<()> {
    session.print(&session.send(request)?, |subscriptions: &Vec<Subscription>, out| {
        let mut table = Table::new(&COLUMNS[..columns]);
        for subscription in subscriptions {
            let [key, kind] = [&subscription.subscription_key, &subscription.subscription_type].map(none);
            let [id, user] = [&subscription.subscription_id, &subscription.user_id].map(none);
            table.row([key, kind, cell(&subscription.active), id, user].into_iter().take(columns));
        }
        table.sorted_by(0).write(out)
    })
}

fn change(subject: &Subject, active: bool, session: &Session) -> anyhow::Result<()> {
    session.print_success(&set_active(&session.service, &subject.kind, &subject.key, active)?)
}
