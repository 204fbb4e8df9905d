//! Putting, getting, listing and removing objects.

use std::{fmt, io, sync::Arc, time::SystemTime};

use async_compression::{Level, tokio::bufread::ZstdEncoder, zstd::CParameter};
use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncSeekExt, BufReader};
use tokio_util::io::{InspectReader, ReaderStream};

use crate::{
    Claims, Content, Driver, Error, Fault, Location, ObjectKey, Options, Reading, bucket::Bucket, later::Later,
    reading::unwrapped,
};

/// A storage of content-addressed objects. Cheap to clone; clones are the same storage.
#[derive(Clone)]
pub struct Objects {
    driver: Arc<dyn Driver>,
    /// Also read from, in order, where the first has no good copy.
    others: Vec<Arc<dyn Driver>>,
    claims: Option<Arc<dyn Claims>>,
    options: Arc<Options>,
}

/// What a put did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    pub key: ObjectKey,
    /// Bytes of the content.
    pub size: u64,
    /// The object was there already and nothing was written.
    pub existed: bool,
}

/// One object of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredObject {
    pub key: ObjectKey,
    /// Bytes it takes in the storage, compressed.
    pub size: u64,
    /// When it was written, where the storage knows.
    pub modified: Option<SystemTime>,
}

impl Objects {
    /// Opens the storage at `location`: makes the folder, logs in. That what follows is allowed is not tried:
    /// [`Objects::probe`] does.
    pub async fn open(location: &Location, options: Options) -> Result<Self, Error> {
        let driver = Bucket::open(location, &options).await?;
        Ok(Self::over(Arc::new(driver), options))
    }

    /// As [`Objects::open`], but what cannot be reached now is opened when it is used.
    pub async fn open_sooner_or_later(location: &Location, options: Options) -> Result<Self, Error> {
        match Self::open(location, options.clone()).await {
            Err(error) if error.is_transient() => {
                Ok(Self::over(Arc::new(Later::new(location.clone(), options.clone())), options))
            }
            opened => opened,
        }
    }

    /// A storage over a driver of another crate's.
    pub fn over(driver: Arc<dyn Driver>, options: Options) -> Self {
        Self { driver, others: Vec::new(), claims: None, options: Arc::new(options) }
    }

    /// The same storage, reading from `old` what it has no good copy of. For as long as objects are moved: writes go to the new
    /// place, deletes to both, and lists have what is in either.
    #[must_use]
    pub fn falling_back_to(mut self, old: &Self) -> Self {
        self.others.extend(std::iter::once(&old.driver).chain(&old.others).cloned());
        self
    }

    /// The same storage, whose puts claim their objects before they look whether they are there.
    #[must_use]
    pub fn claiming(mut self, claims: Arc<dyn Claims>) -> Self {
        self.claims = Some(claims);
        self
    }

    /// What to call the storage in messages.
    pub fn place(&self) -> String {
        self.driver.place()
    }

    /// All places that are read: its own first, then those that objects are moved away from.
    pub fn places(&self) -> impl Iterator<Item = String> {
        std::iter::once(&self.driver).chain(&self.others).map(|driver| driver.place())
    }

    /// Keeps `content`. What is there already is not written again, which costs one look.
    pub async fn put(&self, content: impl Into<Bytes>) -> Result<ObjectKey, Error> {
        let content = content.into();
        let key = unblocked({
            let content = content.clone();
            move || ObjectKey::of(&content)
        });
        let key = key.await;
        if !self.claimed(&key).await? {
            self.write(&key, content).await?;
        }
        Ok(key)
    }

    /// Keeps `content` in place of what there may be: for an object that is damaged.
    pub async fn replace(&self, content: impl Into<Bytes>) -> Result<ObjectKey, Error> {
        let content = content.into();
        let key = ObjectKey::of(&content);
        self.claimed(&key).await?;
        self.write(&key, content).await?;
        Ok(key)
    }

