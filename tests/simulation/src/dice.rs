//! Chance that follows from a seed.

use std::sync::Arc;
use std::time::Duration;

use veto_core::Entropy;
use veto_core::clock::SeededEntropy;

/// Dice that fall the same way for the same seed. Clones throw the same dice.
#[derive(Debug, Clone)]
pub struct Dice(Arc<SeededEntropy>);

impl Dice {
    /// Dice of a seed; `purpose` keeps those of one purpose apart from all others.
    #[must_use]
    pub fn new(seed: u64, purpose: u64) -> Self {
        let dice = Self(Arc::new(SeededEntropy::new(seed ^ purpose.rotate_left(32))));
        let _ = dice.next();
        dice
    }

    /// The next 64 bits.
    #[must_use]
    pub fn next(&self) -> u64 {
        let mut bytes = [0; 8];
        // It fails only after a panic under its lock, which has ended the simulation.
        let _ = self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
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
        self.0.fill(bytes)
    }
}
