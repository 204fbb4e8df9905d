//! What happens when storage fails: nothing is lost, nothing half visible, and the error says which object, where, and what to do.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod support;

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use bytes::Bytes;
use support::{
    Chunks, file_of, folder, impatient, over,
    servers::{answer, scripted},
    suite::{keys, noise},
};
use tokio::{io::AsyncReadExt, net::TcpListener};
use windlass_objects::{Error, FaultKind, ObjectKey, Objects, Options};
use windlass_testing::SmallDisk;

/// Stores a document, lets `spoil` have its file, and gives the error of reading it.
async fn reading_after(spoil: impl FnOnce(&Path)) -> Error {
    let place = tempfile::tempdir().unwrap();
    let objects = folder(place.path()).await;
    let key = objects.put(noise(200_000, 1)).await.unwrap();
    let file = file_of(place.path(), &key);
    spoil(&file);
    let error = objects.get(&key).await.unwrap_err();
    assert!(error.to_string().contains(&key.to_string()), "{error}");
    assert!(error.to_string().contains(place.path().to_str().unwrap()), "{error}");
    assert!(error.hint().is_some(), "{error}");
    let verified = objects.verify(&key).await.unwrap_err();
    assert_eq!(verified.to_string(), error.to_string());
    let mut streamed = Vec::new();
    let mut stream = objects.get_stream(&key).await.unwrap();
    let streamed = stream.read_to_end(&mut streamed).await.unwrap_err();
    assert_eq!(streamed.to_string(), error.to_string());
    let content = noise(200_000, 1);
    assert_eq!(objects.replace(content.clone()).await.unwrap(), key);
    assert_eq!(objects.get(&key).await.unwrap(), content, "a damaged object can be replaced");
    error
}

#[tokio::test]
async fn a_truncated_object_is_told() {
    for left in [0, 1, 100, 150_000, 199_999] {
        let error =
            reading_after(|file| fs::OpenOptions::new().write(true).open(file).unwrap().set_len(left).unwrap()).await;
        assert!(matches!(&error, Error::Damaged { reason, .. } if reason.contains("truncated")), "{left}: {error}");
    }
}

#[tokio::test]
async fn content_of_another_object_is_told_by_its_checksum() {
    let other = ObjectKey::of(b"other content");
    let error =
        reading_after(|file| fs::write(file, zstd::encode_all(&b"other content"[..], 3).unwrap()).unwrap()).await;
    assert!(matches!(&error, Error::Damaged { reason, .. } if reason.contains(&other.to_string())), "{error}");
}

#[tokio::test]
async fn a_changed_bit_is_told() {
    let error = reading_after(|file| {
        let mut bytes = fs::read(file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(file, bytes).unwrap();
    })
    .await;
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn what_is_no_zstd_is_told() {
    let error = reading_after(|file| fs::write(file, "<html>502 Bad Gateway</html>").unwrap()).await;
    assert!(matches!(&error, Error::Damaged { reason, .. } if reason.contains("no zstd stream")), "{error}");
}

#[tokio::test]
async fn an_object_that_unfolds_without_end_does_not_fill_the_memory() {
    let place = tempfile::tempdir().unwrap();
    let limited = Options { document_limit: 1 << 20, ..impatient() };
    let location = windlass_objects::Location::folder(place.path()).unwrap();
    let objects = Objects::open(&location, limited).await.unwrap();
    let key = objects.put(vec![0; 64 << 20]).await.unwrap();
    assert!(fs::metadata(file_of(place.path(), &key)).unwrap().len() < 10_000);
    let error = objects.get(&key).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 1_048_576, .. }), "{error}");
    assert!(error.hint().unwrap().contains("stream"));
    assert_eq!(objects.verify(&key).await.unwrap(), 64 << 20, "read as a stream it has no limit");
}

#[tokio::test]
async fn content_that_fails_while_it_is_read_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let objects = folder(place.path()).await;
    let failing = tokio_util::io::StreamReader::new(Box::pin(futures::stream::iter([
        Ok(Bytes::from_static(b"some")),
        Err(std::io::Error::other("the client went away")),
    ])));
    let error = objects.put_stream(failing).await.unwrap_err();
    assert!(matches!(error, Error::Input { .. }), "{error}");
    assert_eq!(keys(&objects).await, []);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_told() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("file"), "").unwrap();
    let location = windlass_objects::Location::folder(&place.path().join("file/objects")).unwrap();
    let Err(error) = Objects::open(&location, impatient()).await else { panic!("opened a folder in a file") };
    assert!(error.to_string().contains("file/objects"), "{error}");
}

#[tokio::test]
async fn a_full_quota_leaves_nothing_and_the_reason() {
    let full = Chunks::with_room("full", 0);
    let objects = over(&full);
    let error = objects.put("one too many").await.unwrap_err();
    assert!(error.to_string().contains("cannot write object sha256:"), "{error}");
    assert!(error.hint().unwrap().contains("free space"), "{error}");
    assert_eq!(keys(&objects).await, []);
}

/// Needs to mount a small file system, so root.
#[tokio::test]
async fn a_full_disk_leaves_nothing_half_visible() {
    let Some(disk) = SmallDisk::of("2m") else { return };
    let objects = folder(disk.path()).await;
    let small = objects.put(noise(100_000, 1)).await.unwrap();
    let large = noise(8 << 20, 2);
    for attempt in 0..3 {
        let error = match attempt {
            0 => objects.put(large.clone()).await.unwrap_err(),
            _ => objects.put_stream(&*large).await.unwrap_err(),
        };
        assert!(matches!(&error, Error::Storage { fault, .. } if fault.kind == FaultKind::Full), "{error:?}");
        assert!(error.to_string().contains(&ObjectKey::of(&large).to_string()), "{error}");
        assert!(error.hint().unwrap().contains("free space"), "{error}");
        assert_eq!(keys(&objects).await, [small]);
        assert_eq!(fs::read_dir(disk.path().join(".unfinished")).unwrap().count(), 0);
    }
    assert_eq!(objects.get(&small).await.unwrap(), noise(100_000, 1));
    objects.put(noise(100_000, 3)).await.expect("what fits can still be written");
}

