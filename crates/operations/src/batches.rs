//! Lists of any length, read batch by batch: neither their length nor a reader who is slow costs memory, and between two
//! batches no connection to the database is held.

use std::future::Future;

use futures::{
    Stream, StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};

use crate::Result;

/// What is read at once.
const BATCH: u64 = 500;

/// Which part of a list is wanted; all of it where no limit is given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Part {
    /// Counted from 1.
    pub page: Option<u64>,
    pub limit: Option<u64>,
}

impl Part {
    /// How many are left out.
    pub(crate) fn offset(self) -> u64 {
        let before = self.page.unwrap_or(1).saturating_sub(1);
        // Beyond what databases count, nothing is there.
        before.saturating_mul(self.limit.unwrap_or(0)).min(i64::MAX.unsigned_abs())
    }

    /// How many there may be.
    fn most(self) -> u64 {
        self.limit.unwrap_or(u64::MAX)
    }
}

/// A list in the making. What is added or removed meanwhile may be in it or not; everything else is in it once.
pub struct Batches<T>(BoxStream<'static, Result<Vec<T>>>);

impl<T: Send + 'static> Batches<T> {
    pub fn of(batches: impl Stream<Item = Result<Vec<T>>> + Send + 'static) -> Self {
        Self(batches.boxed())
    }

    /// At most `most` items. `read` is given the place of the last one that was read, and how many are wanted of those that
    /// come after it; it answers with them and with the place of the last of them.
    pub(crate) fn reading<P, R>(most: u64, read: impl Fn(Option<P>, u64) -> R + Send + Sync + 'static) -> Self
    where
        P: Send + 'static,
        R: Future<Output = Result<(Vec<T>, Option<P>)>> + Send + 'static,
    {
        Self::of(stream::try_unfold((None, most, read), |(after, left, read)| async move {
            let wanted = left.min(BATCH);
            if wanted == 0 {
                return Ok(None);
            }
            let (batch, last) = read(after, wanted).await?;
            // Fewer than wanted are the last.
            let left = if batch.len() as u64 == wanted { left - wanted } else { 0 };
            Ok(Some((batch, (last, left, read))))
        }))
    }

    /// A part of the list. `read` is given as well how many are left out, which only the first batch does.
    pub(crate) fn of_part<P, R>(part: Part, read: impl Fn(Option<P>, u64, u64) -> R + Send + Sync + 'static) -> Self
    where
        P: Send + 'static,
        R: Future<Output = Result<(Vec<T>, Option<P>)>> + Send + 'static,
    {
        let first = part.offset();
        Self::reading(part.most(), move |after, limit| {
            let offset = if after.is_some() { 0 } else { first };
            read(after, offset, limit)
        })
    }

    /// The next batch; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<T>>> {
        self.0.try_next().await
    }

    /// Everything at once.
    pub async fn all(self) -> Result<Vec<T>> {
        self.0.try_concat().await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::Error;

    type Asked = Arc<Mutex<Vec<(Option<u64>, u64)>>>;

    /// The numbers below 1200, and what was asked for.
    fn numbers(most: u64, asked: &Asked) -> Batches<u64> {
        let asked = Arc::clone(asked);
        Batches::reading(most, move |after: Option<u64>, wanted| {
            asked.lock().unwrap().push((after, wanted));
            async move {
                let first = after.map_or(0, |last| last + 1);
                let batch: Vec<u64> = (first..1200.min(first + wanted)).collect();
                let last = batch.last().copied();
                Ok((batch, last))
            }
        })
    }

    #[tokio::test]
    async fn each_batch_begins_where_the_last_one_ended_and_is_read_when_it_is_wanted() {
        let asked = Arc::default();
        let mut batches = numbers(u64::MAX, &asked);
        assert_eq!(*asked.lock().unwrap(), []);
        assert_eq!(batches.next().await.unwrap().unwrap().len(), 500);
        assert_eq!(*asked.lock().unwrap(), [(None, 500)]);
        assert_eq!(batches.all().await.unwrap(), (500..1200).collect::<Vec<_>>());
        assert_eq!(*asked.lock().unwrap(), [(None, 500), (Some(499), 500), (Some(999), 500)]);
    }

    #[tokio::test]
    async fn no_more_are_read_than_are_wanted() {
        for (most, expected) in [
            (3, vec![(None, 3)]),
            (500, vec![(None, 500)]),
            (501, vec![(None, 500), (Some(499), 1)]),
            (1200, vec![(None, 500), (Some(499), 500), (Some(999), 200)]),
        ] {
            let asked = Arc::default();
            assert_eq!(numbers(most, &asked).all().await.unwrap().len() as u64, most);
            assert_eq!(*asked.lock().unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn a_failure_ends_the_list() {
        let mut batches: Batches<u64> = Batches::reading(u64::MAX, |after: Option<()>, wanted| async move {
            match after {
                None => Ok(((0..wanted).collect(), Some(()))),
                Some(()) => Err(Error::Broken("the store is gone".into())),
            }
        });
        assert!(batches.next().await.unwrap().is_some());
        assert!(batches.next().await.is_err());
        assert_eq!(batches.next().await.unwrap(), None);
    }
}
