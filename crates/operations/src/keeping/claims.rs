//! Keeping objects from being removed that are about to be referred to (see `store::object_candidates`).

use std::time::Duration;

use futures::future::BoxFuture;
use windlass_objects::{Claims, Fault, FaultKind, ObjectKey};
use windlass_store::{Store, object_references::Storage};

use crate::{Clock, object_chunks::fault};

/// Between two looks whether an object is gone that is being removed: that takes as long as one request.
const PAUSE: Duration = Duration::from_millis(20);
/// Longest wait for that. Who removes gives up before.
const PATIENCE: Duration = Duration::from_mins(2);

/// Claims the objects of one storage.
pub(crate) struct ObjectClaims {
    store: Store,
    clock: Clock,
    storage: Storage,
}

impl ObjectClaims {
    pub(crate) fn new(store: Store, clock: Clock, storage: Storage) -> Self {
        Self { store, clock, storage }
    }

    async fn wait_for(&self, key: &str) -> Result<(), Fault> {
        loop {
            let claimed = self.store.claim_object(self.storage, key, self.clock.moment()).await;
            match claimed {
                Ok(true) => return Ok(()),
                Ok(false) => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(fault(error)),
            }
        }
    }
}

impl Claims for ObjectClaims {
    fn place(&self) -> String {
        "the service's database".to_owned()
    }

    fn claim<'a>(&'a self, object: &'a ObjectKey) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let claimed = tokio::time::timeout(PATIENCE, self.wait_for(&object.to_string())).await;
            claimed.unwrap_or_else(|_| {
                let reason = "an object with the same content is being removed, and that does not end";
                Err(Fault::new(FaultKind::TimedOut, reason))
            })
        })
    }
}
