//! Chance that follows from a seed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use veto_core::Entropy;

/// Dice that fall the same way for the same seed. Clones throw the same dice.
#[derive(Debug, Clone)]
pub struct Dice(Arc<Mutex<u64>>);

impl Dice {
    /// Dice of a seed; `purpose` keeps those of one purpose apart from all others.
    #[must_use]
    pub fn new(seed: u64, purpose: u64) -> Self {
        let dice = Self(Arc::new(Mutex::new(seed ^ purpose.rotate_left(32))));
        let _ = dice.next();
        dice
    }

    /// The next 64 bits: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    #[must_use]
    pub fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 when that is 0.
    #[must_use]
    pub fn below(&self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// Tells whether one of `many` happens.
    #[must_use]
    pub fn one_in(&self, many: u64) -> bool {
        self.below(many) == 0
    }

    /// One of these; `None` when there are none.
    #[must_use]
    pub fn pick<T: Clone>(&self, from: &[T]) -> Option<T> {
        let place = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        from.get(place).cloned()
    }

    /// A while between two numbers of milliseconds.
    #[must_use]
    pub fn millis(&self, from: u64, to: u64) -> Duration {
        Duration::from_micros(from * 1_000 + self.below((to - from) * 1_000 + 1))
    }
}

impl Entropy for Dice {
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()> {
        for chunk in bytes.chunks_mut(8) {
            let length = chunk.len();
            chunk.copy_from_slice(&self.next().to_le_bytes()[..length]);
        }
        Ok(())
    }
}
