//! `windlass serve`: the service.

mod anchore_storage;
pub(crate) mod configuration;
mod log;
mod notifications;
pub(crate) mod places;
mod process;
mod secret_key;
mod storage;
mod token_keys;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, ValueEnum as _};

use crate::{Outcome, diagnostics::Volume, environment, memory, service::password_file, traces::Traces};
use configuration::Configuration;
use log::LogFormat;

/// How long threads may go on that are blocked when everything else has ended: what they do is given up, or done again.
const THREADS: Duration = Duration::from_secs(1);

/// Where an installation keeps what it keeps.
#[derive(Args, Default)]
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
    /// File that holds the administrator's password of the first start: WINDLASS_ADMIN_PASSWORD [default: made at random, and
    /// printed once].
    #[arg(long, value_name = "FILE")]
    admin_password_file: Option<PathBuf>,
    /// What the log looks like [default: text].
    #[arg(long, value_name = "FORM")]
    log_format: Option<LogFormat>,
    /// Check the settings, and do nothing else.
    #[arg(long)]
    check_config: bool,
}

pub(crate) fn run(arguments: &ServeArguments, volume: Volume) -> anyhow::Result<Outcome> {
    let log_format = arguments.log_format.and_then(|format| Some(format.to_possible_value()?.get_name().into()));
    let password = arguments.admin_password_file.as_deref().map(password_file).transpose()?;
    let given = [
        ("admin_password", password.map(|password| password.reveal().into())),
        ("log_format", log_format),
        ("listen", arguments.listen.map(|address| address.to_string().into())),
        ("role", (!arguments.role.is_empty()).then(|| arguments.role.clone().into())),
    ];
    // The settings say what the log looks like: what is wrong with them is told without it.
    let configuration = Configuration::read(&arguments.places, given, &environment::variables()?)?;
    let traces = Traces::from_environment()?;
    let format = configuration.log_format();
    log::start(volume, format, traces.as_ref());
    if arguments.check_config {
        configuration.check()?;
        return Ok(Outcome::Fine);
    }
    memory::give_back_at_once();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(process::run(configuration));
    runtime.shutdown_timeout(THREADS);
    match ended {
        Ok(()) => Ok(Outcome::Fine),
        Err(error) if format == LogFormat::Json => {
            log::log(&error);
            Ok(Outcome::Unusable)
        }
        Err(error) => Err(error),
    }
}
