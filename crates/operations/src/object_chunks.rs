//! The `db` object storage: documents in pieces, in the service's own database.

use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use futures::{
    StreamExt as _, TryStreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use windlass_objects::{Content, Driver, Entry, Fault, FaultKind};
use windlass_store::{
    Error as StoreError, Store,
    object_chunks::{self, Listed, Model},
};

use crate::Clock;

/// Bytes of a piece: small enough for a row, large enough that a document has few.
const PIECE: usize = 512 << 10;
/// Documents of one page of a listing.
const PAGE: u64 = 1000;

/// Keeps objects in the database of a store.
pub struct ObjectChunks {
    store: Store,
    clock: Clock,
    /// What keys of this storage begin with: empty, or ending with `/`. It tells storages in the same database apart.
    prefix: String,
}

impl ObjectChunks {
    /// The storage of that name in the database; one has no name: `db:` and `db:archive`.
    pub fn new(store: Store, clock: Clock, name: &str) -> Self {
        let prefix = if name.is_empty() { String::new() } else { format!("{name}/") };
        Self { store, clock, prefix }
    }

    fn key(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    fn entry(&self, listed: &Listed) -> Entry {
        let modified = Duration::from_micros(listed.written_at.micros().unsigned_abs());
        Entry {
            path: listed.key[self.prefix.len()..].to_owned(),
            size: listed.size.unsigned_abs(),
            modified: SystemTime::UNIX_EPOCH.checked_add(modified),
        }
    }

    async fn write(&self, path: &str, mut content: Content<'_>) -> Result<(), Fault> {
        let path = &self.key(path);
        // Received before the transaction begins, so that a slow sender holds nobody up: objects are compressed, and what
        // is too large for memory belongs into another storage.
        let mut pieces = Vec::new();
        let mut piece = BytesMut::new();
        while let Some(mut bytes) = content.try_next().await? {
            while piece.len() + bytes.len() >= PIECE {
                piece.extend_from_slice(&bytes.split_to(PIECE - piece.len()));
                pieces.push(piece.split().freeze());
            }
            piece.extend_from_slice(&bytes);
        }
        if !piece.is_empty() || pieces.is_empty() {
            pieces.push(piece.freeze());
        }
        let tx = self.store.begin().await.map_err(fault)?;
        object_chunks::delete(&tx, path).await.map_err(fault)?;
        for (ordinal, content) in (0..).zip(pieces) {
            let key = path.clone();
            let chunk = Model { key, ordinal, content: content.into(), written_at: self.clock.moment() };
            object_chunks::insert(&tx, chunk).await.map_err(fault)?;
        }
        tx.commit().await.map_err(|error| fault(error.into()))
    }
}

impl Driver for ObjectChunks {
    fn place(&self) -> String {
        format!("db:{}", self.prefix.trim_end_matches('/'))
    }

    fn put<'a>(&'a self, path: &'a str, content: Content<'a>) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.write(path, content))
    }

    fn get<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Content<'static>, Fault>> {
        Box::pin(async move {
            let path = self.key(path);
            let first = self.store.object_chunk(&path, 0).await.map_err(fault)?;
            let first = first.ok_or_else(|| Fault::new(FaultKind::Missing, "there is no such row"))?;
            let rest = stream::try_unfold((self.store.clone(), path, 1), |(store, path, ordinal)| async move {
                let piece = store.object_chunk(&path, ordinal).await.map_err(fault)?;
                Ok(piece.map(|piece| (Bytes::from(piece), (store, path, ordinal + 1))))
            });
            Ok(stream::iter([Ok(Bytes::from(first))]).chain(rest).boxed())
        })
    }

    fn size<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<u64>, Fault>> {
        Box::pin(async move {
            let found = self.store.list_object_chunks("", Some(&self.key(path)), 1).await.map_err(fault)?;
            Ok(found.first().map(|listed| listed.size.unsigned_abs()))
        })
    }

    fn delete<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move { self.store.delete_object_chunks(&self.key(path)).await.map_err(fault) })
    }

    fn list(&self) -> BoxStream<'_, Result<Entry, Fault>> {
        let pages = stream::try_unfold(Some(self.prefix.clone()), move |after| async move {
            let Some(after) = after else { return Ok(None) };
            let mut page = self.store.list_object_chunks(&after, None, PAGE).await.map_err(fault)?;
            let next = (page.len() as u64 == PAGE).then(|| page.last().map(|last| last.key.clone())).flatten();
            // Whatever order the database has texts in, none with the prefix comes before it; others may be among them.
            page.retain(|listed| listed.key.starts_with(&self.prefix));
            let entries = page.into_iter().map(|listed| Ok(self.entry(&listed)));
            Ok::<_, Fault>(Some((stream::iter(entries.collect::<Vec<_>>()), next)))
        });
        pages.try_flatten().boxed()
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is what map_err hands on")]
pub(crate) fn fault(error: StoreError) -> Fault {
    let kind = match &error {
        error if error.is_transient() => FaultKind::Unreachable,
        error if error.is_full() => FaultKind::Full,
        _ => FaultKind::Other,
    };
    Fault::new(kind, error.to_string())
}

#[cfg(test)]
mod tests {
    use windlass_objects::{Objects, Options};

    use super::*;
    use crate::testing::on_every_service;

    #[test]
    fn objects_of_any_size_come_back_whole_and_are_listed_once() {
        on_every_service(|bench| async move {
            let chunks = ObjectChunks::new(bench.service.store().clone(), bench.service.clock().clone(), "");
            let archive = ObjectChunks::new(bench.service.store().clone(), bench.service.clock().clone(), "archive");
            let objects = Objects::over(std::sync::Arc::new(chunks), Options::default());
            let archive = Objects::over(std::sync::Arc::new(archive), Options::default());
            let apart = archive.put("of the archive").await.unwrap();
            // Random bytes stay as long as they are.
            let mut long = vec![0; 3 * PIECE + 7];
            getrandom::fill(&mut long).unwrap();
            let mut keys = Vec::new();
            for content in [Vec::new(), b"short".to_vec(), long] {
                let key = objects.put(content.clone()).await.unwrap();
                objects.put(content.clone()).await.unwrap();
                assert_eq!(objects.get(&key).await.unwrap(), content);
                keys.push(key);
            }
            let listed: Vec<_> = objects.list().try_collect().await.unwrap();
            assert_eq!(listed.len(), 3);
            assert!(!objects.exists(&apart).await.unwrap());
            let listed: Vec<_> = archive.list().try_collect().await.unwrap();
            assert_eq!(listed.iter().map(|object| object.key).collect::<Vec<_>>(), [apart]);
            assert_eq!((objects.place(), archive.place()), ("db:".to_owned(), "db:archive".to_owned()));
            objects.delete(&keys[2]).await.unwrap();
            assert!(!objects.exists(&keys[2]).await.unwrap());
            assert!(objects.get(&keys[2]).await.is_err());
        });
    }
}
