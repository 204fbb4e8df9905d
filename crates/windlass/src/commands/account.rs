//! `windlass account …`: accounts and their users.

use std::io::{self, Write};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use windlass_client::{
    Error, Request, Text,
    views::{Account, AccountSettings, User},
};

use crate::{
    Outcome,
    service::{ServiceArguments, Session, Table, confirm, field, none, secret, to_standard_output},
};

/// Characters a password has at least.
const SHORTEST_PASSWORD: usize = 6;

#[derive(Args)]
pub(crate) struct AccountArguments {
    #[command(flatten)]
    service: ServiceArguments,
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Subcommand)]
enum AccountCommand {
    /// Say who asks, and for which account.
    Whoami,
    /// Add an account; it has no users yet.
    Add {
        name: String,
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
    },
    /// Show an account.
    Get { name: String },
    /// List the accounts.
    List,
    /// Delete a disabled account and all it holds.
    #[command(visible_alias = "delete")]
    Del {
        name: String,
        /// Do not ask whether that is meant.
        #[arg(long)]
        dontask: bool,
    },
    /// Let the users of an account in again.
    Enable { name: String },
    /// Let the users of an account in no longer.
    Disable { name: String },
    /// Show how images of an account are judged and watched, or change it.
    Settings {
        /// How rules are understood where Anchore Engine's answer surprises.
        #[arg(long, value_enum)]
        policy_profile: Option<PolicyProfile>,
        /// What an image gets that no mapping of the policy matches.
        #[arg(long, value_enum)]
        unmapped_images: Option<UnmappedImages>,
        /// Of which types the subscriptions of new tags are active; an empty value: of none.
        #[arg(long, value_name = "TYPES", value_delimiter = ',')]
        new_tag_subscriptions: Option<Vec<String>>,
        #[command(flatten)]
        of: OfAccount,
    },
    /// The users of an account.
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
}

#[derive(Clone, Copy, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum PolicyProfile {
    /// As Anchore Engine understands them.
    Compat,
    /// As their authors meant them.
    Native,
}

#[derive(Clone, Copy, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum UnmappedImages {
    Go,
    Warn,
    Stop,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add a user.
    Add {
        user: String,
        /// Of at least six characters, or - to read it from standard input.
        password: String,
        #[command(flatten)]
        of: OfAccount,
    },
    /// Delete a user.
    #[command(visible_alias = "delete")]
    Del {
        user: String,
        #[command(flatten)]
        of: OfAccount,
    },
    /// Show a user.
    Get {
        user: String,
        #[command(flatten)]
        of: OfAccount,
    },
    /// List the users.
    List {
        #[command(flatten)]
        of: OfAccount,
    },
    /// Give a user another password.
    Setpassword {
        /// Of at least six characters, or - to read it from standard input.
        password: String,
        /// Whose [default: yours].
        #[arg(long, value_name = "USER")]
        username: Option<String>,
        #[command(flatten)]
        of: OfAccount,
    },
}

#[derive(Args)]
struct OfAccount {
    /// Account the user belongs to [default: yours].
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
}

pub(crate) fn run(arguments: &AccountArguments) -> anyhow::Result<Outcome> {
    arguments.service.run(|session| {
        match &arguments.command {
            AccountCommand::Whoami => whoami(session),
            AccountCommand::Add { name, email } => {
                let mut body = json!({"name": name});
                if let Some(email) = email {
                    body["email"] = email.as_str().into();
                }
                session.print(&session.send(&Request::post(&["accounts"]).json(&body))?, write_account)
            }
            AccountCommand::Get { name } => {
                session.print(&session.send(&Request::get(&["accounts", name]))?, write_account)
            }
            AccountCommand::List => session.print(&session.send(&Request::get(&["accounts"]))?, write_accounts),
            AccountCommand::Del { name, dontask } => delete(name, *dontask, session),
            AccountCommand::Enable { name } => set_state(name, "enabled", session),
            AccountCommand::Disable { name } => set_state(name, "disabled", session),
            AccountCommand::Settings { policy_profile, unmapped_images, new_tag_subscriptions, of } => {
                let types = new_tag_subscriptions.as_deref();
                settings(*policy_profile, *unmapped_images, types, of, session)
            }
            AccountCommand::User { command } => user(command, session),
        }?;
        Ok(Outcome::Fine)
    })
}

fn whoami(session: &Session) -> anyhow::Result<()> {
    let account = session.send(&Request::get(&["account"]))?.into_document();
    let user = session.send(&Request::get(&["user"]))?.into_document();
    let both = json!({"account": account, "user": user}).into();
    session.print(&both, |both: &WhoAmI, out| {
        field("Username", both.user.username.or("N/A"), out)?;
        field("AccountName", both.account.name.or("N/A"), out)?;
        field("AccountEmail", both.account.email.or("N/A"), out)?;
        field("AccountType", both.account.kind.or("N/A"), out)?;
        writeln!(out)
    })
}

#[derive(serde::Deserialize)]
struct WhoAmI {
    account: Account,
    user: User,
}

