//! What clients of a cluster asked and saw, and whether a system without faults could have answered so.
//!
//! - [`Operation`]: one line of a history: read, write or compare-and-set of a key.
//! - [`timeline`]: what revisions and times alone show, in linear time, over a whole history.
//! - [`linearizable`]: whether an order exists in which every answer is right (Wing and Gong, Lowe).
//!
//! Every written value is unique within its key, so that a read says which write it saw.

pub mod linearizable;
mod operation;
pub mod timeline;
mod violation;

pub use operation::{HistoryError, Kind, Operation, Outcome, parse};
pub use violation::Violation;

/// What a history without violations holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// Operations in all.
    pub operations: usize,
    /// Acknowledged writes and compare-and-sets.
    pub written: usize,
    /// Reads with an answer.
    pub read: usize,
    /// Refused for certain, without effect.
    pub failed: usize,
    /// Of unknown outcome.
    pub unknown: usize,
    /// Keys.
    pub keys: usize,
}

/// Judges a history.
///
/// # Errors
/// The first [`Violation`].
pub fn check(history: &[Operation]) -> Result<Summary, Violation> {
    timeline::check(history)?;
    let keys = linearizable::check(history)?;
    let mut summary = Summary {
        operations: history.len(),
        keys,
        ..Summary::default()
    };
    for operation in history {
        let counter = match (operation.outcome, operation.kind) {
            (Outcome::Ok, Kind::Read) => &mut summary.read,
            (Outcome::Ok, Kind::Write | Kind::Cas) => &mut summary.written,
            (Outcome::Fail, _) => &mut summary.failed,
            (Outcome::Info, _) => &mut summary.unknown,
        };
        *counter += 1;
    }
    Ok(summary)
}
