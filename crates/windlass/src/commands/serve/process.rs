//! One process of the service, from its first step to its last.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinSet,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;
use windlass_operations::{Cipher, Clock, Service};
use windlass_server::Listening;
use windlass_store::Store;

use super::{configuration::Configuration, places::Places, secret_key};
use crate::diagnostics::Hinted;

/// The setting that only the right key decrypts.
const KEY_CHECK: &str = "secret_key_check";

/// How long stopping may take before what has not ended is given up. Requests under way have less (`windlass_server`), and
/// within half a minute of being told to stop the process must have ended, when the last traces are sent, too.
const STOPPING: Duration = Duration::from_secs(23);

/// Runs until it is told to stop, and then no longer than half a minute.
pub(super) async fn run(configuration: Configuration) -> anyhow::Result<()> {
    configuration.check()?;
    let roles = configuration.roles()?;
    allow_many_files();
    let data_dir = configuration.data_dir()?;
    make_folder(&data_dir)?;
    let cipher = secret_key::load(&data_dir)?;
    let store = Store::open(&configuration.database()?).await?;
    check_key(&store, &cipher).await?;
    let Places { documents, bundles, .. } = Places::open(&configuration, &store).await?.demand_usable().await?;
    // Bound before anything is promised, answered when everything is there.
    // A process without the API may have a socket for those who look after it.
    let place = if roles.api { Some(configuration.listen()) } else { configuration.monitored_at() };
    let listening = place.map(Listening::bind).transpose()?;
    let address = match &listening {
        Some(listening) if roles.api => listening.address(),
        _ => configuration.listen(),
    };
    let settings = configuration.settings(address)?;
    let metrics = configuration.metrics()?;
    let name = format!("windlass {}", env!("CARGO_PKG_VERSION"));
    let does = match &settings.base_url {
        Some(base_url) if roles.api => format!("{name} answers at {base_url}"),
        Some(base_url) => format!("{name} works for {base_url}"),
        None => format!("{name} works as {}", settings.host_id),
    };
    let service = Service::new(store.clone(), documents, bundles, cipher, Clock::system(), settings);
    bootstrap(&service, configuration.admin_email(), configuration.admin_password()).await?;

    if roles.scheduler {
        service.apply_webhooks(configuration.webhooks(), configuration.event_notifications()).await?;
    }

    let stop = CancellationToken::new();
    let mut parts = JoinSet::new();
    parts.spawn({
        let (service, stop) = (Arc::clone(&service), stop.clone());
        // A new database takes a while; what is in force answers meanwhile.
        async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = publish(&service) => {}
            }
        }
    });
    if roles.worker {
        let (workers, end) = (Arc::clone(&service), stop.clone());
        parts.spawn(async move { workers.run_workers(&end).await });
        let (service, stop) = (Arc::clone(&service), stop.clone());
        parts.spawn(async move { service.keep_delivering(stop).await });
    }
    if roles.scheduler {
        let (service, stop) = (Arc::clone(&service), stop.clone());
        parts.spawn(async move {
            if let Err(error) = service.keep_schedules(stop).await {
                tracing::error!(%error, "what recurs is not done by this process");
            }
        });
    }
    parts.spawn({
        let (service, stop) = (Arc::clone(&service), stop.clone());
        async move { service.keep_reporting(stop).await }
    });
    let told = tokio::spawn(told_to_stop(stop.clone()));
    let stopping = tokio::spawn({
        let stop = stop.clone();
        async move {
            stop.cancelled().await;
            Instant::now() + STOPPING
        }
    });
    if let Some(listening) = listening {
        let application = if roles.api {
            say(&does)?;
            windlass_server::router(Arc::clone(&service), metrics)
        } else {
            let monitored = format!("{}://{}", configuration.scheme(), listening.address());
            say(&format!("{does}, monitored at {monitored}"))?;
            windlass_server::monitoring(Arc::clone(&service), metrics)
        };
        let end = stop.clone();
        let (tls, clients) = (configuration.tls(), configuration.clients());
        let end = async move { end.cancelled().await };
        let served = windlass_server::serve(listening, application, tls, clients, end).await;
        // A socket that fails stops the rest, too.
        stop.cancel();
        served?;
    } else {
        say(&does)?;
        stop.cancelled().await;
    }
    let end = stopping.await?;
    let ended = timeout_at(end, end_parts(&mut parts, &store)).await;
    told.abort();
    // A lease that could not be given back runs out, and another process does what it was for.
    ended.unwrap_or_else(|_| {
        tracing::warn!(parts = parts.len(), "not everything ended in time: what is left is given up");
        Ok(())
    })
}

async fn end_parts(parts: &mut JoinSet<()>, store: &Store) -> anyhow::Result<()> {
    while let Some(ended) = parts.join_next().await {
        ended.context("a part of the service crashed")?;
    }
    store.close().await;
    Ok(())
}

/// The one line on standard output.
fn say(line: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Connections are files, of which many systems grant a process few until it asks for more.
fn allow_many_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, "there may be too few files for many connections");
    }
}

async fn told_to_stop(stop: CancellationToken) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: requests and jobs under way are finished or given back");
    stop.cancel();
    Ok(())
}

fn make_folder(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    // Its files hold what only the service may read.
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("the data folder {} cannot be made; give another with --data-dir", folder.display()))
}

/// A process with another key than the others could read none of their secrets, and they none of its.
async fn check_key(store: &Store, cipher: &Cipher) -> anyhow::Result<()> {
    let sealed = store.setting_or_insert(KEY_CHECK, &cipher.encrypt(KEY_CHECK, KEY_CHECK)).await?;
    cipher.decrypt(KEY_CHECK, &sealed).map(drop).map_err(|_| {
        Hinted::error(
            "this process has another secret key than the database was first used with".to_owned(),
            "give it the same in WINDLASS_SECRET_KEY, or copy the file secret.key of the first process's data folder here"
                .to_owned(),
        )
    })
}

async fn bootstrap(service: &Arc<Service>, email: &str, given: Option<&str>) -> anyhow::Result<()> {
    let password = given.map_or_else(windlass_operations::random_id, str::to_owned);
    if service.bootstrap(Some(email), || password.clone()).await? && given.is_none() {
        eprintln!("The password of the user admin is {password} - it is shown this once.");
    }
    Ok(())
}

/// Publishes the database that `windlass db` has installed on this machine, if it is newer than what is in force.
async fn publish(service: &Service) {
    match service.publish_installed_vulnerability_data().await {
        Ok(true) => tracing::info!("the installed vulnerability database is in force"),
        Ok(false) => {}
        // The service works with what it has.
        Err(error) => tracing::warn!(%error, "the installed vulnerability database cannot be published"),
    }
}
