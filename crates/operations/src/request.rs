//! Which request something is done for.

use std::future::Future;

tokio::task_local! {
    static REQUEST: Box<str>;
}

/// Does something for the request with this id: events that are told meanwhile name it (`spec/operations.md` §3.3).
pub async fn for_request<T>(id: &str, doing: impl Future<Output = T>) -> T {
    REQUEST.scope(id.into(), doing).await
}

/// The request that this is done for; nothing for what a worker does, or the clock.
pub(crate) fn current() -> Option<String> {
    REQUEST.try_with(ToString::to_string).ok()
}

/// Makes what will run on a task of its own something that is done for the same request.
pub(crate) fn inherited<T>(doing: impl Future<Output = T>) -> impl Future<Output = T> {
    let request = current();
    async move {
        match request {
            Some(id) => for_request(&id, doing).await,
            None => doing.await,
        }
    }
}
