//! A map that is cheap to copy and to change in a few places: its shards are shared until written.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;

type Shard<V> = HashMap<Arc<str>, V, RandomState>;

/// Values by name. A copy shares all shards; changing a name copies the shard that holds it.
#[derive(Debug, Clone)]
pub(crate) struct Sharded<V> {
    hasher: RandomState,
    shards: Vec<Arc<Shard<V>>>,
}

/// Names in a shard, about: few enough to copy quickly, many enough to keep the list of shards short.
const NAMES: usize = 64;
const MOST: usize = 16_384;

impl<V: Clone> Sharded<V> {
    /// Makes a map for about so many names.
    pub(crate) fn for_about(names: usize) -> Self {
        let hasher = RandomState::default();
        let empty = Arc::new(Shard::with_hasher(hasher.clone()));
        let count = (names / NAMES).next_power_of_two().clamp(1, MOST);
        Self {
            hasher,
            shards: vec![empty; count],
        }
    }

    /// The high half of the hash: the low bits place the name within its shard.
    fn shard(&self, name: &str) -> usize {
        usize::try_from(self.hasher.hash_one(name) >> 32).unwrap_or(0) & (self.shards.len() - 1)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&V> {
        self.shards.get(self.shard(name))?.get(name)
    }

    /// The value of a name, to be changed; None: there is none.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        let at = self.shard(name);
        let shard = self.shards.get_mut(at)?;
        if !shard.contains_key(name) {
            return None;
        }
        Arc::make_mut(shard).get_mut(name)
    }

    /// The value of a name, made first where there is none.
    pub(crate) fn entry(&mut self, name: &Arc<str>) -> &mut V
    where
        V: Default,
    {
        let at = self.shard(name);
        Arc::make_mut(&mut self.shards[at])
            .entry(Arc::clone(name))
            .or_default()
    }

    pub(crate) fn remove(&mut self, name: &str) {
        let at = self.shard(name);
        if self.get(name).is_some() {
            Arc::make_mut(&mut self.shards[at]).remove(name);
        }
    }

    /// All values, to be changed; for use while nothing is shared yet.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        let filled = self.shards.iter_mut().filter(|shard| !shard.is_empty());
        filled.flat_map(|shard| Arc::make_mut(shard).values_mut())
    }
}

impl<V: Clone> Default for Sharded<V> {
    fn default() -> Self {
        Self::for_about(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_what_the_original_changes() {
        let name = |n: usize| Arc::from(format!("name-{n}"));
        let mut map = Sharded::<usize>::for_about(1_000);
        for n in 0..1_000 {
            *map.entry(&name(n)) = n;
        }
        let copy = map.clone();
        *map.entry(&name(7)) = 0;
        map.remove("name-8");
        assert_eq!((map.get("name-7"), map.get("name-8")), (Some(&0), None));
        assert_eq!(
            (copy.get("name-7"), copy.get("name-8")),
            (Some(&7), Some(&8))
        );
        let shared = map
            .shards
            .iter()
            .zip(&copy.shards)
            .filter(|(a, b)| Arc::ptr_eq(a, b));
        assert!(shared.count() >= map.shards.len() - 2);
    }
}
