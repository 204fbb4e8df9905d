use std::time::Duration;

use windlass_store::{findings::cleared, testing::on_every_engine};

/// On PostgreSQL by a lock of its own, on SQLite because there is one writer.
#[test]
fn who_finds_out_what_is_cleared_waits_for_whoever_does() {
    on_every_engine(|store| async move {
        let first = store.begin().await.unwrap();
        cleared::lock(&first).await.unwrap();
        cleared::lock(&first).await.unwrap();
        let other = store.clone();
        let mut second = tokio::spawn(async move {
            let tx = other.begin().await.unwrap();
            cleared::lock(&tx).await.unwrap();
            tx.commit().await.unwrap();
        });
        let waits = tokio::time::timeout(Duration::from_millis(200), &mut second).await;
        assert!(waits.is_err(), "it would not see what the first has not written yet");
        first.commit().await.unwrap();
        second.await.unwrap();
    });
}
