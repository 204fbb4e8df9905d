//! `windlass objects migrate` and `windlass objects moves`

use std::io::{self, IsTerminal as _, Write};

use clap::Args;
use windlass_objects::{Outcome as Moved, Progress, Prospect};
use windlass_operations::{
    Clock,
    keeping::{self, Move},
};
use windlass_store::object_moves::State;

use crate::{
    Outcome,
    commands::serve::{
        PlaceArguments,
        configuration::{Configuration, located},
        places,
    },
    diagnostics::Hinted,
    output::Target,
    service::Table,
};

#[derive(Args)]
pub(super) struct MigrateArguments {
    #[command(flatten)]
    places: PlaceArguments,
    /// Where the objects are.
    #[arg(long, value_name = "URL")]
    from: String,
    /// Where they are to be.
    #[arg(long, value_name = "URL")]
    to: String,
    /// Remove them from where they were, once all were read and found good where they are to be. The settings of the service
    /// must name the new place already.
    #[arg(long)]
    remove: bool,
    /// Say what would be copied, and do nothing.
    #[arg(long, conflicts_with = "remove")]
    dry_run: bool,
    /// Objects on their way at once.
    #[arg(long, value_name = "N", default_value_t = 8)]
    parallel: usize,
}

#[derive(Args)]
pub(super) struct MovesArguments {
    #[command(flatten)]
    places: PlaceArguments,
}

pub(super) async fn run(arguments: &MigrateArguments) -> anyhow::Result<Outcome> {
    let (configuration, store) = super::open(&arguments.places).await?;
    let (from, to) = (located(&arguments.from)?, located(&arguments.to)?);
    let is_changed_over = is_in_use(&configuration, &to.place())?;
    if arguments.remove && !is_changed_over {
        return Err(Hinted::error(
            format!("{} is not to be emptied: the settings of the service do not name {}", from.place(), to.place()),
            "set `objects` (or `archive_objects`) to the new place and `previous_objects` (or `previous_archive_objects`) to \
             the old one, restart every process of the service, and run this again with the same settings",
        ));
    }
    let options = configuration.object_options()?;
    let (from, to) = (places::open(&from, &store, &options).await?, places::open(&to, &store, &options).await?);
    if arguments.dry_run {
        let ahead = windlass_objects::foresee(&from, &to).await?;
        store.close().await;
        Target { format: (), file: None }.write(|(), out| {
            let Prospect { objects, bytes, present } = ahead;
            writeln!(
                out,
                "{} to {}: {objects} to be copied ({bytes} bytes), {present} there already",
                from.place(),
                to.place()
            )
        })?;
        return Ok(Outcome::Fine);
    }
    to.probe().await?;
    let how = Move { parallel: arguments.parallel, remove: arguments.remove };
    let moved = keeping::move_objects(&store, &Clock::system(), &from, &to, how, progress()).await?;
    store.close().await;
    report(&moved, &from.place(), &to.place())?;
    if !moved.is_complete() {
        return Ok(Outcome::GateFailed);
    }
    if !arguments.remove {
        tracing::info!(
            "nothing was removed; once every process of the service works with the new place, run it again with --remove"
        );
    }
    Ok(Outcome::Fine)
}

/// Whether the service keeps something there.
fn is_in_use(configuration: &Configuration, place: &str) -> anyhow::Result<bool> {
    Ok([configuration.objects()?, configuration.archive_objects()?].iter().any(|location| location.place() == place))
}

fn report(moved: &Moved, from: &str, to: &str) -> anyhow::Result<()> {
    Target { format: (), file: None }.write(|(), out| {
        let state = if moved.is_complete() { "complete" } else { "incomplete" };
        writeln!(out, "{from} to {to}: {state}")?;
        writeln!(
            out,
            "{} copied ({} bytes), {} there already, {} failed, {} removed from the old place",
            moved.copied,
            moved.bytes,
            moved.present,
            moved.failed.len(),
            moved.removed
        )?;
        for (object, error) in &moved.failed {
            writeln!(out, "  failed {object}: {error}")?;
            if let Some(hint) = error.hint() {
                writeln!(out, "    hint: {hint}")?;
            }
        }
        Ok(())
    })
}

/// On a terminal only.
fn progress() -> impl FnMut(Progress) {
    let is_shown = io::stderr().is_terminal();
    move |Progress { done, total, .. }| {
        if is_shown && (done % 100 == 0 || done == total) {
            eprint!("\r{done} of {total} moved");
            if done == total {
                eprintln!();
            }
        }
    }
}

pub(super) async fn list(arguments: &MovesArguments) -> anyhow::Result<Outcome> {
    let (_, store) = super::open(&arguments.places).await?;
    let moves = store.object_moves().await?;
    store.close().await;
    Target { format: (), file: None }.write(|(), out: &mut dyn Write| {
        let mut table =
            Table::new(&["From", "To", "State", "Copied", "Present", "Failed", "Removed", "Started", "Last Updated"]);
        for row in &moves {
            let state = match row.state {
                State::Running => "running or broken off",
                State::Complete => "complete",
                State::Incomplete => "incomplete",
            };
            let numbers = [row.copied, row.present, row.failed, row.removed].map(|number| number.to_string());
            let [copied, present, failed, removed] = numbers;
            let at = |moment| jiff::Timestamp::from(moment).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            let (started, updated) = (at(row.started_at), at(row.last_updated));
            let (from, to) = (row.origin.clone(), row.destination.clone());
            table.row([from, to, state.to_owned(), copied, present, failed, removed, started, updated]);
        }
        table.write(out)
    })?;
    Ok(Outcome::Fine)
}
