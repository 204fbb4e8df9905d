//! Where documents and the archive's bundles are kept, and where they are being moved from.

use windlass_objects::{Location, Options};

use super::{AnchoreStore, Configuration};
use crate::diagnostics::Hinted;

/// Where bundles are below the place of documents, if nothing else is said.
const ARCHIVE: &str = "archive";

impl Configuration {
    pub(crate) fn objects(&self) -> anyhow::Result<Location> {
        let mut named = Vec::new();
        if let Some(text) = &self.objects {
            named.push(("objects", located(text)?));
        }
        for (section, store) in self.anchore_stores()? {
            named.push((section, store.location(section)?));
        }
        match &mut named[..] {
            [] => Ok(Location::folder(&self.data_dir()?.join("objects"))?),
            [_] => Ok(named.remove(0).1),
            [(one, _), (other, _), ..] => Err(twice(one, other)),
        }
    }

    /// Where Anchore Engine keeps documents, under each name that it has had for that.
    pub(super) fn anchore_stores(&self) -> anyhow::Result<impl Iterator<Item = (&'static str, AnchoreStore)>> {
        let (driver, folder) = (self.archive_driver.as_deref(), self.archive_data_dir.as_deref());
        let oldest = AnchoreStore::of_oldest(driver, self.use_db, folder)?;
        let names = [
            ("object_store", self.object_store.clone()),
            ("archive", self.archive.store()),
            ("archive_driver", oldest),
        ];
        Ok(names.into_iter().filter_map(|(section, store)| Some((section, store?))))
    }

    pub(crate) fn archive_objects(&self) -> anyhow::Result<Location> {
        self.named_archive()?.map_or_else(|| Ok(following(&self.objects()?)), Ok)
    }

    /// The archive's place, where the settings name one.
    pub(crate) fn named_archive(&self) -> anyhow::Result<Option<Location>> {
        match (&self.archive_objects, &self.analysis_archive) {
            (Some(_), Some(_)) => Err(twice("archive_objects", "analysis_archive")),
            (Some(text), None) => located(text).map(Some),
            // It may be the same place as that of documents, which lie beside bundles then.
            (None, Some(store)) => Ok(Some(following(&store.location("analysis_archive")?))),
            (None, None) => Ok(None),
        }
    }

    /// Where documents and bundles are being moved from. The archive was where it followed documents to, if nothing else is said.
    pub(crate) fn previous_objects(&self) -> anyhow::Result<[Option<Location>; 2]> {
        let place = |text: &Option<String>| text.as_deref().map(located).transpose();
        let documents = place(&self.previous_objects)?;
        if let Some(bundles) = place(&self.previous_archive_objects)? {
            return Ok([documents, Some(bundles)]);
        }
        let bundles = self.archive_objects()?;
        let is_elsewhere = |followed: &Location| !followed.is_missing_folder() && !followed.is_same_place(&bundles);
        let followed = documents.as_ref().map(following).filter(is_elsewhere);
        Ok([documents, followed])
    }

    /// # Errors
    /// When two places are one. Each removes what nothing refers to in it, and nothing is moved from a place to itself.
    pub(crate) fn demand_apart(&self) -> anyhow::Result<()> {
        let now = [("documents", self.objects()?), ("the archive's bundles", self.archive_objects()?)];
        let [(_, documents), (_, bundles)] = &now;
        if documents.is_same_place(bundles) {
            return Err(Hinted::error(
                format!("documents and the archive's bundles are both to be kept in {}", documents.place()),
                "give one of them a prefix or folder of its own",
            ));
        }
        let [old_documents, old_bundles] = self.previous_objects()?;
        let follows = if self.previous_archive_objects.is_none() {
            "the archive of previous_objects"
        } else {
            "previous_archive_objects"
        };
        let before = [("previous_objects", &old_documents), (follows, &old_bundles)];
        for (key, previous) in before.iter().filter_map(|(key, place)| Some((key, place.as_ref()?))) {
            if let Some((what, place)) = now.iter().find(|(_, place)| place.is_same_place(previous)) {
                return Err(Hinted::error(
                    format!("{key} is {}, where {what} are kept now", place.place()),
                    "name the place that they are being moved from, or leave it out where nothing is being moved",
                ));
            }
        }
        match (&old_documents, &old_bundles) {
            (Some(one), Some(other)) if one.is_same_place(other) => Err(Hinted::error(
                format!("previous_objects and previous_archive_objects are both {}", one.place()),
                "each is to be where the service kept them before: documents and bundles were never in one place",
            )),
            _ => Ok(()),
        }
    }

    /// How object storage is used.
    pub(crate) fn object_options(&self) -> anyhow::Result<Options> {
        self.storage.options(&self.data_dir()?)
    }
}

/// Where the archive of documents in a place is, if nothing else is said.
pub(crate) fn following(documents: &Location) -> Location {
    documents.clone().below(ARCHIVE)
}

pub(crate) fn located(text: &str) -> anyhow::Result<Location> {
    Ok(text.parse::<Location>()?.or_environment(|name| std::env::var(name).ok())?)
}

fn twice(one: &str, other: &str) -> anyhow::Error {
    Hinted::error(
        format!("{one} and {other} name the same place twice"),
        format!("leave out one of them: {one} is newer"),
    )
}
