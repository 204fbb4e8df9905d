//! A storage that could not be reached when it was to be opened: each use tries again, until one has opened it.

use std::time::SystemTime;

use futures::{FutureExt, TryFutureExt, future::BoxFuture, stream::BoxStream};
use tokio::sync::OnceCell;

use crate::{Content, Driver, Entry, Error, Fault, FaultKind, Location, Options, bucket::Bucket};

pub(crate) struct Later {
    location: Location,
    options: Options,
    bucket: OnceCell<Bucket>,
}

impl Later {
    pub(crate) fn new(location: Location, options: Options) -> Self {
        Self { location, options, bucket: OnceCell::new() }
    }

    async fn bucket(&self) -> Result<&Bucket, Fault> {
        let opened = self.bucket.get_or_try_init(|| Bucket::open(&self.location, &self.options)).await;
        opened.map_err(|error| match error {
            Error::Storage { fault, .. } => fault,
            error => Fault::new(FaultKind::Misconfigured, error.to_string()),
        })
    }
}

impl Driver for Later {
    fn place(&self) -> String {
        self.location.place()
    }

    fn put<'a>(&'a self, path: &'a str, content: Content<'a>) -> BoxFuture<'a, Result<(), Fault>> {
        async move { self.bucket().await?.put(path, content).await }.boxed()
    }

    fn get<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Content<'static>, Fault>> {
        async move { self.bucket().await?.get(path).await }.boxed()
    }

    fn size<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<u64>, Fault>> {
        async move { self.bucket().await?.size(path).await }.boxed()
    }

    fn delete<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        async move { self.bucket().await?.delete(path).await }.boxed()
    }

    fn list(&self) -> BoxStream<'_, Result<Entry, Fault>> {
        let listed = self.bucket().map_ok(Bucket::list);
        Box::pin(listed.try_flatten_stream())
    }

    fn end_unfinished(&self, before: SystemTime) -> BoxFuture<'_, Result<u64, Fault>> {
        async move { self.bucket().await?.end_unfinished(before).await }.boxed()
    }
}
