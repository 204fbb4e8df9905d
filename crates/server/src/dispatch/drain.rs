//! What is left of a request's body when its answer is there. Many clients send all of it before they look at the answer,
//! and lose the answer when the connection is closed under them: so the rest is read and forgotten, for a while.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream, Bytes, HttpBody as _},
    extract::Request,
    http::header,
};
use futures::{Stream, StreamExt as _};

/// How long a client may go on sending what nobody reads.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What comes back of a body when whoever read it is done.
pub(super) struct Rest(Option<Arc<Mutex<Option<BodyDataStream>>>>);

/// The request, and what will be left of its body.
pub(super) fn watched(request: Request) -> (Request, Rest) {
    // Who waits to be told to go on sends nothing in vain.
    if request.body().is_end_stream() || request.headers().contains_key(header::EXPECT) {
        return (request, Rest(None));
    }
    let rest = Arc::new(Mutex::new(None));
    let (parts, body) = request.into_parts();
    let body = Lent { body: Some(body.into_data_stream()), rest: Arc::clone(&rest) };
    (Request::from_parts(parts, Body::from_stream(body)), Rest(Some(rest)))
}

impl Rest {
    /// Reads on to the end, or for as long as the patience lasts: whoever sends longer has to look at the answer.
    pub(super) async fn forget(self, patience: Duration) {
        let rest = self.0.and_then(|rest| rest.lock().unwrap_or_else(PoisonError::into_inner).take());
        let Some(mut rest) = rest else { return };
        let reading = async { while let Some(Ok(_)) = rest.next().await {} };
        let _ = tokio::time::timeout(patience, reading).await;
    }
}

/// A body that is given back where it was not read to its end.
struct Lent {
    body: Option<BodyDataStream>,
    rest: Arc<Mutex<Option<BodyDataStream>>>,
}

impl Stream for Lent {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = body.poll_next_unpin(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        polled
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        *self.rest.lock().unwrap_or_else(PoisonError::into_inner) = self.body.take();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    /// A request of so many parts, and how many of them were read.
    fn sent(parts: usize) -> (Request, Arc<AtomicUsize>) {
        let read = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&read);
        let parts = futures::stream::iter(0..parts).then(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            async {
                tokio::task::yield_now().await;
                Ok::<_, Infallible>("part")
            }
        });
        (Request::new(Body::from_stream(parts)), read)
    }

    async fn first(request: Request) {
        request.into_body().into_data_stream().next().await.expect("a part").expect("a part");
    }

    #[tokio::test]
    async fn what_a_refusal_leaves_unread_is_read_to_its_end() {
        let (request, read) = sent(100);
        let (request, rest) = watched(request);
        first(request).await;
        assert_eq!(read.load(Ordering::Relaxed), 1);
        rest.forget(PATIENCE).await;
        assert_eq!(read.load(Ordering::Relaxed), 100);
    }

    #[tokio::test]
    async fn who_never_stops_sending_is_answered_all_the_same() {
        let (request, read) = sent(usize::MAX);
        let (request, rest) = watched(request);
        first(request).await;
        rest.forget(Duration::from_millis(20)).await;
        assert!(read.load(Ordering::Relaxed) > 1);
    }

    #[tokio::test]
    async fn who_waits_to_be_told_to_go_on_is_not_read() {
        let (mut request, read) = sent(100);
        request.headers_mut().insert(header::EXPECT, "100-continue".parse().expect("a value"));
        let (request, rest) = watched(request);
        first(request).await;
        rest.forget(PATIENCE).await;
        assert_eq!(read.load(Ordering::Relaxed), 1);
    }
}