    /// Keeps what is read from `content`, of any size. It is compressed to a temporary file first, since its key is only known
    /// at its end; memory does not grow with it.
    pub async fn put_stream(&self, content: impl AsyncRead + Send + Unpin) -> Result<Stored, Error> {
        let mut hash = Sha256::new();
        let mut size = 0;
        let seen = InspectReader::new(content, |piece| {
            hash.update(piece);
            size += piece.len() as u64;
        });
        let frame = [CParameter::checksum_flag(true)];
        let level = Level::Precise(self.options.compression);
        let mut compressed = ZstdEncoder::with_quality_and_params(BufReader::with_capacity(PIECE, seen), level, &frame);
        let spooled = |source| Error::Spool { source };
        let folder = self.options.spool.clone();
        let file = unblocked(move || match folder {
            Some(folder) => tempfile::tempfile_in(folder),
            None => tempfile::tempfile(),
        });
        let mut file = tokio::fs::File::from_std(file.await.map_err(spooled)?);
        let mut piece = vec![0; PIECE];
        loop {
            let read = compressed.read(&mut piece).await.map_err(|source| Error::Input { source })?;
            if read == 0 {
                break;
            }
            tokio::io::AsyncWriteExt::write_all(&mut file, &piece[..read]).await.map_err(spooled)?;
        }
        drop(compressed);
        file.rewind().await.map_err(spooled)?;
        let key = ObjectKey::finished(hash);
        let existed = self.claimed(&key).await?;
        if !existed {
            let pieces = ReaderStream::with_capacity(file, PIECE).map_err(|error| Fault::from(&error));
            self.write_stored(&key, pieces.boxed()).await?;
        }
        Ok(Stored { key, size, existed })
    }

    /// The content of an object, verified. At most [`Options::document_limit`] bytes.
    pub async fn get(&self, key: &ObjectKey) -> Result<Bytes, Error> {
        self.first_good(key, |driver| async move {
            let limit = self.options.document_limit;
            let mut content = Vec::new();
            let mut reading = reading(driver, key).await?.take(limit.saturating_add(1));
            reading.read_to_end(&mut content).await.map_err(unwrapped)?;
            if content.len() as u64 > limit {
                return Err(Error::TooLarge { object: *key, place: driver.place(), limit });
            }
            Ok(Bytes::from(content))
        })
        .await
    }

    /// The content of an object of any size, verified at its end: see [`Reading`].
    ///
    /// A storage that objects move from is asked if the first does not have the object at all; damage comes too late for that.
    pub async fn get_stream(&self, key: &ObjectKey) -> Result<Reading, Error> {
        self.first_good(key, |driver| async move {
            if self.others.is_empty() || self.has(driver, key).await? {
                reading(driver, key).await
            } else {
                Err(Error::Missing { object: *key, place: driver.place() })
            }
        })
        .await
    }

    /// The object as it is stored, a zstd frame with a checksum of its own, and its size: to be passed on to a reader that
    /// decompresses, such as an HTTP client that accepts `Content-Encoding: zstd`. It is not verified here.
    pub async fn get_compressed(&self, key: &ObjectKey) -> Result<(u64, Content<'static>), Error> {
        let path = key.path();
        let path = &path;
        self.first_good(key, |driver| async move {
            let trouble = |fault| Error::reading(*key, driver.place(), fault);
            match driver.size(path).await.map_err(trouble)? {
                Some(size) => Ok((size, driver.get(path).await.map_err(trouble)?)),
                None => Err(Error::Missing { object: *key, place: driver.place() }),
            }
        })
        .await
    }

    /// Reads an object through and verifies it. Bytes of its content.
    pub async fn verify(&self, key: &ObjectKey) -> Result<u64, Error> {
        self.first_good(key, |driver| async move {
            let mut reading = reading(driver, key).await?;
            tokio::io::copy(&mut reading, &mut tokio::io::sink()).await.map_err(unwrapped)
        })
        .await
    }

