//! `windlass serve`: the service.

mod anchore_storage;
pub(crate) mod configuration;
mod notifications;
pub(crate) mod places;
mod process;
mod secret_key;
mod storage;

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

use crate::{Outcome, memory};
use configuration::Configuration;

/// Where an installation keeps what it keeps.
#[derive(Args)]
pub(crate) struct PlaceArguments {
    /// Settings, in YAML [default: /etc/windlass/windlass.yaml if it is there].
    #[arg(long, env = "WINDLASS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where everything is kept that is nowhere else [default: /var/lib/windlass for root, else
    /// ~/.local/share/windlass].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The database: sqlite:PATH or postgres://… [default: sqlite:DATA-DIR/windlass.db].
    #[arg(long, value_name = "URL", hide_env_values = true)]
    database: Option<String>,
    /// Object storage: fs:DIR, s3://…, swift://…, gcs://…, azblob://…, db: [default: fs:DATA-DIR/objects].
    #[arg(long, value_name = "URL")]
    objects: Option<String>,
    /// Object storage of archived analyses [default: that of --objects, apart].
    #[arg(long, value_name = "URL")]
    archive_objects: Option<String>,
}

#[derive(Args)]
pub(crate) struct ServeArguments {
    #[command(flatten)]
    places: PlaceArguments,
    /// Where to listen [default: 127.0.0.1:8228].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// What this process does: all, or some of api, worker, scheduler.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    role: Vec<String>,
    /// Check the settings, and do nothing else.
    #[arg(long)]
    check_config: bool,
}

pub(crate) fn run(arguments: &ServeArguments) -> anyhow::Result<Outcome> {
    let given = [
        ("listen", arguments.listen.map(|address| address.to_string().into())),
        ("role", (!arguments.role.is_empty()).then(|| arguments.role.clone().into())),
    ];
    let configuration = Configuration::read(&arguments.places, given, std::env::vars())?;
    if arguments.check_config {
        configuration.check()?;
        return Ok(Outcome::Fine);
    }
    memory::give_back_at_once();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(process::run(configuration))?;
    Ok(Outcome::Fine)
}
