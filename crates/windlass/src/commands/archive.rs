//! `windlass archive …`: analyses that are kept beside the images that are asked about.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use windlass_client::{
    Payload, Request,
    views::{ArchiveResult, ArchiveRule, ArchivedImage, RuleTransition, RulesRun},
};
use windlass_image::Digest;

use crate::{
    Outcome,
    commands::image,
    service::{ServiceArguments, Session, Table, cell, confirm, none},
};

#[derive(Args)]
pub(crate) struct ArchiveArguments {
    #[command(flatten)]
    service: ServiceArguments,
    #[command(subcommand)]
    command: ArchiveCommand,
}

#[derive(Subcommand)]
enum ArchiveCommand {
    /// The analyses in the archive.
    Images {
        #[command(subcommand)]
        command: ImagesCommand,
    },
    /// The rules by which images come and go by themselves.
    Rules {
        #[command(subcommand)]
        command: RulesCommand,
    },
}

#[derive(Subcommand)]
enum ImagesCommand {
    /// List what is archived.
    List,
    /// Show one.
    Get { digest: String },
    /// Archive analyses; the images stay where they are.
    Add {
        #[arg(value_name = "DIGEST", required = true)]
        digests: Vec<Digest>,
    },
    /// Write an archived analysis to a file that another service takes.
    Export {
        digest: String,
        /// The file [default: DIGEST.tar.zst].
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Take an analysis from such a file into the archive.
    Import {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Take an analysis back, to be asked about again.
    Restore { digest: Digest },
    /// Delete an analysis from the archive.
    #[command(visible_alias = "delete")]
    Del {
        digest: String,
        /// Whatever its state is.
        #[arg(long)]
        force: bool,
    },
}

#[derive(Subcommand)]
enum RulesCommand {
    /// Add a rule.
    Add(Box<RuleArguments>),
    /// List the rules.
    List,
    /// Show one.
    Get { id: String },
    /// Delete a rule.
    #[command(visible_alias = "delete")]
    Del { id: String },
    /// Have the rules applied now, and not only on schedule.
    Run,
    /// Show what a rule would move now.
    Preview { id: String },
    /// Show what a rule has moved, the last first.
    History { id: String },
}

#[derive(Args)]
struct RuleArguments {
    /// Days since the analysis, or for delete since it was archived.
    days_old: u32,
    /// Newer images that the tag must have had since.
    tag_versions_newer: u32,
    #[arg(value_enum)]
    transition: Transition,
    /// Only these registries; * stands for anything.
    #[arg(long, value_name = "PATTERN", default_value = "*")]
    registry_selector: String,
    /// Only these repositories.
    #[arg(long, value_name = "PATTERN", default_value = "*")]
    repository_selector: String,
    /// Only these tags.
    #[arg(long, value_name = "PATTERN", default_value = "*")]
    tag_selector: String,
    /// For every account.
    #[arg(long)]
    is_global: bool,
    /// Archive the oldest of an account that has more images; such a rule selects and excludes nothing.
    #[arg(
        long,
        value_name = "N",
        requires = "is_global",
        conflicts_with_all = ["registry_selector", "repository_selector", "tag_selector", "registry_exclude",
            "repository_exclude", "tag_exclude"]
    )]
    max_images_per_account: Option<u32>,
    /// Not these registries.
    #[arg(long, value_name = "PATTERN", default_value = "", hide_default_value = true)]
    registry_exclude: String,
    /// Not these repositories.
    #[arg(long, value_name = "PATTERN", default_value = "", hide_default_value = true)]
    repository_exclude: String,
    /// Not these tags.
    #[arg(long, value_name = "PATTERN", default_value = "", hide_default_value = true)]
    tag_exclude: String,
    /// Days after which nothing is excluded any more; less than 0 is never.
    #[arg(long, value_name = "DAYS", default_value = "-1", allow_negative_numbers = true)]
    exclude_expiration_days: i32,
    /// Do not ask about a rule that takes every image as soon as it is analysed.
    #[arg(long)]
    dontask: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Transition {
    Archive,
    Delete,
}

pub(crate) fn run(arguments: &ArchiveArguments) -> anyhow::Result<Outcome> {
    arguments.service.run(|session| match &arguments.command {
        ArchiveCommand::Images { command } => images(command, session),
        ArchiveCommand::Rules { command } => rules(command, session),
    })
}

fn images(command: &ImagesCommand, session: &Session) -> anyhow::Result<Outcome> {
    match command {
        ImagesCommand::List => session
            .print(&session.send(&Request::get(&["archives", "images"]))?, |archived: &Vec<_>, out| {
                write_images(archived, out)
            }),
        ImagesCommand::Get { digest } => session
            .print(&session.send(&Request::get(&["archives", "images", digest]))?, |archived: &ArchivedImage, out| {
                write_images(std::slice::from_ref(archived), out)
            }),
        ImagesCommand::Add { digests } => {
            let digests: Vec<_> = digests.iter().map(Digest::as_str).collect();
            session.print(&session.send(&Request::post(&["archives", "images"]).json(&digests))?, write_results)
        }
        ImagesCommand::Export { digest, file } => export(digest, file.as_deref(), session),
        ImagesCommand::Import { file } => import(file, session),
        ImagesCommand::Restore { digest } => {
            let body = json!({"source": {"archive": {"digest": digest.as_str()}}});
            session.print(&session.send(&Request::post(&["images"]).json(&body))?, image::write_records)
        }
        ImagesCommand::Del { digest, force } => {
            let request = Request::delete(&["archives", "images", digest]);
            let request = if *force { request.query("force", true) } else { request };
            return deleted(session.send(&request), session);
        }
    }?;
    Ok(Outcome::Fine)
}

fn rules(command: &RulesCommand, session: &Session) -> anyhow::Result<Outcome> {
    match command {
        RulesCommand::Add(arguments) => add_rule(arguments, session),
        RulesCommand::List => session
            .print(&session.send(&Request::get(&["archives", "rules"]))?, |rules: &Vec<_>, out| {
                write_rules(rules, out)
            }),
        RulesCommand::Get { id } => session
            .print(&session.send(&Request::get(&["archives", "rules", id]))?, |rule, out| {
                write_rules(std::slice::from_ref(rule), out)
            }),
        RulesCommand::Run => session
            .print(&session.send(&Request::post(&["archives", "rules", "run"]))?, |run: &RulesRun, out| {
                write_run(run, out)
            }),
        RulesCommand::Preview { id } => {
            let foreseen = session.send(&Request::get(&["archives", "rules", id, "preview"]).patient())?;
            session.print(&foreseen, |transitions: &Vec<_>, out| write_transitions(transitions, out))
        }
        RulesCommand::History { id } => session.print(
            &session.send(&Request::get(&["archives", "rules", id, "history"]))?,
            |transitions: &Vec<_>, out| write_transitions(transitions, out),
        ),
        RulesCommand::Del { id } => {
            return deleted(session.send(&Request::delete(&["archives", "rules", id])), session);
        }
    }?;
    Ok(Outcome::Fine)
}

/// A file appears under its name only once it is whole.
fn export(digest: &str, file: Option<&Path>, session: &Session) -> anyhow::Result<()> {
    let usual = PathBuf::from(format!("{}.tar.zst", digest.replace(':', "-")));
    let file = file.unwrap_or(&usual);
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let failed = || format!("{} cannot be written", file.display());
    let mut unfinished = tempfile::Builder::new().prefix(".windlass-").tempfile_in(folder).with_context(failed)?;
    let request = Request::get(&["archives", "images", digest, "bundle"]).patient();
    let bytes = session.service.download(&request, &mut unfinished)?;
    unfinished.as_file().sync_all().with_context(failed)?;
    unfinished.persist(file).map_err(|error| error.error).with_context(failed)?;
    let written = json!({"file": file, "bytes": bytes});
    session.print(&written.into(), |_: &Value, out| writeln!(out, "{}: {bytes} bytes", file.display()))
}

fn import(file: &Path, session: &Session) -> anyhow::Result<()> {
    let failed = || format!("{} cannot be read", file.display());
    let opened = File::open(file).with_context(failed)?;
    let length = opened.metadata().with_context(failed)?.len();
    let request = Request::post(&["archives", "images", "import"]).content_type("application/zstd").patient();
    session.print(&session.service.upload(&request, opened, length)?, |archived: &ArchivedImage, out| {
        write_images(std::slice::from_ref(archived), out)
    })
}

/// Scripts see 2 for whatever kept it from being deleted (`spec/api.md` B6).
fn deleted(answer: Result<Payload, windlass_client::Error>, session: &Session) -> anyhow::Result<Outcome> {
    match answer {
        Ok(payload) => session.print_success(&payload).map(|()| Outcome::Fine),
        Err(error) => {
            session.report(error);
            Ok(Outcome::Unusable)
        }
    }
}

fn add_rule(arguments: &RuleArguments, session: &Session) -> anyhow::Result<()> {
    let takes_all = arguments.days_old == 0 && arguments.tag_versions_newer == 0;
    let question =
        "A rule with 0 days and 0 newer tags takes every image it selects as soon as it is analysed. Add it?";
    if takes_all && !confirm(question, arguments.dontask)? {
        return Ok(());
    }
    let added = session.send(&Request::post(&["archives", "rules"]).json(&rule(arguments)))?;
    session.print(&added, |rule, out| write_rules(std::slice::from_ref(rule), out))
}

fn rule(arguments: &RuleArguments) -> Value {
    let transition = match arguments.transition {
        Transition::Archive => "archive",
        Transition::Delete => "delete",
    };
    let mut rule = json!({
        "analysis_age_days": arguments.days_old, "tag_versions_newer": arguments.tag_versions_newer,
        "transition": transition, "system_global": arguments.is_global,
    });
    if let Some(most) = arguments.max_images_per_account {
        rule["max_images_per_account"] = most.into();
        return rule;
    }
    rule["selector"] = selector(&arguments.registry_selector, &arguments.repository_selector, &arguments.tag_selector);
    let excluded = selector(&arguments.registry_exclude, &arguments.repository_exclude, &arguments.tag_exclude);
    rule["exclude"] = json!({"selector": excluded, "expiration_days": arguments.exclude_expiration_days});
    rule
}

fn selector(registry: &str, repository: &str, tag: &str) -> Value {
    json!({"registry": registry, "repository": repository, "tag": tag})
}

fn write_images(archived: &[ArchivedImage], out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["Digest", "Tags", "Analyzed At", "Archived At", "Status", "Archive Size Bytes"]);
    for image in archived {
        let [analyzed, archived, status, size] =
            [&image.analyzed_at, &image.created_at, &image.status, &image.archive_size_bytes].map(none);
        table.row([none(&image.image_digest), image.tags().join(","), analyzed, archived, status, size]);
    }
    table.sorted_by(3).reversed().write(out)
}

