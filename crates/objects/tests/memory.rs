//! Large content passes through in bounded memory. Alone in its program, since the figure is of the whole process.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod support;

use support::{folder, peak, stream};

const LARGE: u64 = 192 << 20;
/// What the test may take beyond what it took before: parts of a storage, zstd's state, pieces.
const ALLOWED: u64 = 64 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_content_is_written_read_and_moved_in_bounded_memory() {
    let Some(before) = peak() else {
        eprintln!("SKIPPED: this system does not tell how much memory a process takes");
        return;
    };
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (objects, other) = (folder(&place.path().join("a")).await, folder(&place.path().join("b")).await);
    let stored = objects.put_stream(stream(LARGE)).await.unwrap();
    assert_eq!(stored.size, LARGE);
    let mut reading = objects.get_stream(&stored.key).await.unwrap();
    let read = tokio::io::copy(&mut reading, &mut tokio::io::sink()).await.unwrap();
    assert_eq!(read, LARGE);
    assert!(other.bring(&stored.key, &objects).await.unwrap());
    let taken = peak().unwrap() - before;
    assert!(taken < ALLOWED, "{} MiB", taken >> 20);
}
