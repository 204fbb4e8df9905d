use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

const SHARDS: usize = 16;
/// Entries of one shard before it starts afresh. A scan of a large image needs some tens of thousands in all.
const SHARD_CAPACITY: usize = 16_384;

/// Parsed documents by row id, so that a document asked for by many packages is parsed once.
#[derive(Debug)]
pub(super) struct Cache<T> {
    shards: [Mutex<HashMap<i64, Arc<T>>>; SHARDS],
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl<T> Cache<T> {
    pub(super) fn get(&self, id: i64) -> Option<Arc<T>> {
        self.shard(id).lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    pub(super) fn insert(&self, id: i64, value: T) -> Arc<T> {
        let value = Arc::new(value);
        let mut shard = self.shard(id).lock().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= SHARD_CAPACITY {
            shard.clear();
        }
        shard.insert(id, Arc::clone(&value));
        value
    }

    fn shard(&self, id: i64) -> &Mutex<HashMap<i64, Arc<T>>> {
        &self.shards[id as usize % SHARDS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_comes_out_and_the_size_is_bounded() {
        let cache = Cache::default();
        cache.insert(-1, "minus one");
        assert_eq!(*cache.get(-1).unwrap(), "minus one");
        for id in (0..).take(SHARDS * SHARD_CAPACITY * 2) {
            cache.insert(id, "other");
        }
        let held: usize = cache.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(held <= SHARDS * SHARD_CAPACITY);
    }
}
