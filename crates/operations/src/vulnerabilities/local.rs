//! This process's copy of the data that is in force.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::{fs, sync::Mutex};
use windlass_objects::ObjectKey;
use windlass_store::{Moment, vulnerability_data};
use windlass_vulnerabilities::Database;

use super::{blocking, broken};
use crate::{Error, Result, Service};

/// A database that is open.
#[derive(Debug)]
pub(crate) struct Data {
    /// Its row.
    pub(crate) id: i64,
    pub(crate) database: Database,
}

/// What a process has open. One task at a time fetches a file; the others wait for it.
#[derive(Debug, Default)]
pub(crate) struct Local(Mutex<Option<Arc<Data>>>);

impl Local {
    /// When the data was built that is open; nothing while none is, or other data is fetched.
    pub(crate) fn built_at(&self) -> Option<Moment> {
        let open = self.0.try_lock().ok()?;
        open.as_ref().map(|data| data.database.built_at().into())
    }
}

const FILE: &str = "vulnerability.db";

impl Service {
    /// The data in force, fetched and opened if it is not; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be fetched or opened.
    pub(crate) async fn vulnerability_data(&self) -> Result<Option<Arc<Data>>> {
        Ok(self.vulnerability_data_with_row().await?.map(|(data, _)| data))
    }

    /// The same, with its row as it was when it was asked for.
    pub(super) async fn vulnerability_data_with_row(&self) -> Result<Option<(Arc<Data>, vulnerability_data::Model)>> {
        let Some(row) = self.store.vulnerability_data_in_force().await? else { return Ok(None) };
        let mut open = self.data.0.lock().await;
        if let Some(data) = &*open
            && data.id == row.id
        {
            return Ok(Some((Arc::clone(data), row)));
        }
        let data = Arc::new(self.open_data(&row).await?);
        *open = Some(Arc::clone(&data));
        self.remove_old_copies().await;
        Ok(Some((data, row)))
    }

    /// Opens the data of a row. A copy that cannot be opened is fetched anew.
    pub(super) async fn open_data(&self, row: &vulnerability_data::Model) -> Result<Data> {
        let path = self.copy_of(&row.checksum)?;
        if fs::try_exists(&path).await.unwrap_or(false)
            && let Ok(database) = open(&path).await
        {
            return Ok(Data { id: row.id, database });
        }
        let object = row.object.as_deref().ok_or_else(|| Error::Broken(format!("{} is kept no more", row.checksum)))?;
        let key: ObjectKey = object.parse().map_err(windlass_objects::Error::from)?;
        let failed = |action: &'static str| {
            let path = path.display().to_string();
            move |error: io::Error| Error::Broken(format!("cannot {action} {path}: {error}"))
        };
        let folder = path.parent().expect("the copy is in a folder of its own");
        fs::create_dir_all(folder).await.map_err(failed("make the folder of"))?;
        let incoming = folder.join(format!("{FILE}.{}", crate::cipher::random_id()));
        let fetched = async {
            let mut file = fs::File::create(&incoming).await.map_err(failed("create"))?;
            // The end of the content is told only when it has the checksum of its key.
            let mut content = self.objects.get_stream(&key).await?;
            tokio::io::copy(&mut content, &mut file).await.map_err(failed("fetch"))?;
            file.sync_all().await.map_err(failed("write"))?;
            fs::rename(&incoming, &path).await.map_err(failed("write"))
        };
        if let Err(error) = fetched.await {
            let _ = fs::remove_file(&incoming).await;
            return Err(error);
        }
        Ok(Data { id: row.id, database: open(&path).await? })
    }

    /// Where the copy of a file is.
    pub(super) fn copy_of(&self, checksum: &str) -> Result<PathBuf> {
        let key: ObjectKey = checksum.parse().map_err(windlass_objects::Error::from)?;
        Ok(self.settings.vulnerabilities.folder.join(key.hex()).join(FILE))
    }

    /// Removes copies of what is kept no more. Whoever has one open reads it to the end.
    async fn remove_old_copies(&self) {
        let Ok(kept) = self.store.kept_vulnerability_data().await else { return };
        let folder = &self.settings.vulnerabilities.folder;
        let Ok(mut copies) = fs::read_dir(folder).await else { return };
        while let Ok(Some(copy)) = copies.next_entry().await {
            let name = copy.file_name().to_string_lossy().into_owned();
            let is_copy = name.len() == 64 && name.bytes().all(|digit| digit.is_ascii_hexdigit());
            if is_copy && !kept.iter().any(|row| row.checksum.ends_with(&name)) {
                let _ = fs::remove_dir_all(copy.path()).await;
            }
        }
    }
}

async fn open(path: &Path) -> Result<Database> {
    let path = path.to_owned();
    blocking(move || Database::open(&path)).await?.map_err(|error| broken(&error))
}
