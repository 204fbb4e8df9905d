//! `windlass objects check`

use std::io::{self, IsTerminal as _, Write};

use clap::{Args, ValueEnum};
use windlass_objects::Objects;
use windlass_operations::keeping::{self, Checked, Mended, State};
use windlass_store::object_references::Storage;

use crate::{
    Outcome,
    commands::serve::{
        PlaceArguments,
        configuration::located,
        places::{self, Places},
    },
    output::Target,
};

#[derive(Args)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    places: PlaceArguments,
    /// Bring back what is missing or damaged from a good copy, and remove what is damaged and has none, so that analysing
    /// its image again writes it anew.
    #[arg(long)]
    repair: bool,
    /// A place to take good copies from.
    #[arg(long, value_name = "URL", requires = "repair")]
    from: Vec<String>,
    /// Objects that are read at once.
    #[arg(long, value_name = "N", default_value_t = 8)]
    parallel: usize,
    /// How to print it.
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    #[default]
    Table,
    Json,
}

pub(super) async fn run(arguments: &CheckArguments) -> anyhow::Result<Outcome> {
    let (configuration, store) = super::open(&arguments.places).await?;
    let options = configuration.object_options()?;
    let mut sources: Vec<Objects> = Vec::new();
    for from in &arguments.from {
        sources.push(places::open_source(&located(from)?, &store, &options).await?);
    }
    // As the service sees them: while objects are moved, one that lies in the old place is there.
    let Places { documents, bundles, .. } = Places::open(&configuration, &store).await?;
    let mut checks = Vec::new();
    for (storage, objects) in [(Storage::Documents, &documents), (Storage::Bundles, &bundles)] {
        let repair_from = arguments.repair.then_some(&*sources);
        let shown = progress(storage.as_str());
        checks.push(keeping::check_objects(&store, storage, objects, arguments.parallel, repair_from, shown).await?);
    }
    store.close().await;
    Target { format: (), file: None }.write(|(), out| match arguments.output {
        Format::Table => checks.iter().try_for_each(|checked| table(checked, out)),
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &serde_json::json!({ "storages": checks }))?;
            writeln!(out)
        }
    })?;
    Ok(if checks.iter().any(Checked::is_uncertain) {
        Outcome::Unusable
    } else if checks.iter().all(Checked::is_sound) {
        Outcome::Fine
    } else {
        Outcome::GateFailed
    })
}

/// On a terminal only.
fn progress(what: &'static str) -> impl FnMut(u64, u64) {
    let is_shown = io::stderr().is_terminal();
    move |done, total| {
        if is_shown && (done % 100 == 0 || done == total) {
            eprint!("\r{what}: {done} of {total} read");
            if done == total {
                eprintln!();
            }
        }
    }
}

fn table(checked: &Checked, out: &mut dyn Write) -> io::Result<()> {
    let Checked { storage, place, referenced, good, bytes, troubles, orphans } = checked;
    writeln!(
        out,
        "{storage} in {place}: {referenced} referred to, {good} good ({bytes} bytes), {} not, {} orphans",
        troubles.len(),
        orphans.len()
    )?;
    for trouble in troubles {
        let mended = match trouble.repair {
            Some(Mended::Restored) => "; restored",
            Some(Mended::Removed) => "; removed",
            None => "",
        };
        let state = match trouble.state {
            State::Missing => "missing",
            State::Damaged => "damaged",
            State::Unread => "not read",
        };
        writeln!(out, "  {state} {}{mended}", trouble.object)?;
        writeln!(out, "    {}", trouble.reason)?;
        for holder in &trouble.holders {
            writeln!(out, "    it is {}", windlass_sbom::printable(holder))?;
        }
        if let Some(remedy) = trouble.remedy.as_ref().filter(|_| trouble.repair != Some(Mended::Restored)) {
            writeln!(out, "    hint: {remedy}")?;
        }
    }
    for orphan in orphans {
        writeln!(out, "  orphan {} ({} bytes)", orphan.object, orphan.size)?;
    }
    Ok(())
}
