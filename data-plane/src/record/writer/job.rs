//! What goes into the writer, and what comes out.

use tokio::sync::oneshot;

use crate::record::{Error, Position, Receipt};

/// How far the spool is on stable storage. Readers see no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::record) struct Committed {
    /// The place of the boot among the boots of this spool.
    pub(in crate::record) order: u64,
    /// The first sequence of the segment.
    pub(in crate::record) first: u64,
    /// Bytes of the segment.
    pub(in crate::record) length: u64,
    /// The next sequence.
    pub(in crate::record) next: u64,
}

impl Committed {
    pub(in crate::record) const fn position(&self) -> Position {
        Position {
            order: self.order,
            next: self.next,
        }
    }
}

pub(super) type Answer = oneshot::Sender<Result<Receipt, Error>>;

/// A record that waits.
#[derive(Debug)]
pub(in crate::record) struct Job {
    pub(super) payload: Vec<u8>,
    /// Of the node itself: the bound does not count for it.
    pub(super) own: bool,
    /// Nothing is written after it.
    pub(in crate::record) last: bool,
    pub(super) done: Answer,
}

impl Job {
    pub(in crate::record) fn new(
        payload: Vec<u8>,
        own: bool,
    ) -> (Self, oneshot::Receiver<Result<Receipt, Error>>) {
        let (done, wait) = oneshot::channel();
        let last = false;
        (
            Self {
                payload,
                own,
                last,
                done,
            },
            wait,
        )
    }
}
