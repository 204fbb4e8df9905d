//! `windlass policy simulate OLD NEW ANALYSES...`: what another bundle makes of images that were analysed before.
//!
//! Threads each read one analysis at a time, judge it by both bundles and keep what differs: memory does not grow with
//! the number of analyses, and the order of the result is that of their names.

mod change;
mod files;

use std::{
    collections::BTreeMap,
    io::{self, Write},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;
use windlass_matching::{Matcher, Outcome as Matched};
use windlass_policy::Profile;
use windlass_sbom::formats::{Saved, Wanted};
use windlass_vulnerabilities::Database;

use crate::{
    Outcome, artifact, bundle,
    database::DatabaseArguments,
    judge::{self, Judge},
    output::Target,
};
use change::Change;

#[derive(Args)]
pub(super) struct SimulateArguments {
    /// The bundle that applies today.
    old: PathBuf,
    /// The bundle that is to take its place.
    new: PathBuf,
    /// Analyses (windlass sbom -o json=FILE) and folders of them.
    #[arg(required = true)]
    analyses: Vec<PathBuf>,
    /// How to print it.
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
    /// How both bundles are understood: compat, native.
    #[arg(long, value_name = "PROFILE", value_parser = judge::profile, default_value = "compat")]
    profile: Profile,
    /// How the new bundle is understood [default: as the old one].
    #[arg(long, value_name = "PROFILE", value_parser = judge::profile)]
    new_profile: Option<Profile>,
    /// Name to judge every image under [default: the first one of each].
    #[arg(long, value_name = "REF")]
    tag: Option<String>,
    /// Threads that judge images [default: one for each processor].
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    #[command(flatten)]
    database: DatabaseArguments,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Table,
    Json,
}

/// Analyses by what became of them.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    analyses: usize,
    /// Images that pass today and would be stopped.
    newly_stopped: usize,
    /// Images that are stopped today and would pass.
    newly_passing: usize,
    /// Images whose verdict would change otherwise: from go to warn, or back.
    otherwise_changed: usize,
    unreadable: usize,
    /// Analyses that do not hold all that the new bundle reads: their verdict may be too good.
    incomplete: usize,
}

/// Both bundles, and what is known of vulnerabilities if one of them asks.
struct Court<'d> {
    old: Judge,
    new: Judge,
    advisories: Option<Known<'d>>,
    wanted: Wanted,
    now: Timestamp,
    spent: Spent,
}

/// What is known of vulnerabilities.
struct Known<'d> {
    database: &'d Database,
    options: windlass_matching::Options,
    built: Timestamp,
}

/// One thread's judge. What it remembers of packages is its own: threads that share it would wait for each other more
/// than they gain.
struct Bench<'c> {
    court: &'c Court<'c>,
    matcher: Option<Matcher<'c>>,
}

/// Time that all threads together took for their steps, in nanoseconds.
#[derive(Default)]
struct Spent {
    reading: AtomicU64,
    matching: AtomicU64,
    judging: AtomicU64,
}

pub(super) fn run(arguments: &SimulateArguments) -> anyhow::Result<Outcome> {
    let judge = |path: &Path, profile| -> anyhow::Result<Judge> {
        Ok(Judge { tag: arguments.tag.clone(), ..Judge::new(bundle::read(path)?, profile) })
    };
    let old = judge(&arguments.old, arguments.profile)?;
    let new = judge(&arguments.new, arguments.new_profile.unwrap_or(arguments.profile))?;
    let files = files::list(&arguments.analyses)?;
    let needs_findings = old.needs_findings() || new.needs_findings();
    let database = needs_findings.then(|| arguments.database.open()).transpose()?;
    let wanted = old.wanted().with(new.wanted());
    let now = Timestamp::now();
    let advisories = database.as_ref().map(|database| Known::new(database, now));
    let court = Court { old, new, advisories, wanted, now, spent: Spent::default() };
    let threads = arguments.threads.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let benches = (0..threads).map(|_| court.bench()).collect::<anyhow::Result<Vec<_>>>()?;
    let mut summary = Summary::default();
    Target { format: (), file: None }.write(|(), out| {
        let mut changes = Vec::new();
        hear(&files, benches, |file, change| {
            summary.count(&change);
            match change {
                Err(error) => tracing::warn!("{} cannot be judged: {error:#}", file.display()),
                Ok(Compared { change: Some(change), .. }) if arguments.output == Format::Table => change.write(out)?,
                Ok(Compared { change, .. }) => changes.extend(change),
            }
            Ok(())
        })?;
        match arguments.output {
            Format::Table => summary.write(out),
            Format::Json => {
                let document = serde_json::json!({
                    "format": "windlass-policy-simulation", "formatVersion": 1, "summary": summary, "changes": changes,
                });
                serde_json::to_writer_pretty(&mut *out, &document)?;
                writeln!(out)
            }
        }
    })?;
    court.spent.tell();
    Ok(match summary {
        Summary { unreadable: 1.., .. } => Outcome::Unusable,
        Summary { newly_stopped: 0, newly_passing: 0, .. } => Outcome::Fine,
        Summary { .. } => Outcome::GateFailed,
    })
}

