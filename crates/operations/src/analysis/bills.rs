//! Bills of materials in the formats of others: written when they are first asked for, and kept ready for whoever asks next.

use std::sync::Arc;

use windlass_objects::ObjectKey;
use windlass_sbom::formats::Format;

use crate::{Result, recent::Recent, threads::Room};

/// Bytes of all that are kept: one of an image with a thousand packages has some megabytes.
const KEPT: usize = 32 << 20;

/// What this process keeps ready, and how many it writes at once.
pub(crate) struct Bills {
    ready: Recent<BillKey, [u8]>,
    room: Room,
}

/// All that a bill of materials is made of: with the same key, it has the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct BillKey {
    pub(super) object: ObjectKey,
    pub(super) digest: String,
    pub(super) said: Said,
    pub(super) format: Format,
}

/// What an account says of an image of its own, beside the analysis that it shares with others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Said {
    /// `registry/repository:tag`, in the order they came to it.
    pub(super) tags: Vec<String>,
    pub(super) dockerfile: Option<String>,
}

impl Default for Bills {
    fn default() -> Self {
        Self { ready: Recent::new(KEPT), room: Room::default() }
    }
}

impl Bills {
    /// The bytes that are kept for a key, or else those that are written now. Of many that ask for one bill at once, as many
    /// write it as there are processors, and the others are given what these wrote.
    pub(super) async fn get(
        &self,
        key: BillKey,
        write: impl AsyncFnOnce(&BillKey) -> Result<Vec<u8>>,
    ) -> Result<Arc<[u8]>> {
        if let Some(bill) = self.ready.get(&key) {
            return Ok(bill);
        }
        let _place = self.room.place().await?;
        if let Some(bill) = self.ready.get(&key) {
            return Ok(bill);
        }
        let bill: Arc<[u8]> = write(&key).await?.into();
        self.ready.put(key, Arc::clone(&bill), bill.len());
        Ok(bill)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::Error;

    fn key(tag: &str) -> BillKey {
        let said = Said { tags: vec![tag.to_owned()], dockerfile: None };
        BillKey { object: [1; 32].into(), digest: "d".into(), said, format: Format::SpdxJson }
    }

    #[tokio::test]
    async fn what_many_ask_for_at_once_is_written_by_as_many_as_there_are_processors() {
        let (bills, written) = (Arc::new(Bills::default()), Arc::new(AtomicUsize::new(0)));
        let ask = |tag: &'static str| {
            let (bills, written) = (Arc::clone(&bills), Arc::clone(&written));
            tokio::spawn(async move {
                let write = async |key: &BillKey| {
                    written.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                    Ok(key.said.tags.concat().into_bytes())
                };
                bills.get(key(tag), write).await.unwrap()
            })
        };
        for asked in (0..64).map(|_| ask("1")).collect::<Vec<_>>() {
            assert_eq!(&*asked.await.unwrap(), b"1");
        }
        let at_once = std::thread::available_parallelism().unwrap().get();
        assert!((1..=at_once).contains(&written.load(Ordering::Relaxed)), "{written:?}");
        assert_eq!(&*ask("2").await.unwrap(), b"2", "another tag is another bill");
    }

    #[tokio::test]
    async fn what_could_not_be_written_is_tried_again() {
        let bills = Bills::default();
        let failed = bills.get(key("1"), async |_| Err(Error::Broken("no".into()))).await;
        assert!(matches!(failed, Err(Error::Broken(_))));
        assert_eq!(&*bills.get(key("1"), async |_| Ok(b"1".to_vec())).await.unwrap(), b"1");
        assert_eq!(&*bills.get(key("1"), async |_| panic!("it is kept")).await.unwrap(), b"1");
    }
}
