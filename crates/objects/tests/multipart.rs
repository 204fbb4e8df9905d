//! What is larger than a part is sent in parts, in bounded memory, to every server that is given parts. Alone in its program,
//! since the figure is of the whole process.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod support;

use reqwest::Method;
use support::{patient, peak, servers, stream};
use windlass_objects::{Location, ObjectKey, Objects, Options};

const LARGE: u64 = 96 << 20;
const PART: u64 = 5 << 20;
/// Parts of content that does not compress.
const PARTS: usize = (LARGE / PART) as usize + 1;
/// What may be taken beyond what was taken before: two parts on their way and one that is being filled, each once more where it is
/// sent; zstd's state; what a client of HTTP takes.
const ALLOWED: u64 = 64 << 20;

async fn opened(location: &Location) -> Objects {
    Objects::open(location, Options { part: PART as usize, parallel_parts: 2, ..patient() }).await.unwrap()
}

/// Writes large content, and reads it back from `there`, in bounded memory beyond that of the beginning.
async fn passed_through(objects: &Objects, there: &Objects, before: Option<u64>) -> ObjectKey {
    let stored = objects.put_stream(stream(LARGE)).await.unwrap();
    assert_eq!((stored.size, stored.existed), (LARGE, false));
    assert_eq!(there.verify(&stored.key).await.unwrap(), LARGE);
    match (before, peak()) {
        (Some(before), Some(after)) => {
            eprintln!("{}: {} MiB", objects.place(), (after - before) >> 20);
            assert!(after - before < ALLOWED, "that is more than {} MiB", ALLOWED >> 20);
        }
        _ => eprintln!("SKIPPED: this system does not tell how much memory a process takes"),
    }
    stored.key
}

fn path(key: &ObjectKey) -> String {
    let hex = key.hex();
    format!("a/prefix/{}/{}/{hex}.zst", &hex[..2], &hex[2..4])
}

/// Of how many parts S3 says that an object was made.
async fn parts_in_s3(address: &str, key: &ObjectKey) -> usize {
    let head = servers::s3_head(&format!("{address}/bucket/{}", path(key))).await;
    let tag = head.headers()["etag"].to_str().unwrap().trim_matches('"').to_owned();
    tag.split_once('-').map_or(1, |(_, parts)| parts.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_content_goes_in_parts_and_in_bounded_memory() {
    let begun = peak();
    if let Some(server) = servers::s3().await {
        let objects = opened(&server.location).await;
        let key = passed_through(&objects, &objects, begun).await;
        assert_eq!(parts_in_s3(&server.address, &key).await, PARTS);
        objects.delete(&key).await.unwrap();

        // Parts for Google are sent as for S3, which its emulator does not know; the S3 server does.
        let google = format!("gcs://bucket/a/prefix?endpoint={}&anonymous=true", server.address);
        let key = passed_through(&opened(&google.parse().unwrap()).await, &objects, begun).await;
        assert_eq!(parts_in_s3(&server.address, &key).await, PARTS);
    }
    if let Some(server) = servers::azblob().await {
        let objects = opened(&server.location).await;
        let key = passed_through(&objects, &objects, begun).await;
        let path = format!("box/{}", path(&key));
        let blocks = servers::azure(Method::GET, &server.address, &path, "comp", "blocklist").await;
        assert_eq!(blocks.text().await.unwrap().matches("<Block>").count(), PARTS);
    }
    if let Some(server) = servers::swift().await {
        let objects = opened(&server.location).await;
        let key = passed_through(&objects, &objects, begun).await;
        assert_eq!(servers::swift_segments(&server, &path(&key)).await, PARTS);
    }
}
