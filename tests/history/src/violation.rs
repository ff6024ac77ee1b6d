//! What is wrong with a history.

use crate::Operation;

/// What no right system would have answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Two writes to one key have one value: the history cannot be judged.
    #[error("two writes of one value: {0}; {1}")]
    SameValue(Box<Operation>, Box<Operation>),
    /// Two writes were acknowledged with one revision.
    #[error("one revision for two writes: {0}; {1}")]
    SameRevision(Box<Operation>, Box<Operation>),
    /// A write that began after another was over has an earlier revision.
    #[error("revisions run backwards: {earlier} was over before {later} began")]
    RevisionsBackwards {
        /// What was over.
        earlier: Box<Operation>,
        /// What began afterwards.
        later: Box<Operation>,
    },
    /// A value was read that nobody wrote.
    #[error("nobody wrote that: {0}")]
    Phantom(Box<Operation>),
    /// A value was read whose write was refused.
    #[error("a refused write was seen: {0}; {1}")]
    Refused(Box<Operation>, Box<Operation>),
    /// A value was read before its write was asked for.
    #[error("read before it was written: {0}; {1}")]
    Future(Box<Operation>, Box<Operation>),
    /// A value was read that had been overwritten, or was gone, before the read began: a lost write or
    /// a stale read.
    #[error("lost or stale: {read}, although this was over before: {known}")]
    Stale {
        /// The read.
        read: Box<Operation>,
        /// The newer write, or the read that saw one.
        known: Box<Operation>,
    },
    /// No order of the operations explains the answers.
    #[error("key {key}: no order explains the answers; as far as one goes, these are left: {left}")]
    NotLinearizable {
        /// The key.
        key: String,
        /// The first operations that fit nowhere.
        left: String,
    },
}
