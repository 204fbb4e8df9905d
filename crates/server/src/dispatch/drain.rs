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
const PATIENCE: Duration = Duration::from_secs(10);

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
    pub(super) async fn forget(self) {
        let rest = self.0.and_then(|rest| rest.lock().unwrap_or_else(PoisonError::into_inner).take());
        let Some(mut rest) = rest else { return };
        let reading = async { while let Some(Ok(_)) = rest.next().await {} };
        // Whoever sends longer than that has to look at the answer.
        let _ = tokio::time::timeout(PATIENCE, reading).await;
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