async fn s3_at(address: SocketAddr, options: Options) -> Objects {
    let location = format!("s3://bucket?endpoint=http://{address}&access_key_id=AKIAIDENT&secret_access_key=hunter2");
    Objects::open(&location.parse().unwrap(), options).await.unwrap()
}

fn kind(error: &Error) -> FaultKind {
    let Error::Storage { fault, .. } = error else { panic!("{error}") };
    let told = format!("{error} {error:?}");
    assert!(!told.contains("hunter2") && !told.contains("AKIAIDENT"), "{told}");
    fault.kind
}

#[tokio::test]
async fn a_server_that_is_down_is_told_after_all_attempts() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let objects = s3_at(address, impatient()).await;
    let key = ObjectKey::of(b"document");
    for error in [
        objects.put("document").await.unwrap_err(),
        objects.get(&key).await.unwrap_err(),
        objects.exists(&key).await.unwrap_err(),
        objects.delete(&key).await.unwrap_err(),
        listing_error(&objects).await,
    ] {
        assert_eq!(kind(&error), FaultKind::Unreachable, "{error}");
        assert!(error.to_string().contains(&address.to_string()), "{error}");
        assert!(error.is_transient() && error.hint().unwrap().contains("is up"), "{error}");
    }
}

async fn listing_error(objects: &Objects) -> Error {
    use futures::StreamExt;
    objects.list().next().await.unwrap().unwrap_err()
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up_in_time() {
    let (address, connections) = scripted(|_, _| None).await;
    let quick = Duration::from_millis(200);
    let objects = s3_at(address, Options { timeout: quick, transfer_timeout: quick, ..impatient() }).await;
    let started = Instant::now();
    let error = objects.get(&ObjectKey::of(b"document")).await.unwrap_err();
    assert_eq!(kind(&error), FaultKind::TimedOut, "{error}");
    assert!(error.hint().unwrap().contains("more time"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(connections.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_document() {
    let (address, _) = scripted(|_, _| Some(answer("200 OK", 1000, "only this"))).await;
    let objects = s3_at(address, impatient()).await;
    let error = objects.get(&ObjectKey::of(b"document")).await.unwrap_err();
    assert_eq!(kind(&error), FaultKind::Unreachable, "{error}");
}

#[tokio::test]
async fn a_server_that_stumbles_is_asked_again() {
    let (address, connections) = scripted(|number, _| {
        Some(match number {
            0 => answer("503 Slow Down", 0, ""),
            1 => answer("500 Internal Server Error", 4, "oops"),
            _ => answer("404 Not Found", 0, ""),
        })
    })
    .await;
    let objects = s3_at(address, impatient()).await;
    assert!(!objects.exists(&ObjectKey::of(b"document")).await.unwrap());
    assert_eq!(connections.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_server_without_room_is_told_at_once() {
    let quota = "<Error><Code>QuotaExceeded</Code><Message>no more</Message></Error>";
    for (status, body) in [("507 Insufficient Storage", ""), ("403 Forbidden", quota)] {
        let (address, connections) = scripted(move |_, request| {
            let is_look = request.starts_with("HEAD ");
            Some(if is_look { answer("404 Not Found", 0, "") } else { answer(status, body.len(), body) })
        })
        .await;
        let objects = s3_at(address, impatient()).await;
        let error = objects.put("document").await.unwrap_err();
        assert_eq!(kind(&error), FaultKind::Full, "{error}");
        assert!(error.to_string().contains(&ObjectKey::of(b"document").to_string()), "{error}");
        assert!(error.hint().unwrap().contains("free space") && !error.is_transient(), "{error}");
        assert_eq!(connections.load(Ordering::Relaxed), 2, "a look, and one attempt");
    }
}

#[tokio::test]
async fn what_a_location_lacks_is_told() {
    for (location, remedy) in [
        ("azblob://box", "account_name"),
        ("swift://box", "OS_AUTH_URL"),
        ("swift://box?auth_url=http://127.0.0.1:9/v3&username=we", "OS_PASSWORD"),
        ("db:", "with the service's database"),
    ] {
        let Err(error) = Objects::open(&location.parse().unwrap(), impatient()).await else { panic!("{location}") };
        assert!(error.hint().unwrap().contains(remedy), "{location}: {error}: {:?}", error.hint());
    }
    let nobody = "azblob://box?account_name=ours&endpoint=http://127.0.0.1:9".parse().unwrap();
    let objects = Objects::open(&nobody, impatient()).await.unwrap();
    let error = objects.exists(&ObjectKey::of(b"document")).await.unwrap_err();
    assert_eq!(kind(&error), FaultKind::Denied, "{error}");
}

#[tokio::test]
async fn refused_credentials_are_told_at_once() {
    let (address, connections) = scripted(|_, _| Some(answer("403 Forbidden", 0, ""))).await;
    let objects = s3_at(address, impatient()).await;
    let error = objects.exists(&ObjectKey::of(b"document")).await.unwrap_err();
    assert_eq!(kind(&error), FaultKind::Denied, "{error}");
    assert!(error.to_string().contains("403 Forbidden"), "{error}");
    assert!(error.hint().unwrap().contains("credentials"), "{error}");
    assert!(!error.is_transient());
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}
