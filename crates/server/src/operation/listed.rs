//! Lists of any length: sent while they are read.

use std::{marker::PhantomData, mem};

use axum::{
    body::{Body, Bytes},
    http::Response,
    response::IntoResponse,
};
use futures::{StreamExt as _, stream};
use serde::Serialize;
use tracing::{Instrument as _, Span};
use utoipa::ToSchema;
use windlass_operations::{Batches, vulnerabilities::Listing};

use super::answer::{Answer, Described, Json, written};
use crate::Failure;

/// 200 with a JSON document of the shape of `T`, most of which is a list that is sent batch by batch. Trouble on the way
/// breaks the answer off, so that nobody takes a part of it for the whole.
pub(crate) struct Listed<T> {
    body: Body,
    shape: PhantomData<fn() -> T>,
}

impl<I: Serialize + Send + 'static> Listed<Vec<I>> {
    /// A list that is short.
    pub(crate) fn whole(items: &[I]) -> Result<Self, Failure> {
        let bytes = serde_json::to_vec(items).map_err(|error| Failure::internal(&error))?;
        Ok(Self { body: Body::from(bytes), shape: PhantomData })
    }

    /// A list and nothing else.
    pub(crate) async fn list(batches: Batches<I>) -> Result<Self, Failure> {
        Self::sent(Pieces::new("[".into(), batches, |_| Ok("]".into()))).await
    }
}

impl<T> Listed<T> {
    /// An object with a list of that name, and behind it where it stands in the whole.
    pub(crate) async fn page<I: Serialize + Send + 'static>(name: &str, listing: Listing<I>) -> Result<Self, Failure> {
        let Listing { batches, place } = listing;
        let end = move |returned| {
            let paging = serde_json::to_string(&place.paging(returned))?;
            Ok(format!("],{}", &paging[1..]))
        };
        Self::sent(Pieces::new(format!("{{\"{name}\":["), batches, end)).await
    }

    async fn sent<I, E>(mut pieces: Pieces<I, E>) -> Result<Self, Failure>
    where
        I: Serialize + Send + 'static,
        E: FnOnce(usize) -> serde_json::Result<String> + Send + 'static,
    {
        // What fails before anything is sent is told as a failure.
        let first = pieces.next().await?.unwrap_or_default();
        let body = if pieces.end.is_none() {
            Body::from(first)
        } else {
            // Whoever asked is answered already, but what goes wrong is still about that request.
            let rest = stream::try_unfold((pieces, Span::current()), |(mut pieces, span)| async move {
                let piece = pieces.next().instrument(span.clone()).await.map_err(|_| BrokenOff)?;
                Ok(piece.map(|piece| (piece, (pieces, span))))
            });
            Body::from_stream(stream::iter([Ok::<_, BrokenOff>(first)]).chain(rest))
        };
        Ok(Self { body, shape: PhantomData })
    }
}

impl<T> IntoResponse for Listed<T> {
    fn into_response(self) -> Response<Body> {
        written(self.body)
    }
}

impl<T: Serialize + ToSchema> Answer for Listed<T> {
    fn describe() -> Described {
        Json::<T>::describe()
    }
}

/// Why an answer has no end; what was wrong is in the log.
#[derive(Debug, thiserror::Error)]
#[error("the list breaks off")]
struct BrokenOff;

/// A document in the making: its beginning, items, and its end.
struct Pieces<I, E> {
    /// What is sent before the next item: the beginning, then commas.
    before: String,
    batches: Batches<I>,
    /// The batch to be sent next, once one was read: whoever knows that it is the last can send the end with it.
    ahead: Option<Vec<I>>,
    returned: usize,
    /// Makes the end of the number of items; nothing once it was sent.
    end: Option<E>,
}

impl<I, E> Pieces<I, E>
where
    I: Serialize + Send + 'static,
    E: FnOnce(usize) -> serde_json::Result<String>,
{
    fn new(beginning: String, batches: Batches<I>, end: E) -> Self {
        Self { before: beginning, batches, ahead: None, returned: 0, end: Some(end) }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        if self.end.is_none() {
            return Ok(None);
        }
        let batch = match self.ahead.take() {
            None => self.batches.next().await?.unwrap_or_default(),
            Some(batch) => batch,
        };
        self.ahead = self.batches.next().await?;
        self.write(batch).map(Some).map_err(|error| Failure::internal(&error))
    }

    fn write(&mut self, batch: Vec<I>) -> serde_json::Result<Bytes> {
        let mut piece = Vec::new();
        self.returned += batch.len();
        for item in batch {
            piece.extend_from_slice(mem::replace(&mut self.before, ",".into()).as_bytes());
            serde_json::to_writer(&mut piece, &item)?;
        }
        if let Some(end) = self.end.take_if(|_| self.ahead.is_none()) {
            if self.returned == 0 {
                piece.extend_from_slice(self.before.as_bytes());
            }
            piece.extend_from_slice(end(self.returned)?.as_bytes());
        }
        Ok(piece.into())
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use windlass_operations::Error;

    use super::*;

    fn failure() -> Error {
        Error::Broken("the store is gone".into())
    }

    async fn text<T>(listed: Listed<T>) -> Result<String, axum::Error> {
        let bytes = listed.into_response().into_body().collect().await?.to_bytes();
        Ok(String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn list(batches: Vec<windlass_operations::Result<Vec<u8>>>) -> Result<Listed<Vec<u8>>, Failure> {
        Listed::list(Batches::of(stream::iter(batches))).await
    }

    #[tokio::test]
    async fn batches_become_one_list() {
        for (batches, expected) in [
            (vec![], "[]"),
            (vec![Ok(vec![])], "[]"),
            (vec![Ok(vec![1])], "[1]"),
            (vec![Ok(vec![1, 2]), Ok(vec![]), Ok(vec![3])], "[1,2,3]"),
            (vec![Ok(vec![1]), Ok(vec![])], "[1]"),
        ] {
            assert_eq!(text(list(batches).await.unwrap()).await.unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn a_list_that_breaks_off_has_no_end() {
        assert!(list(vec![Err(failure())]).await.is_err(), "nothing was sent yet");
        let listed = list(vec![Ok(vec![1]), Ok(vec![2]), Err(failure())]).await.unwrap();
        assert!(text(listed).await.is_err());
    }
}