fn delete(name: &str, dont_ask: bool, session: &Session) -> anyhow::Result<()> {
    let question = format!("Really delete the account {name} with all its users, images and policies, for good?");
    if !confirm(&question, dont_ask)? {
        return Ok(());
    }
    session.print_success(&session.send(&Request::delete(&["accounts", name]))?)
}

fn set_state(name: &str, state: &str, session: &Session) -> anyhow::Result<()> {
    let request = Request::put(&["accounts", name, "state"]).json(&json!({"state": state}));
    session.print_success(&session.send(&request)?)
}

fn settings(
    profile: Option<PolicyProfile>,
    unmapped: Option<UnmappedImages>,
    types: Option<&[String]>,
    of: &OfAccount,
    session: &Session,
) -> anyhow::Result<()> {
    let account = of.name(session)?;
    let path = ["accounts", &account, "settings"];
    let mut change = json!({});
    if let Some(profile) = profile {
        change["policy_profile"] = json!(profile);
    }
    if let Some(unmapped) = unmapped {
        change["unmapped_images"] = json!(unmapped);
    }
    if let Some(types) = types {
        change["new_tag_subscriptions"] =
            types.iter().filter(|kind| !kind.is_empty()).map(|kind| json!(kind)).collect();
    }
    let is_change = change.as_object().is_some_and(|change| !change.is_empty());
    let request = if is_change { Request::put(&path).json(&change) } else { Request::get(&path) };
    session.print(&session.send(&request)?, |settings: &AccountSettings, out| {
        field("Policy Profile", settings.policy_profile.or("None"), out)?;
        field("Unmapped Images", settings.unmapped_images.or("None"), out)?;
        let types: Vec<&str> = settings.new_tag_subscriptions.iter().map(Text::as_str).collect();
        let types = types.join(", ");
        field("New Tag Subscriptions", if types.is_empty() { "None" } else { &types }, out)
    })
}

fn user(command: &UserCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        UserCommand::Add { user, password, of } => {
            let body = json!({"username": user, "password": new_password(password)?});
            let request = Request::post(&["accounts", &of.name(session)?, "users"]).json(&body);
            session.print(&session.send(&request)?, write_user)
        }
        UserCommand::Del { user, of } => {
            session.print_success(&session.send(&Request::delete(&["accounts", &of.name(session)?, "users", user]))?)
        }
        UserCommand::Get { user, of } => {
            session.print(&session.send(&Request::get(&["accounts", &of.name(session)?, "users", user]))?, write_user)
        }
        UserCommand::List { of } => {
            session.print(&session.send(&Request::get(&["accounts", &of.name(session)?, "users"]))?, write_users)
        }
        UserCommand::Setpassword { password, username, of } => {
            let user = match username {
                Some(user) => user.clone(),
                None => session.send(&Request::get(&["user"]))?.read_or_default::<User>().username.to_string(),
            };
            let body = json!({"type": "password", "value": new_password(password)?});
            let path = ["accounts", &of.name(session)?, "users", &user, "credentials"];
            let set = session.send(&Request::post(&path).json(&body))?;
            if session.prints_documents() {
                return session.print_success(&set);
            }
            to_standard_output(|out| writeln!(out, "Password (re)set success"))
        }
    }
}

impl OfAccount {
    fn name(&self, session: &Session) -> Result<String, Error> {
        match &self.account {
            Some(name) => Ok(name.clone()),
            None => Ok(session.send(&Request::get(&["account"]))?.read_or_default::<Account>().name.to_string()),
        }
    }
}

fn new_password(given: &str) -> anyhow::Result<String> {
    let password = secret(given)?;
    let is_long = password.chars().count() >= SHORTEST_PASSWORD;
    anyhow::ensure!(is_long, "the password is shorter than {SHORTEST_PASSWORD} characters");
    Ok(password)
}

fn write_account(account: &Account, out: &mut dyn Write) -> io::Result<()> {
    field("Name", account.name.or("N/A"), out)?;
    field("Email", account.email.or("None"), out)?;
    field("Type", account.kind.or("N/A"), out)?;
    field("State", account.state.or("N/A"), out)?;
    field("Created", account.created_at.or("N/A"), out)?;
    writeln!(out)
}

fn write_accounts(accounts: &Vec<Account>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["Name", "Email", "Type", "State", "Created"]);
    for account in accounts {
        table.row([&account.name, &account.email, &account.kind, &account.state, &account.created_at].map(none));
    }
    table.sorted_by(4).write(out)
}

fn write_user(user: &User, out: &mut dyn Write) -> io::Result<()> {
    field("Name", user.username.or("N/A"), out)?;
    field("Type", user.kind.or("N/A"), out)?;
    field("Source", user.source.or("None"), out)?;
    field("Created", user.created_at.or("N/A"), out)?;
    writeln!(out)
}

fn write_users(users: &Vec<User>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["Name", "Type", "Source", "Created"]);
    for user in users {
        table.row([&user.username, &user.kind, &user.source, &user.created_at].map(none));
    }
    table.sorted_by(3).write(out)
}
