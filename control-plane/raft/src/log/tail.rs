//! How far the log is written, and how far of that is on stable storage. A leader hands entries to its
//! followers while its own disk still works on them; nobody hears that they are committed before.
//!
//! INVARIANT (commit-is-durable): no entry is applied, and no follower is told that it is committed,
//! before this replica has it on stable storage itself.

use std::sync::Arc;

use tokio::sync::watch;

use crate::Error;

/// Follows the end of the log; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Tail(Arc<watch::Sender<Ends>>);

/// Each is the index after the last.
#[derive(Debug, Clone, Copy)]
struct Ends {
    written: u64,
    durable: u64,
}

impl Ends {
    fn hold(self, index: u64) -> bool {
        // What a snapshot took the place of was never written here.
        self.durable > index || self.durable >= self.written
    }
}

impl Tail {
    /// All of the log is on stable storage.
    pub(super) fn new(end: u64) -> Self {
        let ends = Ends {
            written: end,
            durable: end,
        };
        Self(Arc::new(watch::Sender::new(ends)))
    }

    /// Entries up to this one were handed to RocksDB.
    pub(super) fn wrote(&self, last: u64) {
        self.0.send_modify(|ends| ends.written = last + 1);
    }

    /// They are on stable storage.
    pub(super) fn synced(&self, last: u64) {
        self.0
            .send_modify(|ends| ends.durable = ends.durable.max(last + 1));
    }

    /// The log ends before this index now, and that is on stable storage.
    pub(super) fn truncated(&self, end: u64) {
        self.0.send_modify(|ends| {
            ends.written = end;
            ends.durable = ends.durable.min(end);
        });
    }

    /// Tells whether the entry of this index is on stable storage.
    pub(crate) fn is_durable(&self, index: u64) -> bool {
        self.0.borrow().hold(index)
    }

    /// Returns when it is.
    ///
    /// # Errors
    /// When the log was closed.
    pub(crate) async fn durable(&self, index: u64) -> Result<(), Error> {
        let mut ends = self.0.subscribe();
        let held = ends.wait_for(|ends| ends.hold(index)).await;
        held.map(drop)
            .map_err(|_| Error::Stopped("the log is closed".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_last_is_durable_only_when_it_was_synced() {
        let tail = Tail::new(5);
        assert!(tail.is_durable(4) && tail.is_durable(9), "nothing waits");
        tail.wrote(7);
        assert!(tail.is_durable(4) && !tail.is_durable(5) && !tail.is_durable(7));
        tail.synced(6);
        assert!(tail.is_durable(6) && !tail.is_durable(7));
        tail.synced(7);
        assert!(tail.is_durable(7));
    }

    #[test]
    fn what_takes_the_place_of_a_truncated_entry_is_synced_anew() {
        let tail = Tail::new(8);
        tail.truncated(5);
        tail.wrote(6);
        assert!(tail.is_durable(4) && !tail.is_durable(5) && !tail.is_durable(6));
    }
}
