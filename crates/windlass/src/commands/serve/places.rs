//! The object storages of an installation.

use std::{path::Path, sync::Arc, time::Duration};

use windlass_objects::{Error, Location, Objects, Options, Scheme};
use windlass_operations::{Clock, ObjectChunks};
use windlass_store::Store;

use super::configuration::Configuration;
use crate::diagnostics::Hinted;

/// How long the start waits for a place to show that it can be used.
const PATIENCE: Duration = Duration::from_secs(15);
/// Between two looks whether a place can be used by now.
const PAUSE: Duration = Duration::from_secs(30);

/// Documents of images, and bundles of the archive. While they are moved, each falls back to where they were.
pub(crate) struct Places {
    pub(crate) documents: Objects,
    pub(crate) bundles: Objects,
    /// Those where they were.
    former: Vec<Objects>,
}

impl Places {
    pub(crate) async fn open(configuration: &Configuration, store: &Store) -> anyhow::Result<Self> {
        let options = configuration.object_options()?;
        configuration.demand_apart()?;
        let locations = [configuration.objects()?, configuration.archive_objects()?];
        let (mut opened, mut former) = (Vec::new(), Vec::new());
        for (location, previous) in locations.iter().zip(configuration.previous_objects()?) {
            let mut objects = open(location, store, &options).await?;
            if let Some(previous) = previous {
                let previous = open_source(&previous, store, &options).await?;
                objects = objects.falling_back_to(&previous);
                former.push(previous);
            }
            opened.push(objects);
        }
        let [documents, bundles] = opened.try_into().expect("two were opened");
        Ok(Self { documents, bundles, former })
    }

    /// Tries whether objects can be kept in both places, and read where they were.
    ///
    /// # Errors
    /// When one of them has to be put right, or its settings. That one cannot be reached now, or has no room, keeps nobody from
    /// starting: it is told, and told again when it is over; what needs the place fails until then, and nothing else.
    pub(super) async fn demand_usable(self) -> anyhow::Result<Self> {
        let (documents, bundles) = tokio::join!(
            demand_usable("documents", &self.documents),
            demand_usable("the archive's bundles", &self.bundles)
        );
        documents?;
        bundles?;
        for former in &self.former {
            match tokio::time::timeout(PATIENCE, former.look()).await {
                Ok(Err(error)) if error.is_misconfiguration() => {
                    let what = format!("what was not moved yet cannot be read from {}", former.place());
                    return Err(anyhow::Error::from(error).context(what));
                }
                Ok(Err(error)) => tell("what was not moved yet", "read", &error),
                Ok(Ok(())) | Err(_) => {}
            }
        }
        Ok(self)
    }
}

async fn demand_usable(what: &'static str, objects: &Objects) -> anyhow::Result<()> {
    let place = objects.place();
    match tokio::time::timeout(PATIENCE, objects.probe()).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) if error.is_misconfiguration() => {
            return Err(anyhow::Error::from(error).context(format!("{what} cannot be kept in {place}")));
        }
        Ok(Err(error)) => tell(what, "kept", &error),
        Err(_) => {
            let (seconds, hint) = (PATIENCE.as_secs(), "check that it is up and can be reached from here");
            tracing::warn!(%place, hint, "{what} cannot be kept now: the place did not answer within {seconds} s");
        }
    }
    let objects = objects.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(PAUSE).await;
            match objects.probe().await {
                Ok(()) => break tracing::info!(%place, "{what} can be kept"),
                Err(error) => tell(what, "kept", &error),
            }
        }
    });
    Ok(())
}

fn tell(what: &str, done: &str, error: &Error) {
    tracing::warn!(%error, hint = error.hint(), "{what} cannot be {done} now; it is tried again");
}

/// Opens a place that objects come from: one that is not there is an error, and is not made.
pub(crate) async fn open_source(location: &Location, store: &Store, options: &Options) -> anyhow::Result<Objects> {
    open(location, store, &Options { is_source: true, ..options.clone() }).await
}

/// Opens one place; that of the database in this one. What cannot be reached now is opened when it is used.
pub(crate) async fn open(location: &Location, store: &Store, options: &Options) -> anyhow::Result<Objects> {
    if location.scheme() == Scheme::Db {
        let chunks = ObjectChunks::new(store.clone(), Clock::system(), location.prefix());
        return Ok(Objects::over(Arc::new(chunks), options.clone()));
    }
    Ok(Objects::open_sooner_or_later(location, options.clone()).await?)
}

/// Whether a database is there already: a command that looks at one makes none.
pub(crate) fn demand_database(address: &windlass_store::Address) -> anyhow::Result<()> {
    match address {
        windlass_store::Address::Sqlite(path) if !Path::is_file(path) => Err(Hinted::error(
            format!("there is no database {}", path.display()),
            "give --data-dir, --database or --config as windlass serve is given them",
        )),
        _ => Ok(()),
    }
}
