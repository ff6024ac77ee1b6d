//! Remembers a bounded number of things: what is used stays, what is not is forgotten.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

type Key = [u8; 32];

/// Two generations: when the young one is full it becomes the old one, and the old one is dropped.
/// Every operation takes constant time, and no more than the bound is ever held.
#[derive(Debug)]
pub(super) struct Cache<T> {
    half: usize,
    generations: RwLock<Generations<T>>,
}

#[derive(Debug)]
struct Generations<T> {
    young: HashMap<Key, T>,
    old: HashMap<Key, T>,
}

impl<T: Clone> Cache<T> {
    pub(super) fn new(bound: usize) -> Self {
        let generations = Generations {
            young: HashMap::new(),
            old: HashMap::new(),
        };
        Self {
            half: (bound / 2).max(1),
            generations: RwLock::new(generations),
        }
    }

    pub(super) fn get(&self, key: &Key) -> Option<T> {
        let generations = self
            .generations
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = generations.young.get(key) {
            return Some(value.clone());
        }
        let value = generations.old.get(key)?.clone();
        drop(generations);
        self.put(*key, value.clone());
        Some(value)
    }

    pub(super) fn put(&self, key: Key, value: T) {
        let mut generations = self
            .generations
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if generations.young.len() >= self.half && !generations.young.contains_key(&key) {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> Key {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_le_bytes());
        key
    }

    #[test]
    fn what_is_used_stays_and_the_bound_holds() {
        let cache = Cache::new(100);
        cache.put(key(0), 0);
        for number in 1..10_000 {
            cache.put(key(number), number);
            assert_eq!(cache.get(&key(0)), Some(0), "after {number}");
            let generations = cache.generations.read().unwrap();
            assert!(generations.young.len() + generations.old.len() <= 100);
        }
        assert_eq!(cache.get(&key(1)), None);
        assert_eq!(cache.get(&key(9_999)), Some(9_999));
    }
}
