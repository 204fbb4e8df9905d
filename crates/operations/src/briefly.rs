//! What is found out at most once a second, however often it is asked for.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

/// How long an answer holds.
const HOLDS: Duration = Duration::from_secs(1);

/// An answer that holds for a moment: where anyone may ask, nobody can make the service work for it.
#[derive(Debug)]
pub(crate) struct Briefly<T>(Mutex<Option<(Instant, T)>>);

impl<T> Default for Briefly<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Briefly<T> {
    /// What was found a moment ago, or is found now; whoever asks meanwhile waits for it.
    pub(crate) async fn get(&self, find: impl Future<Output = T>) -> T {
        let mut last = self.0.lock().await;
        if let Some((at, found)) = &*last
            && at.elapsed() < HOLDS
        {
            return found.clone();
        }
        let found = find.await;
        *last = Some((Instant::now(), found.clone()));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_holds_for_a_moment_and_no_longer() {
        let briefly = Briefly::default();
        assert_eq!(briefly.get(async { 1 }).await, 1);
        assert_eq!(briefly.get(async { 2 }).await, 1);
        tokio::time::sleep(HOLDS).await;
        assert_eq!(briefly.get(async { 3 }).await, 3);
    }
}
