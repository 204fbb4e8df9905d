//! The driver for everything OpenDAL speaks to: folders, S3, Swift, Google Cloud Storage, Azure Blob.

use std::{
    collections::HashMap,
    error::Error as _,
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use futures::{
    FutureExt, StreamExt, TryFutureExt, TryStreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use opendal::{
    Configurator, ErrorKind, HttpTransporter, OperationContext, Operator,
    layers::{RetryEvent, RetryLayer, TimeoutLayer},
    services,
};

use crate::{
    ABANDONED, Content, Driver, Entry, Error, Fault, FaultKind, ObjectKey, Options,
    http::{self, Transport, causes},
    location::{Location, refused},
    scheme::Scheme,
    swift,
    uploads::Uploads,
};

/// A bucket, a container or a folder.
pub(crate) struct Bucket {
    operator: Operator,
    place: String,
    part: usize,
    parallel_parts: usize,
    kind: Kind,
}

enum Kind {
    /// Names in folders must be brought to disk as well as the files they name.
    Folder(PathBuf),
    /// Where Swift has the parts of large objects: it leaves them behind when an object is deleted.
    Swift {
        parts: Operator,
    },
    S3 {
        uploads: Option<Uploads>,
    },
    Other,
}

/// Where files are written before they get their names. In the same folder, since a rename does not cross file systems.
const UNFINISHED: &str = ".unfinished";
/// What the paths of objects end with, and those of their parts have in the middle.
const SUFFIX: &str = ".zst";

impl Bucket {
    pub(crate) async fn open(location: &Location, options: &Options) -> Result<Self, Error> {
        let place = location.place();
        let failed = |fault| Error::storage("open", "the storage", place.clone(), fault);
        let client = http::client(options);
        let client = client.map_err(|error| failed(Fault::new(FaultKind::Other, error.to_string())))?;
        let mut settings: HashMap<String, String> = HashMap::new();
        for setting in location.scheme().settings() {
            if let (Some(name), Some(value)) = (setting.opendal, location.get(setting.name)) {
                settings.insert(name.to_owned(), value.to_owned());
            }
        }
        settings.insert(location.scheme().bucket().to_owned(), location.bucket().to_owned());
        settings.insert("root".to_owned(), format!("/{}", location.prefix()));
        let mut login = None;
        match location.scheme() {
            Scheme::Fs => {
                let folder = location.path();
                if options.is_source && !folder.is_dir() {
                    let remedy = "name the folder that has the objects, or mount it; nothing was made there".to_owned();
                    return Err(refused(&place, "there is no such folder", remedy));
                }
                tokio::fs::create_dir_all(&folder).await.map_err(|error| failed(Fault::from(&error)))?;
                if let Some(before) = SystemTime::now().checked_sub(ABANDONED) {
                    sweep(&folder.join(UNFINISHED), before).await;
                }
                let text = |path: &Path| path.to_string_lossy().into_owned();
                settings = HashMap::from([("root".to_owned(), text(&folder))]);
                if !options.is_source {
                    settings.insert("atomic_write_dir".to_owned(), text(&folder.join(UNFINISHED)));
                }
            }
            Scheme::S3 if location.get("endpoint").is_some() => {
                // Servers that are not Amazon's ignore the region, but a signature needs one.
                settings.entry("region".to_owned()).or_insert_with(|| "us-east-1".to_owned());
            }
            Scheme::S3 => {
                let given = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().any(|name| std::env::var_os(name).is_some());
                if !given {
                    location.required("region")?;
                }
            }
            Scheme::Azblob if location.get("endpoint").is_none() => {
                let account = location.required("account_name")?;
                settings.insert("endpoint".to_owned(), format!("https://{account}.blob.core.windows.net"));
            }
            Scheme::Swift => match swift::Login::begin(location, &client).await? {
                Some((session, storage)) => {
                    settings.insert("endpoint".to_owned(), storage);
                    login = Some(session);
                }
                None => _ = location.required("endpoint")?,
            },
            _ => {}
        }

        let transport = HttpTransporter::new(Transport::new(client, options, login));
        let context = OperationContext::default().with_http_transport(transport.clone());
        let built = |settings: HashMap<String, String>| -> Result<Operator, Error> {
            let operator = match location.scheme() {
                Scheme::Fs => build::<services::FsConfig>(settings),
                Scheme::S3 => build::<services::S3Config>(settings),
                Scheme::Swift => build::<services::SwiftConfig>(settings),
                Scheme::Gcs => build::<services::GcsConfig>(settings),
                Scheme::Azblob => build::<services::AzblobConfig>(settings),
                Scheme::Db => {
                    let remedy = "open it with the service's database".to_owned();
                    return Err(refused(&place, "it lies in the database of a service", remedy));
                }
            };
            Ok(layered(operator.map_err(|error| failed(fault(&error)))?.with_context(context.clone()), options))
        };
        let kind = match location.scheme() {
            Scheme::Fs => Kind::Folder(location.path()),
            Scheme::Swift => {
                let mut beside = settings.clone();
                beside.insert("root".to_owned(), format!("/.segments/{}", location.prefix()));
                Kind::Swift { parts: built(beside)? }
            }
            Scheme::S3 => Kind::S3 { uploads: Uploads::into(location, transport)? },
            _ => Kind::Other,
        };
        let operator = built(settings)?;
        Ok(Self {
            operator,
            place,
            part: options.part.max(5 << 20),
            parallel_parts: options.parallel_parts.max(1),
            kind,
        })
    }

    async fn write(&self, path: &str, mut content: Content<'_>) -> Result<(), Fault> {
        let parallel = if matches!(self.kind, Kind::Folder(_)) { 1 } else { self.parallel_parts };
        let mut writer = self.operator.writer_with(path).chunk(self.part).concurrent(parallel);
        if self.operator.info().capability().write_with_content_type {
            writer = writer.content_type("application/zstd");
        }
        let mut writer = writer.await.map_err(|error| fault(&error))?;
        let written = async {
            while let Some(piece) = content.try_next().await? {
                writer.write(piece).await.map_err(|error| fault(&error))?;
            }
            writer.close().await.map_err(|error| fault(&error))
        };
        if let Err(fault) = written.await {
            // What cannot be taken back is not seen by readers either, so that the first trouble is the one to tell.
            if let Err(error) = writer.abort().await {
                tracing::debug!("{}: what was written of {path} stays behind: {error}", self.place);
            }
            return Err(fault);
        }
        if let Kind::Folder(folder) = &self.kind {
            let folder = folder.clone();
            let path = path.to_owned();
            let synced = tokio::task::spawn_blocking(move || sync_folders(&folder, &path)).await;
            synced.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|error| Fault::from(&error))?;
        }
        Ok(())
    }

    /// Removes parts that are older than `before` and of no object, and tells how many.
    async fn end_parts(&self, parts: &Operator, before: SystemTime) -> opendal::Result<u64> {
        let mut removed = 0;
        let mut listed = parts.lister_with("").recursive(true).await?;
        while let Some(part) = listed.try_next().await? {
            let object = part.path().find(SUFFIX).map(|end| &part.path()[..end + SUFFIX.len()]);
            let Some(object) = object.filter(|path| ObjectKey::at(path).is_some()) else { continue };
            let written = part.metadata().last_modified().map(SystemTime::from);
            if written.is_some_and(|written| written < before) && !self.operator.exists(object).await? {
                parts.delete(part.path()).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    async fn remove(&self, path: &str) -> opendal::Result<()> {
        self.operator.delete(path).await?;
        if let Kind::Swift { parts } = &self.kind {
            let left = parts.list_with(path).recursive(true).await?;
            for part in left.iter().filter(|entry| entry.path().starts_with(path)) {
                parts.delete(part.path()).await?;
            }
        }
        Ok(())
    }
}

impl Driver for Bucket {
    fn place(&self) -> String {
        self.place.clone()
    }

    fn put<'a>(&'a self, path: &'a str, content: Content<'a>) -> BoxFuture<'a, Result<(), Fault>> {
        self.write(path, content).boxed()
    }

    fn get<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Content<'static>, Fault>> {
        async move {
            let reader = self.operator.reader_with(path).chunk(self.part).concurrent(1).await;
            let stream = reader.map_err(|error| fault(&error))?.into_stream(..).await.map_err(|error| fault(&error))?;
            let mut pieces = stream.map_err(|error| fault(&error));
            // Nothing is asked of the place before: whoever gets a stream has an answer.
            let first = pieces.try_next().await?;
            let pieces = stream::iter(first.map(Ok)).chain(pieces);
            Ok(pieces.map_ok(|buffer| stream::iter(Iterator::map(buffer, Ok))).try_flatten().boxed())
        }
        .boxed()
    }

    fn size<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<u64>, Fault>> {
        async move {
            match self.operator.stat(path).await {
                Ok(metadata) => Ok(Some(metadata.content_length())),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(fault(&error)),
            }
        }
        .boxed()
    }

    fn delete<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        async move { self.remove(path).await.map_err(|error| fault(&error)) }.boxed()
    }

    fn end_unfinished(&self, before: SystemTime) -> BoxFuture<'_, Result<u64, Fault>> {
        async move {
            match &self.kind {
                Kind::Folder(folder) => Ok(sweep(&folder.join(UNFINISHED), before).await),
                Kind::Swift { parts } => self.end_parts(parts, before).await.map_err(|error| fault(&error)),
                Kind::S3 { uploads: Some(uploads) } => uploads.end(before).await,
                Kind::S3 { uploads: None } | Kind::Other => Ok(0),
            }
        }
        .boxed()
    }

    fn list(&self) -> BoxStream<'_, Result<Entry, Fault>> {
        let lister = async { self.operator.lister_with("").recursive(true).await };
        let entries = lister.try_flatten_stream().map_err(|error| fault(&error));
        entries
            .try_filter_map(|entry| async move {
                let metadata = entry.metadata();
                let file = metadata.is_file() && !entry.path().starts_with(UNFINISHED);
                let modified = metadata.last_modified().map(SystemTime::from);
                Ok(file.then(|| Entry { path: entry.path().to_owned(), size: metadata.content_length(), modified }))
            })
            .boxed()
    }
}