fn write_results(results: &Vec<ArchiveResult>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["Image Digest", "Archive Status", "Details"]);
    for result in results {
        table.row([&result.digest, &result.status, &result.detail].map(none));
    }
    table.sorted_by(1).write(out)
}

fn write_rules(rules: &[ArchiveRule], out: &mut dyn Write) -> io::Result<()> {
    const UPDATED: usize = 13;
    let mut table = Table::new(&[
        "Rule Id",
        "Global",
        "Transition",
        "Analysis Age (Days)",
        "Tag Versions Newer",
        "Registry",
        "Repository",
        "Tag",
        "Max Images",
        "Registry Exclude",
        "Repo Exclude",
        "Tag Exclude",
        "Exclude Exp Days",
        "Last Updated",
    ]);
    for rule in rules {
        let (selector, exclude) = (&rule.selector, &rule.exclude);
        let texts = [
            &rule.rule_id,
            &rule.system_global,
            &rule.transition,
            &rule.analysis_age_days,
            &rule.tag_versions_newer,
            &selector.registry,
            &selector.repository,
            &selector.tag,
            &rule.max_images_per_account,
            &exclude.selector.registry,
            &exclude.selector.repository,
            &exclude.selector.tag,
            &exclude.expiration_days,
            &rule.last_updated,
        ];
        table.row(texts.map(cell));
    }
    table.sorted_by(UPDATED).reversed().write(out)
}

fn write_run(run: &RulesRun, out: &mut dyn Write) -> io::Result<()> {
    let does = if run.dry_run { "logs what it would move" } else { "moves images" };
    writeln!(out, "Run {} {does} as soon as a worker is free", none(&run.transition_task_id))
}

fn write_transitions(transitions: &[RuleTransition], out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["Image Digest", "Tags", "Transition", "State", "Created At", "Run", "Details"]);
    for one in transitions {
        let [digest, transition, state, created, run, detail] = [
            &one.image_digest,
            &one.transition,
            &one.transition_state,
            &one.created_at,
            &one.transition_task_id,
            &one.detail,
        ]
        .map(none);
        table.row([digest, one.tags.join(","), transition, state, created, run, detail]);
    }
    table.write(out)
}
