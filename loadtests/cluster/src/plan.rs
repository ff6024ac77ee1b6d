//! How long and how often.

use std::time::Duration;

/// The size of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Slices of each load, and how long one is.
    pub(crate) slices: usize,
    pub(crate) slice: Duration,
    /// Kills of the leader.
    pub(crate) kills: usize,
    /// Changes whose way to one node is timed.
    pub(crate) changes: usize,
    /// Streams at one replica, and changes that all of them are sent.
    pub(crate) subscribers: usize,
    pub(crate) broadcasts: usize,
    /// The state that a new learner takes, in MiB.
    pub(crate) snapshot: u64,
}

impl Plan {
    /// The promised one, or a first answer.
    pub(crate) fn chosen(quick: bool) -> Self {
        let (slices, kills, changes, broadcasts, snapshot) = match quick {
            true => (4, 3, 100, 30, 100),
            false => (20, 11, 1_000, 200, 1_024),
        };
        Self {
            slices,
            slice: Duration::from_millis(1_500),
            kills,
            changes,
            subscribers: 1_000,
            broadcasts,
            snapshot,
        }
    }
}
