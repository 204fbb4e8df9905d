//! An object storage in memory, whose removals can be held up or made to fail.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use bytes::Bytes;
use futures::{
    StreamExt as _, TryStreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use tokio::sync::Semaphore;
use windlass_objects::{Content, Driver, Entry, Fault, FaultKind, Objects, Options};
use windlass_operations::{Cipher, Service, testing::Bench};

pub(crate) struct Memory {
    place: &'static str,
    files: Mutex<BTreeMap<String, Bytes>>,
    trouble: Mutex<Option<FaultKind>>,
    /// Removals that may begin, once any is held up.
    pub(crate) is_held: AtomicBool,
    pub(crate) allowed: Semaphore,
    /// Removals that have begun.
    pub(crate) begun: Semaphore,
    pub(crate) is_broken: AtomicBool,
}

impl Memory {
    pub(crate) fn new(place: &'static str) -> Arc<Self> {
        Arc::new(Self {
            place,
            files: Mutex::default(),
            trouble: Mutex::default(),
            is_held: AtomicBool::new(false),
            allowed: Semaphore::new(0),
            begun: Semaphore::new(0),
            is_broken: AtomicBool::new(false),
        })
    }

    /// A service over the bench's store, with its documents here.
    pub(crate) fn service(bench: &Bench) -> (Arc<Self>, Arc<Service>) {
        let memory = Self::new("memory");
        let service = service_over(bench, &memory, bench.archive_objects().clone());
        (memory, service)
    }

    /// What happens to whatever is put and got from now on.
    pub(crate) fn trouble(&self, trouble: Option<FaultKind>) {
        *self.trouble.lock().unwrap() = trouble;
    }

    fn check(&self) -> Result<(), Fault> {
        match *self.trouble.lock().unwrap() {
            Some(kind) => Err(Fault::new(kind, "it was made to fail")),
            None => Ok(()),
        }
    }

    /// Replaces every file by what is left of it.
    pub(crate) fn spoil(&self, left: impl Fn(&Bytes) -> Bytes) {
        self.files.lock().unwrap().values_mut().for_each(|file| *file = left(file));
    }

    pub(crate) fn files(&self) -> BTreeMap<String, Bytes> {
        self.files.lock().unwrap().clone()
    }

    pub(crate) fn restore(&self, files: BTreeMap<String, Bytes>) {
        *self.files.lock().unwrap() = files;
    }

    pub(crate) fn count(&self) -> usize {
        self.files.lock().unwrap().len()
    }
}

impl Driver for Memory {
    fn place(&self) -> String {
        self.place.into()
    }

    fn put<'a>(&'a self, path: &'a str, content: Content<'a>) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let pieces: Vec<Bytes> = content.try_collect().await?;
            self.check()?;
            self.files.lock().unwrap().insert(path.to_owned(), pieces.concat().into());
            Ok(())
        })
    }

    fn get<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Content<'static>, Fault>> {
        let found = self.files.lock().unwrap().get(path).cloned();
        let content =
            self.check().and_then(|()| found.ok_or_else(|| Fault::new(FaultKind::Missing, "there is no such file")));
        Box::pin(async { Ok(stream::iter([Ok(content?)]).boxed()) })
    }

    fn size<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<u64>, Fault>> {
        let size = self.files.lock().unwrap().get(path).map(|file| file.len() as u64);
        Box::pin(async move { Ok(size) })
    }

    fn delete<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            self.begun.add_permits(1);
            if self.is_broken.load(Ordering::SeqCst) {
                return Err(Fault::new(FaultKind::Unreachable, "the server is down"));
            }
            if self.is_held.load(Ordering::SeqCst) {
                self.allowed.acquire().await.unwrap().forget();
            }
            self.files.lock().unwrap().remove(path);
            Ok(())
        })
    }

    fn list(&self) -> BoxStream<'_, Result<Entry, Fault>> {
        let files = self.files.lock().unwrap();
        let entry = |(path, file): (&String, &Bytes)| Entry {
            path: path.clone(),
            size: file.len() as u64,
            modified: Some(SystemTime::now()),
        };
        let entries: Vec<_> = files.iter().map(entry).map(Ok).collect();
        stream::iter(entries).boxed()
    }
}

/// A service over the bench's store, with documents and bundles in these places.
pub(crate) fn service_over(bench: &Bench, documents: &Arc<Memory>, bundles: Objects) -> Arc<Service> {
    let documents = Objects::over(documents.clone(), Options::default());
    let cipher = Cipher::parse(&Cipher::generate_key()).unwrap();
    let (store, clock) = (bench.service.store().clone(), bench.service.clock().clone());
    Service::new(store, documents, bundles, cipher, clock, bench.service.settings().clone())
}
