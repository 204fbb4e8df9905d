//! The object storages of an installation.

use std::{path::Path, sync::Arc};

use windlass_objects::{Location, Objects, Options, Scheme};
use windlass_operations::{Clock, ObjectChunks};
use windlass_store::Store;

use super::configuration::Configuration;
use crate::diagnostics::Hinted;

/// Documents of images, and bundles of the archive. While they are moved, each falls back to where they were.
pub(crate) struct Places {
    pub(crate) documents: Objects,
    pub(crate) bundles: Objects,
}

impl Places {
    pub(crate) async fn open(configuration: &Configuration, store: &Store) -> anyhow::Result<Self> {
        let options = configuration.object_options()?;
        let locations = [configuration.objects()?, configuration.archive_objects()?];
        let [documents, bundles] = &locations;
        if documents.place() == bundles.place() {
            return Err(Hinted::error(
                format!("documents and the archive's bundles are both to be kept in {}", documents.place()),
                "give one of them a prefix or folder of its own",
            ));
        }
        let mut opened = Vec::new();
        for (location, previous) in locations.iter().zip(configuration.previous_objects()?) {
            let mut objects = open(location, store, &options).await?;
            if let Some(previous) = previous {
                objects = objects.falling_back_to(&open(&previous, store, &options).await?);
            }
            opened.push(objects);
        }
        let [documents, bundles] = opened.try_into().expect("two were opened");
        Ok(Self { documents, bundles })
    }
}

/// Opens one place; that of the database in this one.
pub(crate) async fn open(location: &Location, store: &Store, options: &Options) -> anyhow::Result<Objects> {
    if location.scheme() == Scheme::Db {
        let chunks = ObjectChunks::new(store.clone(), Clock::system(), location.prefix());
        return Ok(Objects::over(Arc::new(chunks), options.clone()));
    }
    Ok(Objects::open(location, options.clone()).await?)
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