/// One analysis, judged by both bundles.
struct Compared {
    /// `None` if the verdict is the same.
    change: Option<Change>,
    is_complete: bool,
}

type Heard = anyhow::Result<Compared>;

/// Tells `tell` what differs for each file, in their order. Each bench has a thread.
fn hear(
    files: &[PathBuf],
    benches: Vec<Bench<'_>>,
    mut tell: impl FnMut(&Path, Heard) -> io::Result<()>,
) -> io::Result<()> {
    let next = AtomicUsize::new(0);
    // The channel is short, so that a slow reader of the output holds the judges back.
    let (send, receive) = mpsc::sync_channel::<(usize, Heard)>(benches.len());
    thread::scope(|scope| {
        for mut bench in benches {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                while let Some((index, file)) = take(files, next) {
                    if send.send((index, bench.compare(file))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        let mut waiting = BTreeMap::new();
        let mut due = 0;
        for (index, heard) in receive {
            waiting.insert(index, heard);
            while let Some(heard) = waiting.remove(&due) {
                tell(&files[due], heard)?;
                due += 1;
            }
        }
        Ok(())
    })
}

impl Court<'_> {
    fn bench(&self) -> anyhow::Result<Bench<'_>> {
        let matcher =
            self.advisories.as_ref().map(|Known { database, options, .. }| Matcher::new(*database, options.clone()));
        Ok(Bench { court: self, matcher: matcher.transpose()? })
    }
}

impl Bench<'_> {
    /// What the new bundle makes of an image.
    fn compare(&mut self, file: &Path) -> Heard {
        let Court { old, new, advisories, wanted, now, spent } = self.court;
        let Saved { sbom, files } = timed(&spent.reading, || artifact::read_saved(file, *wanted))?;
        let matched = match &mut self.matcher {
            Some(matcher) => timed(&spent.matching, || matcher.match_sbom(&sbom))?,
            None => Matched::default(),
        };
        let built = advisories.as_ref().map(|known| known.built);
        timed(&spent.judging, || {
            // Neither judge knows more than the other, so that what is derived for the one serves both.
            let image = old.image(&sbom, &matched, built).with_files(&files);
            let before = old.evaluate(&image, *now);
            let after = new.evaluate(&image, *now);
            let is_complete = new.judgement(&image, &after, *now).is_complete();
            Ok(Compared { change: Change::between(file, new.tag(&sbom), &before, &after), is_complete })
        })
    }
}

impl<'d> Known<'d> {
    fn new(database: &'d Database, now: Timestamp) -> Self {
        // Whole images are what threads are for here.
        let options = windlass_matching::Options { threads: 1, ..artifact::matching_options(now) };
        Self { database, options, built: database.built_at() }
    }
}

fn timed<T>(spent: &AtomicU64, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let done = work();
    let nanoseconds = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
    spent.fetch_add(nanoseconds, Ordering::Relaxed);
    done
}

impl Spent {
    fn tell(&self) {
        let seconds =
            |spent: &AtomicU64| format!("{:.2}", Duration::from_nanos(spent.load(Ordering::Relaxed)).as_secs_f64());
        tracing::info!(
            reading = seconds(&self.reading),
            matching = seconds(&self.matching),
            judging = seconds(&self.judging),
            "seconds of all threads together"
        );
    }
}

/// The next file that nobody has taken.
fn take<'f>(files: &'f [PathBuf], next: &AtomicUsize) -> Option<(usize, &'f Path)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    files.get(index).map(|file| (index, file.as_path()))
}

impl Summary {
    fn count(&mut self, heard: &Heard) {
        self.analyses += 1;
        let Ok(Compared { change, is_complete }) = heard else {
            self.unreadable += 1;
            return;
        };
        self.incomplete += usize::from(!is_complete);
        match change {
            Some(change) if change.is_newly_stopped() => self.newly_stopped += 1,
            Some(change) if change.is_newly_passing() => self.newly_passing += 1,
            Some(_) => self.otherwise_changed += 1,
            None => {}
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { analyses, newly_stopped, newly_passing, otherwise_changed, unreadable, incomplete } = self;
        writeln!(
            out,
            "{analyses} analyses: {newly_stopped} newly stopped, {newly_passing} newly passing, {otherwise_changed} with \
             another verdict, {unreadable} unreadable"
        )?;
        if *incomplete > 0 {
            writeln!(
                out,
                "{incomplete} do not hold all that the new bundle reads (see windlass policy check sbom:FILE)"
            )?;
        }
        Ok(())
    }
}