fn build<C: Configurator>(settings: HashMap<String, String>) -> opendal::Result<Operator> {
    Operator::from_config(C::from_iter(settings)?)
}

/// Each attempt has its own time.
fn layered(operator: Operator, options: &Options) -> Operator {
    let times = TimeoutLayer::new().with_timeout(options.timeout).with_io_timeout(options.transfer_timeout);
    let attempts = RetryLayer::new()
        .with_min_delay(options.pause)
        .with_max_delay(options.longest_pause.max(options.pause))
        .with_factor(2.0)
        .with_jitter()
        .with_max_times(options.attempts.saturating_sub(1))
        .with_notify(|event: RetryEvent<'_>| {
            let (pause, reason) = (event.retry_after, fault(event.err));
            tracing::debug!("object storage: {} failed, next attempt in {pause:?}: {reason}", event.op);
        });
    operator.layer(times).layer(attempts)
}

/// OpenDAL's error as one line without addresses, headers and bodies, which it also holds.
fn fault(error: &opendal::Error) -> Fault {
    let broken =
        std::iter::successors(error.source(), |error| (*error).source()).find_map(|error| error.downcast_ref());
    let file: Option<Fault> = broken.map(|error: &io::Error| Fault::from(error));
    let timeout =
        error.message().contains(http::TIMEOUT) || file.as_ref().is_some_and(|f| f.kind == FaultKind::TimedOut);
    let causes = causes(error);
    // 507, Ceph's answer beyond a quota, and Swift's.
    let full = [http::FULL, "QuotaExceeded", "exceeds quota"].iter().any(|said| error.message().contains(said));
    let kind = match error.kind() {
        _ if full => FaultKind::Full,
        ErrorKind::NotFound => FaultKind::Missing,
        ErrorKind::PermissionDenied => FaultKind::Denied,
        ErrorKind::ConfigInvalid | ErrorKind::Unsupported => FaultKind::Misconfigured,
        _ if timeout => FaultKind::TimedOut,
        // OpenDAL calls this unexpected.
        _ if causes.contains("signing credential") => FaultKind::Denied,
        _ => match file.map(|file| file.kind) {
            Some(kind @ (FaultKind::Full | FaultKind::Denied)) => kind,
            _ if error.is_temporary() || error.is_persistent() => FaultKind::Unreachable,
            _ => FaultKind::Other,
        },
    };
    let said = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
    let reason = match causes.as_str() {
        "" => said,
        causes => format!("{said}: {causes}"),
    };
    Fault::new(kind, reason.chars().take(400).collect::<String>())
}

/// Brings the names on the way from `folder` to the file at `path` to disk.
fn sync_folders(folder: &Path, path: &str) -> io::Result<()> {
    let file = folder.join(path);
    for parent in file.ancestors().skip(1) {
        std::fs::File::open(parent)?.sync_all()?;
        if parent == folder {
            break;
        }
    }
    Ok(())
}

/// Removes what writers left before a moment that were killed, and tells how many files. That it cannot be done does not keep
/// anybody from reading and writing.
async fn sweep(unfinished: &Path, before: SystemTime) -> u64 {
    let mut removed = 0;
    let Ok(mut entries) = tokio::fs::read_dir(unfinished).await else { return removed };
    while let Ok(Some(entry)) = entries.next_entry().await {
        let path = entry.path();
        let written = entry.metadata().await.and_then(|metadata| metadata.modified());
        if written.is_ok_and(|written| written < before) {
            match tokio::fs::remove_file(&path).await {
                Ok(()) => removed += 1,
                Err(error) => tracing::warn!("cannot remove the unfinished {}: {error}", path.display()),
            }
        }
    }
    removed
}
