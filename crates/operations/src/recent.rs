use std::{
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use hashlink::LruCache;

/// What was lately used, as far as it fits into a budget: what was not used for longest goes first.
pub(crate) struct Recent<K, V: ?Sized> {
    budget: usize,
    held: Mutex<Held<K, V>>,
}

struct Held<K, V: ?Sized> {
    entries: LruCache<K, (Arc<V>, usize)>,
    weight: usize,
}

impl<K: Eq + Hash, V: ?Sized> Recent<K, V> {
    /// The budget has the unit of the weights that entries are put with.
    pub(crate) fn new(budget: usize) -> Self {
        Self { budget, held: Mutex::new(Held { entries: LruCache::new_unbounded(), weight: 0 }) }
    }

    pub(crate) fn get(&self, key: &K) -> Option<Arc<V>> {
        self.held().entries.get(key).map(|(value, _)| Arc::clone(value))
    }

    /// Keeps a value, unless it is heavier than all there is room for.
    pub(crate) fn put(&self, key: K, value: Arc<V>, weight: usize) {
        if weight > self.budget {
            return;
        }
        let mut held = self.held();
        let replaced = held.entries.insert(key, (value, weight));
        held.weight += weight;
        held.weight -= replaced.map_or(0, |(_, weight)| weight);
        while held.weight > self.budget {
            let Some((_, (_, weight))) = held.entries.remove_lru() else { break };
            held.weight -= weight;
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held<K, V>> {
        // A change is never half made where something may panic.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_makes_room() {
        let recent = Recent::new(10);
        for key in ["a", "b"] {
            recent.put(key, Arc::new(key), 4);
        }
        assert!(recent.get(&"a").is_some());
        recent.put("c", Arc::new("c"), 4);
        assert_eq!(["a", "b", "c"].map(|key| recent.get(&key).is_some()), [true, false, true]);
    }

    #[test]
    fn a_value_is_replaced_by_a_heavier_one_and_none_is_heavier_than_the_budget() {
        let recent = Recent::new(10);
        recent.put("a", Arc::new(1), 4);
        recent.put("b", Arc::new(2), 4);
        recent.put("a", Arc::new(3), 7);
        assert_eq!((recent.get(&"a").as_deref(), recent.get(&"b")), (Some(&3), None));
        recent.put("c", Arc::new(4), 11);
        assert_eq!((recent.get(&"a").as_deref(), recent.get(&"c")), (Some(&3), None));
    }
}
