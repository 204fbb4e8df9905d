//! The database as an object storage.

use std::sync::Arc;

use windlass_objects::{Objects, Options};
use windlass_operations::{Clock, ObjectChunks, testing::on_every_service};

use crate::suite::keeps_objects;

#[test]
fn a_database_keeps_objects() {
    on_every_service(|bench| async move {
        for name in ["", "archive"] {
            let chunks = ObjectChunks::new(bench.service.store().clone(), Clock::system(), name);
            let objects = Objects::over(Arc::new(chunks), Options::default());
            keeps_objects(&objects).await;
            // The next one is told apart.
            objects.put(format!("stays in {name:?}")).await.unwrap();
        }
    });
}
