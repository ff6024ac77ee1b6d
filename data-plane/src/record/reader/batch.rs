//! What a reader hands out.

use veto_core::{BootId, NodeId};
use veto_trail::Frame;

use crate::record::Position;

/// One frame as it is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The frame.
    pub frame: Frame,
    /// Its hash.
    pub hash: [u8; 32],
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Consecutive frames of one boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The node that wrote them, as the first frame says.
    pub node: NodeId,
    /// The run of its process.
    pub boot: BootId,
    /// The place of the first frame.
    pub start: Position,
    /// The frames, at least one.
    pub entries: Vec<Entry>,
    /// Records of this boot that stood between the reader's place and the first frame, and are gone.
    pub skipped: u64,
}

impl Batch {
    /// The place after the last frame.
    #[must_use]
    pub fn end(&self) -> Position {
        Position {
            order: self.start.order,
            next: self.start.next.saturating_add(self.entries.len() as u64),
        }
    }
}