    /// Whether there is such an object. That it is undamaged, only reading tells.
    pub async fn exists(&self, key: &ObjectKey) -> Result<bool, Error> {
        for driver in self.drivers() {
            if self.has(driver, key).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes an object, which need not exist.
    pub async fn delete(&self, key: &ObjectKey) -> Result<(), Error> {
        let path = key.path();
        // The old place first: what is gone there is not moved any more.
        for driver in self.others.iter().rev().chain([&self.driver]) {
            let deleted = driver.delete(&path).await;
            deleted.map_err(|fault| Error::storage("delete", format_args!("object {key}"), driver.place(), fault))?;
        }
        Ok(())
    }

    /// All objects, in no order; during a move, some twice. Other files in the same place are passed over.
    pub fn list(&self) -> BoxStream<'_, Result<StoredObject, Error>> {
        stream::iter(self.drivers()).flat_map(list).boxed()
    }

    /// Removes what puts left unfinished that were begun before a moment (see [`ABANDONED`](crate::ABANDONED)): parts of large
    /// objects, half files. How many of them.
    pub async fn end_unfinished(&self, before: SystemTime) -> Result<u64, Error> {
        let mut ended = 0;
        for driver in self.drivers() {
            let done = driver.end_unfinished(before).await;
            ended += done.map_err(|fault| Error::storage("remove", "unfinished objects", driver.place(), fault))?;
        }
        Ok(ended)
    }

    /// Writes a small object, reads it back, lists and removes it: whether the place can be used, and what is wrong if not.
    pub async fn probe(&self) -> Result<(), Error> {
        let random = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), "probe");
        let content = Bytes::from(format!("Windlass tries whether objects can be kept here: {random:016x}.\n"));
        let alone = self.alone();
        let unfaithful = |reason: &str| Error::Unfaithful { place: alone.place(), reason: reason.to_owned() };
        let key = alone.put(content.clone()).await?;
        let found = alone.get(&key).await;
        let deleted = alone.delete(&key).await;
        match found {
            Ok(found) if found == content => {}
            Ok(_) => return Err(unfaithful("other bytes came back")),
            Err(Error::Missing { .. }) => return Err(unfaithful("it is not there")),
            Err(error) => return Err(error),
        }
        deleted?;
        if alone.exists(&key).await? {
            return Err(unfaithful("what was deleted is still there"));
        }
        Ok(())
    }

    /// Looks for a first object: whether a place can be read that nothing is written to any more.
    pub async fn look(&self) -> Result<(), Error> {
        self.list().try_next().await.map(drop)
    }

    /// Whether a place has no object.
    pub async fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.list().try_next().await?.is_none())
    }

    /// Whether `other` is this place by another name: what is written here is there as well.
    pub(crate) async fn is_also(&self, other: &Self) -> Result<bool, Error> {
        let random = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), "alias");
        let content = Bytes::from(format!("Windlass tries whether two places are one: {random:016x}.\n"));
        let (here, there) = (self.alone(), other.alone());
        let key = here.put(content).await?;
        let found = there.exists(&key).await;
        here.delete(&key).await?;
        found
    }

    /// The storage without those it falls back to, and without claims.
    pub(crate) fn alone(&self) -> Self {
        Self { others: Vec::new(), claims: None, ..self.clone() }
    }

    /// Sees to it that the object is good here, copying it from `source` as it is stored there. Whether that was needed. What is
    /// damaged in `source` is not written.
    pub async fn bring(&self, key: &ObjectKey, source: &Self) -> Result<bool, Error> {
        let (here, there) = (self.alone(), source.alone());
        match here.verify(key).await {
            Ok(_) => return Ok(false),
            Err(Error::Damaged { .. } | Error::Missing { .. }) => {}
            Err(error) => return Err(error),
        }
        here.copy_from(&there, key).await?;
        here.verify(key).await?;
        Ok(true)
    }

    /// A small object is verified before it is written; of a large one, the source is read through before.
    async fn copy_from(&self, source: &Self, key: &ObjectKey) -> Result<(), Error> {
        let (size, content) = source.get_compressed(key).await?;
        if size > IN_MEMORY {
            source.verify(key).await?;
            return self.write_stored(key, content).await;
        }
        let place = source.place();
        let pieces: Vec<Bytes> =
            content.try_collect().await.map_err(|fault| Error::reading(*key, place.clone(), fault))?;
        let whole = Bytes::from(pieces.concat());
        let mut reading = Reading::new(once(whole.clone()), *key, place);
        tokio::io::copy(&mut reading, &mut tokio::io::sink()).await.map_err(unwrapped)?;
        self.write_stored(key, once(whole)).await
    }

    fn drivers(&self) -> impl Iterator<Item = &dyn Driver> + Send {
        std::iter::once(&self.driver).chain(&self.others).map(|driver| &**driver)
    }

    /// Claims an object, and tells whether it is there.
    async fn claimed(&self, key: &ObjectKey) -> Result<bool, Error> {
        if let Some(claims) = &self.claims {
            let claimed = claims.claim(key).await;
            claimed.map_err(|fault| Error::storage("claim", format_args!("object {key}"), claims.place(), fault))?;
        }
        self.has(&*self.driver, key).await
    }

    async fn has(&self, driver: &dyn Driver, key: &ObjectKey) -> Result<bool, Error> {
        let size = driver.size(&key.path()).await;
        Ok(size
            .map_err(|fault| Error::storage("look for", format_args!("object {key}"), driver.place(), fault))?
            .is_some())
    }

    async fn write(&self, key: &ObjectKey, content: Bytes) -> Result<(), Error> {
        let level = self.options.compression;
        let stored = unblocked(move || compressed(&content, level)).await.map_err(|source| Error::Input { source })?;
        self.write_stored(key, once(stored.into())).await
    }

    async fn write_stored(&self, key: &ObjectKey, content: Content<'_>) -> Result<(), Error> {
        let written = self.driver.put(&key.path(), content).await;
        written.map_err(|fault| Error::storage("write", format_args!("object {key}"), self.place(), fault))
    }

    /// The first answer that is no error. Else the error that says most: that an object is missing is only believed if every
    /// place has answered so.
    async fn first_good<'a, T, F: Future<Output = Result<T, Error>>>(
        &'a self,
        key: &ObjectKey,
        ask: impl Fn(&'a dyn Driver) -> F,
    ) -> Result<T, Error> {
        let missing = |error: &Error| matches!(error, Error::Missing { .. });
        let mut worst: Option<Error> = None;
        // Between two questions the object may have moved from the old place to the first.
        let again = (!self.others.is_empty()).then_some(&*self.driver);
        let mut is_gone_from_first = false;
        for (turn, driver) in self.drivers().chain(again).enumerate() {
            // A place that does not answer has had its time.
            if turn > self.others.len() && !is_gone_from_first {
                break;
            }
            let asked = ask(driver).await;
            is_gone_from_first |= turn == 0 && asked.as_ref().err().is_some_and(missing);
            match asked {
                Ok(answer) => return Ok(answer),
                Err(error) if worst.as_ref().is_none_or(|worst| missing(worst) && !missing(&error)) => {
                    worst = Some(error);
                }
                Err(_) => {}
            }
        }
        Err(worst.unwrap_or_else(|| Error::Missing { object: *key, place: self.place() }))
    }
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<_> = self.drivers().map(Driver::place).collect();
        f.debug_tuple("Objects").field(&places).finish()
    }
}

