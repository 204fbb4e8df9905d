//! `windlass objects migrate` and `windlass objects moves`

use std::io::{self, IsTerminal as _, Write};

use clap::Args;
use windlass_objects::{Location, Objects, Options, Outcome as Moved, Progress, Prospect, Scheme};
use windlass_operations::{
    Clock,
    keeping::{self, Move},
};
use windlass_store::{Store, object_moves::State};

use crate::{
    Outcome,
    commands::serve::{
        PlaceArguments,
        configuration::{Configuration, following, located},
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
    /// Leave what the archive has below the old place (`OLD/archive`) there. Else it is moved as well, unless the settings name
    /// that as the archive's place.
    #[arg(long)]
    without_archive: bool,
    /// Objects on their way at once.
    #[arg(long, value_name = "N", default_value_t = 8)]
    parallel: usize,
}

#[derive(Args)]
pub(super) struct MovesArguments {
    #[command(flatten)]
    places: PlaceArguments,
}

/// What is moved at once: documents, and what the archive has below their place.
struct Leg {
    from: Location,
    to: Location,
}

pub(super) async fn run(arguments: &MigrateArguments) -> anyhow::Result<Outcome> {
    let (configuration, store) = super::open(&arguments.places).await?;
    let leg = Leg { from: located(&arguments.from)?, to: located(&arguments.to)? };
    if leg.from.is_same_place(&leg.to) {
        return Err(windlass_objects::Error::SamePlace { place: leg.from.place() }.into());
    }
    let options = configuration.object_options()?;
    let source = places::open_source(&leg.from, &store, &options).await?;
    let archive = if arguments.without_archive { None } else { archive_beside(&configuration, &leg)? };
    let mut legs = vec![leg];
    if let Some(archive) = archive
        && !archive.from.is_missing_folder()
        && !places::open_source(&archive.from, &store, &options).await?.is_empty().await?
    {
        legs.push(archive);
    }
    demand_something(&store, &source, &legs).await?;
    if arguments.remove {
        legs.iter().try_for_each(|leg| demand_changed_over(&configuration, leg))?;
    }
    let mut is_complete = true;
    for leg in &legs {
        is_complete &= leg.go(arguments, &store, &options).await?;
    }
    store.close().await;
    if !is_complete {
        return Ok(Outcome::GateFailed);
    }
    if !arguments.remove && !arguments.dry_run {
        tracing::info!(
            "nothing was removed; once every process of the service works with the new place, run it again with --remove"
        );
    }
    Ok(Outcome::Fine)
}

/// The archive follows documents where nothing else is said, and so it is moved with them: to where the service looks for it.
fn archive_beside(configuration: &Configuration, documents: &Leg) -> anyhow::Result<Option<Leg>> {
    let from = following(&documents.from);
    let to = match configuration.named_archive()? {
        Some(named) if named.is_same_place(&from) => return Ok(None),
        Some(named) if configuration.objects()?.is_same_place(&documents.to) => named,
        _ => following(&documents.to),
    };
    Ok(Some(Leg { from, to }))
}

/// A bucket has every prefix that anybody can mistype. What was emptied by an earlier move is as it should be.
async fn demand_something(store: &Store, source: &Objects, legs: &[Leg]) -> anyhow::Result<()> {
    let [Leg { from, to }] = legs else { return Ok(()) };
    let is_known = store.object_move(&from.place(), &to.place()).await?.is_some();
    if is_known || from.scheme() == Scheme::Fs || !source.is_empty().await? {
        return Ok(());
    }
    Err(Hinted::error(
        format!("there are no objects in {}", from.place()),
        "name the place that has them; where it is this one, there is nothing to be moved",
    ))
}

/// Whether what is moved may be removed from where it was: the service must look for it where it is moved to, and keep nothing
/// where it was.
fn demand_changed_over(configuration: &Configuration, Leg { from, to }: &Leg) -> anyhow::Result<()> {
    let refused = |reason: String| {
        Err(Hinted::error(
            format!("{} is not to be emptied: {reason}", from.place()),
            "set `objects` (or `archive_objects`) to the new place and `previous_objects` (or `previous_archive_objects`) to \
             the old one, restart every process of the service, and run this again with the same settings",
        ))
    };
    let now = [configuration.objects()?, configuration.archive_objects()?];
    let Some(kind) = now.iter().position(|place| place.is_same_place(to)) else {
        return refused(format!("the settings of the service do not name {}", to.place()));
    };
    if now.iter().any(|place| place.is_same_place(from)) {
        return refused("by its settings the service keeps objects there".to_owned());
    }
    let other = &configuration.previous_objects()?[1 - kind];
    if other.as_ref().is_some_and(|previous| previous.is_same_place(from)) {
        return refused(format!("by its settings the service looks in {} for what is there", now[1 - kind].place()));
    }
    Ok(())
}

impl Leg {
    /// Whether everything was done.
    async fn go(&self, arguments: &MigrateArguments, store: &Store, options: &Options) -> anyhow::Result<bool> {
        let from = places::open_source(&self.from, store, options).await?;
        if arguments.dry_run {
            // A folder that is not there has nothing, and is not made to find that out.
            let to = match &self.to {
                missing if missing.is_missing_folder() => None,
                to => Some(places::open_source(to, store, options).await?),
            };
            announce(&windlass_objects::foresee(&from, to.as_ref()).await?, &from.place(), &self.to.place())?;
            return Ok(true);
        }
        let to = places::open(&self.to, store, options).await?;
        to.probe().await?;
        let how = Move { parallel: arguments.parallel, remove: arguments.remove };
        let moved = keeping::move_objects(store, &Clock::system(), &from, &to, how, progress()).await?;
        report(&moved, &from.place(), &to.place())?;
        Ok(moved.is_complete())
    }
}

fn announce(ahead: &Prospect, from: &str, to: &str) -> anyhow::Result<()> {
    let Prospect { objects, bytes, present } = ahead;
    Target { format: (), file: None }.write(|(), out| {
        Ok(writeln!(out, "{from} to {to}: {objects} to be copied ({bytes} bytes), {present} there already")?)
    })
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
