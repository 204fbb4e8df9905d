//! What every storage must do.

use std::time::{Duration, SystemTime};

use async_compression::tokio::bufread::ZstdDecoder;
use bytes::Bytes;
use futures::TryStreamExt as _;
use tokio::io::AsyncReadExt as _;
use windlass_objects::{Error, ObjectKey, Objects};

/// Documents and large content, put, found, read, listed and removed.
pub(crate) async fn keeps_objects(objects: &Objects) {
    objects.probe().await.unwrap();
    assert_eq!(keys(objects).await, []);

    let document = Bytes::from(r#"{"packages": []}"#.repeat(1000));
    let key = objects.put(document.clone()).await.unwrap();
    assert_eq!(key, ObjectKey::of(&document));
    assert_eq!(objects.get(&key).await.unwrap(), document);
    assert!(objects.exists(&key).await.unwrap());
    let (size, stored) = objects.get_compressed(&key).await.unwrap();
    let stored = stored.try_collect::<Vec<_>>().await.unwrap().concat();
    assert!(size < document.len() as u64 / 10, "{size}");
    assert_eq!(stored.len() as u64, size);
    let mut unfolded = Vec::new();
    ZstdDecoder::new(&*stored).read_to_end(&mut unfolded).await.unwrap();
    assert_eq!(unfolded, document);
    assert_eq!(objects.put(document.clone()).await.unwrap(), key, "a second put is the same object");

    let empty = objects.put("").await.unwrap();
    assert_eq!(objects.get(&empty).await.unwrap(), "");

    let large = noise(23 << 20, 1);
    let stored = objects.put_stream(&*large).await.unwrap();
    assert_eq!((stored.key, stored.size, stored.existed), (ObjectKey::of(&large), 23 << 20, false));
    assert!(objects.put_stream(&*large).await.unwrap().existed);
    let mut reading = objects.get_stream(&stored.key).await.unwrap();
    let mut read = Vec::new();
    reading.read_to_end(&mut read).await.unwrap();
    assert!(read == large, "{} of {} bytes", read.len(), large.len());

    let mut all = vec![key, empty, stored.key];
    all.sort_unstable();
    assert_eq!(keys(objects).await, all);
    let listed: Vec<_> = objects.list().try_collect().await.unwrap();
    let of = |key| listed.iter().find(|object| object.key == key).unwrap();
    assert_eq!(of(key).size, size);
    assert!(of(stored.key).size > 23 << 20);
    for object in &listed {
        let age = SystemTime::now().duration_since(object.modified.unwrap()).unwrap_or_default();
        assert!(age < Duration::from_mins(2), "{age:?}");
    }

    for key in all {
        objects.delete(&key).await.unwrap();
        objects.delete(&key).await.unwrap();
        assert!(!objects.exists(&key).await.unwrap());
        let error = objects.get(&key).await.unwrap_err();
        assert!(matches!(error, Error::Missing { object, .. } if object == key), "{error}");
        assert!(error.to_string().contains(&key.hex()) && error.to_string().contains(&objects.place()), "{error}");
        assert!(error.hint().is_some());
        assert!(matches!(objects.get_compressed(&key).await, Err(Error::Missing { .. })));
        assert!(matches!(objects.verify(&key).await, Err(Error::Missing { .. })));
    }
    assert_eq!(keys(objects).await, []);
}

/// Bytes that do not compress, the same for the same seed.
pub(crate) fn noise(length: usize, seed: u64) -> Bytes {
    let mut state = seed.wrapping_mul(2).wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut word = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(&mut word).flatten().take(length).collect()
}

pub(crate) async fn keys(objects: &Objects) -> Vec<ObjectKey> {
    let mut keys: Vec<_> = objects.list().map_ok(|object| object.key).try_collect().await.unwrap();
    keys.sort_unstable();
    keys
}
