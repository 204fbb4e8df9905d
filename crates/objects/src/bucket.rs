//! The driver for everything OpenDAL speaks to: folders, S3, Swift, Google Cloud Storage, Azure Blob.

use std::{
    collections::HashMap,
    error::Error as _,
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
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
    Content, Driver, Entry, Error, Fault, FaultKind, Options,
    http::{self, Transport, causes},
    location::{Location, refused},
    scheme::Scheme,
    swift,
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
    Other,
}

/// Where files are written before they get their names. In the same folder, since a rename does not cross file systems.
const UNFINISHED: &str = ".unfinished";
/// A file is written in less time than this, or its writer is dead.
const ABANDONED: Duration = Duration::from_hours(24);

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
                tokio::fs::create_dir_all(&folder).await.map_err(|error| failed(Fault::from(&error)))?;
                sweep(&folder.join(UNFINISHED)).await;
                let text = |path: &Path| path.to_string_lossy().into_owned();
                settings = HashMap::from([
                    ("root".to_owned(), text(&folder)),
                    ("atomic_write_dir".to_owned(), text(&folder.join(UNFINISHED))),
                ]);
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

        let context =
            OperationContext::default().with_http_transport(HttpTransporter::new(Transport::new(client, login)));
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
            let pieces = stream.map_err(|error| fault(&error));
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
    let kind = match error.kind() {
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

/// Removes what writers left that were killed. That it cannot be done does not keep anybody from reading and writing.
async fn sweep(unfinished: &Path) {
    let Ok(mut entries) = tokio::fs::read_dir(unfinished).await else { return };
    while let Ok(Some(entry)) = entries.next_entry().await {
        let path = entry.path();
        let age = entry.metadata().await.and_then(|metadata| metadata.modified()).map(|time| time.elapsed());
        if let Ok(Ok(age)) = age
            && age > ABANDONED
            && let Err(error) = tokio::fs::remove_file(&path).await
        {
            tracing::warn!("cannot remove the unfinished {}: {error}", path.display());
        }
    }
}
