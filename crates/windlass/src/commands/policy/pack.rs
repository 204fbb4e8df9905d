//! `windlass policy pack list|show|write`: bundles that come with the program.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{Args, Subcommand};
use windlass_policy::packs::{self, Pack};

use crate::{Outcome, diagnostics::Hinted, output::Target};

#[derive(Args)]
pub(super) struct PackArguments {
    #[command(subcommand)]
    command: PackCommand,
}

#[derive(Subcommand)]
enum PackCommand {
    /// List the packs.
    List,
    /// Say what a pack's rules are for.
    Show {
        /// One that `list` names.
        name: String,
    },
    /// Write a pack's bundle to a file.
    Write {
        /// One that `list` names.
        name: String,
        /// The file [default: the pack's name with .json].
        file: Option<PathBuf>,
    },
}

pub(super) fn run(arguments: &PackArguments) -> anyhow::Result<Outcome> {
    let print = |text: &str| Target { format: (), file: None }.write(|(), out| out.write_all(text.as_bytes()));
    match &arguments.command {
        PackCommand::List => Target { format: (), file: None }.write(|(), out| list(out)),
        PackCommand::Show { name } => print(find(name)?.readme),
        PackCommand::Write { name, file } => {
            let pack = find(name)?;
            let file = file.clone().unwrap_or_else(|| format!("{}.json", pack.name).into());
            Target { format: (), file: Some(file) }.write(|(), out| out.write_all(pack.bundle.as_bytes()))
        }
    }?;
    Ok(Outcome::Fine)
}

fn list(out: &mut dyn Write) -> io::Result<()> {
    let mut rows = vec![vec!["PACK".to_owned(), "ABOUT".to_owned()]];
    rows.extend(packs::ALL.iter().map(|pack| vec![pack.name.to_owned(), pack.title().to_owned()]));
    windlass_report::columns(&rows, out)
}

fn find(name: &str) -> anyhow::Result<&'static Pack> {
    packs::ALL.iter().find(|pack| pack.name == name).ok_or_else(|| {
        let names: Vec<_> = packs::ALL.iter().map(|pack| pack.name).collect();
        Hinted::error(format!("there is no policy pack {name:?}"), format!("there are {}", names.join(", ")))
    })
}