/// Content is handled in pieces of this size.
const PIECE: usize = 128 << 10;
/// Objects of at most this size are held in memory when they are copied.
const IN_MEMORY: u64 = 4 << 20;

async fn reading(driver: &dyn Driver, key: &ObjectKey) -> Result<Reading, Error> {
    let place = driver.place();
    match driver.get(&key.path()).await {
        Ok(content) => Ok(Reading::new(content, *key, place)),
        Err(fault) => Err(Error::reading(*key, place, fault)),
    }
}

fn list(driver: &dyn Driver) -> BoxStream<'_, Result<StoredObject, Error>> {
    let entries = driver.list().map_err(|fault| Error::storage("list", "objects", driver.place(), fault));
    entries
        .try_filter_map(|entry| async move {
            let object = |key| StoredObject { key, size: entry.size, modified: entry.modified };
            Ok(ObjectKey::at(&entry.path).map(object))
        })
        .boxed()
}

fn once(content: Bytes) -> Content<'static> {
    stream::iter([Ok(content)]).boxed()
}

/// One frame with the size of its content and a checksum. The same content gives the same bytes.
fn compressed(content: &[u8], level: i32) -> io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(level)?;
    compressor.include_checksum(true)?;
    compressor.compress(content)
}

/// Runs what takes the processor's time where it keeps no other task waiting.
async fn unblocked<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that shuts down cancels such work, and then nobody waits for an answer.
            Err(_) => std::future::pending().await,
        },
    }
}
